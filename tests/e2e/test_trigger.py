"""The git tag that starts CI, against a bare repository: made once, after the checks, and never half."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow, Step
from shiplane.core.redact import Redactor
from shiplane.git.remote import Remote
from shiplane.git.repository import Git
from shiplane.release.trigger import Trigger, TriggeredLane, TriggerResult
from tests.e2e.person import Done, Person, succeeded
from tests.gitnoise import NOISE, configured
from tests.rig import Rig
from tests.rig.sample import checkout, commit, git

TOKEN = "ghs_c4n4ryc4n4ryc4n4ry"
WORKFLOW = """on:
  push:
    tags:
      - "docker-v[0-9]+.[0-9]+.[0-9]+"
"""


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody with a pushed checkout; the remote is a bare repository beside it."""
    folder = checkout(tmp_path / "aionis")
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(folder, "remote", "set-url", "origin", str(remote))
    workflows = folder / ".github/workflows"
    workflows.mkdir(parents=True)
    (workflows / "docker.yml").write_text(WORKFLOW)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "the workflow")
    git(folder, "push", "--quiet", "origin", "main")
    rig = Rig(
        folder=tmp_path,
        env={"DOCKER_CONFIG": str(tmp_path / "docker")},
        plain="",
        plain_root=tmp_path,
        plain_log=tmp_path,
        guarded="",
        guarded_root=tmp_path,
        guarded_log=tmp_path,
        accounts={},
    )
    # A port that nobody listens on: the registry cannot be asked, which must not stop a trigger.
    return Person(rig, folder, {"IMAGE_REPO": "127.0.0.1:9/cognary/aionis"})


def trigger(person: Person, version: str, *more: str, lane: str = "main", **env: str) -> Done:
    done = person.invoke("trigger", "--lane", lane, "--version", version, *more, **env)
    assert "Traceback" not in done.err, done
    return done


def remote_tags(person: Person) -> dict[str, str]:
    lines = git(person.checkout, "ls-remote", "--tags", "origin").splitlines()
    return {ref.removeprefix("refs/tags/"): hash_ for hash_, ref in (line.split("\t") for line in lines)}


def local_hook(person: Person, name: str, text: str) -> None:
    path = person.checkout / ".git/hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def hook(person: Person, name: str, text: str) -> None:
    path = person.rig.folder / "remote.git/hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_tag_is_made_annotated_pushed_and_read_back(person: Person) -> None:
    done = trigger(person, "0.2.1", "--json")
    assert done.code == 0, done
    head = git(person.checkout, "rev-parse", "HEAD")
    assert done.document["workflows"] == [".github/workflows/docker.yml"]
    assert (done.document["git_tag"], done.document["commit"], done.document["pushed"]) == ("docker-v0.2.1", head, True)
    assert git(person.checkout, "cat-file", "-t", "docker-v0.2.1") == "tag"
    assert remote_tags(person)["docker-v0.2.1^{}"] == head
    assert remote_tags(person)["docker-v0.2.1"] == git(person.checkout, "rev-parse", "docker-v0.2.1")


def test_the_version_file_says_which_tag_to_make_and_refuses_another(person: Person) -> None:
    project = person.checkout / "shiplane.toml"
    project.write_text(f'version-file = "package.json"\n{project.read_text()}')
    git(person.checkout, "commit", "--quiet", "--all", "--message", "the version is in package.json")
    git(person.checkout, "push", "--quiet", "origin", "main")
    refused = trigger(person, "0.2.2")
    conflict = "git tag docker-v0.2.2 gives lane main version 0.2.2, but package.json of the commit has '0.2.1'"
    assert (refused.code, conflict in refused.err, remote_tags(person)) == (5, True, {}), refused
    done = person.invoke("trigger", "--lane", "main")
    assert done.code == 0, done
    assert remote_tags(person)["docker-v0.2.1^{}"] == git(person.checkout, "rev-parse", "HEAD")


def test_no_setting_and_no_variable_changes_what_is_read_and_pushed(person: Person, tmp_path: Path) -> None:
    other = checkout(tmp_path / "other")
    (person.checkout / "Dockerfile").write_text("FROM scratch\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "two")
    git(person.checkout, "push", "--quiet", "origin", "main")
    elsewhere = {"GIT_DIR": f"{other}/.git", "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": f"{other}/.git/index"}
    # The user's own hooks are no noise: a tag that they refuse is refused.
    noise = {name: value for name, value in NOISE.items() if name != "core__hooksPath"}
    done = trigger(person, "0.2.1", "--json", **configured(**noise), **elsewhere)
    assert done.code == 0, done
    assert remote_tags(person)["docker-v0.2.1^{}"] == git(person.checkout, "rev-parse", "HEAD")
    assert git(other, "tag") == ""
    again = trigger(person, "0.2.1", **configured(**noise), **elsewhere)
    assert (again.code, "the remote has git tag docker-v0.2.1 already" in again.err) == (5, True), again


def test_a_dry_run_changes_nothing(person: Person) -> None:
    done = trigger(person, "v0.2.1", "--dry-run")
    assert (done.code, remote_tags(person), git(person.checkout, "tag")) == (0, {}, ""), done
    assert "would push docker-v0.2.1" in done.out
    assert "starts .github/workflows/docker.yml" in done.out


def test_the_other_lane_starts_nothing_here_and_says_so(person: Person) -> None:
    done = trigger(person, "0.2.1", lane="standalone")
    assert (done.code, "starts no workflow" in done.out) == (0, True), done
    assert "standalone-v0.2.1" in remote_tags(person)


def test_a_dirty_tree_is_refused(person: Person) -> None:
    (person.checkout / "new").write_text("x")
    done = trigger(person, "0.2.1")
    assert (done.code, "differs from commit" in done.err, remote_tags(person)) == (3, True, {})


def test_a_commit_that_is_not_pushed_is_refused(person: Person) -> None:
    commit(person.checkout, "mine alone")
    done = trigger(person, "0.2.1")
    assert (done.code, "Push the branch first" in done.err, remote_tags(person)) == (3, True, {})


def test_a_branch_that_only_our_memory_has_does_not_count(person: Person) -> None:
    commit(person.checkout, "on a branch that goes away")
    git(person.checkout, "push", "--quiet", "origin", "HEAD:refs/heads/gone")
    git(person.rig.folder / "remote.git", "update-ref", "-d", "refs/heads/gone")
    assert git(person.checkout, "branch", "--remotes", "--contains", "HEAD") == "origin/gone"
    assert trigger(person, "0.2.1").code == 3


def test_a_commit_below_the_end_of_a_branch_is_pushed(person: Person) -> None:
    commit(person.checkout, "later")
    git(person.checkout, "push", "--quiet", "origin", "main")
    git(person.checkout, "reset", "--quiet", "--hard", "HEAD~1")
    assert trigger(person, "0.2.1").code == 0


@pytest.mark.parametrize("where", ["remote", "local"])
def test_a_version_is_triggered_once(person: Person, where: str) -> None:
    git(person.checkout, "tag", "docker-v0.2.1")
    if where == "remote":
        git(person.checkout, "push", "--quiet", "origin", "docker-v0.2.1")
        git(person.checkout, "tag", "--delete", "docker-v0.2.1")
    before = remote_tags(person), git(person.checkout, "tag")
    done = trigger(person, "0.2.1")
    assert (done.code, (remote_tags(person), git(person.checkout, "tag"))) == (5, before), done


@pytest.mark.parametrize(
    ("existing", "wanted", "code"),
    [
        ("docker-v0.3.0", "0.2.9", 5),
        ("docker-v0.3.0", "0.3.0-rc.1", 5),
        ("docker-v0.3.0", "0.4.0-rc.1", 0),
        ("docker-v0.3.0-rc.1", "0.2.9", 0),
        ("standalone-v0.3.0", "0.2.9", 0),
    ],
)
def test_a_version_must_be_above_its_lanes_newest_release(
    person: Person, existing: str, wanted: str, code: int
) -> None:
    git(person.checkout, "tag", existing)
    git(person.checkout, "push", "--quiet", "origin", existing)
    git(person.checkout, "tag", "--delete", existing)
    done = trigger(person, wanted)
    assert done.code == code, done


@pytest.mark.parametrize(
    "arguments", [("--lane", "main"), ("--version", "1.0.0"), ("--lane", "x", "--version", "1.0.0")]
)
def test_what_is_missing_is_asked_for(person: Person, arguments: tuple[str, ...]) -> None:
    assert person.invoke("trigger", *arguments).code == 2


@pytest.mark.parametrize("text", ["0.2", "latest", "standalone-v0.2.1", "0.0.0-0123456789ab", "1.0.0+build"])
def test_what_is_no_version_of_the_lane_is_refused(person: Person, text: str) -> None:
    assert trigger(person, text).code == 2


def test_a_refused_push_leaves_no_local_tag(person: Person) -> None:
    hook(person, "pre-receive", "echo 'tags are protected' >&2; exit 1")
    done = trigger(person, "0.2.1")
    assert (done.code, git(person.checkout, "tag"), remote_tags(person)) == (5, "", {}), done
    assert "tags are protected" in done.err


def test_an_answer_that_is_lost_is_read_back(person: Person) -> None:
    # git says that it failed, the tag is there: what counts is what the remote has.
    hook(person, "post-receive", "kill -9 $PPID")
    done = trigger(person, "0.2.1")
    assert "docker-v0.2.1" in remote_tags(person)
    assert (done.code, git(person.checkout, "tag")) == (0, "docker-v0.2.1"), done


def test_a_hook_of_this_repository_that_refuses_is_no_fault_of_the_network(person: Person) -> None:
    local_hook(person, "pre-push", "echo no releases on Friday >&2; exit 1")
    done = trigger(person, "0.2.1")
    assert (done.code, git(person.checkout, "tag"), remote_tags(person)) == (3, "", {}), done
    assert "git refused to push, and nothing was pushed: no releases on Friday" in done.err


def test_what_git_is_configured_to_and_the_remote_cannot_is_a_prerequisite(person: Person) -> None:
    git(person.checkout, "config", "push.pushOption", "ci.skip")
    done = trigger(person, "0.2.1")
    assert (done.code, "does not support push options" in done.err, remote_tags(person)) == (3, True, {}), done


def test_a_remote_that_is_mirrored_otherwise_gets_the_git_tag_alone(person: Person) -> None:
    git(person.checkout, "config", "remote.origin.mirror", "true")
    assert trigger(person, "0.2.1").code == 0
    assert set(remote_tags(person)) == {"docker-v0.2.1", "docker-v0.2.1^{}"}


@pytest.mark.parametrize(
    "sign", ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "\n\nskip-checks: true"]
)
def test_a_commit_that_starts_no_workflow_is_not_tagged(person: Person, sign: str) -> None:
    commit(person.checkout, f"later {sign}")
    git(person.checkout, "push", "--quiet", "origin", "main")
    done = trigger(person, "0.2.1")
    assert (done.code, git(person.checkout, "tag"), remote_tags(person)) == (3, "", {}), done
    assert f"says {sign.strip()}: a git tag there starts no workflow" in done.err


def test_workflows_that_are_not_as_the_configuration_wants_start_nothing(person: Person) -> None:
    succeeded(person.invoke("workflow.write"))
    (person.checkout / "shiplane.toml").write_text("[workflows]\nnative = true\n")
    git(person.checkout, "add", "--all")
    commit(person.checkout, "native, and not written")
    git(person.checkout, "push", "--quiet", "origin", "main")
    done = trigger(person, "0.2.1")
    assert (done.code, "out of date with the project file: .github/workflows/" in done.err) == (3, True), done
    assert remote_tags(person) == {}


def test_workflows_whose_actions_were_brought_up_to_date_start(person: Person) -> None:
    succeeded(person.invoke("workflow.write"))
    path = person.checkout / ".github/workflows/release-lane.yml"
    newer = f"actions/checkout@{'a' * 40} # v99.0.0"
    bumped, count = re.subn(r"actions/checkout@\w+ # v\S+", newer, path.read_text())
    assert count > 1
    path.write_text(bumped)
    git(person.checkout, "add", "--all")
    commit(person.checkout, "Bump actions/checkout")
    git(person.checkout, "push", "--quiet", "origin", "main")
    succeeded(person.invoke("workflow.check"))
    assert trigger(person, "0.2.1").code == 0
    assert "docker-v0.2.1" in remote_tags(person)


def clone(person: Person, *how: str) -> Person:
    """The same person in another clone of the remote."""
    folder = person.rig.folder / "clone"
    git(person.rig.folder, "clone", "--quiet", *how, (person.rig.folder / "remote.git").as_uri(), str(folder))
    for name, value in (("user.name", "Sample"), ("user.email", "sample@localhost")):
        git(folder, "config", name, value)
    return Person(person.rig, folder, person.variables)


def test_a_clone_of_one_branch_knows_that_another_has_the_commit(person: Person) -> None:
    other = clone(person, "--single-branch", "--branch", "main")
    git(other.checkout, "checkout", "--quiet", "-b", "release")
    older = commit(other.checkout, "on a branch that this clone does not follow")
    commit(other.checkout, "and its end")
    git(other.checkout, "push", "--quiet", "origin", "release")
    assert trigger(other, "0.2.1").code == 0
    git(other.checkout, "checkout", "--quiet", older)
    assert trigger(other, "0.2.2").code == 0
    commit(other.checkout, "not pushed")
    assert trigger(other, "0.2.3").code == 3


def test_a_shallow_clone_says_where_it_cannot_tell(person: Person) -> None:
    commit(person.checkout, "two")
    git(person.checkout, "push", "--quiet", "origin", "main")
    shallow = clone(person, "--depth", "1", "--branch", "main")
    assert trigger(shallow, "0.2.1").code == 0
    commit(person.checkout, "three")
    git(person.checkout, "push", "--quiet", "origin", "main")
    assert trigger(shallow, "0.2.2").code == 0, "the commit is below a branch's end, as far as can be seen here"
    commit(shallow.checkout, "not pushed")
    done = trigger(shallow, "0.2.3")
    assert (done.code, "git fetch --unshallow origin" in done.err) == (3, True), done


def test_a_remote_that_is_gone_is_unreachable(person: Person) -> None:
    (person.rig.folder / "remote.git").rename(person.rig.folder / "away")
    assert trigger(person, "0.2.1").code == 7


def test_there_is_no_remote(person: Person) -> None:
    git(person.checkout, "remote", "remove", "origin")
    done = trigger(person, "0.2.1")
    assert (done.code, "there is no git remote 'origin'" in done.err) == (3, True), done


def flow_of(person: Person) -> Flow[TriggerResult]:
    """The trigger of 0.2.1 as a flow that a test can stop."""
    env = person.environ()
    repository = Git(folder=person.checkout, env=env)
    at = repository.checkout()
    assert at is not None
    remote = Remote(folder=person.checkout, env=env, login={}, redact=Redactor())
    return Trigger(
        lanes=[TriggeredLane(lane=MAIN, version=Version.parse("0.2.1"))],
        checkout=at,
        git=repository,
        remote=remote,
        workflows={},
    ).run(dry_run=False)


def until_the_push(flow: Flow[TriggerResult]) -> None:
    """Drive it until it says that it is about to push."""
    while not (isinstance(event := next(flow), Step) and event.name == "push"):
        pass


def test_whoever_comes_second_loses_and_leaves_nothing(person: Person) -> None:
    """Another's tag arrives between our look and our push."""
    flow = flow_of(person)
    until_the_push(flow)
    head = git(person.checkout, "rev-parse", "HEAD")
    git(person.rig.folder / "remote.git", "tag", "docker-v0.2.1", head)
    with pytest.raises(LostRaceError):
        list(flow)
    assert git(person.checkout, "tag") == ""
    assert remote_tags(person) == {"docker-v0.2.1": head}


def test_a_run_that_is_stopped_before_the_push_leaves_no_local_tag(person: Person) -> None:
    flow = flow_of(person)
    until_the_push(flow)
    assert git(person.checkout, "tag") == "docker-v0.2.1"
    flow.close()
    assert git(person.checkout, "tag") == ""


def test_a_token_in_the_remotes_url_is_never_shown(person: Person) -> None:
    url = f"https://x-access-token:{TOKEN}@127.0.0.1:9/cognary/aionis"
    git(person.checkout, "remote", "set-url", "origin", url)
    done = trigger(person, "0.2.1")
    assert done.code in (4, 7)
    assert TOKEN not in done.out + done.err
    assert "https://127.0.0.1:9/cognary/aionis" in done.err


def test_git_gets_its_own_token_and_no_registrys(person: Person) -> None:
    seen = person.rig.folder / "seen"
    path = person.checkout / ".git/hooks/pre-push"
    path.write_text(f"#!/bin/sh\nenv > {seen}\n")
    path.chmod(0o755)
    more = {"GHCR_USERNAME": "me", "GHCR_TOKEN": "ghp_c4n4ryc4n4ry", "ACTIONS_RUNTIME_TOKEN": "x0x0x0x0x0x0"}
    assert trigger(person, "0.2.1", GITHUB_TOKEN=TOKEN, **more).code == 0
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert "GITHUB_TOKEN" in names
    assert names & {"GHCR_TOKEN", "GHCR_USERNAME", "ACTIONS_RUNTIME_TOKEN"} == set()
    assert "ghp_c4n4ryc4n4ry" not in seen.read_text()


def test_in_a_workflow_it_says_what_a_workflows_token_does_not_start(person: Person) -> None:
    done = trigger(person, "0.2.1", "--dry-run", GITHUB_ACTIONS="true")
    assert "starts no other workflow" in done.out


def test_the_suite_never_reaches_a_real_remote(person: Person) -> None:
    urls = subprocess.run(
        ["git", "remote", "--verbose"], cwd=person.checkout, env=os.environ, capture_output=True, check=True, text=True
    ).stdout
    assert str(person.rig.folder) in urls
    assert "github.com" not in urls

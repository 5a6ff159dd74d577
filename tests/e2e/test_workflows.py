"""The publish workflows, executed: every ``run:`` line of theirs, by what their YAML says, against real registries."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import shiplane
from tests.e2e.person import Log, Person, Reader, succeeded
from tests.e2e.runner import Event, Runner, branch_pushed, dispatched, load, pushed
from tests.e2e.workflow_project import prepare, results
from tests.rig import Rig
from tests.rig.sample import commit, git, pair_for

pytestmark = pytest.mark.e2e
MAIN, STANDALONE = ".github/workflows/docker-publish.yml", ".github/workflows/docker-standalone-publish.yml"
SHARED = ".github/workflows/release-lane.yml"
EDGE = ".github/workflows/channel-edge.yml"


_BUILT_BY_A_SCRIPT = 'build = "sh build.sh"\nplatforms = ["linux/amd64"]\n'
Hub = Callable[[str], tuple[Runner, Reader]]


@pytest.fixture
def hub_of(rig: Rig, sample: Path, tmp_path: Path, wheel: Path, python: Path) -> Hub:
    """Puts the sample on GitHub with the workflows of a configuration, and gives one who looks at its registry."""

    def put(configuration: str) -> tuple[Runner, Reader]:
        image = f"{rig.guarded}/cognary/aionis-{uuid.uuid4().hex[:8]}"
        jobs = tmp_path / "jobs"
        jobs.mkdir()
        prepare(Person(rig, sample), wheel, f'{pair_for(rig.guarded)}image = "{image}"\n{configuration}')
        return Runner(rig, jobs, sample, python), Reader(rig, image, account="pull")

    return put


@pytest.fixture
def hub(hub_of: Hub) -> tuple[Runner, Reader]:
    """The sample on GitHub with its workflows, and one who looks at its registry."""
    return hub_of(_BUILT_BY_A_SCRIPT)


def pair(rig: Rig, account: str = "push") -> dict[str, str]:
    who = rig.accounts[account]
    return {"GHCR_USERNAME": who.username, "GHCR_TOKEN": who.password}


def own_token(runner: Runner, account: str) -> None:
    """The job's own token: of use for a push only where the job may write packages."""
    who, other = runner.rig.accounts[account], runner.rig.accounts["unknown"]
    runner.actor = who.username
    runner.token = lambda granted: who.password if granted.get("packages") == "write" else other.password


def lines_of(runner: Runner, *jobs: str) -> list[str]:
    """Every ``run:`` of some jobs, in order."""
    known = load(runner.source / SHARED)["jobs"]
    return [step["run"] for job in jobs for step in known[job]["steps"] if "run" in step]


def errors_told(runner: Runner) -> list[str]:
    return [line for line in runner.log.splitlines() if line.startswith("::error")]


def assert_no_secret_shows(runner: Runner) -> None:
    """Masks aside, which the runner swallows; and a job without a credential has none in its environment."""
    shown = "\n".join(line for line in runner.log.splitlines() if not line.startswith("::add-mask::")) + runner.summary
    for who in runner.rig.accounts.values():
        assert who.password not in shown
        assert base64.b64encode(f"{who.username}:{who.password}".encode()).decode() not in shown
        for step in runner.steps:
            if step.job != "publish" or step.name != "Publish":
                assert who.password not in step.env.values(), f"{step.job}: {step.name}"


PUSHES = {
    "main": (MAIN, "docker-v0.2.1", "v0.2.1", {"v0.2.1"}, ""),
    "standalone": (
        STANDALONE,
        "standalone-v0.2.2",
        "standalone-v0.2.2",
        {"standalone-v0.2.2", "standalone-latest"},
        "standalone-latest",
    ),
}


@pytest.mark.parametrize("lane", PUSHES)
def test_a_pushed_git_tag_publishes_its_lane_under_the_runbooks_names(
    rig: Rig, hub: tuple[Runner, Reader], lane: str
) -> None:
    runner, reader = hub
    path, git_tag, tag, expected, floating = PUSHES[lane]
    runner.secrets = pair(rig)
    # As invoke trigger makes it.
    git(runner.source, "tag", "--annotate", "--message", "Release", git_tag)
    outputs = runner.start(path, pushed(git_tag))
    assert results(runner) == {"dry-run": "skipped", "gate": "success", "publish": "success"}, runner.log
    assert runner.ran("gate") + runner.ran("publish") == lines_of(runner, "gate", "publish")
    tags = reader.tags()
    assert set(tags) == expected
    assert (outputs["image"], outputs["tag"], outputs["digest"]) == (reader.image, tag, tags[tag])
    assert (outputs["version"], outputs["floating"]) == (git_tag.rpartition("v")[2], floating)
    assert json.loads(outputs["result"])["lanes"][0]["digest"] == tags[tag]
    assert f"## Released `{tag}`" in runner.summary
    assert tags[tag] in runner.summary
    assert errors_told(runner) == []
    assert "GHCR_USERNAME + GHCR_TOKEN" in runner.log
    assert runner.log.count("::group::") == runner.log.count("::endgroup::") == 1
    assert_no_secret_shows(runner)


def test_a_dry_run_by_hand_has_no_credential_and_speaks_to_no_registry(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    runner.secrets = pair(rig)
    own_token(runner, "push")
    log = Log(rig.guarded_log)
    outputs = runner.start(MAIN, dispatched())
    assert results(runner) == {"dry-run": "success", "gate": "skipped", "publish": "skipped"}, runner.log
    assert runner.ran("dry-run") == lines_of(runner, "dry-run")
    assert log.lines() == []
    assert reader.tags() == {}
    assert set(outputs.values()) == {""}
    assert "nothing was pushed" in runner.log
    assert load(runner.source / SHARED)["jobs"]["dry-run"]["permissions"] == {"contents": "read"}
    assert_no_secret_shows(runner)


def test_by_hand_the_git_tag_is_built_and_not_the_branch(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    runner.secrets = pair(rig)
    git(runner.source, "tag", "docker-v0.2.1")
    tagged = git(runner.source, "rev-parse", "HEAD")
    commit(runner.source, "the branch went on")
    outputs = runner.start(MAIN, dispatched(version="0.2.1", dry_run=False, latest="yes"))
    assert results(runner)["publish"] == "success", runner.log
    assert set(reader.tags()) == {"v0.2.1", "latest"}
    assert json.loads(outputs["result"])["commit"] == tagged
    assert json.loads(reader.raw("v0.2.1"))["annotations"]["org.opencontainers.image.revision"] == tagged


def test_inputs_reach_the_library_as_its_variables(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    runner.secrets = pair(rig)
    git(runner.source, "tag", "standalone-v0.2.1")
    image = f"{reader.image}-other"
    event = dispatched(version="0.2.1", dry_run=False, latest="no", image=image, platforms="linux/amd64,linux/arm64")
    outputs = runner.start(STANDALONE, event)
    other = Reader(rig, image, account="pull")
    assert results(runner)["publish"] == "success", runner.log
    assert (set(other.tags()), set(reader.tags())) == ({"standalone-v0.2.1"}, set())
    assert other.platforms("standalone-v0.2.1") == ["linux/amd64", "linux/arm64"]
    assert (outputs["image"], outputs["floating"]) == (image, "")


@pytest.mark.share(2)
@pytest.mark.parametrize("secrets", [(), ("GHCR_TOKEN",), ("GHCR_USERNAME",)], ids=["none", "token", "user"])
def test_without_both_secrets_the_actor_and_the_jobs_token_are_used_and_never_a_mixture(
    rig: Rig, hub: tuple[Runner, Reader], secrets: tuple[str, ...]
) -> None:
    runner, reader = hub
    # The half that is there is another account's: a mixture would be refused.
    runner.secrets = {name: value for name, value in pair(rig, "pull").items() if name in secrets}
    own_token(runner, "push")
    git(runner.source, "tag", "docker-v0.2.1")
    runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner)["publish"] == "success", runner.log
    assert set(reader.tags()) == {"v0.2.1"}
    assert "as push-user (GITHUB_ACTOR + GITHUB_TOKEN)" in runner.log
    assert "a mixed pair" not in runner.log
    assert_no_secret_shows(runner)


def test_the_user_may_be_a_variable_so_that_no_log_hides_the_image(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    known = pair(rig)
    runner.secrets, runner.variables = {"GHCR_TOKEN": known["GHCR_TOKEN"]}, {"GHCR_USERNAME": known["GHCR_USERNAME"]}
    git(runner.source, "tag", "docker-v0.2.1")
    runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner)["publish"] == "success", runner.log
    assert "GHCR_USERNAME + GHCR_TOKEN" in runner.log
    assert set(reader.tags()) == {"v0.2.1"}


@pytest.mark.share(2)
@pytest.mark.parametrize(("account", "words"), [("unlinked", "write_package"), ("pull", "expected scopes")])
def test_a_fallback_that_is_denied_says_what_the_runbook_says(
    rig: Rig, hub: tuple[Runner, Reader], account: str, words: str
) -> None:
    runner, reader = hub
    own_token(runner, account)
    git(runner.source, "tag", "docker-v0.2.1")
    outputs = runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner) == {"dry-run": "skipped", "gate": "success", "publish": "failure"}
    assert runner.steps[-1].code == 4, runner.log
    (told,) = errors_told(runner)
    assert "title=shiplane%3A access (exit 4)" in told
    assert words in told
    assert "configure the GHCR secrets explicitly" in told
    assert "## Failed with exit code 4" in runner.summary
    assert "configure the GHCR secrets explicitly" in runner.summary
    assert set(outputs.values()) == {""}
    assert reader.tags() == {}
    assert "::group::" not in runner.log
    assert_no_secret_shows(runner)


REFUSED: Mapping[str, tuple[str, Event, dict[str, str], str]] = {
    "a version that nobody tagged": (
        MAIN,
        dispatched(version="0.9.0", dry_run=False),
        {"gate": "failure", "publish": "skipped"},
        "",
    ),
    "no version": (
        MAIN,
        dispatched(dry_run=False),
        {"gate": "success", "publish": "failure"},
        "lane main has no version",
    ),
    "a git tag that names no version": (
        MAIN,
        pushed("docker-vlatest"),
        {"gate": "success", "publish": "failure"},
        "lane main has no version",
    ),
    "a word that is neither yes nor no": (
        MAIN,
        dispatched(version="0.2.1", dry_run=False, latest="perhaps"),
        {"gate": "success", "publish": "failure"},
        "PUBLISH_LATEST: 'perhaps' is neither yes nor no",
    ),
}


@pytest.mark.share(2)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_publishes_nothing(rig: Rig, hub: tuple[Runner, Reader], case: str) -> None:
    runner, reader = hub
    path, event, expected, words = REFUSED[case]
    runner.secrets = pair(rig)
    for git_tag in ("docker-v0.2.1", "docker-vlatest"):
        git(runner.source, "tag", git_tag)
        commit(runner.source, f"after {git_tag}")
    runner.start(path, event)
    assert {name: result for name, result in results(runner).items() if name != "dry-run"} == expected, runner.log
    assert words in "".join(errors_told(runner))
    assert len(errors_told(runner)) == (1 if words else 0)
    assert reader.tags() == {}


def test_a_red_gate_keeps_the_job_that_has_the_credential_from_starting(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    runner.secrets = pair(rig)
    text = (runner.source / "shiplane.toml").read_text()
    gate = '[[gates]]\nname = "core"\ncommand = "sh -c \'echo ::error::injected; env; exit 1\'"\n'
    (runner.source / "shiplane.toml").write_text(f"{text}\n{gate}")
    git(runner.source, "commit", "--quiet", "--all", "--message", "a gate")
    git(runner.source, "tag", "docker-v0.2.1")
    runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner) == {"dry-run": "skipped", "gate": "failure", "publish": "skipped"}, runner.log
    (told,) = errors_told(runner)
    assert told.startswith("::error title=shiplane%3A prerequisite (exit 3)::not green:")
    assert "core" in runner.summary
    assert reader.tags() == {}
    assert_no_secret_shows(runner)


def test_a_git_tag_that_is_moved_behind_the_gates_back_is_not_published(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, reader = hub
    runner.secrets = pair(rig)
    git(runner.source, "tag", "docker-v0.2.1")

    def meanwhile(job: str) -> None:
        if job == "publish":
            commit(runner.source, "never seen by a gate")
            git(runner.source, "tag", "--force", "docker-v0.2.1")

    runner.before = meanwhile
    runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner)["publish"] == "failure"
    assert runner.steps[-1].code == 3, runner.log
    assert "git tag docker-v0.2.1 is at" in errors_told(runner)[0]
    assert reader.tags() == {}


COMMANDS = (
    "plan",
    "verify --lane main",
    "check.all",
    "check.build",
    "check.gates",
    "auth.show",
    "publish --lane main --dry-run",
    "workflow.check",
    "trigger --lane main",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_task_has_a_summary_and_at_most_one_annotation_in_a_step(
    rig: Rig, sample: Path, tmp_path: Path, command: str
) -> None:
    person = Person(rig, sample, {"IMAGE_REPO": f"{rig.plain}/cognary/nothing-here", "PLATFORMS": "linux/amd64"})
    summary, output = tmp_path / "summary", tmp_path / "output"
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    done = person.invoke(*command.split(), "--json", GITHUB_ACTIONS="true", **files)
    assert "could not write" not in done.err
    assert done.err.count("::error title=") == (1 if done.code else 0), done
    head = "Dry run: nothing was pushed" if "--dry-run" in command else f"`invoke {command}"
    assert (f"## Failed with exit code {done.code}" if done.code else f"## {head}") in summary.read_text()
    assert done.document["exit"] == done.code
    assert output.read_text().startswith("result<<")


def test_a_build_cannot_command_the_runner(rig: Rig, hub: tuple[Runner, Reader]) -> None:
    runner, _ = hub
    runner.secrets = pair(rig)
    words = "::error::injected\\n##[error]injected\\n  ::add-mask::injected\\r::error::injected\\n"
    (runner.source / "Dockerfile").write_text(f"FROM busybox:stable\nRUN printf '{words}' && exit 3\n")
    git(runner.source, "commit", "--quiet", "--all", "--message", "a hostile build")
    git(runner.source, "tag", "docker-v0.2.1")
    runner.start(MAIN, pushed("docker-v0.2.1"))
    assert runner.steps[-1].code == 3
    assert "injected" in runner.log
    obeyed = [line for line in re.split("[\r\n]", runner.log) if line.lstrip().startswith("::") or "##[" in line]
    names = [line.partition("::")[2].partition("::")[0].partition(" ")[0] for line in obeyed]
    assert set(names) == {"add-mask", "group", "endgroup", "error"}
    assert names.count("error") == 1
    assert "::add-mask::injected" not in obeyed


_APART = """
platforms = ["linux/386"]
build = "sh build.sh"
[lanes.main]
platforms = ["linux/amd64", "linux/arm64"]
[workflows]
native = true
"""


@pytest.mark.skipif("stage" not in shiplane.ns.task_names, reason="needs the task stage and publish --staged")
def test_native_runners_stage_each_platform_and_their_image_is_joined(hub_of: Hub) -> None:
    runner, reader = hub_of(_APART)
    runner.secrets = pair(runner.rig)
    git(runner.source, "tag", "docker-v0.2.1")
    outputs = runner.start(MAIN, pushed("docker-v0.2.1"))
    assert results(runner)["publish"] == "success", runner.log
    assert runner.ran("publish") == lines_of(runner, "publish")
    assert runner.ran("stage") == 2 * lines_of(runner, "stage")
    assert reader.platforms("v0.2.1") == ["linux/amd64", "linux/arm64"]
    assert outputs["digest"] == reader.tags()["v0.2.1"]


_GROUP = """
build = "sh build.sh"
[lanes.main]
git-tag = "v{version}"
platforms = ["linux/amd64", "linux/arm64"]
[lanes.standalone]
git-tag = "v{version}"
platforms = ["linux/amd64"]
[workflows]
native = true
"""


@pytest.mark.thorough(
    "native stages joined for two lanes; for one they are in this file, those of two lanes in test_lanes"
)
def test_natively_the_lanes_of_a_group_are_released_together(hub_of: Hub) -> None:
    runner, reader = hub_of(_GROUP)
    runner.secrets = pair(runner.rig)
    git(runner.source, "tag", "v0.2.1")
    outputs = runner.start(MAIN, pushed("v0.2.1"))
    assert results(runner)["publish"] == "success", runner.log
    assert runner.ran("stage") == 3 * lines_of(runner, "stage")
    assert runner.ran("publish")[-1].startswith('invoke release --lane "$LANE" --skip build --skip gates --staged')
    assert set(reader.tags()) == {"v0.2.1", "standalone-v0.2.1", "standalone-latest"}
    assert reader.platforms("v0.2.1") == ["linux/amd64", "linux/arm64"]
    assert {name: lane["digest"] for name, lane in json.loads(outputs["lanes"]).items()} == {
        "main": reader.digest("v0.2.1"),
        "standalone": reader.digest("standalone-v0.2.1"),
    }


def test_what_the_workflows_run_is_what_they_installed(hub: tuple[Runner, Reader]) -> None:
    runner, _ = hub
    runner.start(MAIN, dispatched())
    assert "Successfully installed shiplane" in runner.steps[0].log
    argv = [str(runner.python / "bin/python"), "-c", "import shiplane; print(shiplane.__file__)"]
    found = subprocess.run(argv, cwd=runner.folder, check=True, capture_output=True, encoding="utf-8").stdout
    assert Path(found).is_relative_to(runner.python)


def test_a_push_to_the_branch_publishes_its_channel_and_a_run_of_an_older_push_is_refused(
    hub_of: Hub, sample: Path
) -> None:
    runner, reader = hub_of(f'{_BUILT_BY_A_SCRIPT}[channels.edge]\nbranch = "main"\nlanes = ["main"]\n')
    runner.secrets = pair(runner.rig)
    first = git(sample, "rev-parse", "HEAD")
    outputs = runner.follow(EDGE, branch_pushed("main"))
    assert results(runner) == {"gate": "success", "publish": "success"}, runner.log
    assert set(reader.tags()) == {"edge", f"sha-{first}"}
    assert json.loads(outputs["result"])["builds"][0]["kept"] == f"sha-{first}"
    assert runner.ran("publish")[-1] == "invoke publish --channel edge --skip build --skip gates"
    assert reader.digest("edge") in runner.summary
    assert_no_secret_shows(runner)

    second = commit(sample, "two")
    runner.follow(EDGE, branch_pushed("main"))
    assert reader.digest("edge") == reader.digest(f"sha-{second}")
    runner.follow(EDGE, branch_pushed("main", first))
    assert results(runner) == {"gate": "success", "publish": "failure"}, runner.log
    assert f"edge is at commit {second}, which is newer: it has {first} in its history" in runner.log
    assert reader.digest("edge") == reader.digest(f"sha-{second}")


_PROJECTS = ("services/api", "web")


@pytest.mark.thorough("runs of folder projects; the lines are held by unit/workflows/test_subfolder")
def test_projects_in_folders_publish_by_workflows_at_the_root(
    rig: Rig, sample: Path, tmp_path: Path, wheel: Path, python: Path
) -> None:
    """Each from its own folder, by its own git tags, with what one file installs for all."""
    images = {folder: f"{rig.guarded}/cognary/{Path(folder).name}-{uuid.uuid4().hex[:8]}" for folder in _PROJECTS}
    for folder in _PROJECTS:
        shutil.copytree(sample, sample / folder, ignore=shutil.ignore_patterns(".git*", "services", "web"))
        name = Path(folder).name
        (sample / folder / "shiplane.toml").write_text(
            f'image = "{images[folder]}"\nbuild = "sh build.sh"\nplatforms = ["linux/amd64"]\n{pair_for(rig.guarded)}'
            f'[lanes.main]\ngit-tag = "{name}-v{{version}}"\n[channels.edge]\nbranch = "main"\nlanes = ["main"]\n'
        )
    git(sample, "rm", "--quiet", "-r", "--ignore-unmatch", "Dockerfile", "Dockerfile.standalone", "shiplane.toml")
    (sample / ".gitignore").write_text("dist\n")
    for folder in _PROJECTS:
        succeeded(Person(rig, sample / folder).invoke("workflow.write", PYTHONDONTWRITEBYTECODE="1"))
    (sample / ".github/shiplane-requirements.txt").write_text(f"shiplane @ {wheel.as_uri()}\n")
    commit_all(sample)
    (tmp_path / "jobs").mkdir()
    runner = Runner(rig, tmp_path / "jobs", sample, python, secrets=pair(rig))
    readers = {folder: Reader(rig, image, account="pull") for folder, image in images.items()}

    git(sample, "tag", "api-v0.2.1")
    outputs = runner.start(".github/workflows/services.api.docker-publish.yml", pushed("api-v0.2.1"))
    assert results(runner)["publish"] == "success", runner.log
    assert readers["services/api"].tags() == {"v0.2.1": outputs["digest"]}
    assert readers["web"].tags() == {}

    runner.follow(".github/workflows/web.channel-edge.yml", branch_pushed("main"))
    assert results(runner)["publish"] == "success", runner.log
    assert "edge" in readers["web"].tags()
    assert set(readers["services/api"].tags()) == {"v0.2.1"}
    for folder in _PROJECTS:
        succeeded(Person(rig, sample / folder).invoke("workflow.check"))


def commit_all(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "two projects")

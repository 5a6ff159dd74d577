"""What the scripts and workflows that shiplane replaces did wrong so that a wrong image or a wrong tag was published.

One test for each of these sixteen, by its number in their list, shown by its cause: it fails when the defect is back.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.version import Version
from tests.e2e.expressions import resolve
from tests.e2e.person import ROOT, Done, Log, Person, Reader, succeeded
from tests.e2e.runner import load
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
WORKFLOWS = ROOT / ".github/workflows"


@pytest.fixture
def quick(workstation: Workstation) -> Workstation:
    """Somebody who publishes for one platform: what is wrong here is wrong for any number of them."""
    workstation[0].variables["PLATFORMS"] = "linux/amd64"
    return workstation


def publish(person: Person, lane: str, *more: str, **variables: str) -> Done:
    return person.invoke("publish", "--lane", lane, *more, **variables)


def refused(workstation: Workstation, code: int, done: Done) -> None:
    """Nothing was built, nothing has a name."""
    assert (done.code, done.built) == (code, False), str(done)
    assert "Traceback" not in done.err
    assert workstation[1].tags() == {}


def test_1_a_git_tag_loses_its_lane_and_not_the_v(quick: Workstation) -> None:
    person, reader = quick
    git(person.checkout, "tag", "docker-v0.2.1")
    succeeded(publish(person, "main"))
    assert set(reader.tags()) == {"v0.2.1"}


@pytest.mark.parametrize("known", BUILT_IN, ids=lambda lane: lane.name)
def test_2_desk_and_ci_give_one_version_one_name(quick: Workstation, known: Lane) -> None:
    person, _ = quick
    git_tag = known.git_tag_of(Version.parse("0.2.1"))
    git(person.checkout, "tag", git_tag)
    ways: list[dict[str, str]] = [
        {"TAG": known.tag_of(Version.parse("0.2.1"))},
        {"TAG": "0.2.1"},
        {},
        {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": git_tag},
    ]
    plans = [succeeded(person.invoke("plan", "--lane", known.name, "--json", **way)).document for way in ways]
    assert {plan["lanes"][0]["tag"] for plan in plans} == {known.tag_of(Version.parse("0.2.1"))}


def test_3_the_documents_name_tags_as_the_lanes_form_them() -> None:
    text = "".join((ROOT / page).read_text("utf-8") for page in ("README.md", ".github/docs/npm.md"))
    named = re.findall(r"(?:\bTAG=|--tag )([\w.-]+)", text)
    lanes = re.findall(r"(?:\bTAG=|--tag )[\w.-]+.*?--lane (\w+)|--lane (\w+) --tag", text)
    assert len(named) >= 5
    assert {word for pair in lanes for word in pair if word} == {"main", "standalone"}
    for tag in named:
        assert any(lane.version_of_tag(tag) for lane in BUILT_IN), tag
    for version_tag, git_tag in (
        (lane.tag_of(Version.parse("0.2.1")), lane.git_tag_of(Version.parse("0.2.1"))) for lane in BUILT_IN
    ):
        assert git_tag.rpartition("v")[2] == version_tag.rpartition("v")[2]
        assert git_tag in text


def test_4_a_lane_takes_no_version_from_another_lanes_git_tag(quick: Workstation) -> None:
    person, _ = quick
    git(person.checkout, "tag", "standalone-v0.2.1")
    refused(quick, 2, publish(person, "main", PUBLISH_LATEST="true"))
    refused(quick, 2, publish(person, "main", TAG="standalone-v0.2.1", PUBLISH_LATEST="true"))


@pytest.mark.share(2)
@pytest.mark.parametrize("annotated", ["docker-v0.2.1", "standalone-v0.2.2"])
def test_5_of_two_git_tags_at_one_commit_each_lane_takes_its_own(quick: Workstation, annotated: str) -> None:
    person, reader = quick
    for git_tag in ("docker-v0.2.1", "standalone-v0.2.2"):
        git(person.checkout, "tag", *(["--annotate", "--message", "x"] if git_tag == annotated else []), git_tag)
    for lane in ("main", "standalone"):
        succeeded(publish(person, lane, PUBLISH_LATEST="no"))
    assert set(reader.tags()) == {"v0.2.1", "standalone-v0.2.2"}


def test_6_a_tag_that_is_given_is_read_and_not_copied(quick: Workstation) -> None:
    person, reader = quick
    for tag in ("latest", "standalone-latest", "docker-vlatest", "ledger-main"):
        refused(quick, 2, publish(person, "main", TAG=tag))
    done = publish(person, "main", "--tag", "--latest")
    assert (done.code != 0, reader.tags()) == (True, {}), str(done)
    succeeded(publish(person, "main", TAG="docker-v0.2.1"))
    assert set(reader.tags()) == {"v0.2.1"}


def test_7_a_version_is_written_once(quick: Workstation) -> None:
    person, reader = quick
    succeeded(publish(person, "main", "--tag", "v0.2.1"))
    before, log = reader.tags(), Log(person.rig.plain_log)
    commit(person.checkout, "something else")
    done = publish(person, "main", "--tag", "v0.2.1")
    assert (done.code, done.built) == (5, False), str(done)
    assert (reader.tags(), log.tag_puts()) == (before, [])


def test_8_a_base_image_that_moved_on_changes_no_version(rig: Rig, quick: Workstation) -> None:
    person, reader = quick
    base = f"{rig.plain}/cognary/base-{uuid.uuid4().hex[:8]}:floating"
    succeeded(publish(person, "standalone", "--tag", "0.1.0"))
    crane(rig, "copy", "--platform", "linux/amd64", f"{reader.image}:standalone-v0.1.0", base)
    (person.checkout / "Dockerfile").write_text(f"FROM {base}\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "a base image that floats")
    succeeded(publish(person, "main", "--tag", "v0.2.1"))
    before = reader.tags()
    crane(rig, "mutate", "--env", "BASE=another", "--tag", base, base)
    again = succeeded(publish(person, "main", "--tag", "v0.2.1"))
    assert (again.built, reader.tags()) == (False, before)
    # And a build of the same commit would have been another image by now.
    succeeded(publish(person, "main", "--tag", "v0.2.2"))
    assert layers_and_env(reader, "v0.2.2") != layers_and_env(reader, "v0.2.1")


def crane(rig: Rig, *arguments: str) -> str:
    argv = ["crane", *arguments]
    done = subprocess.run(argv, env=rig.environ(), check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def layers_and_env(reader: Reader, tag: str) -> object:
    config = json.loads(crane(reader.rig, "config", "--platform", "linux/amd64", f"{reader.image}:{tag}"))
    return config["rootfs"], config["config"].get("Env")


def test_9_the_floating_tag_never_goes_back(quick: Workstation) -> None:
    person, reader = quick
    succeeded(publish(person, "main", "--tag", "v0.2.0", "--latest"))
    before = reader.tags()
    commit(person.checkout, "a patch of the line before")
    # Published, and the wish that cannot be fulfilled is said last, with a code of its own.
    assert publish(person, "main", "--tag", "v0.1.9", "--latest").code == 5
    tags = reader.tags()
    assert set(tags) == {"v0.1.9", "v0.2.0", "latest"}
    assert tags["latest"] == before["latest"] != tags["v0.1.9"]


def test_10_a_pre_release_and_what_is_no_version_leave_the_floating_tag_alone(quick: Workstation) -> None:
    person, reader = quick
    for git_tag in ("docker-vlatest", "docker-v"):
        git(person.checkout, "tag", git_tag)
        variables = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": git_tag, "PUBLISH_LATEST": "true"}
        refused(quick, 2, publish(person, "main", **variables))
    git(person.checkout, "tag", "docker-v0.2.1-rc.1")
    assert publish(person, "main", PUBLISH_LATEST="true").code == 5
    assert set(reader.tags()) == {"v0.2.1-rc.1"}
    succeeded(publish(person, "main"))


def test_11_by_hand_a_workflow_builds_the_git_tag_and_not_the_branch(quick: Workstation) -> None:
    for name, git_tag in (
        ("docker-publish.yml", "docker-v0.2.0"),
        ("docker-standalone-publish.yml", "standalone-v0.2.0"),
    ):
        (call,) = load(WORKFLOWS / name)["jobs"].values()
        contexts = {"inputs": {"version": "0.2.0"}, "github": {"ref": "refs/heads/main"}}
        assert resolve(call["with"]["ref"], contexts) == f"refs/tags/{git_tag}"
    steps = load(WORKFLOWS / "release-lane.yml")["jobs"]
    refs = {
        job: step["with"]["ref"]
        for job, known in steps.items()
        for step in known["steps"]
        if "ref" in step.get("with", {})
    }
    published = "${{ needs.gate.outputs.commit }}"
    assert refs == {"dry-run": "${{ inputs.ref }}", "gate": "${{ inputs.ref }}", "publish": published}
    # Whoever stands on the branch after all is stopped.
    person, _ = quick
    git(person.checkout, "tag", "docker-v0.2.0")
    commit(person.checkout, "the branch went on")
    refused(quick, 3, publish(person, "main", TAG="v0.2.0"))


def test_12_without_buildx_nothing_is_published_for_one_platform(workstation: Workstation, tmp_path: Path) -> None:
    person, _ = workstation
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("docker", "git", "sh", "sed", "mkdir", "find", "sort", "sha256sum", "uname", "cat"):
        (tools / name).symlink_to(str(shutil.which(name, path=person.environ()["PATH"])))
    bare = {"PATH": str(tools), "DOCKER_CONFIG": str(tmp_path / "docker"), "BUILDX_BUILDER": ""}
    assert person.run(["docker", "buildx", "version"], **bare).code != 0
    done = publish(person, "main", "--tag", "v0.2.1", "--latest", **bare)
    refused(workstation, 3, done)
    assert "buildx" in done.err


def test_13_the_platform_that_is_told_is_the_one_that_was_built(workstation: Workstation) -> None:
    person, reader = workstation
    done = succeeded(publish(person, "main", "--tag", "v0.2.1", "--platforms", "linux/arm64", "--json"))
    (platform,) = done.document["lanes"][0]["platforms"]
    config = json.loads(crane(person.rig, "config", "--platform", platform, f"{reader.image}:v0.2.1"))
    assert (platform, f"{config['os']}/{config['architecture']}") == ("linux/arm64", "linux/arm64")
    assert reader.platforms("v0.2.1") == ["linux/arm64"]


def test_14_a_dirty_or_untagged_tree_is_not_published(quick: Workstation) -> None:
    person, _ = quick
    refused(quick, 2, publish(person, "main", PUBLISH_LATEST="true"))
    (person.checkout / "left-over").write_text("x")
    refused(quick, 3, publish(person, "main", TAG="v0.2.1", PUBLISH_LATEST="true"))


@pytest.mark.parametrize("lane", ["main", "standalone"])
def test_15_a_version_is_read_from_its_first_sign_to_its_last(quick: Workstation, lane: str) -> None:
    person, _ = quick
    prefix = "" if lane == "main" else "standalone-"
    for version in ("v1", "v1.2.3+build", "v1 --output=type=local", "v1.2.3 x", "v1.2.3\n", "xv1.2.3"):
        refused(quick, 2, publish(person, lane, TAG=f"{prefix}{version}"))


def test_16_a_version_gets_its_name_after_a_look_and_the_floating_tag_after_another(quick: Workstation) -> None:
    person, reader = quick
    log = Log(person.rig.plain_log)
    succeeded(publish(person, "main", "--tag", "v0.2.1", "--latest"))
    lines = [line.split() for line in log.lines()]
    told = [
        (method, path.rpartition("/")[2]) for method, path, status in lines if "/manifests/" in path and status < "300"
    ]
    named, floated = told.index(("PUT", "v0.2.1")), told.index(("PUT", "latest"))
    digest = reader.tags()["v0.2.1"]
    assert ("GET", digest) in told[:named]
    children = [entry["digest"] for entry in json.loads(reader.raw("v0.2.1"))["manifests"]]
    assert [child for child in children if ("GET", child) in told[:named]] != []
    assert {("GET", "v0.2.1"), ("HEAD", "v0.2.1")} & set(told[named:floated])
    assert log.tag_puts() == ["v0.2.1", "latest"]

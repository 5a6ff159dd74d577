"""Builds that do not give what was asked for: whatever goes wrong, no name appears and nothing moves."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, runbook, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]

# A docker that builds the first platform only, whatever it is asked for; the rest is done as ever.
LAZY = """#!{python}
import json, os, subprocess, sys
words = sys.argv[1:]
if words[:2] != ["buildx", "bake"]:
    os.execv({real!r}, [{real!r}, *words])
asked = json.load(sys.stdin)
for target in asked["target"].values():
    target["platforms"] = target["platforms"][:1]
sys.exit(subprocess.run([{real!r}, *words], input=json.dumps(asked).encode()).returncode)
"""


@pytest.fixture
def lazy(rig: Rig, workstation: Workstation, tmp_path: Path) -> Workstation:
    """A person whose builder gives less than it is asked for."""
    person, _ = workstation
    real = shutil.which("docker", path=rig.env["PATH"])
    tool = tmp_path / "bin" / "docker"
    tool.parent.mkdir()
    tool.write_text(LAZY.format(python=sys.executable, real=real))
    tool.chmod(0o755)
    person.variables["PATH"] = f"{tool.parent}:{rig.env['PATH']}"
    return workstation


def test_an_image_that_lacks_a_platform_gets_no_name(rig: Rig, lazy: Workstation) -> None:
    person, reader = lazy
    log = Log(rig.plain_log)
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
    assert (done.code, done.built) == (6, True), str(done)
    assert "expected linux/amd64, linux/arm64, found linux/amd64" in done.err
    assert "does not exist" in done.err
    assert reader.tags() == {}
    assert log.tag_puts() == []


def test_one_lane_that_lacks_a_platform_keeps_every_lane_unnamed(lazy: Workstation) -> None:
    person, reader = lazy
    done = person.invoke("release", "--version", "0.2.1", "--latest")
    assert done.code == 6, str(done)
    assert reader.tags() == {}


def test_a_build_that_fails_moves_nothing_that_was_there(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
    before, log = reader.tags(), Log(rig.plain_log)
    break_build(person)
    done = person.invoke("release", "--version", "0.2.2", "--latest")
    assert done.code == 3, str(done)
    assert "RUN false" in done.err
    assert reader.tags() == before
    assert log.tag_puts() == []
    assert f"latest is {before['latest']}" in done.err
    assert f"standalone-latest is {before['standalone-latest']}" in done.err


def test_a_dry_run_of_a_build_that_fails_says_so_and_names_nothing(rig: Rig, sample: Path) -> None:
    person = Person(rig, sample)
    break_build(person)
    done = person.invoke("publish", "--lane", "main", "--tag", "v9.9.9", "--dry-run", "--json")
    assert done.code == 3, str(done)
    assert done.document["error"]["kind"] == "build"
    assert "v9.9.9" not in person.run(["docker", "images"]).out


CROSS = """FROM --platform=$BUILDPLATFORM busybox:stable AS build
ARG TARGETARCH
RUN echo "$TARGETARCH" > /architecture
FROM scratch
COPY --from=build /architecture /architecture
"""
# What is no program of this machine: for the kernel any file without a known head is one of another's.
FOREIGN = "FROM scratch\nCOPY --chmod=755 package.json /bin/sh\nRUN true\n"


def _rewrite(person: Person, dockerfile: str, **variables: str) -> None:
    person.variables |= variables
    (person.checkout / "Dockerfile").write_text(dockerfile)
    git(person.checkout, "commit", "--quiet", "--all", "--message", "another Dockerfile")


def test_what_is_built_across_needs_no_emulation(workstation: Workstation) -> None:
    person, reader = workstation
    _rewrite(person, CROSS, PLATFORMS="linux/amd64,linux/arm/v7,linux/s390x")
    done = succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1"))
    assert "builds linux/arm/v7, linux/s390x without emulation" in done.err.replace("\n", " ")
    assert reader.platforms("v0.2.1") == ["linux/amd64", "linux/arm", "linux/s390x"]
    succeeded(person.invoke("verify", "--lane", "main", "--tag", "v0.2.1", "--latest=no"))


def test_a_step_that_would_need_an_emulation_fails_with_the_way_to_one_and_names_nothing(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    _rewrite(person, FOREIGN, PLATFORMS="linux/s390x")
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
    assert (done.code, done.built) == (3, True), str(done)
    assert "tonistiigi/binfmt --install s390x" in done.err
    assert reader.tags() == {}
    assert log.tag_puts() == []


def test_a_builder_that_cannot_push_by_digest_is_refused_with_the_command_that_makes_one(
    workstation: Workstation,
) -> None:
    person, reader = workstation
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--builder", "default")
    assert (done.code, done.built) == (3, False), str(done)
    assert "docker buildx create" in done.err
    assert reader.tags() == {}


def test_a_builder_that_does_not_exist_is_a_usage_error(workstation: Workstation) -> None:
    person, _ = workstation
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--builder", "nobodys")
    assert (done.code, done.built) == (2, False), str(done)


def test_an_engine_that_is_not_there_ends_a_dry_run_with_7(rig: Rig, sample: Path, tmp_path: Path) -> None:
    done = Person(rig, sample).invoke(
        "publish", "--lane", "main", "--dry-run", DOCKER_HOST=f"unix://{tmp_path}/nobody.sock"
    )
    assert done.code == 7, str(done)
    assert "no Docker engine answers" in done.err


def test_a_registry_that_is_not_there_ends_a_publish_with_7_before_a_build(rig: Rig, sample: Path) -> None:
    person = Person(rig, sample, {"IMAGE_REPO": "127.0.0.1:1/cognary/aionis"})
    done = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1")
    assert (done.code, done.built) == (7, False), str(done)
    assert "could not be read" in done.err


def test_a_version_published_for_fewer_platforms_is_not_taken_for_a_whole_one(workstation: Workstation) -> None:
    person, reader = workstation
    few = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest", PLATFORMS="linux/amd64")
    assert few.code == 0, str(few)
    before = reader.tags()
    assert reader.platforms("v0.2.1") == ["linux/amd64"]
    # What it was published for is what it is verified for; a flag says otherwise.
    verify = ("verify", "--lane", "main", "--tag", "v0.2.1")
    assert "platforms: recorded in the ledger" in succeeded(person.invoke(*verify)).out
    verified = person.invoke(*verify, "--platforms", "linux/amd64,linux/arm64")
    assert verified.code == 6, str(verified)
    assert "expected linux/amd64, linux/arm64 (--platforms), found linux/amd64" in verified.out
    again = person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
    assert (again.code, again.built) == (6, False), str(again)
    assert "Release the next version, v0.2.2" in again.err
    assert reader.tags() == before


def test_two_people_who_publish_a_lane_each_at_once_both_succeed(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = guarded_workstation
    other = Person(rig, Path(shutil.copytree(person.checkout, tmp_path / "other")), runbook(rig, reader.image))
    children = [
        who.begin("publish", "--lane", lane, "--tag", "0.2.1", "--latest")
        for who, lane in ((person, "main"), (other, "standalone"))
    ]
    ends = [(child.communicate(timeout=120)[1], child.returncode) for child in children]
    assert [code for _, code in ends] == [0, 0], ends
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]


def test_of_two_commits_published_as_one_version_at_once_the_one_that_lost_says_so(
    rig: Rig, guarded_workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = guarded_workstation
    other = Person(rig, Path(shutil.copytree(person.checkout, tmp_path / "other")), runbook(rig, reader.image))
    commit(other.checkout, "another opinion of v0.2.1")
    children = [who.begin("publish", "--lane", "main", "--tag", "v0.2.1", "--latest") for who in (person, other)]
    ends = [(child.communicate(timeout=120)[1], child.returncode) for child in children]
    codes = [code for _, code in ends]
    assert set(codes) <= {0, 5, 8}, ends
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest"}
    if 0 in codes:
        assert tags["v0.2.1"] == tags["latest"], ends
    for story, code in ends:
        # Whoever did not succeed knows what is public instead.
        assert code == 0 or f"v0.2.1 is {tags['v0.2.1']}" in story, ends


def break_build(person: Person) -> None:
    """Commit a Dockerfile of the main lane that fails at its end."""
    with (person.checkout / "Dockerfile").open("a") as stream:
        stream.write("RUN false\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "a build that fails")

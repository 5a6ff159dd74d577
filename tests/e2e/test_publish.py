"""The runbook's publish commands, as a person gives them, looked at by programs that know nothing of us."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, succeeded, wait_until
from tests.rig import Rig
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


@pytest.mark.parametrize(
    ("lane", "tag", "local"),
    [("main", "", "v0.0.0-"), ("standalone", "standalone-v0.2.1", "standalone-v0.2.1")],
)
def test_a_dry_run_needs_nothing_and_leaves_an_image_that_runs(
    rig: Rig, sample: Path, lane: str, tag: str, local: str
) -> None:
    person = Person(rig, sample)
    logs = [Log(rig.plain_log), Log(rig.guarded_log)]
    done = person.invoke("publish", "--lane", lane, "--dry-run", **({"TAG": tag} if tag else {}))
    assert done.code == 0, str(done)
    name = done.out.strip()
    assert name.startswith(f"localhost/cognary/aionis:{local}")
    assert [log.lines() for log in logs] == [[], []]
    started = person.run(["docker", "run", "--detach", name])
    assert started.code == 0, started
    container = started.out.strip()
    inspect = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
    try:
        assert wait_until(lambda: person.run(inspect).out.strip() == "healthy")
    finally:
        person.run(["docker", "rm", "--force", container])
    assert "ghcr.io" not in person.run(["docker", "images"]).out


def test_the_runbooks_main_publish_is_read_alike_by_crane_skopeo_and_docker(guarded_workstation: Workstation) -> None:
    person, reader = guarded_workstation
    done = person.invoke("publish", "--lane", "main", TAG="v0.2.1", PUBLISH_LATEST="true")
    assert done.code == 0, str(done)
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest"}
    assert tags["v0.2.1"] == tags["latest"]
    assert tags["latest"] in done.out
    assert reader.platforms("v0.2.1") == ["linux/amd64", "linux/arm64"]
    assert json.loads(reader.raw("v0.2.1"))["annotations"]["org.opencontainers.image.version"] == "0.2.1"
    succeeded(person.invoke("auth.login"))
    for tag in ("v0.2.1", "latest"):
        pulled = person.run(["docker", "pull", f"{reader.image}:{tag}"])
        assert pulled.code == 0, pulled
        assert tags[tag] in pulled.out
    succeeded(person.invoke("auth.logout"))


def test_each_lane_takes_the_version_of_its_own_git_tag(workstation: Workstation) -> None:
    person, reader = workstation
    git(person.checkout, "tag", "docker-v0.2.1")
    git(person.checkout, "tag", "--annotate", "standalone-v0.9.0", "--message", "both at one commit")
    for lane in ("main", "standalone"):
        done = person.invoke("publish", "--lane", lane)
        assert done.code == 0, str(done)
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "standalone-v0.9.0", "standalone-latest"}
    assert tags["standalone-v0.9.0"] == tags["standalone-latest"] != tags["v0.2.1"]


def test_a_release_names_both_lanes_with_one_build(workstation: Workstation) -> None:
    person, reader = workstation
    done = person.invoke("release", "--version", "0.2.1", "--latest", "--json")
    assert done.code == 0, str(done)
    assert set(reader.tags()) == {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
    assert done.err.count("load local bake definitions") == 1
    assert {lane["tag"]: lane["digest"] for lane in done.document["lanes"]} == {
        tag: digest for tag, digest in reader.tags().items() if "latest" not in tag
    }


def test_versions_are_written_once_and_the_floating_tag_only_goes_forward(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    succeeded(person.invoke("publish", "--lane", "main", TAG="v0.2.1", PUBLISH_LATEST="true"))
    first = reader.tags()

    again = Log(rig.plain_log)
    done = person.invoke("publish", "--lane", "main", TAG="v0.2.1", PUBLISH_LATEST="true")
    assert (done.code, done.built, again.tag_puts()) == (0, False, []), str(done)

    commit(person.checkout, "another commit")
    done = person.invoke("publish", "--lane", "main", TAG="v0.2.1", PUBLISH_LATEST="true")
    assert (done.code, done.built) == (5, False), str(done)
    assert "exists already" in done.err
    assert reader.tags() == first

    for tag in ("v0.1.9", "v0.3.0-rc.1"):
        done = person.invoke("publish", "--lane", "main", TAG=tag, PUBLISH_LATEST="true")
        # It is published, but latest was asked for and does not move.
        assert done.code == 5, str(done)
        assert reader.tags()["latest"] == first["latest"]
        assert tag in reader.tags()
    assert not [line for line in log.lines() if line.startswith("DELETE")]


def test_a_build_that_fails_leaves_no_tag_of_any_lane(workstation: Workstation) -> None:
    person, reader = workstation
    with (person.checkout / "Dockerfile.standalone").open("a") as stream:
        stream.write("RUN false\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "break one lane")
    done = person.invoke("release", "--version", "0.2.1")
    assert done.code == 3, str(done)
    assert "RUN false" in done.err
    assert reader.tags() == {}
    assert "does not exist" in done.err

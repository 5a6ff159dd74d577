"""``release``: both lanes as one, all or nothing, looked at by crane and by the registry's own log."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.person import Done, Log, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.front import refusals
from tests.rig.sample import git
from tests.unit.documents import faults
from tests.unit.pages.reading import read

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
RELEASE = ("release", "--version", "0.2.1", "--latest")
VERSIONS = ["v0.2.1", "standalone-v0.2.1"]
FLOATS = ["latest", "standalone-latest"]


def commit_file(person: Person, name: str, text: str) -> None:
    """Commit a file with another content."""
    (person.checkout / name).write_text(text)
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", f"another {name}")


def executed(done: Done, step: str) -> list[str]:
    """The numbers of the build steps of this name that were executed, not taken from a cache."""
    numbers = set(re.findall(rf"^  \| #([0-9]+) \[[^\]]*{re.escape(step)}\] RUN", done.err, re.MULTILINE))
    cached = set(re.findall(r"^  \| #([0-9]+) CACHED", done.err, re.MULTILINE))
    return sorted(numbers - cached)


@contextmanager
def refusing(rig: Rig, reader: Reader, tag: str) -> Iterator[None]:
    """A registry that refuses to write one tag of this repository."""
    name = reader.image.partition("/")[2]
    path = refusals(rig.plain_log)
    path.write_text(f"PUT /v2/{name}/manifests/{tag} 403\n")
    try:
        yield
    finally:
        path.unlink()


def test_one_bake_gives_two_images_four_names_and_every_version_before_any_floating_tag(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    # A version of its own, so that no cache has these steps.
    package = (person.checkout / "package.json").read_text()
    commit_file(person, "package.json", package.replace('"version": "', f'"version": "{reader.image[-8:]}.'))
    report = person.checkout.parent / "report.html"
    done = succeeded(person.invoke(*RELEASE, "--json", "--report", "../report.html"))
    tags = reader.tags()
    assert set(tags) == {*VERSIONS, *FLOATS}
    told = read(report.read_text())
    assert "v0.2.1, standalone-v0.2.1 published" in told
    assert [name for name in VERSIONS if f"{name} new {tags[name]}" not in told] == []
    built = {f"{lane} linux/{processor} pushed" for lane in ("main", "standalone") for processor in ("amd64", "arm64")}
    assert {name for name in built if name in told} == built
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]
    assert log.wrote_in_turn(VERSIONS, FLOATS)
    # What both lanes share is built once for each platform.
    assert (len(executed(done, "deps 4/4")), len(executed(done, "build 6/6"))) == (2, 2)
    assert {lane["tag"]: lane["digest"] for lane in done.document["lanes"]} == {tag: tags[tag] for tag in VERSIONS}
    assert faults(done.document, "result", "released") == []


def test_a_lane_whose_build_breaks_keeps_both_unnamed(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    broken = (person.checkout / "Dockerfile.standalone").read_text() + "RUN exit 7\n"
    commit_file(person, "Dockerfile.standalone", broken)
    done = person.invoke(*RELEASE, "--json", "--report", "../report.html")
    assert (done.code, done.document["error"]["kind"]) == (3, "build"), str(done)
    told = read((person.checkout.parent / "report.html").read_text())
    assert all(f"{reader.image}:{name} does not exist" in told for name in (*VERSIONS, *FLOATS))
    assert "Release failed" in told
    assert "standalone linux/amd64 failed" in told
    assert (reader.tags(), log.tag_puts()) == ({}, [])
    assert faults(done.document, "result", "error") == []


def test_a_lane_whose_image_does_not_run_keeps_both_unnamed(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    commit_file(
        person, "shiplane.toml", 'build = "sh build.sh"\n[lanes.standalone.smoke]\nplatforms = ["linux/amd64"]\n'
    )
    sick = (person.checkout / "Dockerfile.standalone").read_text().replace("touch dist/standalone", "true")
    commit_file(person, "Dockerfile.standalone", sick)
    done = person.invoke(*RELEASE)
    assert (done.code, done.built) == (6, True), str(done)
    assert "smoke test failed for lane standalone:" in done.err
    assert (reader.tags(), log.tag_puts()) == ({}, [])


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("line", "halfway"),
    [
        ("done       read back v0.2.1", {"v0.2.1"}),
        ("done       read back standalone-v0.2.1", set(VERSIONS)),
        ("done       read back latest", {*VERSIONS, "latest"}),
    ],
)
def test_killed_between_two_names_and_run_again_it_ends_as_an_undisturbed_run(
    rig: Rig, workstation: Workstation, line: str, halfway: set[str]
) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    # The story is told after the fact: the next name may have been written before the signal came.
    person.killed(signal.SIGKILL, lambda told: told.startswith(line), *RELEASE)
    before = reader.tags()
    assert set(before) >= halfway
    succeeded(person.invoke(*RELEASE))
    tags = reader.tags()
    assert set(tags) == {*VERSIONS, *FLOATS}
    assert {tag: tags[tag] for tag in before} == before
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]
    assert sorted(log.tag_puts()) == sorted([*VERSIONS, *FLOATS])


@pytest.mark.share(3)
@pytest.mark.parametrize(
    ("refused", "public"),
    [
        ("standalone-v0.2.1", ["v0.2.1"]),
        ("latest", [*VERSIONS, "standalone-latest"]),
        ("standalone-latest", [*VERSIONS, "latest"]),
    ],
)
def test_a_name_that_the_registry_refuses_is_reported_and_the_same_command_again_repairs_it(
    rig: Rig, workstation: Workstation, refused: str, public: list[str]
) -> None:
    person, reader = workstation
    log = Log(rig.plain_log)
    with refusing(rig, reader, refused):
        done = person.invoke(*RELEASE)
    assert done.code == 4, str(done)
    before = reader.tags()
    assert set(before) == set(public)
    for tag in (*VERSIONS, *FLOATS):
        now = f"is {before[tag]}" if tag in before else "does not exist"
        assert f"public: {reader.image}:{tag} {now}" in done.err
    assert "safe: every published tag had passed verification" in done.err
    succeeded(person.invoke(*RELEASE))
    tags = reader.tags()
    assert {tag: tags[tag] for tag in before} == before
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]
    written = log.tag_puts()
    assert max(map(written.index, VERSIONS)) < min(map(written.index, FLOATS))


def test_a_dry_run_of_a_release_and_its_plan_are_documents_of_the_schema(workstation: Workstation) -> None:
    person, reader = workstation
    planned = succeeded(person.invoke("plan", "--tag", "0.2.1", "--json")).document
    dry = succeeded(person.invoke("release", "--version", "0.2.1", "--dry-run", "--json")).document
    nowhere = succeeded(person.invoke("plan", "--tag", "0.2.1", "--json", "--image", "127.0.0.1:1/a/b")).document
    wrong = person.invoke("plan", "--tag", "latest", "--json").document
    assert faults(planned, "result", "planned") == []
    assert faults(nowhere, "result", "planned") == []
    assert nowhere["registry"]["asked"] is False
    assert faults(dry, "result", "dry-run") == []
    assert faults(wrong, "result", "error") == []
    assert reader.tags() == {}

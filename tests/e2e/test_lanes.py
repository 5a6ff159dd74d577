"""Lanes with platforms of their own, lanes that begin from others, and lanes made from a list, released for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.person import Person, Reader, succeeded
from tests.rig.sample import git

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
APART = """
[lanes.main]
platforms = ["linux/arm64"]
[lanes.standalone]
dockerfile = "Dockerfile"
platforms = ["linux/amd64", "linux/arm/v7"]
"""


def configure(person: Person, text: str, dockerfile: str = "FROM scratch\nCOPY src/index.html /\n") -> None:
    """Commit a project file, and a Dockerfile that needs nothing of any platform."""
    person.variables.pop("PLATFORMS", None)
    (person.checkout / "shiplane.toml").write_text(text)
    (person.checkout / "Dockerfile").write_text(dockerfile)
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "configured")


def test_one_release_builds_each_lane_for_its_own_platforms(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, APART)
    for version in ("0.2.1", "0.2.2"):
        succeeded(person.invoke("release", "--version", version, "--latest"))
    assert reader.platforms("v0.2.1") == ["linux/arm64"]
    assert reader.platforms("standalone-v0.2.1") == ["linux/amd64", "linux/arm"]
    verified = succeeded(person.invoke("verify", "--json")).document
    expected = {lane["lane"]: lane["expected_platforms"]["value"] for lane in verified["lanes"]}
    assert expected == {"main": ["linux/arm64"], "standalone": ["linux/amd64", "linux/arm/v7"]}
    succeeded(person.invoke("rollback", "--lane", "standalone", "--reason", "crashes"))
    assert reader.digest("standalone-latest") == reader.digest("standalone-v0.2.1")


def test_a_plan_and_a_dry_run_say_what_each_lane_is_built_for(workstation: Workstation) -> None:
    person, _ = workstation
    configure(person, APART)
    plan = succeeded(person.invoke("plan", "--tag", "0.2.1")).out
    rows = [" ".join(line.split()) for line in plan.splitlines() if " platforms" in line]
    assert rows == [
        "main platforms linux/arm64 (shiplane.toml: lanes.main.platforms)",
        "standalone platforms linux/amd64,linux/arm/v7 (shiplane.toml: lanes.standalone.platforms)",
    ]
    told = succeeded(person.invoke("release", "--dry-run", "--platforms", "all")).err
    assert "main, standalone for linux/arm64, linux/amd64, linux/arm/v7" in told


def test_what_is_staged_apart_is_joined_from_a_folder(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    configure(person, APART)
    folder = tmp_path / "staged"
    folder.mkdir()
    empty = person.invoke("publish", "--lane", "standalone", "--tag", "0.2.1", "--staged", str(folder))
    assert (empty.code, "the folder has no *.json" in empty.err) == (2, True), str(empty)
    for platform in ("linux/amd64", "linux/arm/v7"):
        flags = ("--platforms", platform, "--output", str(folder / f"{platform.replace('/', '-')}.json"))
        succeeded(person.invoke("stage", "--lane", "standalone", "--tag", "0.2.1", *flags))
    succeeded(person.invoke("publish", "--lane", "standalone", "--tag", "0.2.1", "--staged", str(folder)))
    assert reader.platforms("standalone-v0.2.1") == ["linux/amd64", "linux/arm"]

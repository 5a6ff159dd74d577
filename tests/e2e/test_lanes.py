"""Lanes with platforms of their own, lanes that begin from others, and lanes made from a list, released for real."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.person import BUILD, Person, Reader, succeeded
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
    (person.checkout / "shiplane.toml").write_text(BUILD + text)
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
    succeeded(person.invoke("verify", "--pull"))
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


VARIANTS = """
platforms = ["linux/amd64"]
[lanes.main]
build-args = { WHO = "main", VERSION = "{version}" }
labels = { "org.example.who" = "{lane}" }
[lanes.alpine]
from = "main"
tag = "v{version}-alpine"
floating = "alpine"
git-tag = "docker-v{version}"
build-args = { WHO = "alpine" }
"""


def test_a_lane_that_begins_from_another_is_built_as_it_says_and_the_rest_as_that_one(
    workstation: Workstation,
) -> None:
    person, reader = workstation
    configure(
        person, VARIANTS, 'FROM scratch\nARG WHO\nARG VERSION\nLABEL built="$WHO $VERSION"\nCOPY src/index.html /\n'
    )
    succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
    assert set(reader.tags()) == {"v0.2.1", "latest", "v0.2.1-alpine", "alpine"}
    built = {tag: labels(person, reader, tag) for tag in ("v0.2.1", "alpine")}
    assert {tag: (said["built"], said["org.example.who"]) for tag, said in built.items()} == {
        "v0.2.1": ("main 0.2.1", "main"),
        "alpine": ("alpine 0.2.1", "alpine"),
    }


def labels(person: Person, reader: Reader, tag: str) -> dict[str, str]:
    """The labels of an image's config, by crane."""
    config = succeeded(person.run(["crane", "config", "--platform", "linux/amd64", f"{reader.image}:{tag}"]))
    found: dict[str, str] = json.loads(config.out)["config"]["Labels"]
    return found


PYTHONS = [f"3.{minor}" for minor in range(5, 15)]
MATRIX = f"""
platforms = ["linux/amd64"]
[matrix.python]
lane = "app-py{{python}}"
values = {{ python = {json.dumps(PYTHONS)} }}
tag = "{{version}}-py{{python}}"
floating = "py{{python}}"
git-tag = "v{{version}}"
build-args = {{ PYTHON = "{{python}}", VERSION = "{{version}}" }}
publish-latest = true
"""


@pytest.mark.thorough("ten targets in one bake; the matrix of four is in test_shapes")
def test_a_matrix_of_ten_lanes_is_released_as_one_bake(workstation: Workstation) -> None:
    person, reader = workstation
    dockerfile = 'FROM scratch\nARG PYTHON\nARG VERSION\nLABEL built="$PYTHON $VERSION"\nCOPY src/index.html /\n'
    configure(person, MATRIX, dockerfile)
    git(person.checkout, "tag", "v1.0.0")
    done = succeeded(person.invoke("release", "--json"))
    assert done.err.count('building with "rig"') == 1, str(done)
    names = {f"1.0.0-py{python}" for python in PYTHONS}
    assert set(reader.tags()) == names | {f"py{python}" for python in PYTHONS}
    assert {lane["tag"] for lane in done.document["lanes"]} == names
    built = {python: labels(person, reader, f"py{python}")["built"] for python in (PYTHONS[0], PYTHONS[-1])}
    assert built == {"3.5": "3.5 1.0.0", "3.14": "3.14 1.0.0"}
    again = succeeded(person.invoke("release", "--json"))
    assert not again.built
    succeeded(person.invoke("verify"))
    (person.checkout / "src/index.html").write_text("next")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "next")
    lane = ("--lane", "app-py3.12")
    succeeded(person.invoke("publish", *lane, "--tag", "1.0.1"))
    succeeded(person.invoke("rollback", *lane, "--reason", "crashes"))
    assert reader.digest("py3.12") == reader.digest("1.0.0-py3.12")
    assert reader.digest("py3.12") != reader.digest("1.0.1-py3.12")
    written = succeeded(person.invoke("workflow.write"))
    assert (person.checkout / ".github/workflows/docker-app-py3.5-publish.yml").exists(), str(written)

"""The version of a release from a file of its commit: taken where nothing else says it, and never contradicted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.person import Person, Reader, succeeded
from tests.rig.sample import git
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


def committed(folder: Path, name: str, text: str) -> None:
    """The checkout with a version in a file, and a project file that names it."""
    project = folder / "shiplane.toml"
    if "version-file" not in project.read_text():
        project.write_text(f'version-file = "{name}"\n{project.read_text()}')
    (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"{name}: {text}")


def package(version: str) -> str:
    return json.dumps({"name": "sample", "version": version})


def test_the_committed_version_is_planned_and_published_without_another_word(workstation: Workstation) -> None:
    person, reader = workstation
    committed(person.checkout, "package.json", package("0.2.1"))
    (person.checkout / "package.json").write_text(package("0.9.9"))
    planned = succeeded(person.invoke("plan", "--json")).document
    assert faults(planned, "result", "planned") == []
    assert [lane["version"] for lane in planned["lanes"]] == [{"value": "0.2.1", "source": "package.json"}] * 2
    assert planned["lanes"][0]["version_file"] == {"path": "package.json", "version": "0.2.1"}
    dirty = person.invoke("publish", "--lane", "main")
    assert (dirty.code, reader.tags()) == (3, {}), str(dirty)
    git(person.checkout, "checkout", "--quiet", "package.json")
    succeeded(person.invoke("publish", "--lane", "main"))
    assert list(reader.tags()) == ["v0.2.1"]
    succeeded(person.invoke("verify", "--lane", "main", "--tag", "0.2.1"))


def test_another_version_than_the_files_is_refused_before_anything_is_built(
    workstation: Workstation, tmp_path: Path
) -> None:
    person, reader = workstation
    committed(person.checkout, "package.json", package("0.2.1"))
    git(person.checkout, "tag", "docker-v0.2.2")
    conflict = "git tag docker-v0.2.2 at HEAD gives lane main version 0.2.2, but package.json of the commit has '0.2.1'"
    remedy = "Write 0.2.2 into package.json, commit it and release that commit; or release 0.2.1."
    for task in ("publish", "plan"):
        done = person.invoke(task, "--lane", "main", "--json")
        assert (done.code, done.built) == (5, False), str(done)
        assert (done.document["error"]["what"], done.document["error"]["remedy"]) == (conflict, remedy)
    kept = tmp_path / "plan.json"
    refused = person.invoke("plan", "--lane", "main", "--save", str(kept))
    assert (refused.code, kept.exists()) == (5, False), str(refused)
    staged = person.invoke("stage", "--lane", "main", "--platforms", "linux/amd64", "--output", str(kept))
    assert (staged.code, staged.built, kept.exists()) == (5, False, False), str(staged)
    row = person.invoke("check.config", "--json")
    assert (row.code, conflict in row.out) == (5, True), str(row)
    assert f"would be refused: {conflict}" in succeeded(person.invoke("status", "--lane", "main")).out
    assert reader.tags() == {}
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "0.2.1"))
    assert list(reader.tags()) == ["v0.2.1"]


def test_a_python_version_releases_the_lane_of_another_scheme(workstation: Workstation) -> None:
    person, reader = workstation
    committed(person.checkout, "pyproject.toml", '[project]\nname = "sample"\nversion = "1.0rc1"\n')
    succeeded(person.invoke("release", "--lane", "main", "--version", "1.0.0-rc.1"))
    succeeded(person.invoke("release", "--lane", "standalone"))
    assert sorted(reader.tags()) == ["standalone-v1.0.0-rc.1", "v1.0.0-rc.1"]
    committed(person.checkout, "pyproject.toml", '[project]\nname = "sample"\ndynamic = ["version"]\n')
    dynamic = person.invoke("release", "--version", "1.0.0")
    assert (dynamic.code, "pyproject.toml: project.version is dynamic" in dynamic.err) == (2, True), str(dynamic)


def test_a_saved_plan_of_the_files_version_is_carried_out_as_such(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    committed(person.checkout, "VERSION", "0.2.1\n")
    kept = tmp_path / "plan.json"
    succeeded(person.invoke("plan", "--lane", "main", "--save", str(kept)))
    assert faults(json.loads(kept.read_text()), "plan") == []
    succeeded(person.invoke("publish", "--plan", str(kept)))
    assert list(reader.tags()) == ["v0.2.1"]
    committed(person.checkout, "VERSION", "0.2.2\n")
    moved = person.invoke("publish", "--plan", str(kept), "--json")
    lines = moved.document["error"]["what"].splitlines()
    assert (moved.code, "  lane main version_file version: 0.2.1 -> 0.2.2" in lines) == (5, True), str(moved)

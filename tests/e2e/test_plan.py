"""Saved plans as people and CI use them: kept in one place, carried out in another, refused when anything moved."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.person import Done, Log, Person, Reader, logged_in, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def saved(person: Person, file: Path, *more: str) -> Done:
    """Both lanes' plan for 0.2.1, kept."""
    return succeeded(person.invoke("plan", "--tag", "0.2.1", "--latest", "--save", str(file), *more))


def test_a_plan_is_kept_and_carried_out_and_carried_out_again(rig: Rig, workstation: Workstation, file: Path) -> None:
    person, reader = workstation
    said = saved(person, file).out
    assert f"invoke release --plan {file}" in said
    assert faults(json.loads(file.read_text()), "plan") == []
    log = Log(rig.plain_log)
    done = succeeded(person.invoke("release", "--plan", str(file), "--json"))
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
    assert faults(done.document, "result", "released") == []
    written = log.tag_puts()
    again = succeeded(person.invoke("release", "--plan", str(file)))
    assert (again.built, log.tag_puts(), reader.tags()) == (False, written, tags)


def test_a_job_that_carries_out_a_plan_needs_none_of_the_planners_variables(
    workstation: Workstation, file: Path
) -> None:
    person, reader = workstation
    saved(person, file, "--lane", "main")
    person.variables.clear()
    succeeded(person.invoke("publish", "--plan", str(file)))
    assert set(reader.tags()) == {"v0.2.1", "latest"}


def test_a_plan_for_another_commit_and_other_settings_is_refused_with_each_difference(
    workstation: Workstation, file: Path
) -> None:
    person, reader = workstation
    saved(person, file)
    before = git(person.checkout, "rev-parse", "HEAD")
    (person.checkout / "Dockerfile").write_text("FROM busybox:stable\n")
    git(person.checkout, "add", "Dockerfile")
    after = commit(person.checkout, "another commit")
    done = person.invoke("release", "--plan", str(file), "--json", PLATFORMS="linux/amd64", PUBLISH_LATEST="no")
    assert (done.code, done.built) == (5, False), str(done)
    lines = done.document["error"]["what"].splitlines()
    assert f"  commit: {before} -> {after}" in lines
    for lane in ("main", "standalone"):
        assert f"  lane {lane} platforms: linux/amd64,linux/arm64 (PLATFORMS) -> linux/amd64 (PLATFORMS)" in lines
    assert any(line.startswith("  dockerfiles Dockerfile: sha256:") for line in lines)
    # --latest went before PUBLISH_LATEST when it was planned, and does so still.
    assert len(lines) == 5
    assert reader.tags() == {}


def test_a_plan_is_refused_when_somebody_else_published_meanwhile(workstation: Workstation, file: Path) -> None:
    person, reader = workstation
    saved(person, file)
    here = git(person.checkout, "rev-parse", "HEAD")
    commit(person.checkout, "somebody else's")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1", "--latest"))
    git(person.checkout, "checkout", "--quiet", "--detach", here)
    before = reader.tags()
    done = person.invoke("release", "--plan", str(file))
    assert (done.code, done.built) == (5, False), str(done)
    assert f"  v0.2.1: absent -> {before['v0.2.1']}" in done.err
    assert f"  latest: absent -> {before['latest']}" in done.err
    assert reader.tags() == before


@pytest.mark.share(2)
@pytest.mark.parametrize("line", ["done       read back v0.2.1", "done       read back latest"])
def test_a_plan_that_was_cut_off_half_way_is_carried_out_to_its_end(
    workstation: Workstation, file: Path, line: str
) -> None:
    person, reader = workstation
    saved(person, file)
    person.killed(signal.SIGKILL, lambda told: told.startswith(line), "release", "--plan", str(file))
    halfway = reader.tags()
    assert halfway
    succeeded(person.invoke("release", "--plan", str(file)))
    tags = reader.tags()
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--tag", "0.2.2"),
        ("--lane", "main"),
        ("--image", "ghcr.io/a/b"),
        ("--platforms", "linux/amd64"),
        ("--latest=no",),
        ("--dry-run",),
    ],
    ids=lambda flags: flags[0],
)
def test_a_flag_that_says_what_is_released_cannot_stand_beside_a_plan(
    workstation: Workstation, flags: tuple[str, ...]
) -> None:
    person, _ = workstation
    done = person.invoke("publish", "--plan", "any.json", *flags)
    assert done.code == 2, str(done)
    assert f"--plan cannot be combined with {flags[0].partition('=')[0]}" in done.err


def test_a_file_that_cannot_be_a_plan_is_one_clear_error(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    saved(person, tmp_path / "plan.json", "--lane", "main")
    good = (tmp_path / "plan.json").read_text()
    os.mkfifo(tmp_path / "pipe")
    hostile = {"empty": "", "edited": good.replace("v0.2.1", "v0.2.2"), "large": " " * (2 << 20), "text": "not json"}
    for name, text in hostile.items():
        (tmp_path / name).write_text(text)
    for name in [*hostile, "missing", "pipe", ".", "a\nb"]:
        done = person.invoke("publish", "--plan", str(tmp_path / name))
        assert (done.code, done.out) == (2, ""), f"{name}: {done}"
        assert "Traceback" not in done.err
        assert done.err.startswith("error: ")
    assert reader.tags() == {}


def test_a_plan_is_not_kept_where_it_could_not_be_carried_out(workstation: Workstation, file: Path) -> None:
    person, reader = workstation
    blind = person.invoke("plan", "--tag", "0.2.1", "--image", "127.0.0.1:1/a/b", "--save", str(file))
    assert blind.code == 7, str(blind)
    inside = person.invoke("plan", "--tag", "0.2.1", "--save", "plan.json")
    assert (inside.code, "git does not ignore it" in inside.err) == (2, True), str(inside)
    nowhere = person.invoke("plan", "--tag", "0.2.1", "--save", str(file / "deeper"))
    assert nowhere.code == 2, str(nowhere)
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "v0.2.1"))
    commit(person.checkout, "another commit")
    refused = person.invoke("plan", "--tag", "0.2.1", "--save", str(file))
    assert (refused.code, "v0.2.1 exists already" in refused.err) == (5, True), str(refused)
    assert not file.exists()
    assert git(person.checkout, "status", "--porcelain") == ""
    assert set(reader.tags()) == {"v0.2.1"}


def test_a_plan_in_a_path_that_git_ignores_leaves_the_tree_clean(workstation: Workstation) -> None:
    person, reader = workstation
    with (person.checkout / ".gitignore").open("a") as stream:
        stream.write("plan.json\n")
    git(person.checkout, "commit", "--quiet", "--all", "--message", "ignore plans")
    succeeded(person.invoke("plan", "--lane", "main", "--tag", "0.2.1", "--save", "plan.json"))
    succeeded(person.invoke("publish", "--plan", "plan.json"))
    assert set(reader.tags()) == {"v0.2.1"}


def test_a_plan_of_two_lanes_is_no_plan_for_publish(workstation: Workstation, file: Path) -> None:
    person, reader = workstation
    saved(person, file)
    done = person.invoke("publish", "--plan", str(file))
    assert (done.code, "invoke release --plan" in done.err) == (2, True), str(done)
    assert reader.tags() == {}


def test_a_plan_holds_no_secret(rig: Rig, guarded_workstation: Workstation, file: Path, tmp_path: Path) -> None:
    person, reader = guarded_workstation
    logged_in(person, tmp_path)
    saved(person, file)
    assert rig.accounts["push"].password not in file.read_text()
    succeeded(person.invoke("release", "--plan", str(file)))
    assert len(reader.tags()) == 4


def test_a_plan_without_a_version_is_saved_for_one_lane_alone_and_carried_out_as_it_says(
    workstation: Workstation,
) -> None:
    person, reader = workstation
    refused = person.invoke("plan", "--save", "../both.json")
    assert (refused.code, (person.checkout / "../both.json").exists()) == (2, False)
    planned = succeeded(person.invoke("plan", "--lane", "main", "--platforms", "linux/amd64", "--save", "../one.json"))
    command = planned.out.splitlines()[-1].split()
    assert command == ["invoke", "publish", "--plan", "../one.json", "--snapshot"]
    succeeded(person.invoke(*command[1:]))
    (tag,) = reader.tags()
    assert tag.startswith("v0.0.0-")

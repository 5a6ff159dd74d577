"""A lane's several floating tags, released for real: each moves forward within its range, and programs that know
nothing of us find it where it should be after every step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.person import BUILD, Log, Person, Reader, succeeded
from tests.rig import Rig
from tests.rig.sample import commit, git
from tests.unit.documents import faults

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
SEVERAL = """
[lanes.main]
publish-latest = true
floating = ["latest", "v{major}", "v{major}.{minor}"]
"""
AND_NEXT = SEVERAL.replace('"v{major}.{minor}"', '"v{major}.{minor}", { tag = "next", prereleases = ["rc"] }')
# What is released, one after the other, and where every floating tag is then.
STORY = (
    ("1.2.0", {"v1.2": "1.2.0", "v1": "1.2.0", "latest": "1.2.0"}),
    ("1.3.0", {"v1.2": "1.2.0", "v1.3": "1.3.0", "v1": "1.3.0", "latest": "1.3.0"}),
    ("2.0.0", {"v1.2": "1.2.0", "v1.3": "1.3.0", "v1": "1.3.0", "v2.0": "2.0.0", "v2": "2.0.0", "latest": "2.0.0"}),
    ("1.2.1", {"v1.2": "1.2.1", "v1.3": "1.3.0", "v1": "1.3.0", "v2.0": "2.0.0", "v2": "2.0.0", "latest": "2.0.0"}),
    (
        "2.0.1-rc.1",
        {"v1.2": "1.2.1", "v1.3": "1.3.0", "v1": "1.3.0", "v2.0": "2.0.0", "v2": "2.0.0", "latest": "2.0.0"},
    ),
)


def configure(person: Person, text: str) -> None:
    """Commit a project file, and a Dockerfile that needs nothing of any platform; it is built for one."""
    person.variables["PLATFORMS"] = "linux/amd64"
    (person.checkout / "shiplane.toml").write_text(BUILD + text)
    (person.checkout / "Dockerfile").write_text("FROM scratch\nCOPY src/index.html /\n")
    git(person.checkout, "add", "--all")
    git(person.checkout, "commit", "--quiet", "--message", "configured")


def places(reader: Reader) -> dict[str, str]:
    """The version that each floating tag is at, by crane's digests and skopeo's bytes."""
    tags = reader.tags()
    versions = {digest: tag for tag, digest in tags.items() if tag.count(".") > 1}
    floating = {tag: digest for tag, digest in tags.items() if tag.count(".") <= 1}
    assert all(reader.raw(tag) == reader.raw(versions[digest]) for tag, digest in floating.items())
    return {tag: versions[digest].removeprefix("v") for tag, digest in floating.items()}


def test_each_release_leaves_every_floating_tag_where_its_range_says(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, SEVERAL)
    for version, expected in STORY:
        commit(person.checkout, f"work on {version}")
        plan = succeeded(person.invoke("plan", "--lane", "main", "--tag", version, "--json"))
        done = succeeded(person.invoke("publish", "--lane", "main", "--tag", version, "--json"))
        assert places(reader) == expected, version
        assert faults(plan.document, "result") == faults(done.document, "result") == []
        (lane,) = done.document["lanes"]
        told = {tag["tag"]: tag for tag in lane["floating_tags"]}
        assert {tag: one["version"] for tag, one in told.items()} == {tag: expected.get(tag) for tag in told}
        foreseen = {tag["tag"]: tag["action"] == "move" for tag in plan.document["tags"]["main"]["floating_tags"]}
        assert foreseen == {tag: one["moved"] for tag, one in told.items()}
    entries = [line["tag"] for line in _moves(person)]
    assert entries == ["v1.2", "v1", "latest", "v1.3", "v1", "latest", "v2.0", "v2", "latest", "v1.2"]


def _moves(person: Person) -> list[dict[str, str]]:
    """The recorded moves, the oldest first."""
    history = succeeded(person.invoke("history", "--lane", "main", "--json")).document
    return [entry for lane in history["lanes"] for entry in lane["entries"] if entry["action"] == "float"]


def test_version_tags_come_first_then_narrow_ranges_then_latest_over_all_lanes(
    rig: Rig, workstation: Workstation
) -> None:
    person, reader = workstation
    lanes = '[lanes.standalone]\ndockerfile = "Dockerfile"\nfloating = ["standalone-latest", "standalone-{major}"]\n'
    configure(person, SEVERAL + lanes)
    log = Log(rig.plain_log)
    succeeded(person.invoke("release", "--version", "1.2.0"))
    groups = ["v1.2.0", "standalone-v1.2.0"], ["v1.2"], ["v1", "standalone-1"], ["latest", "standalone-latest"]
    assert log.wrote_in_turn(*groups)
    again = Log(rig.plain_log)
    done = succeeded(person.invoke("release", "--version", "1.2.0"))
    assert (done.built, again.tag_puts()) == (False, [])
    assert len(set(reader.tags().values())) == 2


@pytest.mark.thorough("four pre-releases on a real registry; the rule is held by faults/release/test_floating_tags")
def test_a_pre_release_moves_the_tag_that_lists_its_kind(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, AND_NEXT)
    for version, at in (("1.0.0", "1.0.0"), ("1.1.0-rc.1", "1.1.0-rc.1"), ("1.1.0-beta.1", "1.1.0-rc.1")):
        commit(person.checkout, version)
        succeeded(person.invoke("publish", "--lane", "main", "--tag", version))
        assert places(reader) == {"v1.0": "1.0.0", "v1": "1.0.0", "latest": "1.0.0", "next": at}
    # Asked for by name, a pre-release is asked of the tags that take it; and a patch of an old line of all.
    commit(person.checkout, "1.1.0-rc.2")
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "1.1.0-rc.2", "--latest"))
    done = person.invoke("publish", "--lane", "main", "--tag", "0.9.0", "--latest")
    assert done.code == 5, str(done)
    assert "latest does not move, although requested (--latest): 0.9.0 is lower than 1.0.0, where latest is" in done.err
    assert "To leave floating tags where they are, use --latest=no." in done.err
    assert places(reader)["v0.9"] == places(reader)["v0"] == "0.9.0"


def test_a_saved_plan_is_for_every_floating_tag(workstation: Workstation, tmp_path: Path) -> None:
    person, reader = workstation
    configure(person, SEVERAL)
    succeeded(person.invoke("publish", "--lane", "main", "--tag", "1.2.0"))
    commit(person.checkout, "the next one")
    saved, late, old = (str(tmp_path / name) for name in ("plan.json", "late.json", "old.json"))
    succeeded(person.invoke("plan", "--lane", "main", "--tag", "1.3.0", "--save", saved))
    succeeded(person.invoke("plan", "--lane", "main", "--tag", "1.2.1", "--save", late))
    succeeded(person.invoke("publish", "--plan", saved))
    assert places(reader) == {"v1.2": "1.2.0", "v1.3": "1.3.0", "v1": "1.3.0", "latest": "1.3.0"}
    done = person.invoke("publish", "--plan", late)
    assert (done.code, done.built) == (5, False), str(done)
    listed = [line.split(":")[0] for line in done.err.splitlines() if line.startswith("  ") and " -> sha256:" in line]
    assert listed == ["  v1", "  latest"], str(done)
    document = json.loads(Path(saved).read_text())
    Path(old).write_text(json.dumps({**document, "schema": 1}))
    done = person.invoke("publish", "--plan", old)
    assert (done.code, "has the schema '1'; this shiplane reads 2" in done.err) == (2, True), str(done)

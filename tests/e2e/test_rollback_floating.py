"""Rolling back lanes with several floating tags, for real: each within its range, two lanes by one command."""

from __future__ import annotations

import pytest

from tests.e2e.person import Person, Reader, succeeded
from tests.rig.sample import commit, git

pytestmark = pytest.mark.e2e
CONFIG = """
build = "true"
deployments = ["deploy/*"]

[lanes.main]
floating = ["latest", "v{major}", "v{major}.{minor}"]

[lanes.standalone]
floating = ["standalone-latest", "standalone-v{major}"]
"""


@pytest.fixture
def person(workstation: tuple[Person, Reader]) -> Person:
    """Somebody whose lanes have several floating tags, and a deployment at each of some."""
    made, reader = workstation
    (made.checkout / "shiplane.toml").write_text(CONFIG)
    (made.checkout / "deploy").mkdir()
    places = ("latest", "v2", "v1", "v2.0.0")
    (made.checkout / "deploy/all.yml").write_text("".join(f"image: {reader.image}:{tag}\n" for tag in places))
    git(made.checkout, "add", "--all")
    commit(made.checkout, "several floating tags")
    return made


def release(person: Person, version: str, *lanes: str) -> None:
    """Publish a version, with the deployment files as they are."""
    git(person.checkout, "add", "--all")
    commit(person.checkout, version)
    for lane in lanes or ("main",):
        succeeded(person.invoke("publish", "--lane", lane, "--tag", version, "--latest"))


def positions(reader: Reader, *names: str) -> dict[str, str]:
    """The version behind each floating tag."""
    tags = reader.tags()
    versions = {digest: tag.rpartition("v")[2] for tag, digest in tags.items() if tag.count(".") == 2}
    return {name: versions[tags[name]] for name in names}


def test_each_floating_tag_goes_back_within_its_range_or_stays(
    workstation: tuple[Person, Reader], person: Person
) -> None:
    _, reader = workstation
    for version in ("1.2.0", "1.3.0", "2.0.0"):
        release(person, version)
    image, names = reader.image, ("latest", "v1", "v1.2", "v1.3", "v2", "v2.0")
    before = positions(reader, *names)
    assert before == dict(zip(names, ("2.0.0", "1.3.0", "1.2.0", "1.3.0", "2.0.0", "2.0.0"), strict=True))

    text = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "crashes")).out
    assert positions(reader, *names) == {**before, "latest": "1.3.0"}
    assert text.splitlines()[:3] == [
        f"{image}:latest is at v1.3.0, from v2.0.0",
        f"{image}:v2 stays at v2.0.0: no good release of 2 is below it",
        f"{image}:v2.0 stays at v2.0.0: no good release of 2.0 is below it",
    ]
    good = f"{image}:v1.3.0@{reader.digest('v1.3.0')}"
    assert (person.checkout / "deploy/all.yml").read_text().split()[1::2] == [good, f"{image}:v2", f"{image}:v1", good]

    again = person.invoke("rollback", "--lane", "main", "--reason", "crashes")
    assert (again.code, "--from v2.0.0 --to v1.3.0" in again.err) == (5, True), str(again)
    succeeded(person.invoke("unmark", "--lane", "main", "--tag", "v2.0.0"))
    succeeded(person.invoke("rollback", "--lane", "main", "--to", "v2.0.0"))
    assert positions(reader, *names) == before

    release(person, "2.0.1")
    told = succeeded(person.invoke("rollback", "--lane", "main", "--reason", "slow", "--json")).document
    assert positions(reader, *names) == before
    assert [(one["tag"], one["version"], one["before"]["version"], one["moved"]) for one in told["floating_tags"]] == [
        (tag, "2.0.0", "2.0.1", True) for tag in ("v2.0", "v2", "latest")
    ]
    assert (told["marked"], told["next_version"]) == ("v2.0.1", "2.0.2")

    marked = succeeded(person.invoke("mark", "--lane", "main", "--tag", "v1.3.0", "--reason", "leaks", "--json"))
    assert marked.document["floating_tags"] == ["v1.3", "v1"]
    older = succeeded(person.invoke("rollback", "--lane", "main", "--from", "v1.3.0", "--reason", "leaks"))
    assert positions(reader, *names) == {**before, "v1": "1.2.0"}
    assert f"{image}:v1.3 stays at v1.3.0: no good release of 1.3 is below it" in older.out
    nobody = person.invoke("rollback", "--lane", "main", "--from", "v1.0.0")
    assert (nobody.code, "no floating tag of lane main is at v1.0.0" in nobody.err) == (5, True), str(nobody)


@pytest.mark.thorough("all lanes or none on one real registry; on three it is in test_primaries")
def test_several_lanes_go_back_by_one_command_or_none_does(workstation: tuple[Person, Reader], person: Person) -> None:
    _, reader = workstation
    for version in ("1.0.0", "1.0.1"):
        release(person, version, "main", "standalone")
    names = ("latest", "v1", "v1.0", "standalone-latest", "standalone-v1")
    both = ("rollback", "--lane", "main", "--lane", "standalone", "--reason", "crashes")
    before = reader.tags()
    twice = person.invoke("rollback", "--lane", "main", "--lane", "main")
    assert (twice.code, "Give each lane only once" in twice.err) == (2, True), str(twice)
    refused = person.invoke(*both, "--to", "v1.0.2")
    assert (refused.code, "no such tag" in refused.err, reader.tags()) == (6, True, before), str(refused)
    dry = succeeded(person.invoke(*both, "--dry-run"))
    assert (dry.out.count("would move to"), reader.tags()) == (5, before)
    told = succeeded(person.invoke(*both, "--json")).document
    assert [(lane["lane"], lane["version"], lane["marked"]) for lane in told["lanes"]] == [
        ("main", "1.0.0", "v1.0.1"),
        ("standalone", "1.0.0", "standalone-v1.0.1"),
    ]
    assert set(positions(reader, *names).values()) == {"1.0.0"}
    again = person.invoke(*both)
    assert (again.code, "rolled latest back from v1.0.1 to v1.0.0" in again.err) == (5, True), str(again)

"""What looks at a lane with several floating tags says of each where it is: after releases for real, and after somebody
else moved one."""

from __future__ import annotations

import json

import pytest

from tests.e2e.person import Done, Person, Reader, succeeded
from tests.e2e.test_floating_tags import SEVERAL, configure
from tests.e2e.test_rollback import crane
from tests.rig import Rig
from tests.rig.sample import commit

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
RELEASES = ("1.2.0", "1.3.0", "2.0.0", "1.2.1")
# Each floating tag, the widest first, with the version that it is at afterwards.
PLACES = {"latest": "2.0.0", "v2": "2.0.0", "v1": "1.3.0", "v2.0": "2.0.0", "v1.3": "1.3.0", "v1.2": "1.2.1"}
DEPLOYED = "".join(f"  {name}: {{image: '@{ref}'}}\n" for name, ref in (("a", ":v1"), ("b", ":v1.2"), ("c", ":latest")))


def rows(done: Done, *, lines: int) -> list[list[str]]:
    """The words of the lines right after the one that names the lane."""
    text = done.out.splitlines()
    start = text.index("lane main") + 1
    return [line.split() for line in text[start : start + lines]]


def faults(done: Done) -> list[str]:
    checks = [check for lane in done.document["lanes"] for check in lane["checks"]]
    return [f"{check['name']} {check['subject']}" for check in checks if not check["good"]]


def test_every_look_at_a_lane_says_where_each_floating_tag_is(rig: Rig, workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, 'deployments = ["deploy/*.yml"]\n' + SEVERAL)
    for version in RELEASES:
        commit(person.checkout, version)
        succeeded(person.invoke("publish", "--lane", "main", "--tag", version))
    told = succeeded(person.invoke("verify", "--lane", "main"))
    assert told.out.splitlines()[-6:] == [f"      {tag}: at v{version}" for tag, version in PLACES.items()]
    of_version = succeeded(person.invoke("verify", "--lane", "main", "--tag", "1.3.0", "--json")).document["lanes"][0]
    assert [tag["tag"] for tag in of_version["floating_tags"]] == ["v1.3", "v1", "latest"]
    assert {tag: one["value"] for tag, one in of_version["expected_floating"].items()} == {
        "v1.3": True,
        "v1": True,
        "latest": False,
    }

    status = succeeded(person.invoke("status", "--lane", "main"))
    assert [row[:2] for row in rows(status, lines=6)] == [[tag, f"v{version}"] for tag, version in PLACES.items()]
    assert [row[1:5] for row in rows(status, lines=9)[6:]] == [
        ["v2.0.0", "latest,", "v2,", "v2.0;"],
        ["v1.3.0", "v1,", "v1.3;", "commit"],
        ["v1.2.1", "v1.2;", "commit", rows(status, lines=9)[8][4]],
    ]
    assert "DRIFT" not in status.out
    history = succeeded(person.invoke("history", "--lane", "main"))
    assert [line for line in history.out.splitlines() if line.startswith("moves of")] == [
        f"moves of {tag}" for tag in PLACES
    ]
    versions = succeeded(person.invoke("history", "--lane", "main", "--json")).document["lanes"][0]["versions"]
    assert {one["version"]: one["floating_tags"] for one in versions} == {
        "2.0.0": ["v2.0", "v2", "latest"],
        "1.3.0": ["v1.3", "v1"],
        "1.2.1": ["v1.2"],
        "1.2.0": [],
    }
    assert "latest is at v2.0.0, as recorded" in succeeded(person.invoke("adopt", "--lane", "main")).out

    (person.checkout / "deploy").mkdir(exist_ok=True)
    (person.checkout / "deploy/app.yml").write_text("services:\n" + DEPLOYED.replace("@", reader.image))
    listed = succeeded(person.invoke("deploy.list", "--json")).document["places"]
    found = {
        place["tag"]: (place["lane"], place["runs"], place["flags"]) for place in listed if "app.yml" in place["file"]
    }
    assert found == {
        "v1": ("main", "v1.3.0", {"floating": "moves with every release of 1"}),
        "v1.2": ("main", "v1.2.1", {"floating": "moves with every release of 1.2"}),
        "latest": ("main", "v2.0.0", {"floating": "moves with every release"}),
    }

    crane(rig, "tag", f"{reader.image}:v2.0.0", "v1")
    bad = person.invoke("verify", "--lane", "main", "--json")
    assert (bad.code, faults(bad)) == (6, ["floating v1", "record v1"])
    drift = json.loads(succeeded(person.invoke("status", "--lane", "main", "--json")).out)["lanes"][0]["drift"]
    assert [what.split(";")[0] for what in drift] == [
        f"v1 is at {reader.digest('v2.0.0')}",
        "v1 is at 2.0.0, which is none of the releases of 1",
    ]
    checked = person.invoke("check.all", "--json").out
    assert "v1 is at v2.0.0, which is none of the releases of 1" in checked
    assert "v1.2 is at v1.2.1" in checked


def test_a_lane_without_floating_tags_is_released_and_looked_at(workstation: Workstation) -> None:
    person, reader = workstation
    configure(person, "[lanes.main]\nfloating = false\n")
    for version in ("1.2.0", "1.3.0"):
        commit(person.checkout, version)
        succeeded(person.invoke("publish", "--lane", "main", "--tag", version))
    assert set(reader.tags()) == {"v1.2.0", "v1.3.0"}
    told = succeeded(person.invoke("verify", "--lane", "main"))
    assert "v1.3.0: lane main has no floating tags" in told.out
    status = succeeded(person.invoke("status", "--lane", "main"))
    assert rows(status, lines=2) == [["floating", "no", "floating", "tags"], ["newest", "v1.3.0"]]
    assert "v1.2.0" in succeeded(person.invoke("history", "--lane", "main")).out
    assert "already recorded" in succeeded(person.invoke("adopt", "--lane", "main")).out
    succeeded(person.invoke("plan", "--lane", "main", "--tag", "1.3.1"))
    refused = person.invoke("rollback", "--lane", "main")
    assert (refused.code, "lane main has no floating tag, so there is nothing to move" in refused.err) == (5, True)

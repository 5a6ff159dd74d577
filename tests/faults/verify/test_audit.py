"""A whole lane audited, where registry, ledger and images contradict each other, or are missing."""

from __future__ import annotations

from typing import Any

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.registry.oci.manifest import OCI_INDEX
from shiplane.verify.lane_status import LaneStatus, VersionStatus, version_json
from tests.faults.harness.images import COMMIT, push_image, rewrite, store
from tests.faults.harness.scene import PATH, USER, Scene, a_plan, finish


def released(version: str = "0.2.1", *, keeps_ledger: bool = True) -> Scene:
    scene = Scene(keeps_ledger=keeps_ledger)
    scene.publish(a_plan(version, lanes=["main"]))
    return scene


def version(state: LaneStatus) -> VersionStatus:
    (only,) = state.versions
    return only


def test_without_a_ledger_a_version_is_told_from_its_image() -> None:
    found = released(keeps_ledger=False).audit()
    assert (found.kept, found.exists, found.drift) == (False, False, ())
    only = version(found)
    assert (only.commit, only.created, only.recorded) == (COMMIT, "2026-11-24T08:00:00Z", None)
    assert only.platforms == ("linux/amd64", "linux/arm64")


def test_a_recorded_version_that_is_gone_is_told_without_what_nobody_can_read() -> None:
    scene = released()
    del scene.registry.shelf(PATH).tags["v0.2.1"], scene.registry.shelf(PATH).tags["latest"]
    only = version(scene.audit())
    assert (only.digest, only.platforms, only.commit, only.created) == (None, (), "", "")
    assert "and is gone" in only.drift


def test_a_platform_that_nobody_builds_for_is_shown_and_is_one_too_many() -> None:
    scene = Scene()
    plan9 = {"os": "plan9", "architecture": "amd64"}
    raw = push_image(scene.registry, PATH)
    odd = rewrite(scene.registry, PATH, raw, lambda d: d["manifests"][0].update(platform=plan9))
    scene.registry.tag(PATH, "v0.2.1", odd.digest)
    found = scene.audit(deep=True)
    assert version(found).platforms == ("plan9/amd64", "linux/arm64")
    assert "expected linux/arm64, found linux/arm64, plan9/amd64" in found.drift[0]


def test_what_is_no_image_under_a_version_tag_is_damage_and_nothing_is_read_from_it() -> None:
    scene = Scene()
    junk = store(scene.registry.shelf(PATH), {"schemaVersion": 1, "mediaType": OCI_INDEX})
    scene.registry.tag(PATH, "v0.2.1", junk.digest)
    found = scene.audit(deep=True)
    assert (version(found).platforms, version(found).commit) == ((), "")
    (damage,) = found.drift
    assert "expected a valid index or manifest, found" in damage
    assert scene.audit().drift == (), "only what floats is examined in full unless somebody asks"


def test_a_lane_as_json_names_the_move_that_brought_the_floating_tag_here() -> None:
    scene = released()
    told = scene.audit().to_json()
    expected: dict[str, object] = {
        "lane": "main",
        "newest": "0.2.1",
        "ledger": {"tag": "ledger-main", "exists": True, "entries": 2},
        "drift": [],
        "unrecorded": [],
    }
    assert {key: told[key] for key in expected} == expected
    latest: dict[str, object] = {
        "tag": "latest",
        "range": "",
        "digest": scene.tags()["latest"],
        "version": "0.2.1",
        "by": USER.username,
        "how": "float",
        "commit": COMMIT,
        "marked": None,
    }
    (told,) = told["floating_tags"]
    assert {key: told[key] for key in latest} == latest
    nothing: dict[str, Any] = dict.fromkeys(("digest", "version", "since", "by", "how", "why", "run", "commit"))
    empty = Scene().audit().to_json()
    assert empty["newest"] is None
    assert empty["floating_tags"] == [{"tag": "latest", "range": "", "marked": None, **nothing}]


def test_a_version_as_json_has_its_mark_and_its_drift() -> None:
    scene = released()
    told = version_json(MAIN, version(scene.audit()))
    assert told["digest"] == scene.tags()["v0.2.1"]
    assert (told["tag"], told["by"], told["recorded"]) == ("v0.2.1", USER.username, True)
    assert told["floating_tags"] == ["latest"]
    assert (told["platforms"], told["marked"], told["drift"]) == (["linux/amd64", "linux/arm64"], None, None)
    finish(scene.marker().mark(MAIN, Version.parse("0.2.1"), "crashes"))
    other = push_image(scene.registry, PATH, tag="v0.2.1", salt="moved by hand")
    told = version_json(MAIN, version(scene.audit()))
    assert told["marked"]["why"] == "crashes"
    assert str(other.digest) == told["digest"]
    assert "published as" in told["drift"]

"""The page of the status: a card for each lane and channel, with what somebody should look at."""

from __future__ import annotations

from typing import Any

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.pages.status_page import status_page, unread_page
from tests.faults.harness.scene import PATH, Scene, finish
from tests.faults.harness.several_tags import SEVERAL
from tests.faults.harness.several_tags import released as several_released
from tests.faults.rollback.test_rollback import scene_of
from tests.faults.verify.test_audit import released
from tests.unit.pages.reading import read
from tests.unit.pages.reports import EVIL, status_document

NOW = 1_800_000_000.0 + 7200
EDGE = {
    "channel": "edge",
    "branch": "main",
    "lane": "main",
    "tag": "edge",
    "digest": "sha256:e",
    "commit": "c" * 40,
    "since": "2027-01-15T08:00:00Z",
    "by": "ci",
    "why": None,
    "run": None,
    "drift": None,
}


def test_a_lane_shows_where_its_tag_is_since_when_by_whom_and_what_is_next() -> None:
    page = status_page(status_document([released().audit()], [EDGE]), NOW)
    text = read(page)
    assert "<h1>Every tag is where it should be</h1>" in page
    assert "As of 2027-01-15 10:00 UTC" in text
    assert "Lane main as recorded latest → 0.2.1" in text
    assert "2027-01-15 08:00 UTC 2 h ago, moved by releaser" in text
    assert "Next publish: no version is tagged at HEAD" in text
    assert f"Channel edge no drift edge → {'c' * 12}" in text
    assert '<meta http-equiv="refresh" content="60">' in page


def test_drift_is_named_at_the_top_and_in_its_card() -> None:
    scene = scene_of("0.2.0", "0.2.1")
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.0"])
    edge = {**EDGE, "drift": "edge is at no commit", "commit": None, "digest": None, "since": None}
    page = status_page(status_document([scene.audit()], [edge]), NOW)
    text = read(page)
    assert "<h1>Drift in lane main, channel edge of main</h1>" in page
    assert "the tag was moved without a record" in text
    assert "unknown, the move was not recorded" in text
    assert "edge is at no commit" in text
    assert "edge → does not exist" in text


def test_each_of_several_floating_tags_has_its_row() -> None:
    text = read(status_page(status_document([several_released().audit(SEVERAL)]), NOW))
    assert "latest → 2.0.0" in text
    assert "Tag Version Since v2 2.0.0 2027" in text


def test_what_was_never_moved_published_or_recorded_is_told_so() -> None:
    empty = status_page(status_document([Scene().audit()]), NOW)
    assert "latest → does not exist" in read(empty)
    assert "Since" not in read(empty)
    lane: dict[str, Any] = {**Scene().audit().to_json(), "next": "", "floating_tags": []}
    document = {"image": "x/y", "lanes": [lane, {**lane, "newest": "0.2.1"}], "channels": []}
    text = read(status_page(document, NOW))
    assert "nothing is published" in text
    assert "newest 0.2.1" in text
    assert "x/y" in read(status_page({"image": "x/y", "lanes": [], "channels": []}, NOW))


def test_marks_and_what_is_not_recorded_or_signed_is_noted() -> None:
    scene = released()
    finish(scene.marker().mark(MAIN, Version.parse("0.2.1"), "loses data"))
    lane = status_document([scene.audit()])["lanes"][0]
    assert lane["floating_tags"][0]["marked"]
    names = [f"0.0.{number}" for number in range(7)]
    told = {**lane, "drift": [], "unrecorded": names, "unsigned": names[:1]}
    text = read(status_page({"image": "x", "lanes": [told], "channels": []}, NOW))
    assert "0.2.1 is marked as bad" in text
    assert "Not recorded: 0.0.0, 0.0.1, 0.0.2, 0.0.3, 0.0.4 and 2 more" in text
    assert "Not signed: 0.0.0" in text


def test_a_tag_that_is_at_no_version_and_why_it_moved_is_told() -> None:
    (lane,) = status_document([released().audit()])["lanes"]
    (tag,) = lane["floating_tags"]
    lost = {**lane, "floating_tags": [{**tag, "version": None, "commit": None, "why": "because"}]}
    text = read(status_page({"image": "x", "lanes": [lost], "channels": []}, NOW))
    assert "latest → no version of this lane" in text
    assert "moved by releaser: because" in text


def test_a_status_that_could_not_be_read_is_unknown_and_says_why() -> None:
    page = unread_page(f"could not read {EVIL}", "Check the network.", NOW)
    text = read(page)
    assert "<h1>The status could not be read</h1>" in page
    assert f"Release status unknown The status could not be read could not read {EVIL}" in text
    assert "As of 2027-01-15 10:00 UTC" in text
    assert "How to fix it Check the network." in text
    assert '<meta http-equiv="refresh" content="60">' in page


def test_nothing_from_outside_becomes_markup() -> None:
    (lane,) = status_document([released().audit()])["lanes"]
    evil = {**lane, "lane": EVIL, "image": EVIL, "drift": [EVIL], "next": EVIL, "unrecorded": [EVIL]}
    page = status_page({"image": EVIL, "lanes": [evil], "channels": [{**EDGE, "channel": EVIL, "drift": EVIL}]}, NOW)
    read(page)
    assert "<script" not in page

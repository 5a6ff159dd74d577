"""The picture of a history: a column for each version, a row for each release or rollback, each floating tag's way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from shiplane.cli.flows.lane_status import history_json
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.pages.history_picture import history_picture
from shiplane.pages.lane_rows import LaneRow, rows_of
from shiplane.verify.lane_status import LaneStatus
from tests.faults.harness.scene import AIONIS, PATH, Scene, finish
from tests.faults.harness.several_tags import SEVERAL
from tests.faults.harness.several_tags import released as several_released
from tests.faults.rollback.test_rollback import roll, scene_of
from tests.unit.pages.reading import read_picture
from tests.unit.pages.reports import EVIL

Json = dict[str, Any]


def document(states: Sequence[LaneStatus]) -> Json:
    return {"image": str(AIONIS), "lanes": [history_json(state) for state in states]}


@pytest.fixture(scope="module")
def rolled() -> Json:
    """Three versions, the last one rolled back; its mark taken back in the end."""
    scene = scene_of()
    roll(scene)
    finish(scene.marker().unmark(MAIN, Version.parse("0.2.2"), "it was the network"))
    return document([scene.audit()])


def told(rows: Sequence[LaneRow]) -> list[tuple[str, list[str], dict[str, tuple[str | None, str]], list[str]]]:
    return [(row.label, row.published, row.moves, row.marked) for row in rows]


def test_what_belongs_together_is_one_row(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    assert told(rows_of(lane)) == [
        ("published", ["0.2.0"], {"latest": (None, "0.2.0")}, []),
        ("published", ["0.2.1"], {"latest": ("0.2.0", "0.2.1")}, []),
        ("published", ["0.2.2"], {"latest": ("0.2.1", "0.2.2")}, []),
        ("rolled back", [], {"latest": ("0.2.2", "0.2.1")}, ["0.2.2"]),
        ("mark removed", [], {}, []),
    ]


def test_what_happened_later_or_by_another_person_is_a_row_of_its_own(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    publish, move, *_ = lane["entries"]
    assert len(rows_of({**lane, "entries": [publish, move]})) == 1
    for change in ({"who": "another"}, {"when": "2031-01-01T00:00:00Z"}):
        assert len(rows_of({**lane, "entries": [publish, {**move, **change}]})) == 2
    begun = {**publish, "action": "restart"}
    assert told(rows_of({**lane, "entries": [begun]})) == [("ledger begun anew", [], {}, [])]


def test_every_version_move_rollback_and_mark_is_drawn(rolled: Json) -> None:
    picture = history_picture(rolled)
    text = read_picture(picture)
    assert "Lane main: latest is at v0.2.1." in text
    assert text.index("v0.2.0") < text.index("v0.2.1 ") < text.rindex("v0.2.2")
    assert picture.count('class="dot"') == 3 + 1 + 1, "the publications, the mark that was removed, and the key"
    assert picture.count('class="back"') == 1 + 1
    assert picture.count('class="cross"') == 1 + 1
    assert "rolled back" in text
    assert "releaser: crashes on start" in text


def test_nothing_is_drawn_outside_of_the_picture(rolled: Json) -> None:
    picture = history_picture(rolled)
    (width, height) = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', picture)[0])
    across = [float(x) for x in re.findall(r' (?:x|cx)="(-?[\d.]+)"', picture)]
    down = [float(y) for y in re.findall(r' (?:y|cy)="(-?[\d.]+)"', picture)]
    assert 0 <= min(across) <= max(across) <= width
    assert 0 <= min(down) <= max(down) <= height


def test_a_version_that_is_marked_is_named_so(rolled: Json) -> None:
    scene = scene_of("0.2.0", "0.2.1")
    finish(scene.marker().mark(MAIN, Version.parse("0.2.0"), "loses data"))
    text = read_picture(history_picture(document([scene.audit()])))
    assert "v0.2.0 marked as bad" in text


def test_several_floating_tags_go_beside_each_other() -> None:
    picture = history_picture(document([several_released().audit(SEVERAL)]))
    assert {"accent", "good", "care"} <= set(re.findall('class="pill ([a-z]+)"', picture))


def test_moves_from_and_to_what_is_not_shown_come_from_the_edge(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    newest = {**lane, "versions": lane["versions"][:2]}
    text = read_picture(history_picture({"image": "x", "lanes": [newest]}))
    assert "v0.2.0" not in text.partition("Lane main")[2].replace("v0.2.0: ", "")
    assert "published" in text


def test_a_move_whose_beginning_nobody_knows_goes_on_from_where_the_tag_was(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    entries = [{**entry, "from": None} if entry["action"] == "float" else entry for entry in lane["entries"]]
    picture = history_picture({"image": "x", "lanes": [{**lane, "entries": entries}]})
    assert picture.count('class="head accent"') == 2


def test_a_lane_without_a_record_and_one_without_a_version_are_drawn() -> None:
    scene = scene_of("0.2.0", keeps_ledger=False)
    text = read_picture(history_picture(document([scene.audit(), Scene().audit()])))
    assert text.count("No move is recorded.") == 2
    assert "Lane main: latest is at v0.2.0. Lane main: no floating tag." in text
    assert str(AIONIS) in read_picture(history_picture({"image": str(AIONIS), "lanes": []}))


def test_drift_is_told_below_the_lane_in_lines_that_fit() -> None:
    scene = scene_of("0.2.0", "0.2.1")
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.0"])
    picture = history_picture(document([scene.audit()]))
    lines = re.findall('class="small bad">([^<]*)<', picture)
    assert lines[0].startswith("Drift: latest is at")
    assert len(lines) > 1
    assert max(map(len, lines)) <= 84


def test_a_long_reason_is_cut_and_whole_in_its_title(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    why = "w" * 300
    entries = [{**entry, "why": why} for entry in lane["entries"]]
    picture = history_picture({"image": "x", "lanes": [{**lane, "entries": entries}]})
    assert f"releaser: {why}</title>" in picture
    assert "w…</text>" in picture


def test_nothing_from_outside_becomes_markup(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    versions = [{**version, "tag": EVIL, "floating_tags": [EVIL]} for version in lane["versions"]]
    entries = [{**entry, "who": EVIL, "why": EVIL} for entry in lane["entries"]]
    evil = {**lane, "lane": EVIL, "image": EVIL, "versions": versions, "entries": entries, "drift": [EVIL]}
    picture = history_picture({"image": EVIL, "lanes": [evil]})
    read_picture(picture)
    assert "<script" not in picture


def test_a_time_that_is_none_keeps_what_belongs_together(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    publish, move, *_ = lane["entries"]
    assert len(rows_of({**lane, "entries": [{**publish, "when": "?"}, move]})) == 1
    versions = [{**version, "date": None} for version in lane["versions"]]
    assert "2027-01-15" not in read_picture(
        history_picture({"image": "x", "lanes": [{**lane, "versions": versions, "entries": []}]})
    )


def test_a_tag_that_was_moved_without_a_record_is_led_to_where_it_is_and_one_that_is_gone_nowhere(rolled: Json) -> None:
    (lane,) = rolled["lanes"]
    elsewhere, nowhere = (
        [{**version, "floating_tags": tags if version["tag"] == "v0.2.0" else []} for version in lane["versions"]]
        for tags in (["latest"], [])
    )
    picture = history_picture({"image": "x", "lanes": [{**lane, "versions": elsewhere}]})
    assert picture.count('class="lost"') == 1
    picture = history_picture({"image": "x", "lanes": [{**lane, "versions": nowhere}, lane]})
    assert picture.count('class="lost"') == 0

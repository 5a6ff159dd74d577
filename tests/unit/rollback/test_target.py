"""Where a rollback goes, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.target import RollbackTargets, TagHistory, choose_candidates

LATEST = FloatingTag(tag=Tag("latest"))
VERSIONS = ["0.3.0-rc.1", "0.2.3", "0.2.2", "0.2.1", "0.2.1-rc.1", "0.2.0"]


def digest(version: str) -> Digest:
    return Digest.of(version.encode())


def float_to(version: str, before: str = "") -> Entry:
    return _entry(Action.FLOAT, "latest", version, digest(before) if before else None)


def publish(version: str) -> Entry:
    return _entry(Action.PUBLISH, f"v{version}", version)


def mark(version: str) -> Entry:
    return _entry(Action.MARK, f"v{version}", version)


def _entry(action: Action, tag: str, version: str, before: Digest | None = None) -> Entry:
    return Entry(
        action=action,
        id=f"{action.value}{version}",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=Tag(tag),
        version=version,
        after=digest(version),
        before=before,
    )


@dataclass(frozen=True)
class Row:
    """A lane with latest at ``at``, what the ledger says, and where to go."""

    why: str
    at: str
    tries: list[str]
    left: str
    to: str = ""
    entries: list[Entry] = field(default_factory=list)
    before: str = ""
    marks: str = ""


ROWS = [
    Row("the next below, pre-releases aside", "0.2.3", ["0.2.2", "0.2.1", "0.2.0"], "0.2.3", marks="v0.2.3"),
    Row("marked ones are left out", "0.2.3", ["0.2.1", "0.2.0"], "0.2.3", entries=[mark("0.2.2")], marks="v0.2.3"),
    Row("one that is marked already", "0.2.3", ["0.2.2", "0.2.1", "0.2.0"], "0.2.3", entries=[mark("0.2.3")]),
    Row("the one that is named", "0.2.3", ["0.2.0"], "0.2.3", to="0.2.0", marks="v0.2.3"),
    Row("up again marks nothing", "0.2.1", ["0.2.3"], "0.2.1", to="0.2.3"),
    Row("where it is already", "0.2.1", ["0.2.1"], "0.2.1", to="0.2.1"),
    Row(
        "a rollback that was cut off is finished",
        "0.2.2",
        ["0.2.2"],
        "0.2.3",
        entries=[float_to("0.2.2"), float_to("0.2.3", "0.2.2")],
        before="0.2.3",
        marks="v0.2.3",
    ),
    Row(
        "the same with its target named",
        "0.2.2",
        ["0.2.2"],
        "0.2.3",
        to="0.2.2",
        entries=[float_to("0.2.3", "0.2.2")],
        before="0.2.3",
        marks="v0.2.3",
    ),
    Row(
        "an unrecorded fall, and another target named",
        "0.2.2",
        ["0.2.0"],
        "0.2.2",
        to="0.2.0",
        entries=[float_to("0.2.3")],
        marks="v0.2.2",
    ),
    Row(
        "a fall to a version that is marked is not where it stays",
        "0.2.2",
        ["0.2.1", "0.2.0"],
        "0.2.2",
        entries=[float_to("0.2.3"), mark("0.2.2")],
    ),
    Row(
        "a version whose tag is gone, with another tag on the very image: nothing fell",
        "0.2.2",
        ["0.2.1", "0.2.0"],
        "0.2.2",
        entries=[replace(float_to("0.2.3"), after=digest("0.2.2"))],
        marks="v0.2.2",
    ),
    Row(
        "the recorded version with another image behind it: nothing fell",
        "0.2.3",
        ["0.2.2", "0.2.1", "0.2.0"],
        "0.2.3",
        entries=[replace(float_to("0.2.3"), after=digest("another"))],
        marks="v0.2.3",
    ),
    Row(
        "an unrecorded rise is left behind like any other",
        "0.2.3",
        ["0.2.2", "0.2.1", "0.2.0"],
        "0.2.3",
        entries=[float_to("0.2.2")],
        marks="v0.2.3",
    ),
    Row(
        "a recorded place that names no version says nothing of a fall",
        "0.2.2",
        ["0.2.1", "0.2.0"],
        "0.2.2",
        entries=[float_to("yesterday's")],
        marks="v0.2.2",
    ),
]


def standing(
    at: str, entries: Sequence[Entry] = (), *, now: float = 0.0, versions: Sequence[str] = VERSIONS
) -> TagHistory:
    """The lane with its floating tag at a version of that digest, or at none."""
    return TagHistory(
        floating=LATEST,
        current=Version.parse(at) if at else None,
        digest=digest(at) if at else None,
        versions=[Version.parse(version) for version in versions],
        ledger=Ledger().append(entries),
        now=now,
    )


def tries(way: RollbackTargets) -> list[str]:
    return [str(candidate.version) for candidate in way.candidates]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_the_way_down(row: Row) -> None:
    way = choose_candidates(MAIN, Version.parse(row.to) if row.to else None, standing(row.at, row.entries))
    assert tries(way) == row.tries
    assert str(way.previous) == row.left
    assert way.previous_digest == digest(row.before or row.at)
    assert way.tag_to_mark(way.candidates[0].version) == row.marks


@pytest.mark.parametrize(
    ("to", "current", "words"),
    [
        ("0.2.2", "0.2.3", "is marked as bad since .* by robot: no reason given"),
        ("0.3.0-rc.1", "0.2.3", "is a pre-release"),
        (None, None, "points at sha256:.*, which is not a version of lane main"),
    ],
)
def test_where_it_must_not_go(to: str | None, current: str | None, words: str) -> None:
    seen = replace(standing(current or "", [mark("0.2.2")]), digest=digest("something"))
    with pytest.raises(RefusedError, match=words) as caught:
        choose_candidates(MAIN, Version.parse(to) if to else None, seen)
    assert caught.value.remedy


def test_without_a_floating_tag_the_version_has_to_be_named() -> None:
    with pytest.raises(RefusedError, match="latest does not exist") as caught:
        choose_candidates(MAIN, None, standing(""))
    assert "--to vX.Y.Z" in caught.value.remedy
    way = choose_candidates(MAIN, Version.parse("0.2.1"), standing(""))
    assert (tries(way), way.previous, way.previous_digest) == (["0.2.1"], None, None)
    assert way.tag_to_mark(way.candidates[0].version) == ""


FLOATED = [float_to("0.2.0"), float_to("0.2.1", "0.2.0"), float_to("0.2.3", "0.2.1")]


def test_what_the_floating_tag_has_been_at_is_preferred_to_what_was_only_published() -> None:
    way = choose_candidates(MAIN, None, standing("0.2.3", FLOATED))
    assert tries(way) == ["0.2.1", "0.2.0", "0.2.2"]
    assert [candidate.choice.value for candidate in way.candidates] == ["known-good", "known-good", "newest-below"]
    first = way.candidates[0]
    assert first.reason == "known good: latest was moved to it on 2026-11-25 09:00 UTC by robot"
    assert first.digest == digest("0.2.1")
    assert way.rejected_above(first) == [
        (Version.parse("0.2.2"), "latest was never at it by the record (--to goes there)")
    ]
    assert way.rejected_above(way.candidates[2]) == []


def test_where_the_first_recorded_move_began_is_known_good_as_well_and_a_mark_goes_before() -> None:
    entries = [publish("0.2.1"), publish("0.2.2"), float_to("0.2.3", "0.2.1")]
    way = choose_candidates(MAIN, None, standing("0.2.3", entries))
    assert (tries(way), way.candidates[0].reason) == (
        ["0.2.1", "0.2.2", "0.2.0"],
        "known good: latest was at it until 2026-11-25 09:00 UTC",
    )
    assert tries(choose_candidates(MAIN, None, standing("0.2.3", [*FLOATED, mark("0.2.1")]))) == ["0.2.0", "0.2.2"]


def test_where_the_floating_tag_was_when_it_was_adopted_is_known_good() -> None:
    way = choose_candidates(
        MAIN, None, standing("0.2.3", [replace(float_to("0.2.1"), adopted=True), float_to("0.2.3", "0.2.1")])
    )
    assert (
        way.candidates[0].reason == "known good: latest was at it when it was adopted on 2026-11-25 09:00 UTC by robot"
    )


def test_without_a_record_the_newest_below_is_taken_and_that_is_said() -> None:
    first = choose_candidates(MAIN, None, standing("0.2.3")).candidates[0]
    assert (str(first.version), first.choice.value, first.digest) == ("0.2.2", "newest-below", None)
    assert "latest was never at any of them by the record" in first.reason


def test_a_recorded_version_that_the_list_does_not_show_yet_is_tried() -> None:
    entries = [publish("0.2.2"), float_to("0.2.2"), publish("0.2.3"), float_to("0.2.3", "0.2.2")]
    assert tries(choose_candidates(MAIN, None, standing("0.2.3", entries, versions=["0.2.0"]))) == ["0.2.2", "0.2.0"]


@pytest.mark.parametrize(
    ("entries", "following"),
    [([], "0.2.4"), ([mark("0.2.7")], "0.2.8"), ([publish("0.4.0")], "0.4.1"), ([publish("0.5.0-rc.1")], "0.2.4")],
    ids=["as listed", "marked, and its tag is gone", "published, and not listed", "pre-releases aside"],
)
def test_the_next_version_is_one_that_nobody_has_had(entries: list[Entry], following: str) -> None:
    way = choose_candidates(MAIN, None, standing("0.2.1", entries))
    assert str(way.next_version(way.candidates[0].version)) == following
    assert str(replace(way, newest=None).next_version(Version.parse("0.2.0"))) == "0.2.1"


ROLLED = [publish("0.2.3"), *FLOATED, replace(float_to("0.2.1", "0.2.3"), action=Action.ROLLBACK, why="crashes")]
WHEN = 1795597200.0  # 2026-11-25T09:00:00Z


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (WHEN + 3, "3 s ago (2026-11-25 09:00 UTC)"),
        (WHEN + 599, "9 min ago (2026-11-25 09:00 UTC)"),
        (WHEN - 7200, "at 2026-11-25T09:00:00Z by another clock"),
    ],
    ids=["seconds ago", "within ten minutes", "by a clock that is ahead of ours"],
)
def test_the_same_rollback_once_more_is_refused_with_who_did_it_and_when(now: float, told: str) -> None:
    with pytest.raises(RefusedError) as caught:
        choose_candidates(MAIN, None, standing("0.2.1", ROLLED, now=now))
    assert f"robot rolled latest back from v0.2.3 to v0.2.1 {told}: crashes. Nothing was moved" in caught.value.what
    assert "--again" in caught.value.remedy
    assert "--to v0.2.1" in caught.value.remedy


@pytest.mark.parametrize(
    ("entries", "now", "to", "again"),
    [
        (ROLLED, WHEN + 600, "", False),
        (ROLLED, WHEN + 600, "0.2.0", False),
        (ROLLED, WHEN + 1, "0.2.0", True),
        (ROLLED, WHEN + 1, "", True),
        ([*ROLLED, float_to("0.2.1", "0.2.0")], WHEN + 1, "", False),
        ([*ROLLED[:-1], replace(ROLLED[-1], when="yesterday")], WHEN + 1, "", False),
        ([*ROLLED[:-1], replace(ROLLED[-1], version="yesterday's")], WHEN + 1, "", False),
        ([publish("0.2.0"), replace(float_to("0.2.1", "0.2.0"), action=Action.ROLLBACK)], WHEN + 1, "", False),
    ],
    ids=["later", "named later", "named and meant", "meant", "moved since", "no time", "no version", "it went up"],
)
def test_another_rollback_is_not_refused(entries: list[Entry], now: float, to: str, *, again: bool) -> None:
    way = choose_candidates(MAIN, Version.parse(to) if to else None, standing("0.2.1", entries, now=now), again=again)
    assert tries(way) == ["0.2.0"]


@pytest.mark.parametrize(
    ("to", "left"),
    [("0.2.1", "0.2.1"), ("0.2.2", "0.2.1")],
    ids=["the very same is finished", "going up leaves nothing bad behind"],
)
def test_a_named_version_that_is_not_below_is_not_refused(to: str, left: str) -> None:
    way = choose_candidates(MAIN, Version.parse(to), standing("0.2.1", ROLLED, now=WHEN + 1))
    assert (tries(way), str(way.previous), way.tag_to_mark(Version.parse(to))) == ([to], left, "")


def test_a_named_version_further_down_is_refused_with_what_it_would_leave() -> None:
    with pytest.raises(
        RefusedError, match=r"to v0\.2\.1 3 s ago .*: crashes.* --to v0\.2\.0 would leave v0\.2\.1"
    ) as caught:
        choose_candidates(MAIN, Version.parse("0.2.0"), standing("0.2.1", ROLLED, now=WHEN + 3))
    assert "--to v0.2.0 --again" in caught.value.remedy


def test_a_rollback_of_something_that_nobody_recorded_is_the_same_one_too() -> None:
    with pytest.raises(RefusedError, match=r"robot rolled latest back to v0\.2\.1 0 s ago"):
        choose_candidates(MAIN, None, standing("0.2.1", ROLLED[-1:], now=WHEN))

"""Which floating tags a rollback moves, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import MAIN, Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.lane_targets import LaneTargets, choose_targets
from shiplane.rollback.result import RollbackRequest
from shiplane.rollback.target import RecentRollbackError, TagHistory


def lane_of(*templates: FloatingTemplate | str) -> Lane:
    made = (FloatingTemplate(text=each) if isinstance(each, str) else each for each in templates)
    return replace(MAIN, floating_templates=tuple(made))


LANE = lane_of("latest", "v{major}", "v{major}.{minor}")
NEXT = lane_of("latest", FloatingTemplate(text="next", prereleases=frozenset({"rc"})))
VERSIONS = ("2.0.1", "2.0.1-rc.1", "2.0.0", "1.3.0", "1.2.9", "1.2.8", "1.2.0")
NEWEST = {"v1.2": "1.2.9", "v1.3": "1.3.0", "v1": "1.3.0", "v2.0": "2.0.1", "v2": "2.0.1", "latest": "2.0.1"}
# 2.0.1 is not there yet.
FIRST_OF_2 = {**NEWEST, "v2.0": "2.0.0", "v2": "2.0.0", "latest": "2.0.0"}


def digest(version: str) -> Digest:
    return Digest.of(version.encode())


def moved(tag: str, version: str, before: str = "", action: Action = Action.FLOAT) -> Entry:
    return Entry(
        action=action,
        id=f"{tag} {version} {action.value}",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=Tag(tag),
        version=version,
        after=digest(version),
        before=digest(before) if before else None,
        why="crashes",
    )


def mark(version: str) -> Entry:
    return moved(f"v{version}", version, action=Action.MARK)


def histories(
    lane: Lane, positions: Mapping[str, str], entries: Sequence[Entry] = (), versions: Sequence[str] = VERSIONS
) -> list[TagHistory]:
    """The floating tags of a lane at versions, or at none where the text is empty; a minute after the entries."""
    return [
        TagHistory(
            floating=floating,
            digest=digest(at) if (at := positions.get(floating.tag, "")) else None,
            current=Version.parse(at) if at and at != "unknown" else None,
            versions=[Version.parse(version) for version in versions],
            ledger=Ledger().append(entries),
            now=1795597260.0,
        )
        for floating in lane.floating_tags_among(positions)
    ]


def request(lane: Lane = LANE, source: str = "", to: str = "", *, again: bool = False) -> RollbackRequest:
    return RollbackRequest(
        lane=lane,
        source=Version.parse(source) if source else None,
        to=Version.parse(to) if to else None,
        again=again,
    )


def tried(targets: LaneTargets) -> dict[str, list[str]]:
    return {each.floating.tag: [str(candidate.version) for candidate in each.candidates] for each in targets.tags}


@dataclass(frozen=True)
class Row:
    """A lane with its floating tags somewhere, what is asked for, and what each that takes part may go to."""

    why: str
    at: Mapping[str, str]
    tries: Mapping[str, list[str]]
    bad: str | None
    source: str = ""
    to: str = ""
    lane: Lane = LANE
    entries: Sequence[Entry] = field(default_factory=list)


OLD = ["1.2.9", "1.2.8", "1.2.0"]
ROWS = [
    Row(
        "each that is at the bad version goes down in its own range, the widest first",
        NEWEST,
        {"latest": ["2.0.0", "1.3.0", *OLD], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
    ),
    Row(
        "the first of a range has nothing below",
        FIRST_OF_2,
        {"latest": ["1.3.0", *OLD], "v2": [], "v2.0": []},
        "2.0.0",
    ),
    Row("an older line is left by its version", NEWEST, {"v1.2": ["1.2.8", "1.2.0"]}, "1.2.9", source="1.2.9"),
    Row(
        "a tag out of its range goes back into it",
        {**NEWEST, "v1": "2.0.1"},
        {"latest": ["2.0.0", "1.3.0", *OLD], "v2": ["2.0.0"], "v1": ["1.3.0", *OLD], "v2.0": ["2.0.0"]},
        "2.0.1",
    ),
    Row(
        "a named version is for those in whose range it is, and the others that are at the bad one go down",
        NEWEST,
        {"latest": ["1.3.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        to="1.3.0",
    ),
    Row(
        "a tag between the named version and the bad one is at a version that nobody called bad",
        NEWEST,
        {"latest": ["1.2.9"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        to="1.2.9",
    ),
    Row(
        "up again: those in whose range it is, and no other",
        {**NEWEST, "latest": "1.3.0", "v2": "2.0.0", "v2.0": "2.0.0"},
        {"latest": ["2.0.1"], "v2": ["2.0.1"], "v2.0": ["2.0.1"]},
        "1.3.0",
        to="2.0.1",
    ),
    Row(
        "up again of an older line",
        {**NEWEST, "v1.2": "1.2.8"},
        {"v1.2": ["1.2.9"]},
        "1.2.8",
        source="1.2.8",
        to="1.2.9",
    ),
    Row(
        "a named version with the bad one named: only those that are there",
        {**NEWEST, "v2.0": "2.0.0"},
        {"latest": ["1.3.0"], "v2": ["2.0.0"]},
        "2.0.1",
        source="2.0.1",
        to="1.3.0",
    ),
    Row(
        "a run that was cut off without a ledger had moved the widest: its target says what to move",
        {**NEWEST, "latest": "2.0.0"},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.0",
        to="2.0.0",
    ),
    Row(
        "a run that was cut off and left no record is finished",
        {**NEWEST, "latest": "2.0.0"},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        entries=[moved(tag, "2.0.1", "2.0.0") for tag in ("latest", "v2", "v2.0")],
    ),
    Row(
        "the same by the version that it left",
        {**NEWEST, "latest": "2.0.0"},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        source="2.0.1",
        to="2.0.0",
        entries=[moved(tag, "2.0.1", "2.0.0") for tag in ("latest", "v2", "v2.0")],
    ),
    Row(
        "what was completed before has nothing left to move, and is no error",
        {**NEWEST, "latest": "2.0.0", "v2": "2.0.0", "v2.0": "2.0.0"},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        source="2.0.1",
        to="2.0.0",
    ),
    Row(
        "the same where others had nothing below and stayed",
        {**NEWEST, "v2.0": "2.0.0", "v2": "2.0.0", "latest": "1.3.0"},
        {"latest": ["1.3.0"], "v1": ["1.3.0"], "v1.3": ["1.3.0"], "v2": [], "v2.0": []},
        "2.0.0",
        source="2.0.0",
        to="1.3.0",
    ),
    Row(
        "a tag that is at the named version, which is not recorded",
        {**NEWEST, "latest": "1.3.0"},
        {"latest": ["1.3.0"], "v1": ["1.3.0"], "v1.3": ["1.3.0"]},
        "1.3.0",
        to="1.3.0",
        entries=[moved("v1", "1.2.9")],
    ),
    Row(
        "an unrecorded rise to the named version is recorded, whichever version is bad",
        NEWEST,
        {"latest": ["1.3.0"], "v2": ["2.0.0"], "v1": ["1.3.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        to="1.3.0",
        entries=[moved("v1", "1.2.9")],
    ),
    Row(
        "the widest is at no version: a named one is for every tag in whose range it is",
        {**NEWEST, "latest": "unknown"},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        None,
        to="2.0.0",
    ),
    Row(
        "a tag that is at no version is not at the bad one",
        {**NEWEST, "v2": "unknown"},
        {"latest": ["2.0.0", "1.3.0", *OLD], "v2.0": ["2.0.0"]},
        "2.0.1",
    ),
    Row(
        "one that does not exist is not made, and the widest that exists counts",
        {"v2.0": "2.0.1", "v2": "2.0.1", "latest": ""},
        {"v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
    ),
    Row(
        "one that was recorded and is gone counts",
        {"v2.0": "2.0.1", "v2": "2.0.1", "latest": ""},
        {"latest": ["2.0.0"], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        None,
        to="2.0.0",
        entries=[moved("latest", "2.0.1")],
    ),
    Row(
        "without one for all releases the highest range is the widest",
        {"v1": "1.3.0", "v2": "2.0.1"},
        {"v2": ["2.0.0"]},
        "2.0.1",
        lane=lane_of("v{major}"),
    ),
    Row(
        "a tag that moves to pre-releases goes back to one",
        {"next": "2.0.1", "latest": "2.0.1"},
        {"latest": ["2.0.0", "1.3.0", *OLD], "next": ["2.0.1-rc.1", "2.0.0", "1.3.0", *OLD]},
        "2.0.1",
        lane=NEXT,
    ),
    Row(
        "a pre-release that is bad is left by the tag that is at it",
        {"next": "2.0.1-rc.1", "latest": "2.0.0"},
        {"next": ["2.0.0", "1.3.0", *OLD]},
        "2.0.1-rc.1",
        source="2.0.1-rc.1",
        lane=NEXT,
    ),
    Row(
        "a pre-release that is named is for the tag that takes it, the other one goes to a release",
        {"next": "2.0.1", "latest": "2.0.1"},
        {"latest": ["2.0.0", "1.3.0", *OLD], "next": ["2.0.1-rc.1"]},
        "2.0.1",
        to="2.0.1-rc.1",
        lane=NEXT,
    ),
    Row(
        "a pre-release above leaves the widest where it is",
        {"next": "2.0.0", "latest": "2.0.0"},
        {"next": ["2.0.1-rc.1"]},
        "2.0.0",
        to="2.0.1-rc.1",
        lane=NEXT,
    ),
    Row(
        "what each tag was at by the record goes before what was only published",
        NEWEST,
        {"latest": ["1.3.0", "2.0.0", *OLD], "v2": ["2.0.0"], "v2.0": ["2.0.0"]},
        "2.0.1",
        entries=[moved("latest", "1.3.0"), moved("latest", "2.0.1", "1.3.0")],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_which_floating_tags_go_where(row: Row) -> None:
    targets = choose_targets(request(row.lane, row.source, row.to), histories(row.lane, row.at, row.entries))
    assert tried(targets) == row.tries
    assert list(tried(targets)) == list(row.tries), "the widest first"
    assert targets.bad == (Version.parse(row.bad) if row.bad else None)


@pytest.mark.parametrize(
    ("lane", "at", "source", "to", "words"),
    [
        (
            replace(MAIN, floating_templates=()),
            {},
            "",
            "",
            "lane main has no floating tag, so there is nothing to move",
        ),
        (lane_of("v{major}"), {}, "", "", r"no floating tag of lane main exists \(v\{major\}\)"),
        (LANE, NEWEST, "1.2.0", "", r"no floating tag of lane main is at v1\.2\.0"),
        (LANE, {"latest": ""}, "", "", "latest does not exist, so nothing is below it"),
        (LANE, {**NEWEST, "latest": "unknown"}, "", "", "latest points at sha256:.*, which is not a version"),
        (LANE, NEWEST, "", "2.0.1-rc.1", r"v2\.0\.1-rc\.1 is a pre-release: latest never points at one"),
        (lane_of("v{major}"), {"v2": "2.0.1"}, "", "1.3.0", r"v1\.3\.0 is not in the range of v2: releases of 2"),
        (LANE, NEWEST, "", "1.2.8", r"v1\.2\.8 is marked as bad"),
    ],
)
def test_what_there_is_not_to_move(lane: Lane, at: Mapping[str, str], source: str, to: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        choose_targets(request(lane, source, to), histories(lane, at, [mark("1.2.8")]))
    assert caught.value.remedy


def test_where_the_widest_is_at_no_version_the_remedy_sets_that_one_alone() -> None:
    with pytest.raises(RefusedError) as caught:
        choose_targets(request(), histories(LANE, {**NEWEST, "latest": "unknown"}))
    assert "⟦rollback --lane main --floating latest --to vX.Y.Z⟧" in caught.value.remedy


ROLLED = [
    *(moved(tag, "2.0.1", "2.0.0") for tag in ("v2.0", "v2", "latest")),
    *(moved(tag, "2.0.0", "2.0.1", Action.ROLLBACK) for tag in ("latest", "v2", "v2.0")),
    mark("2.0.1"),
]


def test_the_same_rollback_once_more_is_refused_with_the_command_that_finishes_it() -> None:
    after = histories(LANE, {**NEWEST, "latest": "2.0.0", "v2": "2.0.0", "v2.0": "2.0.0"}, ROLLED)
    with pytest.raises(RecentRollbackError, match=r"robot rolled latest back from v2\.0\.1 to v2\.0\.0") as caught:
        choose_targets(request(), after)
    assert "⟦rollback --lane main --again⟧" in caught.value.remedy
    assert "⟦rollback --lane main --from v2.0.1 --to v2.0.0⟧" in caught.value.remedy
    with pytest.raises(RecentRollbackError) as caught:
        choose_targets(request(source="2.0.0", to="1.3.0"), after)
    assert "⟦rollback --lane main --from v2.0.0 --to v1.3.0 --again⟧" in caught.value.remedy
    assert tried(choose_targets(request(again=True), after))["latest"] == ["1.3.0", *OLD]
    assert tried(choose_targets(request(source="1.2.9"), after)) == {"v1.2": ["1.2.8", "1.2.0"]}


@pytest.mark.parametrize(
    ("at", "source", "following"), [(NEWEST, "", "2.0.2"), (FIRST_OF_2, "", "2.0.2"), (NEWEST, "1.2.9", "1.2.10")]
)
def test_the_next_version_is_one_of_the_widest_range_that_went_down(
    at: Mapping[str, str], source: str, following: str
) -> None:
    first = choose_targets(request(source=source), histories(LANE, at)).tags[0]
    assert str(first.next_version(first.candidates[0].version)) == following

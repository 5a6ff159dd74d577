"""Where a rollback goes, case by case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from shiplane.model.descent import descend
from shiplane.model.errors import RefusedError
from shiplane.model.image import Digest, Tag
from shiplane.model.lane import MAIN
from shiplane.model.ledger import Action, Entry, Ledger
from shiplane.model.version import Version

VERSIONS = ["0.3.0-rc.1", "0.2.3", "0.2.2", "0.2.1", "0.2.1-rc.1", "0.2.0"]


def digest(version: str) -> Digest:
    return Digest.of(version.encode())


def float_to(version: str, before: str = "") -> Entry:
    return _entry(Action.FLOAT, "latest", version, digest(before) if before else None)


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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_the_way_down(row: Row) -> None:
    way = descend(
        MAIN,
        Version.parse(row.to) if row.to else None,
        current=Version.parse(row.at),
        floating=digest(row.at),
        versions=[Version.parse(version) for version in VERSIONS],
        ledger=Ledger().append(row.entries),
    )
    assert [str(version) for version in way.candidates] == row.tries
    assert str(way.left) == row.left
    assert way.before == digest(row.before or row.at)
    assert way.marks(way.candidates[0]) == row.marks


@pytest.mark.parametrize(
    ("to", "current", "words"),
    [
        ("0.2.2", "0.2.3", "is marked as bad since .* by robot: no reason given"),
        ("0.3.0-rc.1", "0.2.3", "is a pre-release"),
        (None, None, "points at sha256:.*, which is no version of lane main"),
    ],
)
def test_where_it_must_not_go(to: str | None, current: str | None, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as caught:
        descend(
            MAIN,
            Version.parse(to) if to else None,
            current=Version.parse(current) if current else None,
            floating=digest("something"),
            versions=[],
            ledger=Ledger().append([mark("0.2.2")]),
        )
    assert caught.value.remedy


def test_without_a_floating_tag_the_version_has_to_be_named() -> None:
    with pytest.raises(RefusedError, match="latest does not exist") as caught:
        descend(MAIN, None, current=None, floating=None, versions=[], ledger=Ledger())
    assert "--to vX.Y.Z" in caught.value.remedy
    way = descend(MAIN, Version.parse("0.2.1"), current=None, floating=None, versions=[], ledger=Ledger())
    assert (way.candidates, way.left, way.before) == ((Version.parse("0.2.1"),), None, None)
    assert way.marks(way.candidates[0]) == ""

"""A lane's ledger as the rows of its picture: what belongs to one release or one rollback is one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shiplane.core.timestamps import parse_timestamp

Json = Mapping[str, Any]
# Entries of one run follow each other within so many seconds.
_TOGETHER = 900.0
_FORWARD = ("publish", "float")
_BACK = ("rollback", "mark")


@dataclass(kw_only=True)
class LaneRow:
    """What happened at one time.

    Attributes:
        action: What it is called by: publish, float, rollback, mark, unmark, restart.
        version: The version that it is about.
        published: Versions that were published.
        moves: Floating tags that were moved, each with the versions before and after; None where it is unknown.
        marked: Versions that were marked as bad.
        unmarked: Versions whose mark was removed.
    """

    action: str
    version: str
    when: str
    who: str
    why: str
    published: list[str] = field(default_factory=list)
    moves: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)

    @property
    def versions(self) -> set[str]:
        """Every version that it touches."""
        ends = {version for move in self.moves.values() for version in move if version}
        return {*self.published, *self.marked, *self.unmarked, *ends}

    @property
    def label(self) -> str:
        """What it is called."""
        names = {"float": "moved forward", "rollback": "rolled back", "mark": "marked as bad", "unmark": "mark removed"}
        return "published" if self.published else names.get(self.action, "ledger begun anew")


def rows_of(lane: Json) -> list[LaneRow]:
    """The rows, the oldest first."""
    versions = dict(_digests(lane))
    rows: list[LaneRow] = []
    for entry in lane["entries"]:
        if not (rows and _belongs(rows[-1], entry)):
            rows.append(_begun(entry))
        _take(rows[-1], entry, versions)
    return rows


def _digests(lane: Json) -> Iterator[tuple[str, str]]:
    """Which version a digest is, by the record first, since a tag may have another one now."""
    yield from ((version["digest"], version["version"]) for version in lane["versions"] if version["digest"])
    yield from ((entry["to"], entry["version"]) for entry in lane["entries"] if entry["action"] == "publish")


def _begun(entry: Json) -> LaneRow:
    return LaneRow(
        action=entry["action"],
        version=entry["version"],
        when=entry.get("created") or entry["when"],
        who=entry["who"],
        why=entry.get("why", ""),
    )


def _belongs(row: LaneRow, entry: Json) -> bool:
    """Whether an entry is of the same run as the row before it."""
    action, version = entry["action"], entry["version"]
    forward = row.action in _FORWARD and action in _FORWARD and version == row.version
    back = row.action == "rollback" and action in _BACK and (action == "mark" or version == row.version)
    return (forward or back) and entry["who"] == row.who and _seconds(row.when, entry["when"]) < _TOGETHER


def _seconds(before: str, after: str) -> float:
    first, last = parse_timestamp(before), parse_timestamp(after)
    return abs((last - first).total_seconds()) if first and last else 0.0


def _take(row: LaneRow, entry: Json, versions: Mapping[str, str]) -> None:
    action, version = entry["action"], entry["version"]
    row.why = row.why or entry.get("why", "")
    if action == "publish":
        row.published.append(version)
    elif action in {"float", "rollback"}:
        row.moves[entry["tag"]] = (versions.get(entry["from"] or ""), version)
    elif action in {"mark", "unmark"}:
        (row.marked if action == "mark" else row.unmarked).append(version)


def moved_tags(rows: Sequence[LaneRow]) -> list[str]:
    """Every floating tag that was ever moved, in the order of its first move."""
    return list(dict.fromkeys(tag for row in rows for tag in row.moves))

"""Checkpoints: lines between the segments of a ledger that sum up everything before them.

A release of a version that is higher than all before it reads the last segment alone. Its checkpoint is written by the
run that began the segment, and anybody who may push can write another: it is a hint, as good as the ledger's own word.
Whoever reads the whole ledger compares each checkpoint with the lines before it. One that says that it is not enough
to know is always right, so that another shiplane may carry less, or more, than this one writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.version import Version
from shiplane.core import strict_json
from shiplane.core.errors import UsageError
from shiplane.core.text import one_line
from shiplane.ledger.ledger import MOVES, Action, BrokenLedgerError, Entry, Ledger, Start, lines_of, parse_entry

_START = b'{"checkpoint":'
_PLACE = "{}"
# Of each floating tag; a read that lags may show it at one of the earlier ones.
_MOVES_KEPT = 8
# A lane with more marks, adopted versions and moves, or longer ones (bytes), has its ledger read as a whole.
MOST_CARRIED = 48
# Half a segment: each one begins with them, and is closed by its size.
CARRIED_SIZE = 16 * 1024
_MOST_SHAPES = 16


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What stands before a segment.

    Attributes:
        start: So many lines, and the hash of the last one.
        scheme: How versions were written when it was made.
        highest: The highest version that was published; None without any.
        shapes: Each tag of a publication with ``{}`` for its version; adopted ones aside.
        carried: The marks in force, the adopted publications and the last moves of each floating tag, without their
            evidence; None where this is not enough to know, and the ledger has to be read as a whole.
    """

    start: Start
    scheme: Scheme
    highest: Version | None = None
    shapes: tuple[str, ...] = ()
    carried: tuple[Entry, ...] | None = ()

    @classmethod
    def of(cls, segment: Ledger, before: Checkpoint | None, scheme: Scheme) -> Checkpoint:
        """What stands before the next segment, at no great length; the parameters are those of :meth:`complete`."""
        checkpoint = cls.complete(segment, before, scheme)
        return checkpoint if _is_short(checkpoint) else replace(checkpoint, carried=None, shapes=())

    @classmethod
    def complete(cls, segment: Ledger, before: Checkpoint | None, scheme: Scheme) -> Checkpoint:
        """What stands before the next segment, however long that is.

        Args:
            segment: The last one, with what its checkpoint carried; the whole ledger if it has none.
            before: That checkpoint, if any.
            scheme: How the lane's versions are written, where there is none.
        """
        scheme = before.scheme if before else scheme
        publications = [replace(entry, scheme=scheme) for entry in segment.entries if entry.action is Action.PUBLISH]
        releases = [entry.release for entry in publications]
        known = [version for version in (before.highest if before else None, *releases) if version]
        shapes = {*(before.shapes if before else ()), *map(_shape, _own(publications))}
        is_known = (before is None or before.carried is not None) and None not in releases
        return cls(
            start=Start(count=segment.count, previous=segment.tip),
            scheme=scheme,
            highest=max(known, default=None),
            shapes=tuple(sorted(shapes)),
            carried=_carried(segment) if is_known else None,
        )

    @classmethod
    def parse(cls, line: bytes) -> Checkpoint:
        """Parse the line.

        Raises:
            BrokenLedgerError: It has another form.
        """
        try:
            fields = strict_json.loads(line)
            scheme, carried, shapes = Scheme(fields["versions"]), fields["carried"], fields["tags"]
            entries = None if carried is None else tuple(replace(parse_entry(one), scheme=scheme) for one in carried)
            return cls(
                start=Start(count=_number(fields, "checkpoint"), previous=str(fields["previous"])),
                scheme=scheme,
                highest=Version.parse(fields["highest"], scheme) if fields["highest"] else None,
                shapes=tuple(map(str, shapes)),
                carried=entries,
            )
        except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
            raise BrokenLedgerError(f"a checkpoint of the ledger is invalid: {one_line(str(error))[:200]}") from error

    @property
    def line(self) -> bytes:
        """It as JSON, without a line feed."""
        fields = {
            "checkpoint": self.start.count,
            "previous": self.start.previous,
            "versions": self.scheme.value,
            "highest": str(self.highest) if self.highest else None,
            "tags": self.shapes,
            "carried": None if self.carried is None else [entry.to_json() for entry in self.carried],
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def agrees(self, expected: Checkpoint) -> bool:
        """Whether it says what stands before it, or only where that ends and that it has to be read."""
        return self in (expected, replace(self, start=expected.start, carried=None))

    def suffices(self, lane: Lane, version: Version) -> bool:
        """Whether all that matters to a release of a version is known without the lines before.

        That is so if it is higher than all of theirs, and none of those has a tag that reads as another version's.
        """
        return (
            self.carried is not None
            and self.scheme is lane.versions
            and self._is_below(version)
            and all(_is_ordinary(lane, shape.replace(_PLACE, str(version)), version) for shape in self.shapes)
        )

    def _is_below(self, version: Version) -> bool:
        return self.highest is None or (self.highest < version and not self.highest.means(version))


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The last segment of a ledger: its checkpoint, and what that carries with the entries after it.

    The whole ledger where there is no checkpoint.
    """

    ledger: Ledger
    checkpoint: Checkpoint | None = None

    def next_checkpoint(self, scheme: Scheme) -> bytes:
        """The line with which the segment after it begins."""
        return Checkpoint.of(self.ledger, self.checkpoint, scheme).line

    def expected_checkpoint(self, scheme: Scheme) -> Checkpoint:
        """The same as it is read, and however long it is."""
        return Checkpoint.parse(Checkpoint.complete(self.ledger, self.checkpoint, scheme).line)


def begins_with_checkpoint(piece: bytes) -> bool:
    """Whether a piece can be read without those before it."""
    return piece.startswith(_START)


def parse_segment(piece: bytes, scheme: Scheme) -> tuple[Checkpoint, Segment]:
    """Parse a piece that begins with a checkpoint, which is given beside it.

    Raises:
        BrokenLedgerError: Naming the first invalid line.
    """
    _, (line, lines), *further = _segments(piece)
    if further:
        raise BrokenLedgerError("the last segment of the ledger has a second checkpoint")
    checkpoint = Checkpoint.parse(line)
    return checkpoint, Segment(checkpoint=checkpoint, ledger=_part(checkpoint).extended(lines, scheme))


def parse_whole(content: bytes, scheme: Scheme) -> tuple[Ledger, Segment]:
    """Parse every line, and check the chain and each checkpoint; gives the last segment as well.

    Raises:
        BrokenLedgerError: Naming the first invalid line.
    """
    (_, lines), *segments = _segments(content)
    last = Segment(ledger=Ledger().extended(lines, scheme))
    entries, kept = [*last.ledger.entries], [*lines]
    for line, lines in segments:
        checkpoint, count = Checkpoint.parse(line), last.ledger.count
        if not checkpoint.agrees(last.expected_checkpoint(checkpoint.scheme)):
            raise BrokenLedgerError(f"the checkpoint after line {count} of the ledger contradicts what is before")
        last = Segment(checkpoint=checkpoint, ledger=_part(checkpoint).extended(lines, scheme))
        entries += last.ledger.entries[len(last.ledger.entries) - len(lines) :]
        kept += lines
    return Ledger(entries=tuple(entries), lines=tuple(kept)), last


def _part(checkpoint: Checkpoint) -> Ledger:
    return Ledger(entries=checkpoint.carried or (), start=checkpoint.start)


def _segments(content: bytes) -> list[tuple[bytes, list[bytes]]]:
    """Each checkpoint with the lines after it; the first one is empty."""
    segments: list[tuple[bytes, list[bytes]]] = [(b"", [])]
    for line in lines_of(content):
        if begins_with_checkpoint(line):
            segments.append((line, []))
        else:
            segments[-1][1].append(line)
    return segments


def _carried(ledger: Ledger) -> tuple[Entry, ...]:
    adopted = (entry for entry in ledger.entries if entry.action is Action.PUBLISH and entry.adopted)
    floating = dict.fromkeys(entry.tag for entry in ledger.entries if entry.action in MOVES)
    moves = (move for tag in floating for move in ledger.moves(tag)[-_MOVES_KEPT:])
    return tuple(replace(one, evidence=(), platforms={}) for one in (*ledger.marks.values(), *adopted, *moves))


def _is_short(checkpoint: Checkpoint) -> bool:
    carried = checkpoint.carried or ()
    is_short = len(carried) <= MOST_CARRIED and sum(map(_size, carried)) <= CARRIED_SIZE
    return is_short and len(checkpoint.shapes) <= _MOST_SHAPES


def _size(entry: Entry) -> int:
    return len(json.dumps(entry.to_json(), separators=(",", ":")))


def _own(publications: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry in publications if not entry.adopted)


def _shape(publication: Entry) -> str:
    return publication.tag.replace(publication.version, _PLACE, 1)


def _is_ordinary(lane: Lane, tag: str, version: Version) -> bool:
    """Whether a tag is what the lane itself calls a version, or nobody's name for one."""
    return lane.version_tagged(tag) is None or tag in (lane.own_tag_of(version), *lane.aliases_of(version))


def _number(fields: Mapping[str, Any], key: str) -> int:
    number = fields[key]
    if type(number) is not int:
        raise TypeError(f"{key} is not a number")
    return number

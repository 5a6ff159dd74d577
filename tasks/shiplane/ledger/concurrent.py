"""What others recorded in a ledger while a run was at work, and what of it contradicts the run. Pure.

Reading a tag before and after writing it does not exclude a race: between the last read and the PUT, another publisher
may write the tag and finish. But every publisher records what it did, one after the other, and the second one reads the
first one's entries. Only entries added since the run's own survey count: what an old script moved without a record is a
gap in the ledger (:meth:`shiplane.ledger.ledger.Ledger.gaps`), not a race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shiplane.ledger.ledger import MOVES, Action, Entry, Ledger


@dataclass(frozen=True, kw_only=True)
class ConcurrentEntries:
    """A ledger at two times.

    Attributes:
        base: As the run's survey read it.
        current: As it is now, with or without the run's own entries.
    """

    base: Ledger
    current: Ledger

    def missing(self, ours: Sequence[Entry]) -> list[Entry]:
        """The run's entries that still have to be added, because nobody has recorded the same meanwhile.

        A move that another one continued from, and that is recorded after it, says so (``overtaken_by``). Two runs of
        one release do the same thing, which is recorded once; where a tag was moved, moved back and moved again, the
        last move continues from the one before and is recorded as well.
        """
        missing = [entry for entry in self.current.missing(ours) if not self._recorded_by_others(entry)]
        return [replace(entry, overtaken_by=self._overtaken_by(entry)) for entry in missing]

    def contradictions(self, ours: Sequence[Entry]) -> list[str]:
        """How others' entries contradict the run's own, which are part of ``current`` by then.

        Late entries record what a run found, not what it did: they are ignored on both sides, except where one version
        has two digests, also under two tags (another tool's may have been adopted meanwhile).
        """
        own_ids = {entry.id for entry in ours}
        others = [entry for entry in self._new() if entry.id not in own_ids]
        return [
            contradiction
            for entry in ours
            if not entry.late or entry.adopted
            for contradiction in self._contradicting(entry, others)
        ]

    def _recorded_by_others(self, entry: Entry) -> bool:
        """Whether somebody else has recorded the same.

        An adoption does not replace the entry of the run that did the thing, and the position of a floating tag is
        adopted only where no move records it.
        """
        if entry.adopted and entry.action in MOVES:
            return bool(self.current.moves(entry.tag)) and not self._overtaken_by(entry)
        recorded = {_fact(other) for other in self._new() if entry.adopted or not other.adopted}
        return _fact(entry) in recorded and not self._goes_on(entry)

    def _new(self) -> list[Entry]:
        return self.base.missing(self.current.entries)

    def _goes_on(self, entry: Entry) -> bool:
        position = self.current.position(entry.tag) if entry.action in MOVES else None
        return position is not None and position.after == entry.before

    def _overtaken_by(self, move: Entry) -> str:
        """The id of the move that continued from this one, where no recorded move had led to its start."""
        if move.action not in MOVES:
            return ""
        new, moves = {entry.id for entry in self._new()}, self.current.moves(move.tag)
        for before, entry in zip([None, *moves], moves, strict=False):
            if entry.id in new and entry.before == move.after and (before is None or before.after != entry.before):
                return entry.id
        return ""

    def _contradicting(self, entry: Entry, others: Sequence[Entry]) -> Iterator[str]:
        if entry.action is Action.PUBLISH:
            for other in others:
                if other.action is Action.PUBLISH and other.version == entry.version and other.after != entry.after:
                    yield _two_digests(entry, other)
        elif entry.action in MOVES and not entry.late:
            yield from (_conflict(entry, other) for other in self._conflicting_moves(entry))
            for mark in self.current.marks.values():
                if mark in others and mark.version == entry.version:
                    yield f"{mark.who} marked {mark.tag} as bad, and this run moved {entry.tag} to it: {mark.reason}"

    def _conflicting_moves(self, move: Entry) -> Iterator[Entry]:
        """The neighbouring moves that neither led to this move's start nor started at its end.

        A run that is slow to record stands behind the one that continued from it: both orders are fine.
        """
        new = {entry.id for entry in self._new() if not entry.late}
        moves = [entry for entry in self.current.moves(move.tag) if entry.id in new or entry.id == move.id]
        index = next((number for number, entry in enumerate(moves) if _fact(entry) == _fact(move)), None)
        if index is None:
            return
        neighbours = [*moves[:index][-1:], *moves[index + 1 :][:1]]
        yield from (other for other in neighbours if other.after != move.before and other.before != move.after)


def since_start(newest: Ledger | None, later: Ledger) -> Ledger:
    """A later state from where the lines of the newest known one begin, if it continues what is before those.

    So all that the known one lacks of it was added since, and not only left out by a checkpoint.
    """
    if newest is None:
        return later
    carried = newest.entries[: len(newest.entries) - len(newest.lines)]
    return replace(newest, entries=carried, lines=()).followed_by(later) or later


def _fact(entry: Entry) -> tuple[object, ...]:
    """What an entry states, whoever recorded it."""
    if entry.action in MOVES:
        return entry.tag, entry.before, entry.after
    return entry.action, entry.tag, entry.after, entry.why


def _two_digests(ours: Entry, other: Entry) -> str:
    theirs = f"{other.tag} was {other.how if other.adopted else 'published'} as {other.after} by {other.who}"
    return f"{theirs}, and {ours.tag + ' ' if ours.tag != other.tag else ''}as {ours.after} by this run"


def _conflict(ours: Entry, other: Entry) -> str:
    return (
        f"{other.who} moved {ours.tag} to {other.version} (from {other.before or 'nothing'}) "
        f"while this run moved it to {ours.version} (from {ours.before or 'nothing'})"
    )

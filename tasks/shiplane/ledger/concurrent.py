"""What others recorded of a lane while a run was at work: what of it is the same, and what contradicts the run. Pure.

Looking before and after a write cannot tell everything: between the last look at a name and its PUT somebody else may
write it, and be through by then. But both have to record what they did, one after the other, and whoever comes second
reads what the first one wrote. Only entries that were added since the run's own survey count: what an old script moved
without a record, long ago, is a gap in the ledger (:meth:`shiplane.ledger.ledger.Ledger.gaps`), and nobody's race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shiplane.ledger.ledger import MOVES, Action, Entry, Ledger


@dataclass(frozen=True, kw_only=True)
class ConcurrentEntries:
    """A ledger at two times.

    Attributes:
        seen: As the run's survey read it.
        now: As it is by now, with or without the run's own entries.
    """

    seen: Ledger
    now: Ledger

    def lacking(self, ours: Sequence[Entry]) -> list[Entry]:
        """Those of the run's entries that have to be added: nobody has recorded the same meanwhile.

        A move that somebody has gone on from and recorded sooner says so, since the ledger's order would mislead.
        Two runs of one release do one thing together, and it is recorded once; but where a tag was moved, moved back
        and moved again, the last move goes on from where the one before ended, and is another one.
        """
        lacking = [entry for entry in self.now.lacking(ours) if not self._told(entry)]
        return [replace(entry, overtaken_by=self._overtaken_by(entry)) for entry in lacking]

    def contradictions(self, ours: Sequence[Entry]) -> list[str]:
        """How what others recorded contradicts the run's own entries, which stand in ``now`` by then.

        What a run found and recorded late it has not done: such entries are left out on both sides, unless two
        digests of one version are told. Under two tags, too: another tool's may have been adopted meanwhile.
        """
        own = {entry.id for entry in ours}
        others = [entry for entry in self._new() if entry.id not in own]
        return [what for entry in ours if not entry.late or entry.adopted for what in self._against(entry, others)]

    def _told(self, entry: Entry) -> bool:
        """Whether somebody has recorded the same meanwhile.

        Who did a thing tells it better than who found it done: an adoption does not stand for the run's own entry, and
        the place of a floating tag is adopted only where no move says it.
        """
        if entry.adopted and entry.action in MOVES:
            return bool(self.now.moves(entry.tag)) and not self._overtaken_by(entry)
        told = {_fact(other) for other in self._new() if entry.adopted or not other.adopted}
        return _fact(entry) in told and not self._goes_on(entry)

    def _new(self) -> list[Entry]:
        return self.seen.lacking(self.now.entries)

    def _goes_on(self, entry: Entry) -> bool:
        position = self.now.position(entry.tag) if entry.action in MOVES else None
        return position is not None and position.after == entry.before

    def _overtaken_by(self, move: Entry) -> str:
        """The move that went on from this one, where nothing that is recorded had led to its beginning."""
        if move.action not in MOVES:
            return ""
        new, moves = {entry.id for entry in self._new()}, self.now.moves(move.tag)
        for before, entry in zip([None, *moves], moves, strict=False):
            if entry.id in new and entry.before == move.after and (before is None or before.after != entry.before):
                return entry.id
        return ""

    def _against(self, entry: Entry, others: Sequence[Entry]) -> Iterator[str]:
        if entry.action is Action.PUBLISH:
            for other in others:
                if other.action is Action.PUBLISH and other.version == entry.version and other.after != entry.after:
                    yield _twice(entry, other)
        elif entry.action in MOVES and not entry.late:
            yield from (_crossed(entry, other) for other in self._crossing(entry))
            for mark in self.now.marks.values():
                if mark in others and mark.version == entry.version:
                    yield f"{mark.who} marked {mark.tag} as bad, and this run moved {entry.tag} to it: {mark.reason}"

    def _crossing(self, move: Entry) -> Iterator[Entry]:
        """The moves next to this one that neither led to where it began nor began where it ended.

        Whoever is slow to record stands behind the one that went on from it: both orders are good.
        """
        new = {entry.id for entry in self._new() if not entry.late}
        moves = [entry for entry in self.now.moves(move.tag) if entry.id in new or entry.id == move.id]
        place = next((at for at, entry in enumerate(moves) if _fact(entry) == _fact(move)), None)
        if place is None:
            return
        beside = [*moves[:place][-1:], *moves[place + 1 :][:1]]
        yield from (other for other in beside if other.after != move.before and other.before != move.after)


def _fact(entry: Entry) -> tuple[object, ...]:
    """What an entry tells, whoever tells it."""
    if entry.action in MOVES:
        return entry.tag, entry.before, entry.after
    return entry.action, entry.tag, entry.after, entry.why


def _twice(ours: Entry, other: Entry) -> str:
    theirs = f"{other.tag} was {other.how if other.adopted else 'published'} as {other.after} by {other.who}"
    return f"{theirs}, and {ours.tag + ' ' if ours.tag != other.tag else ''}as {ours.after} by this run"


def _crossed(ours: Entry, other: Entry) -> str:
    return (
        f"{other.who} moved {ours.tag} to {other.version} (from {other.before or 'nothing'}) "
        f"while this run moved it to {ours.version} (from {ours.before or 'nothing'})"
    )

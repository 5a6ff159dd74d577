"""Who writes into which lane's ledger: entries of now, and several ledgers written together."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.lane import Lane
from shiplane.core.errors import LostRaceError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.core.timestamps import stamp
from shiplane.ledger.concurrent import ConcurrentEntries
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.store import MAX_SETTLE, SETTLE, TRIES, AppendResult, LedgerSnapshot, LedgerStore, lacking_in
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.registry.lookup import look
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest, Tag


@dataclass(frozen=True, kw_only=True)
class EntryAuthor:
    """Whose entries they are.

    Attributes:
        who: The account or user.
        run: The URL of the CI run, or nothing.
        clock: Tells when.
        word: Makes an entry's random word.
    """

    who: str
    run: str = ""
    clock: Clock = field(default_factory=SystemClock)
    word: Callable[[], str] = lambda: secrets.token_hex(8)

    def entry(
        self,
        action: Action,
        *,
        tag: Tag,
        version: str,
        after: Digest,
        before: Digest | None = None,
        commit: str = "",
        platforms: Mapping[str, str] | None = None,
        why: str = "",
        late: bool = False,
        adopted: bool = False,
        created: str = "",
    ) -> Entry:
        """An entry of now."""
        return Entry(
            action=action,
            id=self.word(),
            when=stamp(self.clock.wall()),
            who=self.who,
            run=self.run,
            tag=tag,
            version=version,
            after=after,
            before=before,
            commit=commit,
            platforms=platforms or {},
            why=why,
            late=late,
            adopted=adopted,
            created=created,
        )


@dataclass(frozen=True, kw_only=True)
class Ledgers:
    """The ledgers of a repository's lanes.

    Attributes:
        registry: Reads and writes them.
        scribe: Whose entries are written.
        workers: How many reads at once.
    """

    registry: RegistryClient
    scribe: EntryAuthor
    workers: int = WORKERS

    def store(self, lane: Lane) -> LedgerStore:
        """One lane's."""
        return LedgerStore(
            registry=self.registry,
            lane=lane,
            workers=self.workers,
        )


@dataclass(frozen=True, kw_only=True)
class LedgerUpdate:
    """Entries for one ledger.

    Attributes:
        book: The ledger.
        entries: What is to stand there.
        seen: The ledger as it was when it was decided what to do; None where nothing depended on it.
        page: The same with what is needed to write, where it was read only now.
        known: The newest state that this run knows of, where that is a later one.
    """

    store: LedgerStore
    entries: Sequence[Entry]
    seen: Ledger | None = None
    page: LedgerSnapshot | None = None
    known: Ledger | None = None

    def append(self) -> Flow[AppendResult]:
        """Add them. Raises as :meth:`LedgerStore.append`."""
        return self.store.append(self.entries, self.page, self.seen, self.known or self.seen)

    def settled(self, appended: AppendResult) -> Ledger | None:
        """The ledger after everybody who had looked before must have written; None where entries are gone from it."""
        store = self.store
        if digest_of(look(store.registry, store.tag)) == appended.digest:
            return appended.ledger
        ledger = store.read_since(appended.ledger).ledger
        return None if lacking_in(ledger, self.entries, self.seen) else ledger

    def contradictions(self, now: Ledger) -> list[str]:
        """How what others recorded meanwhile contradicts these entries."""
        if self.seen is None:
            return []
        # What does not go on from what these entries were added to may lack what stood there: a read that lags.
        beside = [self.known] if self.known and not (self.known == now or self.known.precedes(now)) else []
        told = (ConcurrentEntries(seen=self.seen, now=state).contradictions(self.entries) for state in (*beside, now))
        return list(dict.fromkeys(what for one in told for what in one))


def record(writing: Sequence[LedgerUpdate]) -> Flow[None]:
    """Add entries to several ledgers, see that they stay, and that nobody recorded what contradicts them.

    Raises:
        LostRaceError: Somebody did: another publisher was at work at the same moment. The entries stand there.
        ShiplaneError: By situation; the message says which entries may be missing, and that what was done stays done.
    """
    wanted, contradictions = [one for one in writing if one.entries], []
    for _ in range(TRIES):
        if not wanted:
            break
        try:
            settled = yield from _settled(wanted)
        except ShiplaneError as error:
            raise _doubt(wanted, error) from error
        contradictions += [what for one, now in settled if now is not None for what in one.contradictions(now)]
        wanted = [one for one, now in settled if now is None]
    if wanted:
        raise _doubt(wanted, UnreachableError("others write over it all the time"))
    if contradictions:
        raise LostRaceError("at the same time as this run: " + "; ".join(contradictions), remedy=_CONTRADICTED)


def _settled(wanted: Sequence[LedgerUpdate]) -> Flow[list[tuple[LedgerUpdate, Ledger | None]]]:
    """Add entries to each ledger once, and give it as it is when all who disturb that must have been through."""
    appended = []
    for one in wanted:
        appended.append((yield from one.append()))  # noqa: PERF401 -- no comprehension can delegate
    slowest = max(done.took for done in appended)
    wanted[0].store.registry.retry_budget.pause(
        min(MAX_SETTLE, max(SETTLE, 2 * slowest)),
        f"writing the record took {slowest:.1f} s; looking after twice that, at most {MAX_SETTLE:.0f} s, if it stays",
    )
    return [
        (replace(one, page=None, known=done.ledger), one.settled(done))
        for one, done in zip(wanted, appended, strict=True)
    ]


# So many entries are named one by one; whoever adopts may write hundreds.
_NAMED = 8


def _doubt(writing: Sequence[LedgerUpdate], error: ShiplaneError) -> ShiplaneError:
    """The same error, saying all that may be missing: a move without a record must not pass in silence.

    Where one ledger cannot be written, those after it are not begun, and those before it not seen to stay.
    """
    every = [f"{entry.action.value} {entry.tag}" for one in writing for entry in one.entries]
    missing = ", ".join(every[:_NAMED]) + (f" and {len(every) - _NAMED} more" if len(every) > _NAMED else "")
    ledgers = ", ".join(one.store.tag for one in writing)
    remedy = error.remedy or "Run it again: it adds what is missing."
    return type(error)(f"{missing}: done, but not surely recorded in {ledgers}: {error.what}", remedy=remedy)


_CONTRADICTED = (
    f"What this run did is recorded. Look with {command('status')} and {command('history')}: a floating tag that is "
    "too low is put right by running the higher version's release again, one that is at a bad version by "
    f"{command('rollback')}."
)

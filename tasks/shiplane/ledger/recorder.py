"""Write entries: who writes them, and updates of several ledgers at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from shiplane.config.lane import Lane
from shiplane.core.errors import LostRaceError, ShiplaneError, UnreachableError
from shiplane.core.flows import run_flows
from shiplane.core.next_command import command
from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, Once, map_parallel, start
from shiplane.core.timestamps import rfc3339
from shiplane.ledger.concurrent import ConcurrentEntries
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.store import MAX_SETTLE, SETTLE, TRIES, AppendResult, LedgerSnapshot, LedgerStore, missing_from
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.registry.oci.names import Digest, Repository, Tag

if TYPE_CHECKING:
    from shiplane.registry.client import RegistryClient
    from shiplane.registry.oci.manifest import Descriptor


@dataclass(frozen=True, kw_only=True)
class EntryAuthor:
    """Who writes entries.

    Attributes:
        who: The account or user.
        run: The URL of the CI run, or nothing.
        make_id: Makes an entry's random id.
    """

    who: str
    run: str = ""
    clock: Clock = field(default_factory=SystemClock)
    make_id: Callable[[], str] = lambda: secrets.token_hex(8)

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
        promoted_from: str = "",
    ) -> Entry:
        """An entry with the current time."""
        return Entry(
            action=action,
            id=self.make_id(),
            when=rfc3339(self.clock.wall()),
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
            promoted_from=promoted_from,
        )


@dataclass(frozen=True, kw_only=True)
class Ledgers:
    """The ledgers of a repository's lanes.

    Attributes:
        author: Who writes the entries.
        workers: How many reads at once.
        last_pieces: Those that were read before: see :class:`LedgerStore`.
        uploads: Those that are uploaded.
    """

    registry: RegistryClient
    author: EntryAuthor
    workers: int = WORKERS
    last_pieces: dict[Digest, bytes] = field(default_factory=dict, compare=False, repr=False)
    uploads: Once[Digest, Descriptor] = field(default_factory=Once, repr=False, compare=False)

    def store(self, lane: Lane) -> LedgerStore:
        """The ledger of one lane."""
        return LedgerStore(
            registry=self.registry,
            lane=lane,
            workers=self.workers,
            last_pieces=self.last_pieces,
            uploads=self.uploads,
        )


# The ledgers of the lanes whose primary repository this is; None where none is kept.
LedgersOf: TypeAlias = Callable[[Repository], "Ledgers | None"]


def no_ledgers(_primary: Repository) -> Ledgers | None:
    """No lane's ledger is kept."""
    return None


@dataclass(frozen=True, kw_only=True)
class LedgerUpdate:
    """Entries to add to one ledger.

    Attributes:
        base: The ledger that the decision was based on; None if nothing depended on it.
        snapshot: The same with its manifest, where it was read only now.
        newest: The newest state that this run knows of, where that is a later one.
    """

    store: LedgerStore
    entries: Sequence[Entry]
    base: Ledger | None = None
    snapshot: LedgerSnapshot | None = None
    newest: Ledger | None = None

    @property
    def ledger(self) -> tuple[Repository, Tag]:
        """Where the ledger is."""
        return self.store.registry.repository, self.store.tag

    def read_digest(self) -> Digest | None:
        """The ledger's digest where nothing is added: as it was read; failing to read it for this is no error."""
        return self.snapshot.digest if self.snapshot else self.store.shown_digest()

    def start_upload(self) -> None:
        """Begin to upload the entries while tags are written; :meth:`append` waits for that, and learns of errors.

        With one worker nothing is begun.
        """
        if self.snapshot and self.entries and self.store.workers > 1:
            start(partial(self.store.upload, self.entries, self.snapshot, self.base))

    def append(self) -> Flow[AppendResult]:
        """Add the entries. Raises as :meth:`LedgerStore.append`."""
        return self.store.append(self.entries, self.snapshot, self.base, self.newest or self.base)

    def settled(self, appended: AppendResult) -> AppendResult | None:
        """The ledger after every concurrent writer must have finished; None if entries are gone from it."""
        store = self.store
        if store.read_digest() == appended.digest:
            return appended
        snapshot = store.read_newer(appended.ledger)
        missing = missing_from(snapshot.ledger, self.entries, self.base)
        return None if missing else AppendResult(digest=snapshot.digest, ledger=snapshot.ledger)

    def contradictions(self, current: Ledger) -> list[str]:
        """How entries that others recorded meanwhile contradict these."""
        if self.base is None:
            return []
        # A state that does not continue the one these entries were added to may lack entries: a read that lags.
        states = [self.newest] if self.newest and not (self.newest == current or self.newest.precedes(current)) else []
        contradictions = (
            ConcurrentEntries(base=self.base, current=state).contradictions(self.entries)
            for state in (*states, current)
        )
        return list(dict.fromkeys(contradiction for texts in contradictions for contradiction in texts))


def record(updates: Sequence[LedgerUpdate]) -> Flow[list[Digest | None]]:
    """Add entries to several ledgers, wait until they have settled, and check that no other entry contradicts them.

    Returns:
        Each ledger's digest, with the entries; None of one that there is not.

    Raises:
        LostRaceError: One does: another publisher was at work at the same moment. The entries are recorded.
        ShiplaneError: By situation; the message says which entries may be missing, and that what was done remains done.
    """
    pending, contradictions = [update for update in updates if update.entries], []
    digests = dict[tuple[Repository, Tag], "Digest | None"]()
    for _ in range(TRIES):
        if not pending:
            break
        try:
            settled = yield from _append_and_settle(pending)
        except ShiplaneError as error:
            raise _incomplete_error(pending, error) from error
        recorded = [(update, current) for update, current in settled if current is not None]
        digests |= {update.ledger: current.digest for update, current in recorded}
        contradictions += [text for update, current in recorded for text in update.contradictions(current.ledger)]
        pending = [update for update, current in settled if current is None]
    if pending:
        raise _incomplete_error(pending, UnreachableError("other runs keep overwriting it"))
    if contradictions:
        raise LostRaceError("a concurrent run contradicts this one: " + "; ".join(contradictions), remedy=_CONTRADICTED)
    return [digests.get(update.ledger) if update.entries else update.read_digest() for update in updates]


def record_kept(updates: Sequence[LedgerUpdate]) -> Flow[list[Digest | None]]:
    """Record, or say that no ledger is kept where there are no updates. As :func:`record`."""
    if not updates:
        yield Step("record", "the ledger").skipped(NO_LEDGER)
    return (yield from record(updates))


def _append_and_settle(updates: Sequence[LedgerUpdate]) -> Flow[list[tuple[LedgerUpdate, AppendResult | None]]]:
    """Add entries to each ledger once; returns each ledger after every concurrent writer must have finished."""
    workers = updates[0].store.workers
    appended = yield from run_flows((update.append() for update in updates), workers=workers)
    slowest = max(result.took for result in appended)
    retry_budget = updates[0].store.registry.retry_budget
    settles = min(MAX_SETTLE, max(SETTLE, 2 * slowest))
    # The last write was read back since it was answered, which took its time.
    since = min(
        retry_budget.clock.now() - result.answered if result.answered is not None else 0.0 for result in appended
    )
    retry_budget.pause(
        max(0.0, settles - since),
        f"writing the ledger took {slowest:.1f} s; checking it again after twice that, at most {MAX_SETTLE:.0f} s",
    )
    pairs = list(zip(updates, appended, strict=True))
    settled = map_parallel(lambda pair: pair[0].settled(pair[1]), pairs, workers=workers)
    return [
        (replace(update, snapshot=None, newest=result.ledger), current)
        for (update, result), current in zip(pairs, settled, strict=True)
    ]


# The most entries that a message lists; an adoption may write hundreds.
_LISTED = 8


def _incomplete_error(updates: Sequence[LedgerUpdate], error: ShiplaneError) -> ShiplaneError:
    """The same error, listing the entries that may be missing: no move without a record passes in silence.

    If one ledger cannot be written, none of them is checked again.
    """
    names = [f"{entry.action.value} {entry.tag}" for update in updates for entry in update.entries]
    missing = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    ledgers = ", ".join(update.store.tag for update in updates)
    remedy = error.remedy or "Run it again to add what is missing."
    return type(error)(f"{missing}: done, but perhaps not recorded in {ledgers}: {error.what}", remedy=remedy)


_CONTRADICTED = (
    f"This run's entries are recorded. Check {command('status')} and {command('history')}: if a floating tag is too "
    f"low, release the higher version again; if it is at a bad version, run {command('rollback')}."
)

"""Write entries: who writes them, and updates of several ledgers at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from shiplane.config.lane import Lane
from shiplane.core.errors import LostRaceError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.core.timestamps import rfc3339
from shiplane.ledger.concurrent import ConcurrentEntries
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.store import MAX_SETTLE, SETTLE, TRIES, AppendResult, LedgerSnapshot, LedgerStore, missing_from
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import digest_of
from shiplane.registry.oci.names import Digest, Repository, Tag


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
    """

    registry: RegistryClient
    author: EntryAuthor
    workers: int = WORKERS
    last_pieces: dict[Digest, bytes] = field(default_factory=dict, compare=False, repr=False)

    def store(self, lane: Lane) -> LedgerStore:
        """The ledger of one lane."""
        return LedgerStore(
            registry=self.registry,
            lane=lane,
            workers=self.workers,
            last_pieces=self.last_pieces,
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
    def digest(self) -> Digest | None:
        """The ledger's as it is now; it was read back before, so failing to read it here is no error."""
        return digest_of(self.store.registry.get_manifest(self.store.tag))

    def append(self) -> Flow[AppendResult]:
        """Add the entries. Raises as :meth:`LedgerStore.append`."""
        return self.store.append(self.entries, self.snapshot, self.base, self.newest or self.base)

    def settled(self, appended: AppendResult) -> Ledger | None:
        """The ledger after every concurrent writer must have finished; None if entries are gone from it."""
        store = self.store
        if digest_of(resolve(store.registry, store.tag)) == appended.digest:
            return appended.ledger
        ledger = store.read_newer(appended.ledger).ledger
        return None if missing_from(ledger, self.entries, self.base) else ledger

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


def record(updates: Sequence[LedgerUpdate]) -> Flow[None]:
    """Add entries to several ledgers, wait until they have settled, and check that no other entry contradicts them.

    Raises:
        LostRaceError: One does: another publisher was at work at the same moment. The entries are recorded.
        ShiplaneError: By situation; the message says which entries may be missing, and that what was done remains done.
    """
    pending, contradictions = [update for update in updates if update.entries], []
    for _ in range(TRIES):
        if not pending:
            break
        try:
            settled = yield from _append_and_settle(pending)
        except ShiplaneError as error:
            raise _incomplete_error(pending, error) from error
        contradictions += [
            contradiction
            for update, current in settled
            if current is not None
            for contradiction in update.contradictions(current)
        ]
        pending = [update for update, current in settled if current is None]
    if pending:
        raise _incomplete_error(pending, UnreachableError("other runs keep overwriting it"))
    if contradictions:
        raise LostRaceError("a concurrent run contradicts this one: " + "; ".join(contradictions), remedy=_CONTRADICTED)


def record_kept(updates: Sequence[LedgerUpdate]) -> Flow[None]:
    """Record, or say that no ledger is kept where there are no updates. Raises as :func:`record`."""
    if not updates:
        yield Step("record", "the ledger").skipped(NO_LEDGER)
    yield from record(updates)


def _append_and_settle(updates: Sequence[LedgerUpdate]) -> Flow[list[tuple[LedgerUpdate, Ledger | None]]]:
    """Add entries to each ledger once; returns each ledger after every concurrent writer must have finished."""
    appended = []
    for update in updates:
        appended.append((yield from update.append()))  # noqa: PERF401 -- no comprehension can delegate
    slowest = max(result.took for result in appended)
    updates[0].store.registry.retry_budget.pause(
        min(MAX_SETTLE, max(SETTLE, 2 * slowest)),
        f"writing the ledger took {slowest:.1f} s; checking it again after twice that, at most {MAX_SETTLE:.0f} s",
    )
    return [
        (replace(update, snapshot=None, newest=result.ledger), update.settled(result))
        for update, result in zip(updates, appended, strict=True)
    ]


# The most entries that a message lists; an adoption may write hundreds.
_LISTED = 8


def _incomplete_error(updates: Sequence[LedgerUpdate], error: ShiplaneError) -> ShiplaneError:
    """The same error, listing the entries that may be missing: no move without a record passes in silence.

    If one ledger cannot be written, those after it are not started, and those before it are not checked again.
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

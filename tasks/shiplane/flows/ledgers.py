"""Who writes into which lane's ledger: entries of now, and several ledgers written together."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from shiplane.clients.parallel import WORKERS
from shiplane.clients.patience import Clock, Patience, SystemClock
from shiplane.clients.registry import Registry
from shiplane.flows.ledger import SETTLE, TRIES, Book
from shiplane.model.errors import ShiplaneError, UnreachableError
from shiplane.model.image import Digest, Repository, Tag
from shiplane.model.lane import Lane
from shiplane.model.ledger import Action, Entry
from shiplane.model.step import Flow


@dataclass(frozen=True, kw_only=True)
class Scribe:
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
    ) -> Entry:
        """An entry of now."""
        when = datetime.fromtimestamp(self.clock.wall(), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Entry(
            action=action,
            id=self.word(),
            when=when,
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
        )


@dataclass(frozen=True, kw_only=True)
class Ledgers:
    """The ledgers of a repository's lanes.

    Attributes:
        registry: Reads and writes them.
        repository: Where they are: the images' own, unless another is configured.
        patience: The run's budget for waiting.
        scribe: Whose entries are written.
        workers: How many reads at once.
    """

    registry: Registry
    repository: Repository
    patience: Patience
    scribe: Scribe
    workers: int = WORKERS

    def book(self, lane: Lane) -> Book:
        """One lane's."""
        return Book(
            registry=self.registry,
            repository=self.repository,
            lane=lane,
            patience=self.patience,
            workers=self.workers,
        )


def record(writing: Sequence[tuple[Book, Sequence[Entry]]]) -> Flow[None]:
    """Add entries to several ledgers, and see that they stay.

    Raises:
        ShiplaneError: By situation; the message says which entries may be missing, and that what was done stays done.
    """
    wanted = [(book, entries) for book, entries in writing if entries]
    for _ in range(TRIES):
        if not wanted:
            return
        took = []
        for book, entries in wanted:
            took.append((yield from _appended(book, entries)))
        wanted[0][0].patience.pause(max(SETTLE, 2 * max(took)))
        wanted = [(book, entries) for book, entries in wanted if _lost(book, entries)]
    raise _unrecorded(*wanted[0], UnreachableError("others write over it all the time"))


def _appended(book: Book, entries: Sequence[Entry]) -> Flow[float]:
    try:
        return (yield from book.append(entries))
    except ShiplaneError as error:
        raise _unrecorded(book, entries, error) from error


def _lost(book: Book, entries: Sequence[Entry]) -> bool:
    """Whether entries that were there are gone again."""
    try:
        return bool(book.read().ledger.lacking(entries))
    except ShiplaneError as error:
        raise _unrecorded(book, entries, error) from error


def _unrecorded(book: Book, entries: Sequence[Entry], error: ShiplaneError) -> ShiplaneError:
    """The same error, saying whose record is in doubt: a move without one must not pass in silence."""
    missing = ", ".join(f"{entry.action.value} {entry.tag}" for entry in entries)
    remedy = error.remedy or "Run it again: it adds what is missing."
    return type(error)(f"{missing}: done, but not surely recorded in {book.tag}: {error.what}", remedy=remedy)

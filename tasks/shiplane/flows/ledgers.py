"""Who writes into which lane's ledger: entries of now, and several ledgers written together."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from shiplane.clients.parallel import WORKERS
from shiplane.clients.patience import Clock, Patience, SystemClock
from shiplane.clients.registry import Registry
from shiplane.flows.ledger import SETTLE, TRIES, Appended, Book, Page
from shiplane.flows.looking import look
from shiplane.model.answer import Present
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


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Entries for one ledger, and the ledger as it was read, if it was."""

    book: Book
    entries: Sequence[Entry]
    page: Page | None = None

    def append(self) -> Flow[Appended]:
        """Add them. Raises as :meth:`Book.append`, saying whose record is in doubt."""
        try:
            return (yield from self.book.append(self.entries, self.page))
        except ShiplaneError as error:
            raise self.doubt(error) from error

    def stays(self, appended: Appended) -> bool:
        """Whether they still stand there after everybody who had looked before must have written."""
        book = self.book
        try:
            now = look(book.registry, book.repository, book.tag)
            same = isinstance(now, Present) and now.digest == appended.digest
            return same or not book.read().ledger.lacking(self.entries)
        except ShiplaneError as error:
            raise self.doubt(error) from error

    def doubt(self, error: ShiplaneError) -> ShiplaneError:
        """The same error, saying what may be missing: a move without a record must not pass in silence."""
        missing = ", ".join(f"{entry.action.value} {entry.tag}" for entry in self.entries)
        remedy = error.remedy or "Run it again: it adds what is missing."
        return type(error)(f"{missing}: done, but not surely recorded in {self.book.tag}: {error.what}", remedy=remedy)


def record(writing: Sequence[Writing]) -> Flow[None]:
    """Add entries to several ledgers, and see that they stay.

    Raises:
        ShiplaneError: By situation; the message says which entries may be missing, and that what was done stays done.
    """
    wanted = [one for one in writing if one.entries]
    for _ in range(TRIES):
        if not wanted:
            return
        appended = []
        for one in wanted:
            appended.append((yield from one.append()))  # noqa: PERF401 -- no comprehension can delegate
        wanted[0].book.patience.pause(max(SETTLE, *(2 * done.took for done in appended)))
        both = zip(wanted, appended, strict=True)
        wanted = [replace(one, page=None) for one, done in both if not one.stays(done)]
    raise wanted[0].doubt(UnreachableError("others write over it all the time"))

"""Reading and writing ledgers. Entries are only ever added, and a writer leaves when its own have come to stay.

A registry has no compare-and-swap, so two writers who read the same state overwrite each other's. Each therefore looks
once more right before it writes, and again after everybody who had looked before that must have written (``SETTLE``,
or longer where the registry is slow); entries that are gone by then are added again. What even this cannot see (a
writer held up for longer) shows later: the registry is then ahead of the ledger, which ``verify`` tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shiplane.config.lane import Lane
from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, each
from shiplane.ledger.artifact import (
    EMPTY,
    EMPTY_CONTENT,
    LINES,
    PIECE,
    LedgerManifest,
    continues,
    ledger_manifest,
    parse_ledger_manifest,
)
from shiplane.ledger.concurrent import ConcurrentEntries
from shiplane.ledger.ledger import Action, BrokenLedgerError, Entry, Ledger, segments
from shiplane.registry.blob_upload import Uploader
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import look, read_back, shown
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Tag

# After so many encounters with other writers something else is wrong.
TRIES = 12
# Seconds; on this machine a look and a write take some thousandths, over an ocean some tenths.
SETTLE = 0.3
# The most of it: the time of one exchange. A writer held up for longer shows as a registry that is ahead of its record.
MAX_SETTLE = 30.0
_SENT_AGAIN = 3
_OTHERS = "somebody else wrote into it at the same time"
_AGAIN = "Run it again: it adds what is missing."


@dataclass(frozen=True, kw_only=True)
class LedgerSnapshot:
    """A ledger as it was read: its entries, its pieces, and the manifest that held them (None where there was none)."""

    ledger: Ledger = field(default_factory=Ledger)
    pieces: tuple[bytes, ...] = ()
    raw: RawManifest | None = None
    manifest: LedgerManifest | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a ledger at all."""
        return self.raw is not None

    @property
    def digest(self) -> Digest | None:
        """What the ledger's tag pointed at."""
        return self.raw.digest if self.raw else None


@dataclass(frozen=True, kw_only=True)
class AppendResult:
    """What entries stand in: the ledger, and the seconds between the last look and the answer to the write."""

    digest: Digest | None
    ledger: Ledger
    took: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LedgerStore:
    """The ledger of one lane.

    Attributes:
        registry: Reads and writes it.
        lane: Whose.
        workers: How many reads at once.
    """

    registry: RegistryClient
    lane: Lane
    workers: int = WORKERS

    @property
    def tag(self) -> Tag:
        """The tag under which it is."""
        return self.lane.ledger

    def read(self) -> LedgerSnapshot:
        """The ledger as it is; an empty page where there is none, and the list of tags has none either.

        Raises:
            BrokenLedgerError: What is there is no whole ledger.
            AccessError, UnreachableError: It cannot be read.
        """
        answer = look(self.registry, self.tag)
        # A first ledger that is written where there is one after all would end it.
        if isinstance(answer, Absent) and self.tag in self.registry.tags():
            answer = shown(self.registry, self.tag)
        return self._page(answer.raw) if isinstance(answer, Present) else LedgerSnapshot()

    def read_since(self, known: Ledger | None) -> LedgerSnapshot:
        """The ledger, waited for where it reads as it was before a state that this run knows.

        Raises:
            UnreachableError: It still does after a minute: it was set back, or its reads lag by more than that.
            BrokenLedgerError, AccessError: As :meth:`read`.
        """
        for _ in self.registry.retry_budget.poll(
            what=f"{self.tag} reads as it was before this run has read or written it"
        ):
            page = self.read()
            if known is None or not page.ledger.precedes(known):
                return page
        raise UnreachableError(
            f"{self.tag} reads as it was before this run has read or written it; nothing is written over it",
            remedy=_AGAIN,
        )

    def trace(self, page: LedgerSnapshot) -> bool:
        """Whether a ledger continues the one that it replaced: told from the beginnings of its pieces.

        Returns:
            False when that one is no longer there to compare (a clean-up of untagged versions takes it away).

        Raises:
            BrokenLedgerError: It does not: somebody wrote it anew.
            AccessError, UnreachableError: The earlier one cannot be read.
        """
        previous = page.manifest.previous if page.manifest else None
        begun_anew = [(Action.RESTART, previous)]
        if previous is None or [(entry.action, entry.after) for entry in page.ledger.entries] == begun_anew:
            return True
        answer = look(self.registry, previous)
        if isinstance(answer, Absent):
            return False
        earlier = parse_ledger_manifest(answer.raw, f"{self.tag}, as it was before,")
        if not continues(page.pieces, earlier.pieces):
            raise BrokenLedgerError(
                f"{self.tag} does not continue {previous}, which it says it replaced: it was written anew",
                remedy=_restart(self.lane),
            )
        return True

    def whole(self) -> LedgerSnapshot:
        """The ledger, seen to continue the one that it replaced. Raises as :meth:`read` and :meth:`trace`."""
        page = self.read()
        self.trace(page)
        return page

    def append(
        self,
        entries: Sequence[Entry],
        page: LedgerSnapshot | None = None,
        seen: Ledger | None = None,
        known: Ledger | None = None,
    ) -> Flow[AppendResult]:
        """Add entries, whoever else writes at the same time.

        Args:
            entries: What to add, where it does not stand there already.
            page: The ledger as it was read before; it is read again where it has changed since.
            seen: The ledger as it was when it was decided what to do: what others recorded since is not told twice.
            known: The newest state that this run knows of: nothing older is written over.

        Raises:
            BrokenLedgerError: What is there is no whole ledger; it is left as it is.
            AccessError, UnreachableError: It could not be written.
        """
        step, lost, why = Step("record", self.tag, writes=True), 0, ""
        for _ in range(TRIES):
            yield step
            page = page or self.read_since(known)
            lacking = lacking_in(page.ledger, entries, seen)
            if not lacking:
                yield step.already("it stands there")
                return AppendResult(digest=page.digest, ledger=page.ledger)
            written = self._write(page, page.ledger.append(lacking))
            if isinstance(written, AppendResult):
                yield step.done(_summary(lacking))
                return written
            why = written
            yield step.failed(f"{why}; reading it again before anything else")
            lost += why != _OTHERS
            if lost == _SENT_AGAIN:
                break
            self.registry.retry_budget.pause(SETTLE * self.registry.retry_budget.spread())
            page = None
        raise UnreachableError(f"{self.tag} could not be written: {why}", remedy=_AGAIN)

    def restart(self, entry: Entry, replaced: Digest) -> Flow[None]:
        """Begin anew: the first line names what it replaces, which stays readable by its digest.

        Raises:
            AccessError, UnreachableError: It could not be written.
        """
        step = Step("record", self.tag, writes=True)
        yield step
        page = LedgerSnapshot(raw=_present(look(self.registry, self.tag)))
        if page.digest != replaced or not isinstance(self._write(page, Ledger().append([entry])), AppendResult):
            raise UnreachableError(f"{self.tag} was written by somebody else meanwhile", remedy="Look at it again.")
        yield step.done("begun anew")

    def _page(self, raw: RawManifest) -> LedgerSnapshot:
        try:
            manifest = parse_ledger_manifest(raw, self.tag)
            pieces = tuple(each(self._piece, manifest.pieces, workers=self.workers))
            return LedgerSnapshot(ledger=Ledger.parse(b"".join(pieces)), pieces=pieces, raw=raw, manifest=manifest)
        except VerificationError as error:
            raise BrokenLedgerError(
                f"{self.tag} of {self.registry.repository}: {error.what}", remedy=_restart(self.lane)
            ) from error

    def _piece(self, piece: Descriptor) -> bytes:
        return self.registry.blob(piece)

    def _write(self, page: LedgerSnapshot, ledger: Ledger) -> AppendResult | str:
        """Write a new state over the one that was read; gives why not when it has to be read again."""
        raw = ledger_manifest(self.lane.name, self._sent(page, ledger), page.digest)
        now = look(self.registry, self.tag)
        looked = self.registry.retry_budget.clock.now()
        if digest_of(now) != page.digest:
            return _OTHERS
        written = self.registry.put_manifest(self.tag, raw)
        took = self.registry.retry_budget.clock.now() - looked
        before = (page.digest,)
        found = read_back(self.registry, self.tag, before, patient=written.certain)
        if isinstance(found, Present) and found.digest == raw.digest:
            return AppendResult(digest=raw.digest, ledger=ledger, took=took)
        if isinstance(found, Present | Absent) and not written.certain and digest_of(found) == page.digest:
            return f"no certain answer ({written.words})"
        if isinstance(found, Present) and found.digest != page.digest:
            return _OTHERS
        raise UnreachableError(f"{self.tag} was sent ({written.words}), but could not be read back", remedy=_AGAIN)

    def _sent(self, page: LedgerSnapshot, ledger: Ledger) -> list[Descriptor]:
        """The pieces of a state, those sent that are not there yet."""
        uploader = Uploader(self.registry)
        known = {piece.digest: piece for piece in (page.manifest.pieces if page.manifest else ())}
        if not page.manifest:
            uploader.send(EMPTY_CONTENT, EMPTY, likely=True)
        pieces = []
        for content in segments(ledger.lines, PIECE):
            blob = Descriptor.of(content, LINES)
            pieces.append(known.get(blob.digest) or uploader.send(content, LINES))
        return pieces


def _summary(entries: Sequence[Entry]) -> str:
    """What was added: each kind once, with its number where there are several."""
    kinds = Counter(entry.how for entry in entries)
    return ", ".join(how if number == 1 else f"{number} {how}" for how, number in kinds.items())


def lacking_in(ledger: Ledger, entries: Sequence[Entry], seen: Ledger | None) -> list[Entry]:
    """Those of the entries that a ledger lacks; with ``seen``, what others have told since counts as told."""
    return ledger.lacking(entries) if seen is None else ConcurrentEntries(seen=seen, now=ledger).lacking(entries)


def _present(answer: Present | Absent) -> RawManifest | None:
    return answer.raw if isinstance(answer, Present) else None


def _restart(lane: Lane) -> str:
    return (
        "Nothing is written over it. Find out who changed it; to go on with a new one that names this one: "
        + command("ledger.restart", "--lane", lane.name, "--reason", "TEXT")
    )

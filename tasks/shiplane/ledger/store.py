"""Read and write ledgers. Entries are only ever added, and a writer waits until its own have settled.

A registry has no compare-and-swap, so two writers that read the same state overwrite each other. Each therefore reads
the tag again right before it writes, and once more when every writer that had read it before must have written
(``SETTLE``, or longer where the registry is slow); entries that are gone by then are added again. What even this misses
(a writer held up for longer) shows later: the registry is then ahead of the ledger, which ``verify`` reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, Once, map_parallel, run_parallel
from shiplane.ledger.artifact import (
    EMPTY,
    EMPTY_CONTENT,
    LINES,
    PIECE,
    SEGMENT,
    SEGMENT_SIZE,
    LedgerManifest,
    continues,
    joinable,
    ledger_manifest,
    parse_ledger_manifest,
    restart_remedy,
    segments,
)
from shiplane.ledger.checkpoint import Checkpoint, Segment, begins_with_checkpoint, parse_segment, parse_whole
from shiplane.ledger.concurrent import ConcurrentEntries, since_start
from shiplane.ledger.ledger import Action, BrokenLedgerError, Entry, Ledger, lines_of
from shiplane.registry.blob_upload import Uploader
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import read_back, require_certain, resolve, wait_until_readable
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, digest_of
from shiplane.registry.oci.manifest import Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Tag

# After more conflicts than this something else is wrong.
TRIES = 12
# Seconds. A read and a write take milliseconds locally, and some tenths of a second across an ocean.
SETTLE = 0.3
# The longest wait: the time of one exchange. A writer held up for longer shows as a registry ahead of its ledger.
MAX_SETTLE = 30.0
_MAX_LOST = 3
_CONFLICT = "another run wrote to it at the same time"
_AGAIN = "Run it again to add what is missing."


@dataclass(frozen=True, kw_only=True)
class LedgerSnapshot:
    """A ledger as it was read: its entries, its pieces and their manifest (None if there is no ledger).

    Where the last piece is enough it is the only one. ``segment`` is what the checkpoint after this state is made of;
    ``replaced`` is what was read of the one that it replaced, if that was.
    """

    ledger: Ledger = field(default_factory=Ledger)
    pieces: tuple[bytes, ...] = ()
    raw: RawManifest | None = None
    manifest: LedgerManifest | None = None
    segment: Segment | None = None
    replaced: LookupResult | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a ledger."""
        return self.raw is not None

    @property
    def digest(self) -> Digest | None:
        """The digest of the ledger's tag."""
        return self.raw.digest if self.raw else None


@dataclass(frozen=True, kw_only=True)
class AppendResult:
    """The ledger with the entries.

    Attributes:
        took: The seconds from the last read to the answer to the write.
        answered: When the write was answered, on the retry budget's clock; None where nothing was written.
    """

    digest: Digest | None
    ledger: Ledger
    took: float = 0.0
    answered: float | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerStore:
    """The ledger of one lane.

    Attributes:
        workers: How many reads run at once.
        last_pieces: The last pieces that were read, by digest: a run looks at the ledger several times.
        uploads: Pieces that this run uploads, each once.
    """

    registry: RegistryClient
    lane: Lane
    workers: int = WORKERS
    last_pieces: dict[Digest, bytes] = field(default_factory=dict, compare=False, repr=False)
    uploads: Once[Digest, Descriptor] = field(default_factory=Once, repr=False, compare=False)

    @property
    def tag(self) -> Tag:
        """The ledger's tag."""
        return self.lane.ledger

    def read(self, *, with_replaced: bool = False) -> LedgerSnapshot:
        """Read the ledger; an empty snapshot if there is none and the tag list agrees.

        Args:
            with_replaced: Whether to read the one that it replaced beside it, for :meth:`verify_chain`.

        Raises:
            BrokenLedgerError: The tag holds no complete ledger.
            AccessError, UnreachableError: It cannot be read.
        """
        return self._snapshot(self._answer(), with_replaced=with_replaced)

    def read_recent(self, version: Version) -> LedgerSnapshot:
        """Read as much of the ledger as the release of a version needs: the last segment if it is a new version.

        Raises as :meth:`read`.
        """
        return self._snapshot(
            self._answer(),
            part_of=lambda checkpoint, last: last if checkpoint.suffices(self.lane, version) else None,
        )

    def read_digest(self) -> Digest | None:
        """The digest of the ledger's tag; None if there is none. Raises as :meth:`read`."""
        return digest_of(resolve(self.registry, self.tag))

    def shown_digest(self) -> Digest | None:
        """The digest of the ledger's tag; None also where it cannot be read."""
        return digest_of(self.registry.get_manifest(self.tag))

    def read_newer(self, newest: Ledger | None) -> LedgerSnapshot:
        """Read the ledger, waiting while it reads as older than a state that this run has seen.

        It begins where that state does, so that old entries are not taken for what others have added since.

        Raises:
            UnreachableError: It still does after a minute: it was reset, or its reads lag by more than that.
            BrokenLedgerError, AccessError: As :meth:`read`.
        """
        store = replace(self, registry=self.registry.fresh)
        for _ in self.registry.retry_budget.poll(condition=f"{self.tag} reads as older than this run has seen it"):
            snapshot = store._snapshot(store._answer(), part_of=lambda _, last: _newer(newest, last))  # noqa: SLF001
            if newest is None or not snapshot.ledger.precedes(newest):
                return replace(snapshot, ledger=since_start(newest, snapshot.ledger))
        raise UnreachableError(
            f"{self.tag} reads as older than this run has seen it; nothing was overwritten",
            remedy=_AGAIN,
        )

    def verify_chain(self, snapshot: LedgerSnapshot) -> bool:
        """Check that a ledger continues the one that it replaced, by the digests of its pieces.

        Returns:
            False if that one is no longer there to compare (cleaning up untagged versions deletes it).

        Raises:
            BrokenLedgerError: It does not: somebody rewrote it.
            AccessError, UnreachableError: The earlier one cannot be read.
        """
        previous = snapshot.manifest.previous if snapshot.manifest else None
        restarted = [(Action.RESTART, previous)]
        if previous is None or [(entry.action, entry.after) for entry in snapshot.ledger.entries] == restarted:
            return True
        replaced = snapshot.replaced or self.registry.get_manifest(previous)
        answer = require_certain(replaced, self.registry.repository, previous)
        if isinstance(answer, Absent):
            return False
        earlier = parse_ledger_manifest(answer.raw, f"the previous {self.tag}")
        if not continues(snapshot.pieces, earlier.pieces):
            raise BrokenLedgerError(
                f"{self.tag} does not continue {previous}, which it claims to replace: it was rewritten",
                remedy=restart_remedy(self.lane.name),
            )
        return True

    def read_verified(self) -> LedgerSnapshot:
        """Read the ledger and check its chain. Raises as :meth:`read` and :meth:`verify_chain`."""
        snapshot = self.read(with_replaced=True)
        self.verify_chain(snapshot)
        return snapshot

    def upload(self, entries: Sequence[Entry], snapshot: LedgerSnapshot, base: Ledger | None = None) -> None:
        """Upload what :meth:`append` would: no tag leads to it before that one. Raises as that one would."""
        if missing := missing_from(snapshot.ledger, entries, base):
            self._upload_pieces(snapshot, snapshot.ledger.append(missing))

    def append(
        self,
        entries: Sequence[Entry],
        snapshot: LedgerSnapshot | None = None,
        base: Ledger | None = None,
        newest: Ledger | None = None,
    ) -> Flow[AppendResult]:
        """Add entries, whoever else writes at the same time.

        Args:
            entries: What to add, if it is not recorded yet.
            snapshot: The ledger as read before; it is read again if it has changed since.
            base: The ledger that the decision was based on: what others recorded since is not recorded twice.
            newest: The newest state that this run knows of: nothing older is overwritten.

        Raises:
            BrokenLedgerError: The tag holds no complete ledger; it is left unchanged.
            AccessError, UnreachableError: It could not be written.
        """
        step, lost, reason = Step("record", self.tag, writes=True), 0, ""
        for _ in range(TRIES):
            yield step
            snapshot = snapshot or self.read_newer(newest)
            missing = missing_from(snapshot.ledger, entries, base)
            if not missing:
                yield step.unchanged("recorded before")
                return AppendResult(digest=snapshot.digest, ledger=snapshot.ledger)
            written = self._write(snapshot, snapshot.ledger.append(missing))
            if isinstance(written, AppendResult):
                yield step.done(_summary(missing))
                return written
            reason = written
            yield step.retried(f"{reason}; reading it again first")
            lost += reason != _CONFLICT
            if lost == _MAX_LOST:
                break
            self.registry.retry_budget.pause(SETTLE * self.registry.retry_budget.jitter())
            snapshot = None
        raise UnreachableError(f"{self.tag} could not be written: {reason}", remedy=_AGAIN)

    def restart(self, entry: Entry, replaced: Digest) -> Flow[None]:
        """Start a new ledger whose first entry links to the one it replaces, which stays readable by its digest.

        Raises:
            AccessError, UnreachableError: It could not be written.
        """
        step = Step("record", self.tag, writes=True)
        yield step
        snapshot = LedgerSnapshot(raw=_present(resolve(self.registry, self.tag)))
        if snapshot.digest != replaced or not isinstance(self._write(snapshot, Ledger().append([entry])), AppendResult):
            raise UnreachableError(f"{self.tag} was changed by another run meanwhile", remedy="Check it again.")
        yield step.done("new ledger started")

    def _answer(self) -> Present | Absent:
        answer = resolve(self.registry, self.tag)
        # A first ledger written where there is one after all would replace it.
        if isinstance(answer, Absent) and self.tag in self.registry.tags():
            return wait_until_readable(self.registry, self.tag)
        return answer

    def _snapshot(
        self,
        answer: Present | Absent,
        *,
        with_replaced: bool = False,
        part_of: Callable[[Checkpoint, Ledger], Ledger | None] = lambda _checkpoint, _last: None,
    ) -> LedgerSnapshot:
        """The ledger in an answer: the part that is taken of its last segment, else the whole."""
        if isinstance(answer, Absent):
            return LedgerSnapshot()
        try:
            manifest = parse_ledger_manifest(answer.raw, self.tag)
            last = self._last(manifest) if not with_replaced else b""
            if begins_with_checkpoint(last):
                checkpoint, segment = parse_segment(last, self.lane.versions)
                if part := part_of(checkpoint, segment.ledger):
                    return LedgerSnapshot(
                        ledger=part, pieces=(last,), raw=answer.raw, manifest=manifest, segment=segment
                    )
            return self._whole(answer.raw, manifest, manifest.previous if with_replaced else None)
        except VerificationError as error:
            raise BrokenLedgerError(
                f"{self.tag} of {self.registry.repository}: {error.what}", remedy=restart_remedy(self.lane.name)
            ) from error

    def _whole(self, raw: RawManifest, manifest: LedgerManifest, previous: Digest | None) -> LedgerSnapshot:
        pieces, replaced = run_parallel(
            lambda: tuple(map_parallel(self._piece, manifest.pieces, workers=self.workers)),
            lambda: self.registry.get_manifest(previous) if previous else None,
            workers=self.workers,
        )
        self.last_pieces.update(zip((piece.digest for piece in manifest.pieces[-1:]), pieces[-1:], strict=True))
        ledger, segment = parse_whole(b"".join(pieces), self.lane.versions)
        return LedgerSnapshot(
            ledger=ledger, pieces=pieces, raw=raw, manifest=manifest, segment=segment, replaced=replaced
        )

    def _last(self, manifest: LedgerManifest) -> bytes:
        """The last piece where it may be read without those before it."""
        last = manifest.pieces[-1] if manifest.pieces[1:] else None
        if last is None or last.media_type != SEGMENT:
            return b""
        if last.digest not in self.last_pieces:
            self.last_pieces[last.digest] = self._piece(last)
        return self.last_pieces[last.digest]

    def _piece(self, piece: Descriptor) -> bytes:
        return self.last_pieces.get(piece.digest) or self.registry.blob(piece)

    def _write(self, snapshot: LedgerSnapshot, ledger: Ledger) -> AppendResult | str:
        """Write a new state over the one that was read; returns a reason if it has to be read again."""
        raw = ledger_manifest(self.lane.name, self._upload_pieces(snapshot, ledger), snapshot.digest)
        current = resolve(self.registry, self.tag)
        read_at = self.registry.retry_budget.clock.now()
        if digest_of(current) != snapshot.digest:
            return _CONFLICT
        written = self.registry.put_manifest(self.tag, raw)
        answered = self.registry.retry_budget.clock.now()
        before = (snapshot.digest,)
        answer = read_back(self.registry, self.tag, before, patient=written.certain)
        if isinstance(answer, Present) and answer.digest == raw.digest:
            return AppendResult(digest=raw.digest, ledger=ledger, took=answered - read_at, answered=answered)
        if isinstance(answer, Present | Absent) and not written.certain and digest_of(answer) == snapshot.digest:
            return f"no certain answer ({written.detail})"
        if isinstance(answer, Present) and answer.digest != snapshot.digest:
            return _CONFLICT
        raise UnreachableError(f"{self.tag} was sent ({written.detail}), but could not be read back", remedy=_AGAIN)

    def _upload_pieces(self, snapshot: LedgerSnapshot, ledger: Ledger) -> list[Descriptor]:
        """The pieces of a state; uploads those that are not in the registry yet."""
        if not snapshot.manifest:
            self._upload(EMPTY_CONTENT, EMPTY, likely_exists=True)
        kept, begun = self._begun(snapshot)
        added = ledger.lines[len(snapshot.ledger.lines) :]
        pieces = segments([*lines_of(begun), *added], PIECE)
        return [*kept, *(self._upload(piece, _media_type(piece)) for piece in pieces)]

    def _begun(self, snapshot: LedgerSnapshot) -> tuple[list[Descriptor], bytes]:
        """The pieces that stay as they are, and the content of the one that gets the next lines.

        That is the last one as long as it is small, and the first one or readable without those before it.
        """
        pieces, segment = list(snapshot.manifest.pieces) if snapshot.manifest else [], snapshot.segment
        if segment is None or not pieces:
            return [], b""
        last = snapshot.pieces[-1]
        if len(last) < SEGMENT_SIZE and (begins_with_checkpoint(last) or len(pieces) == 1):
            return pieces[:-1], last
        return self._joined(pieces), segment.next_checkpoint(self.lane.versions) + b"\n"

    def _joined(self, pieces: list[Descriptor]) -> list[Descriptor]:
        """The pieces, enough small ones at the end of them as one."""
        count = joinable(pieces)
        if not count:
            return pieces
        content = b"".join(map_parallel(self._piece, pieces[-count:], workers=self.workers))
        return [*pieces[:-count], self._upload(content, SEGMENT)]

    def _upload(self, content: bytes, media_type: str, *, likely_exists: bool = False) -> Descriptor:
        def send() -> Descriptor:
            return Uploader(self.registry).send(content, media_type, likely_exists=likely_exists)

        return self.uploads.get(Descriptor.of(content, media_type).digest, send)


def _media_type(piece: bytes) -> str:
    return SEGMENT if begins_with_checkpoint(piece) else LINES


def _newer(newest: Ledger | None, last: Ledger) -> Ledger | None:
    """What this run has seen of a ledger, with what the last segment of a later state adds to it.

    The segment alone if it is older; None where the two do not connect.
    """
    if newest is None:
        return None
    return newest.followed_by(last) or (last if last.precedes(newest) else None)


def _summary(entries: Sequence[Entry]) -> str:
    """What was added: each action once, with a count if there are several."""
    kinds = Counter(entry.how for entry in entries)
    return ", ".join(action if count == 1 else f"{count} {action}" for action, count in kinds.items())


def missing_from(ledger: Ledger, entries: Sequence[Entry], base: Ledger | None) -> list[Entry]:
    """Those of the entries that a ledger lacks; with ``base``, what others recorded since counts as recorded."""
    return ledger.missing(entries) if base is None else ConcurrentEntries(base=base, current=ledger).missing(entries)


def _present(answer: Present | Absent) -> RawManifest | None:
    return answer.raw if isinstance(answer, Present) else None

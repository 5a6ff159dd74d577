"""Giving verified bytes a name, so that the name is right or nothing was written.

A registry has no compare-and-swap (``If-Match`` on a PUT is honoured by none of the usual ones), so each write is
preceded by a look and followed by reading back, and what happened in between is judged by digests alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass

from shiplane.core.errors import LostRaceError, RefusedError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.progress import Event, Flow, Step
from shiplane.core.system.parallel import WORKERS, run_parallel, start
from shiplane.registry.client import PutResult, RegistryClient
from shiplane.registry.lookup import read_back, resolve_consistent
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag

_ATTEMPTS = 3
# What a registry that takes several tags should take at least (distribution-spec, "Pushing Manifests").
_MOST_TOGETHER = 10
_WRITTEN = PutResult(certain=True, detail="and once read back")
_DOUBTFUL = "it reads as it did before, which proves nothing"


@dataclass(frozen=True, kw_only=True)
class TagPositions:
    """Where a floating tag may be before it is moved.

    Attributes:
        expected: As read and as recorded.
        recorded: Earlier digests by the ledger: such a read lags, or somebody moved it back.
    """

    expected: Collection[Digest | None]
    recorded: Collection[Digest | None] = ()


@dataclass(frozen=True, kw_only=True)
class TagWriter:
    """Writes the tags of one repository.

    Attributes:
        registry: A client with push permission.
        names_repository: Whether its steps name the repository: it is not the only one.
        is_ours: Whether an image was built from the commit being released; a repeated run adopts it.
    """

    registry: RegistryClient
    is_ours: Callable[[Present], bool] = lambda _image: False
    names_repository: bool = False

    def create(self, tag: Tag, raw: RawManifest) -> Flow[None]:
        """Create a version tag if it is definitely absent.

        Raises:
            RefusedError: It has another commit's content by now.
            LostRaceError: Another run of this commit was faster, or it was written between our read and our write.
            AccessError, UnreachableError: The registry denied access, or gave no reliable response.
        """
        current = yield from self._re_read(tag)
        if isinstance(current, Present):
            if current.digest != raw.digest:
                raise _already_published(tag, raw, current, same_commit=self.is_ours(current))
            yield self._step("tag", tag, writes=True).unchanged("it has this digest")
            return
        yield from self._write("tag", tag, raw, change="created", previous={None})

    def create_all(self, tags: Sequence[Tag], raw: RawManifest) -> Flow[None]:
        """Create tags of one version, by one request where the registry is said to take that and proves it.

        Raises:
            ShiplaneError: As :meth:`create`; the tags before the one that it names are there.
        """
        created = (yield from self._create_together(tags, raw)) if self.registry.takes_several_tags else ()
        for tag in tags:
            if tag not in created:
                yield from self.create(tag, raw)

    def _create_together(self, tags: Sequence[Tag], raw: RawManifest) -> Generator[Event, None, list[Tag]]:
        """Create tags by one PUT, if all of them are absent; gives those that were acknowledged and read back.

        What the registry does not acknowledge it did not make, whatever the status (distribution 2.8 answers 201). If
        there is no certain answer, each tag is read again before it is written alone.
        """
        together = tags[:_MOST_TOGETHER] if len(tags) > 1 else ()
        for tag in together:
            if isinstance((yield from self._re_read(tag)), Present):
                return []  # judged one by one
        return (yield from self._write_together(together, raw)) if together else []

    def _write_together(self, tags: Sequence[Tag], raw: RawManifest) -> Generator[Event, None, list[Tag]]:
        step = self._step("tag", Tag(", ".join(tags)), writes=True)
        yield step
        result = self.registry.put_manifest(raw.digest, raw, tags)
        acknowledged = [tag for tag in tags if tag in result.tags]
        if len(acknowledged) == len(tags):
            yield step.done("created by one request")
        elif result.certain and not acknowledged:
            yield step.skipped(f"the registry makes no tags of one request ({result.detail}); writing each alone")
        else:
            missing = ", ".join(tag for tag in tags if tag not in acknowledged)
            yield step.retried(f"{missing} not acknowledged ({result.detail}); writing each alone")
        there = {}
        for tag in acknowledged:
            there[tag] = yield from self._is_there(tag, raw)
        return [tag for tag in acknowledged if there[tag]]

    def _is_there(self, tag: Tag, raw: RawManifest) -> Generator[Event, None, bool]:
        """Whether a tag that was acknowledged can be read back within seconds; else it is written alone."""
        step = self._step("read back", tag)
        yield step
        there = digest_of(self._read_back(tag, {None}, patient=False)) == raw.digest
        yield step.done(f"{tag} is {raw.digest}") if there else step.retried("it did not arrive; sending it alone")
        return there

    def move(
        self,
        tag: Tag,
        raw: RawManifest,
        *,
        change: str,
        expected_digests: Collection[Digest | None],
        recorded_digests: Collection[Digest | None],
    ) -> Flow[Digest | None]:
        """Move a floating tag from an expected digest: :meth:`check_position`, then :meth:`move_from`.

        Returns:
            Its previous digest, None if it did not exist.
        """
        positions = TagPositions(expected=expected_digests, recorded=recorded_digests)
        current = yield from self.check_position(
            tag, raw, positions, self.start_reading(tag, raw, positions, workers=1)
        )
        yield from self.move_from(current, tag, raw, positions, change=change)
        return current

    def start_reading(
        self, tag: Tag, raw: RawManifest, positions: TagPositions, *, workers: int = WORKERS
    ) -> Callable[[], Present | Absent]:
        """Begin to read where a floating tag is, for :meth:`check_position`; with one worker only it begins."""
        late = {*positions.recorded} - {raw.digest, *positions.expected}
        return start(lambda: self._read_again(tag, late), workers=workers)

    def check_position(
        self, tag: Tag, raw: RawManifest, positions: TagPositions, read: Callable[[], Present | Absent]
    ) -> Flow[Digest | None]:
        """Read where a floating tag is, right before it is moved.

        Args:
            tag: The floating tag.
            raw: The manifest it moves to.
            positions: Where it may be.
            read: Waits for what :meth:`start_reading` reads.

        Returns:
            Its digest, None if it does not exist.

        Raises:
            LostRaceError: Somebody else moved it meanwhile.
            AccessError, UnreachableError: The registry denied access, or gave no reliable response.
        """
        current = digest_of((yield from self._re_read(tag, read)))
        if current not in {raw.digest, *positions.expected}:
            raise _moved_error(tag, " or ".join(str(digest or "nothing") for digest in positions.expected), current)
        return current

    def move_from(
        self, current: Digest | None, tag: Tag, raw: RawManifest, positions: TagPositions, *, change: str
    ) -> Flow[None]:
        """Write a floating tag that was read a moment ago, even if it read as moved already.

        A lagging read may show the target while something else is served; writing the same content again is harmless.

        Args:
            current: As :meth:`check_position` read it.
            tag: The floating tag.
            raw: The manifest it moves to.
            positions: Where it may be.
            change: The move, for display: ``v0.2.1 -> v0.2.2``.

        Raises:
            LostRaceError: Somebody else wrote it at the same time.
            AccessError, UnreachableError: The registry denied access, or gave no reliable response.
        """
        previous = {current, *positions.expected}
        yield from self._write("move", tag, raw, change=change, previous=previous, late=positions.recorded)

    def confirm(self, tag: Tag, raw: RawManifest, *, previous: Collection[Digest | None] = ()) -> Flow[None]:
        """Read a tag that this run wrote once more, before relying on it.

        Two publishers may both see *absent* and both write: the first learns it here or not at all. A lagging read may
        show a ``previous`` digest again.

        Raises:
            LostRaceError: It has other content by now.
            UnreachableError: It is gone, or the registry gave no reliable response.
        """
        step = self._step("confirm", tag)
        yield step
        answer = self._read_back(tag, {*previous} - {raw.digest}, patient=True)
        if not isinstance(answer, Present) or answer.digest != raw.digest:
            _check_written(tag, raw, answer, (), _WRITTEN, last=True)
        yield step.done(f"still {raw.digest.short}")

    def _re_read(
        self, tag: Tag, read: Callable[[], Present | Absent] | None = None
    ) -> Generator[Event, None, Present | Absent]:
        """Read a tag once more; ``read`` waits for what reads it already."""
        step = self._step("re-check", tag)
        yield step
        answer = read() if read else self._read_again(tag)
        yield step.done(f"at {answer.digest.short}" if isinstance(answer, Present) else "still unpublished")
        return answer

    def _read_again(self, tag: Tag, late: Collection[Digest | None] = ()) -> Present | Absent:
        """What a tag is, read for seconds while it shows a ``late`` digest; a token to write it is got meanwhile."""
        answer, _ = run_parallel(
            lambda: resolve_consistent(self.registry, tag, lambda digest: digest not in late),
            self.registry.authorize_push,
        )
        return answer

    def _write(
        self,
        name: str,
        tag: Tag,
        raw: RawManifest,
        *,
        change: str,
        previous: Collection[Digest | None],
        late: Collection[Digest | None] = (),
    ) -> Flow[None]:
        """PUT and read back; a PUT without a certain result is repeated only if the tag shows that it was lost.

        If the tag read as having this content before, reading it proves nothing: then the PUT must be certain.

        Args:
            name: The step's name.
            tag: The tag.
            raw: The manifest to send.
            change: What the write does, for display.
            previous: Digests it may have had before.
            late: Further digests a lagging read may show; if they stay, another publisher wrote them.
        """
        step, stale = self._step(name, tag, writes=True), {*previous, *late} - {raw.digest}
        for retries_left in reversed(range(_ATTEMPTS)):  # pragma: no branch - the last one returns, or is judged
            yield step
            result = self.registry.put_manifest(tag, raw)
            if result.certain:
                yield step.done(change)
            else:
                yield step.retried(f"no certain answer ({result.detail}); reading the tag first")
            read_step = self._step("read back", tag)
            yield read_step
            answer = self._read_back(tag, stale, patient=result.certain or not retries_left)
            arrived = isinstance(answer, Present) and answer.digest == raw.digest
            if arrived and (result.certain or raw.digest not in previous):
                yield read_step.done(f"{tag} is {raw.digest}")
                if not result.certain:
                    yield step.done(f"{change}; it had arrived after all")
                return
            _check_written(tag, raw, answer, previous, result, last=not retries_left)
            yield read_step.retried(f"{_DOUBTFUL if arrived else 'it did not arrive'}; sending it again")

    def _step(self, name: str, tag: Tag, *, writes: bool = False) -> Step:
        where = f" in {self.registry.repository}" if self.names_repository else ""
        return Step(name, f"{tag}{where}", writes=writes)

    def _read_back(self, tag: Tag, before: Collection[Digest | None], *, patient: bool) -> LookupResult:
        return read_back(self.registry, tag, before, patient=patient)


def _already_published(
    tag: Tag, raw: RawManifest, current: Present, *, same_commit: bool
) -> LostRaceError | RefusedError:
    """The version was published during this run, by another run of its commit or by somebody else."""
    if same_commit:
        return LostRaceError(
            f"another run of this commit published {tag} as {current.digest} while this run built {raw.digest}",
            remedy="Run the same command again: it adopts the published image and builds nothing.",
        )
    return RefusedError(
        f"{tag} now exists as {current.digest}; this run has {raw.digest}",
        remedy=f"Another publisher was faster. See {command('status')}, then release the next version.",
    )


def _moved_error(tag: Tag, expected: str, current: Digest | None) -> LostRaceError:
    return LostRaceError(
        f"{tag} was moved by somebody else: it was at {expected}, now it is at {current or 'nothing'}",
        remedy="Run it again to decide from the current state.",
    )


def _check_written(
    tag: Tag,
    raw: RawManifest,
    answer: LookupResult,
    previous: Collection[Digest | None],
    result: PutResult,
    *,
    last: bool,
) -> None:
    """Return only if the tag is unchanged, so that it can be sent again; anything else ends the run."""
    if isinstance(answer, Present) and answer.digest not in previous:
        raise LostRaceError(
            f"{tag} is {answer.digest}, not {raw.digest}: another publisher wrote it at the same time",
            remedy=f"Check it with {command('verify')} first.",
        )
    is_unchanged = isinstance(answer, Present | Absent) and digest_of(answer) in previous
    if is_unchanged and not result.certain and not last:
        return
    is_written = isinstance(answer, Present) and answer.digest == raw.digest
    doubt = _DOUBTFUL if is_written else f"could not be read back as {raw.digest} within a minute"
    raise UnreachableError(
        f"{tag} was sent ({result.detail}), but {doubt}",
        remedy="Run it again: what was written is adopted, the rest is sent again.",
    )

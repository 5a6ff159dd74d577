"""Giving verified bytes a name, so that the name is right or nothing was written.

A registry has no compare-and-swap (``If-Match`` on a PUT is honoured by none of the usual ones), so each write is
preceded by a look and followed by reading back, and what happened in between is judged by digests alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

from shiplane.core.errors import LostRaceError, RefusedError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.progress import Event, Flow, Step
from shiplane.registry.client import PutResult, RegistryClient
from shiplane.registry.lookup import read_back, resolve_consistent
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag

_SENT_AGAIN = 3
_WRITTEN = PutResult(certain=True, detail="and once read back")
_DOUBTFUL = "it reads as it did before, which proves nothing"


@dataclass(frozen=True, kw_only=True)
class TagWriter:
    """Writes names in one repository.

    Attributes:
        registry: Where, with the credential that may push.
        is_ours: Whether an image was built from the commit that is being released: running that again adopts it.
    """

    registry: RegistryClient
    is_ours: Callable[[Present], bool] = lambda _image: False

    def create(self, tag: Tag, raw: RawManifest) -> Flow[None]:
        """Write a version tag: only where it is definitely absent, and only these bytes.

        Raises:
            RefusedError: It has another commit's content by now.
            LostRaceError: Another run of this commit was faster, or somebody wrote it between our look and our write.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        before = yield from self._look_again(tag)
        if isinstance(before, Present):
            if before.digest != raw.digest:
                raise _taken(tag, raw, before, ours=self.is_ours(before))
            yield Step("tag", tag, writes=True).unchanged("it has this digest")
            return
        yield from self._write("tag", tag, raw, change="created", before={None})

    def move(
        self,
        tag: Tag,
        raw: RawManifest,
        *,
        change: str,
        known: Collection[Digest | None],
        past: Collection[Digest | None],
    ) -> Flow[Digest | None]:
        """Put a floating tag at these bytes from wherever it is known to be, and even where it reads as being there.

        A read may lag behind what was written last, so that it shows the target where something else is served. What
        is there already loses nothing by being sent again.

        Args:
            tag: The floating tag.
            raw: The bytes.
            change: What the move is, for display: ``v0.2.1 -> v0.2.2``.
            known: What it may be at: as it was read, and as it was recorded.
            past: What it was at by the record. Such a read is late, or somebody went back; time tells.

        Returns:
            What it had right before, None where it did not exist.

        Raises:
            LostRaceError: It is elsewhere: somebody else moved it in the meantime.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        here = {raw.digest, *known}
        found = digest_of((yield from self._look_again(tag, late={*past} - here)))
        if found not in here:
            raise _moved(tag, " or ".join(str(one or "nothing") for one in known), found)
        yield from self._write("move", tag, raw, change=change, before={found, *known}, late=past)
        return found

    def confirm(self, tag: Tag, raw: RawManifest, *, before: Collection[Digest | None] = ()) -> Flow[None]:
        """Look once more at a name that this run wrote, before building upon it and before calling it done.

        Two publishers can both see *absent* and both write; whoever wrote first learns it here or not at all.

        Args:
            tag: The name.
            raw: What was written.
            before: What it had before, which a read that lags may show once more.

        Raises:
            LostRaceError: It has other content by now.
            UnreachableError: It is gone, or the registry gave no reliable answer.
        """
        step = Step("confirm", tag)
        yield step
        found = self._read_back(tag, {*before} - {raw.digest}, patient=True)
        if not isinstance(found, Present) or found.digest != raw.digest:
            _judge(tag, raw, found, (), _WRITTEN, last=True)
        yield step.done(f"still {raw.digest.short}")

    def _look_again(self, tag: Tag, late: Collection[Digest | None] = ()) -> Generator[Event, None, Present | Absent]:
        """Read a name once more, and for seconds where it shows what must be late."""
        step = Step("re-check", tag)
        yield step
        answer = resolve_consistent(self.registry, tag, lambda digest: digest not in late)
        yield step.done(f"at {answer.digest.short}" if isinstance(answer, Present) else "still unpublished")
        return answer

    def _write(
        self,
        name: str,
        tag: Tag,
        raw: RawManifest,
        *,
        change: str,
        before: Collection[Digest | None],
        late: Collection[Digest | None] = (),
    ) -> Flow[None]:
        """PUT and read back; a PUT without a certain answer is repeated only when the name shows that it was lost.

        Where the name read as having these bytes before, reading them proves nothing: a certain answer has to.

        Args:
            name: The step's.
            tag: The name.
            raw: What to send.
            change: What the write does, for display.
            before: What it may have had right before.
            late: What else a read that lags may show: waited out, and another publisher's where it stays.
        """
        step, older = Step(name, tag, writes=True), {*before, *late} - {raw.digest}
        for further in reversed(range(_SENT_AGAIN)):  # pragma: no branch - the last one returns, or is judged
            yield step
            written = self.registry.put_manifest(tag, raw)
            if written.certain:
                yield step.done(change)
            else:
                yield step.failed(f"no certain answer ({written.detail}); reading the tag first")
            back = Step("read back", tag)
            yield back
            found = self._read_back(tag, older, patient=written.certain or not further)
            arrived = isinstance(found, Present) and found.digest == raw.digest
            if arrived and (written.certain or raw.digest not in before):
                yield back.done(f"{tag} is {raw.digest}")
                if not written.certain:
                    yield step.done(f"{change}; it had arrived after all")
                return
            _judge(tag, raw, found, before, written, last=not further)
            yield back.failed(f"{_DOUBTFUL if arrived else 'it did not arrive'}; sending it again")

    def _read_back(self, tag: Tag, before: Collection[Digest | None], *, patient: bool) -> LookupResult:
        return read_back(self.registry, tag, before, patient=patient)


def _taken(tag: Tag, raw: RawManifest, there: Present, *, ours: bool) -> LostRaceError | RefusedError:
    """The version was published while this run was at work: by another run of its commit, or by somebody else."""
    if ours:
        return LostRaceError(
            f"another run of this commit published {tag} as {there.digest} while this run made {raw.digest}",
            remedy="Run the same command again: it takes up what is there, and builds nothing.",
        )
    return RefusedError(
        f"{tag} exists by now as {there.digest}; this run made {raw.digest}",
        remedy=f"Another publisher was faster. See {command('status')}, then release the next version.",
    )


def _moved(tag: Tag, before: str, now: Digest | None) -> LostRaceError:
    return LostRaceError(
        f"{tag} was moved by somebody else: it was at {before}, now it is at {now or 'nothing'}",
        remedy="Run it again: it decides anew from what is there now.",
    )


def _judge(
    tag: Tag,
    raw: RawManifest,
    found: LookupResult,
    before: Collection[Digest | None],
    written: PutResult,
    *,
    last: bool,
) -> None:
    """Let a name be sent again only if it still is what it was before; everything else ends the run."""
    if isinstance(found, Present) and found.digest not in before:
        raise LostRaceError(
            f"{tag} has {found.digest}, not {raw.digest}: another publisher wrote it at the same time",
            remedy=f"Look at it with {command('verify')} before anything else.",
        )
    still = isinstance(found, Present | Absent) and digest_of(found) in before
    if still and not written.certain and not last:
        return
    arrived = isinstance(found, Present) and found.digest == raw.digest
    doubt = _DOUBTFUL if arrived else f"could not be read back as {raw.digest} within a minute"
    raise UnreachableError(
        f"{tag} was sent ({written.detail}), but {doubt}",
        remedy="Run it again: what has arrived is adopted, what has not is sent again.",
    )

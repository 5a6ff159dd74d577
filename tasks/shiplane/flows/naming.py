"""Giving verified bytes a name, so that the name is right or nothing was written.

A registry has no compare-and-swap (``If-Match`` on a PUT is honoured by none of the usual ones), so each write is
preceded by a look and followed by reading back, and what happened in between is judged by digests alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from shiplane.clients.patience import Patience
from shiplane.clients.registry import Registry, Written
from shiplane.flows.looking import look, read_back
from shiplane.model.answer import Absent, Answer, Present, digest_of
from shiplane.model.command import command
from shiplane.model.errors import LostRaceError, RefusedError, UnreachableError
from shiplane.model.image import Digest, Repository, Tag
from shiplane.model.manifest import RawManifest
from shiplane.model.step import Event, Flow, Step

_SENT_AGAIN = 3
_WRITTEN = Written(certain=True, words="and once read back")


@dataclass(frozen=True, kw_only=True)
class Namer:
    """Writes names in one repository.

    Attributes:
        registry: Where, with the credential that may push.
        repository: Of the images.
        patience: The run's budget for waiting.
        ours: Whether an image was built from the commit that is being released: running that again adopts it.
    """

    registry: Registry
    repository: Repository
    patience: Patience
    ours: Callable[[Present], bool] = lambda _image: False

    def name(self, tag: Tag, raw: RawManifest) -> Flow[None]:
        """Write a version tag: only where it is definitely absent, and only these bytes.

        Raises:
            RefusedError: It has another commit's content by now.
            LostRaceError: Another run of this commit was faster, or somebody wrote it between our look and our write.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        before = yield from self._look_again(tag)
        if isinstance(before, Present):
            if before.digest != raw.digest:
                raise _taken(tag, raw, before, ours=self.ours(before))
            yield Step("name", tag, writes=True).already("it has these very bytes")
            return
        yield from self._write("name", tag, raw, before=None)

    def move(self, tag: Tag, raw: RawManifest, *, seen: Digest | None) -> Flow[None]:
        """Move a floating tag: only if it still is where the survey saw it.

        Raises:
            LostRaceError: It was moved by somebody else in the meantime.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        now = yield from self._look_again(tag)
        found = digest_of(now)
        if found == raw.digest:
            yield Step("float", tag, writes=True).already("it has this digest")
            return
        if found != seen:
            raise LostRaceError(
                f"{tag} was moved by somebody else: it was at {seen or 'nothing'}, now it is at {found or 'nothing'}",
                remedy="Run it again: it decides anew from what is there now.",
            )
        yield from self._write("float", tag, raw, before=seen)

    def confirm(self, tag: Tag, raw: RawManifest) -> Flow[None]:
        """Look once more at a name that this run wrote, before building upon it and before calling it done.

        Two publishers can both see *absent* and both write; whoever wrote first learns it here or not at all.

        Raises:
            LostRaceError: It has other content by now.
            UnreachableError: It is gone, or the registry gave no reliable answer.
        """
        step = Step("confirm", tag)
        yield step
        found = self._read_back(tag, None, patient=True)
        if not isinstance(found, Present) or found.digest != raw.digest:
            _judge(tag, raw, found, None, _WRITTEN, last=True)
        yield step.done(f"still {raw.digest.short}")

    def _look_again(self, tag: Tag) -> Generator[Event, None, Present | Absent]:
        step = Step("look again", tag)
        yield step
        answer = look(self.registry, self.repository, tag)
        yield step.done(f"at {answer.digest.short}" if isinstance(answer, Present) else "absent")
        return answer

    def _write(self, name: str, tag: Tag, raw: RawManifest, *, before: Digest | None) -> Flow[None]:
        """PUT and read back; a PUT without a certain answer is repeated only when the name shows that it was lost."""
        step = Step(name, tag, writes=True)
        for further in reversed(range(_SENT_AGAIN)):  # pragma: no branch - the last one returns, or is judged
            yield step
            written = self.registry.put_manifest(self.repository, tag, raw)
            if written.certain:
                yield step.done(written.words)
            else:
                yield step.failed(f"no certain answer ({written.words}); reading the name before anything else")
            back = Step("read back", tag)
            yield back
            found = self._read_back(tag, before, patient=written.certain or not further)
            if isinstance(found, Present) and found.digest == raw.digest:
                yield back.done(f"{tag} is {raw.digest}")
                if not written.certain:
                    yield step.done("it had arrived after all")
                return
            _judge(tag, raw, found, before, written, last=not further)
            yield back.failed("it did not arrive; sending it again")

    def _read_back(self, tag: Tag, before: Digest | None, *, patient: bool) -> Answer:
        return read_back(self.registry, self.repository, self.patience, tag, before, patient=patient)


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


def _judge(tag: Tag, raw: RawManifest, found: Answer, before: Digest | None, written: Written, *, last: bool) -> None:
    """Let a name be sent again only if it still is what it was before; everything else ends the run."""
    if isinstance(found, Present) and found.digest != before:
        raise LostRaceError(
            f"{tag} has {found.digest}, not {raw.digest}: another publisher wrote it at the same time",
            remedy=f"Look at it with {command('verify')} before anything else.",
        )
    still = isinstance(found, Absent) if before is None else isinstance(found, Present)
    if still and not written.certain and not last:
        return
    raise UnreachableError(
        f"{tag} was sent ({written.words}), but could not be read back as {raw.digest} within a minute",
        remedy="Run it again: what has arrived is adopted, what has not is sent again.",
    )

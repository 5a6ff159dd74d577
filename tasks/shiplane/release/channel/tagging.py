"""Tag a channel's images: what each build keeps, then the channel's tags, then the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import LedgersOf, LedgerUpdate, record, record_kept
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.names import Tag
from shiplane.release.channel.entries import TaggedChannel
from shiplane.release.channel.mirror_tags import ChannelMirror, keep_in_mirrors, move_in_mirrors
from shiplane.release.result import LedgerResult

if TYPE_CHECKING:
    from shiplane.config.gate import Evidence
    from shiplane.registry.tag_writer import TagWriter
    from shiplane.release.channel.images import ChannelImage
    from shiplane.release.channel.survey import ChannelSurveyor
    from shiplane.release.write_tags import Writers


@dataclass(frozen=True, kw_only=True)
class ChannelTagging:
    """Writes the tags of one channel.

    Attributes:
        writers: Writes a lane's tags.
        surveyor: Reads a tag once more before it moves.
        commit: The full hash of the commit that is published.
    """

    writers: Writers
    surveyor: ChannelSurveyor
    commit: str

    def tag(self, images: Sequence[ChannelImage], mirrors: Sequence[ChannelMirror] = ()) -> Flow[list[TaggedChannel]]:
        """Create what each build keeps, then move the channel's tags; each is read again before it is relied on.

        In each further repository a tag is written after the primary's, so that an interrupted run is completed.

        Raises:
            ShiplaneError: By situation; every tag that was written by then is right.
        """
        channel = self.surveyor.channel
        kept = {image.lane.name: channel.kept_tag(image.lane.plan.lane, self.commit) for image in images}
        for image in images:
            if tag := kept[image.lane.name]:
                yield from self._writer(image).create(tag, image.raw)
        yield from keep_in_mirrors(images, mirrors, self.commit)
        tagged = []
        for image in images:
            if tag := kept[image.lane.name]:
                yield from self._writer(image).confirm(tag, image.raw)
            tagged.append(replace((yield from self._move(image)), kept=kept[image.lane.name]))
            yield from move_in_mirrors(image, mirrors, self.commit)
        for lane in tagged:
            state = lane.image.lane.state
            yield from self._writer(lane.image).confirm(state.tag, lane.image.raw, previous={state.digest, *state.past})
        return tagged

    def _writer(self, image: ChannelImage) -> TagWriter:
        return self.writers(image.lane.plan)

    def _move(self, image: ChannelImage) -> Flow[TaggedChannel]:
        """Move a channel's tag, if it still goes forward from where it is now."""
        step = Step("re-check", f"the commit of {image.lane.state.tag}")
        yield step
        lane = self.surveyor.survey_again(image.lane)
        image, state = replace(image, lane=lane), lane.state
        yield step.done(f"{one_line(state.commit)[:12] or 'none'}")
        if state.digest == image.raw.digest:
            yield Step("move", state.tag, writes=True).unchanged("it has this digest")
            return TaggedChannel(image=image, kept=None, moved=False, before=None)
        origins = [state.digest, state.position.after if state.position else state.digest]
        replaced = yield from self._writer(image).move(
            state.tag,
            image.raw,
            change=f"{one_line(state.commit)[:12] or 'new'} -> {self.commit[:12]}",
            expected_digests=origins,
            recorded_digests=state.past,
        )
        yield from self._give_back(image)
        before = next((digest for digest in (replaced, *origins) if digest != image.raw.digest), None)
        return TaggedChannel(image=image, kept=None, moved=True, before=before)

    def _give_back(self, image: ChannelImage) -> Flow[None]:
        """Move a channel's tag on to where another run had moved it between our last read and our write.

        A registry cannot compare and swap: but who moved it first has recorded it, and if that is a newer commit, our
        move took the tag back.

        Raises:
            LostRaceError: It was, and is there again.
        """
        if newer := self.surveyor.moved_on(image.lane, self.commit):
            yield from self._move_back(image, newer)
            raise self._lost(image.lane.state.tag, newer)

    def give_back_recorded(self, ledgers: LedgersOf, lanes: Sequence[TaggedChannel]) -> Flow[None]:
        """The same for moves that are recorded by now, one of which turned out to contradict another run's.

        Raises:
            LostRaceError: A newer commit was overwritten, and has its tag again.
        """
        for lane in (lane for lane in lanes if lane.moved):
            state = lane.image.lane.state
            kept = ledgers(lane.image.lane.plan.repository)
            if kept and (newer := self.surveyor.moved_on(lane.image.lane, self.commit)):
                yield from self._move_back(lane.image, newer)
                entry = kept.author.entry(
                    Action.FLOAT,
                    tag=state.tag,
                    version=newer.version,
                    before=lane.image.raw.digest,
                    after=newer.after,
                    commit=newer.commit,
                    why="an older commit had overwritten it",
                )
                yield from record([LedgerUpdate(store=kept.store(state.lane), entries=[entry])])
                raise self._lost(state.tag, newer)

    def _move_back(self, image: ChannelImage, newer: Entry) -> Flow[None]:
        tag, writer = image.lane.state.tag, self._writer(image)
        raw = wait_for_digest(writer.registry, newer.after, f"{tag} was recorded there")
        change = f"back to {one_line(newer.commit)[:12]}"
        yield from writer.move(tag, raw, change=change, expected_digests=[image.raw.digest], recorded_digests=())

    def _lost(self, tag: Tag, newer: Entry) -> LostRaceError:
        return LostRaceError(
            f"{newer.who} moved {tag} to the newer commit {newer.commit} while this run moved it to {self.commit}; "
            "it is back at the newer one",
            remedy=f"Nothing is left to do: {tag} only moves forward.",
        )


def record_channel(
    ledgers: LedgersOf, commit: str, lanes: Sequence[TaggedChannel], gates: Sequence[Evidence] = ()
) -> Flow[Mapping[str, LedgerResult]]:
    """Record what was done, after what the gates answered, and what an earlier run did and could not record.

    Returns:
        Each lane's ledger, by the lane's name; empty where none is kept.

    Raises:
        ShiplaneError: By situation; the tags are right, but perhaps not recorded.
    """
    updates = {
        lane.image.lane.name: LedgerUpdate(
            store=kept.store(lane.image.lane.plan.lane),
            entries=lane.entries(kept.author, commit, gates),
            base=lane.image.lane.state.ledger,
        )
        for lane in lanes
        if (kept := ledgers(lane.image.lane.plan.repository))
    }
    digests = yield from record_kept(list(updates.values()))
    recorded = zip(updates.items(), digests, strict=True)
    return {name: LedgerResult.of(update, digest) for (name, update), digest in recorded}

"""A channel's tags in further repositories: the same as the primary's, each written after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.progress import Flow, Step
from shiplane.registry.tag_writer import TagWriter

if TYPE_CHECKING:
    from shiplane.registry.client import RegistryClient
    from shiplane.release.channel.images import ChannelImage
    from shiplane.release.channel.survey import ChannelLane
    from shiplane.verify.audit.channel import ChannelTag


@dataclass(frozen=True, kw_only=True)
class ChannelMirror:
    """A lane of a channel in a further repository, as surveyed.

    Attributes:
        lane: The lane in its primary repository.
        registry: A client of the further one that may push.
        state: Where the channel's tag is there.
    """

    lane: ChannelLane
    registry: RegistryClient
    state: ChannelTag


def keep_in_mirrors(images: Sequence[ChannelImage], mirrors: Sequence[ChannelMirror], commit: str) -> Flow[None]:
    """Create what each build keeps. Raises as TagWriter.create."""
    for image, mirror in paired(images, mirrors):
        if tag := mirror.state.channel.kept_tag(mirror.state.lane, commit):
            writer = TagWriter(registry=mirror.registry)
            yield from writer.create(tag, image.raw)
            yield from writer.confirm(tag, image.raw)


def move_in_mirrors(image: ChannelImage, mirrors: Sequence[ChannelMirror], commit: str) -> Flow[None]:
    """Move a lane's tag in its further repositories, from where it was surveyed. Raises as TagWriter.move."""
    for _, mirror in paired([image], mirrors):
        state, writer = mirror.state, TagWriter(registry=mirror.registry)
        if state.digest == image.raw.digest:
            yield Step("move", f"{state.tag} in {mirror.registry.repository}").unchanged("it has this digest")
            continue
        change = f"{state.commit[:12] or 'new'} -> {commit[:12]} in {mirror.registry.repository}"
        yield from writer.move(
            state.tag, image.raw, change=change, expected_digests=[state.digest], recorded_digests=()
        )
        yield from writer.confirm(state.tag, image.raw, previous={state.digest})


def paired(
    images: Sequence[ChannelImage], mirrors: Sequence[ChannelMirror]
) -> list[tuple[ChannelImage, ChannelMirror]]:
    """Each further repository with the image of its lane; those of other lanes are left out."""
    return [(image, mirror) for mirror in mirrors for image in images if image.lane.name == mirror.lane.name]

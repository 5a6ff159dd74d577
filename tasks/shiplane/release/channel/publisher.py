"""A channel's publisher, made of what a release's publisher has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.release.channel.forward import ForwardOnly, IsAncestor
from shiplane.release.channel.images import ChannelImages
from shiplane.release.channel.mirrors import ChannelMirrors
from shiplane.release.channel.publish import ChannelPublisher
from shiplane.release.channel.survey import ChannelSurveyor
from shiplane.release.channel.tagging import ChannelTagging
from shiplane.release.write_tags import tag_writers
from shiplane.verify.audit.channel import ChannelReader

if TYPE_CHECKING:
    from shiplane.config.channel import Channel
    from shiplane.config.plan import Plan
    from shiplane.registry.oci.names import Repository
    from shiplane.release.publish import Publisher


def channel_publisher(
    release: Publisher, channel: Channel, plan: Plan, is_ancestor: IsAncestor, *, reset: bool = False
) -> ChannelPublisher:
    """The publisher of a channel with a release's registry, stager, ledgers, smoke tests and conditions.

    Args:
        release: What publishes versions; its claims and its saved plan do not apply.
        channel: The channel.
        plan: What is published.
        is_ancestor: Asks git.
        reset: Whether the channel's tag may leave a commit that is no longer of the branch.
    """
    rule = ForwardOnly(commit=plan.commit, is_ancestor=is_ancestor, reset=reset)

    def reader(primary: Repository) -> ChannelReader:
        return ChannelReader(registry=release.registry.at(primary), ledgers=release.ledgers(primary))

    surveyor = ChannelSurveyor(channel=channel, readers=reader, rule=rule)
    images = ChannelImages(
        registry=release.registry,
        stager=release.stager,
        tests=release.tests,
        source=release.source,
        workers=release.workers,
    )
    writers = tag_writers(release.registry, plan)
    return ChannelPublisher(
        registry=release.registry,
        surveyor=surveyor,
        images=images,
        tagging=ChannelTagging(writers=writers, surveyor=surveyor, commit=plan.commit),
        mirrors=ChannelMirrors(
            registry=release.registry, surveyor=surveyor, probe=release.probe, workers=release.workers
        ),
        probe=release.probe,
        ledgers=release.ledgers,
        conditions=release.conditions,
    )

"""Publish a channel: every lane's image is staged and checked, then each is kept, then the channel's tags move.

A run that ends anywhere leaves correct tags or none, and running it again finishes it without a second build.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow
from shiplane.release.access import check_repositories
from shiplane.release.channel.result import ChannelLaneResult, ChannelResult
from shiplane.release.channel.tagging import ChannelTagging, record_channel
from shiplane.release.planning.decision import Pending

if TYPE_CHECKING:
    from shiplane.config.plan import Plan
    from shiplane.ledger.recorder import LedgersOf
    from shiplane.registry.client import RegistryClient
    from shiplane.release.channel.images import ChannelImages
    from shiplane.release.channel.mirrors import ChannelMirrors
    from shiplane.release.channel.survey import ChannelLane, ChannelSurveyor
    from shiplane.release.prerequisites import Conditions


@dataclass(frozen=True, kw_only=True)
class ChannelPublisher:
    """Publishes a channel.

    Attributes:
        registry: A client that may push; it knows the credentials of every registry of the plan.
        surveyor: Reads its tags, and decides whether they may move.
        images: Stages and checks its images.
        tagging: Writes its tags.
        mirrors: The further repositories.
        probe: Whether push permission is checked before anything is built.
        ledgers: The ledgers of the lanes of each primary repository.
        conditions: The build command and the gates.
    """

    registry: RegistryClient
    surveyor: ChannelSurveyor
    images: ChannelImages
    tagging: ChannelTagging
    mirrors: ChannelMirrors
    probe: bool
    ledgers: LedgersOf
    conditions: Conditions

    def publish(self, plan: Plan) -> Flow[ChannelResult]:
        """Publish every lane of a plan, whose versions are the commit's snapshot.

        What takes seconds is checked before what takes minutes, and once more after it.

        Raises:
            ShiplaneError: By situation; every tag that was written by then is right.
        """
        may_push = yield from check_repositories(self.registry, self.ledgers, plan.primaries, probe=self.probe)
        lanes = yield from self.surveyor.survey(plan, may_push=may_push)
        mirrors = yield from self.mirrors.survey(lanes)
        evidence = yield from self.conditions.require(_pending(lanes))
        if evidence.took_time:
            lanes = yield from self.surveyor.survey(plan, may_push=may_push)
            mirrors = yield from self.mirrors.survey(lanes)
        images = yield from self.images.prepare(plan, lanes)
        yield from self.mirrors.copy(plan, images, mirrors)
        if presumed := [lane.plan for lane in lanes if lane.state.presumed]:
            yield from self._check_new(replace(plan, lanes=tuple(presumed)))
        tagged = yield from self.tagging.tag(images, mirrors)
        try:
            recorded = yield from record_channel(self.ledgers, plan.commit, tagged, evidence.gates)
        except LostRaceError:
            yield from self.tagging.give_back_recorded(self.ledgers, tagged)
            raise
        results = (ChannelLaneResult(tagged=lane, recorded=recorded.get(lane.image.lane.name)) for lane in tagged)
        return ChannelResult(evidence, tuple(results))

    def _check_new(self, plan: Plan) -> Flow[None]:
        """Check that repositories that were presumed new are new: by now they exist and can be read.

        Raises:
            LostRaceError: One is not.
        """
        for lane in (yield from self.surveyor.survey(plan)):
            if lane.image or lane.state.digest or lane.state.ledger.entries:
                raise LostRaceError(
                    f"{lane.plan.repository} was presumed new because nothing of it could be read, but it is not",
                    remedy="Run it again: it decides by the current state.",
                )


def _pending(lanes: Sequence[ChannelLane]) -> Pending:
    """What all lanes together still have to write."""
    return max(lane.pending for lane in lanes)

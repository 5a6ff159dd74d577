"""What a release does in its further repositories before anything is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.release.mirrors.copying import copy_lanes
from shiplane.release.mirrors.survey import MirrorSurveyor
from shiplane.release.mirrors.tagging import MirrorTags

if TYPE_CHECKING:
    from shiplane.config.plan import Plan
    from shiplane.core.progress import Flow
    from shiplane.registry.client import RegistryClient
    from shiplane.release.mirrors.mirror_lane import MirrorLane
    from shiplane.release.ready_lane import LaneDecision, ReadyLane


@dataclass(frozen=True, kw_only=True)
class Mirroring:
    """The further repositories of a release; the attributes are those of its publisher."""

    registry: RegistryClient
    probe: bool
    workers: int

    def survey(self, plan: Plan, decisions: Mapping[str, LaneDecision]) -> Flow[tuple[MirrorLane, ...]]:
        """See :meth:`shiplane.release.mirrors.survey.MirrorSurveyor.survey`."""
        surveyor = MirrorSurveyor(registry=self.registry, probe=self.probe, workers=self.workers)
        return surveyor.survey(plan, decisions)

    def tags(self, mirrors: Sequence[MirrorLane]) -> MirrorTags:
        """What writes the lanes' tags in their further repositories."""
        return MirrorTags(mirrors, workers=self.workers)

    def copy(self, plan: Plan, lanes: Sequence[ReadyLane], mirrors: Sequence[MirrorLane]) -> Flow[None]:
        """See :func:`shiplane.release.mirrors.copying.copy_lanes`."""
        return copy_lanes(plan, lanes, mirrors, workers=self.workers)

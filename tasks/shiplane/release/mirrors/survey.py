"""Survey the further repositories of a release before anything is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import require_certain, resolve
from shiplane.registry.oci.lookup_result import Absent, Present, Refused
from shiplane.registry.oci.names import Repository, Tag
from shiplane.release.access import check_access
from shiplane.release.mirrors.mirror_lane import MirrorLane
from shiplane.verify.floating_tag_reader import FloatingTagReader
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.lane_versions import LaneVersions

if TYPE_CHECKING:
    from shiplane.release.ready_lane import LaneDecision


@dataclass(frozen=True, kw_only=True)
class MirrorSurveyor:
    """Surveys the further repositories of a plan.

    Attributes:
        registry: A client that may push; it knows the others' credentials.
        probe: Whether push permission is checked.
        workers: How many reads at once.
    """

    registry: RegistryClient
    probe: bool
    workers: int = WORKERS

    def survey(self, plan: Plan, decisions: Mapping[str, LaneDecision]) -> Flow[tuple[MirrorLane, ...]]:
        """Check the permission to push to each, and that each lane's tags there can be brought to the primary's.

        Args:
            plan: What is released.
            decisions: What happens in the primary repositories, by the lane's name.

        Raises:
            RefusedError: A tag there has other content.
            AccessError, UnreachableError: One of them denied access, or gave no reliable response.
        """
        may_push: dict[Repository, bool] = {}
        for mirror in dict.fromkeys(mirror for lane_plan in plan.lanes for mirror in lane_plan.mirrors):
            may_push[mirror] = yield from check_access(self.registry.at(mirror), probe=self.probe, records=False)
        lanes = []
        for lane_plan in plan.lanes:
            for mirror in lane_plan.mirrors:
                step = Step("registry", f"{', '.join(lane_plan.image_tags)} in {mirror}")
                yield step
                decision = decisions[lane_plan.lane.name]
                lane = self.survey_lane(lane_plan, self.registry.at(mirror), decision, may_push=may_push[mirror])
                yield step.done(lane.describe(decision.decision))
                lanes.append(lane)
        return tuple(lanes)

    def survey_lane(
        self, plan: LanePlan, registry: RegistryClient, decision: LaneDecision, *, may_push: bool
    ) -> MirrorLane:
        """Read a lane's tags in one further repository; raises as :meth:`survey`."""
        answer = registry.get_manifest(plan.tag)
        version: Present | Absent = Absent()
        aliases: dict[Tag, Present | Absent] = {}
        states = tuple(FloatingTagState(floating=floating, answer=Absent()) for floating in plan.floating_tags)
        # GHCR denies reading a package that does not exist yet, and lets the same credential push to it.
        if not (may_push and isinstance(answer, Refused) and registry.exists() is None):
            version = require_certain(answer, registry.repository, plan.tag)
            aliases = {alias: resolve(registry, alias) for alias in plan.aliases}
            states = self._floating_tags(plan, registry, decision.survey.ledger)
        lane = MirrorLane(
            plan=plan,
            registry=registry,
            primary=decision.survey,
            version=version,
            aliases=aliases,
            floating_tags=states,
        )
        lane.require_same_version()
        return lane

    def _floating_tags(self, plan: LanePlan, registry: RegistryClient, ledger: Ledger) -> tuple[FloatingTagState, ...]:
        """Where they are there: the ledger, which is the primary's, says nothing of that."""
        reader = FloatingTagReader(versions=LaneVersions(registry=registry, workers=self.workers))
        return reader.read(with_adopted_tags(plan.lane, ledger), Ledger(), plan.floating_tags)

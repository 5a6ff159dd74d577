"""Survey every lane of a plan before anything is written: may we push, what is there, what is to be done?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import LedgersOf, no_ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest, Repository
from shiplane.release.access import check_repositories
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.planning.decision import Decide, Pending, decide, pending_of
from shiplane.release.planning.saved_plan import SavedPlan, require_same
from shiplane.release.ready_lane import LaneDecision
from shiplane.verify.contradiction import contradiction
from shiplane.verify.surveyor import Surveyor

_DECIDES_AGAIN = "Run it again: it decides by the current state."


@dataclass(frozen=True)
class ReleaseSurvey:
    """What there was before anything was written.

    Attributes:
        decisions: Each lane's survey and decision, by the lane's name.
        claimed: The digest that an earlier run of this commit has claimed for a version tag, by the lane's name.
    """

    decisions: Mapping[str, LaneDecision]
    claimed: Mapping[str, Digest] = field(default_factory=dict)

    @property
    def pending(self) -> Pending:
        """What is still to be written."""
        return pending_of(lane.decision for lane in self.decisions.values())

    @property
    def presumed(self) -> frozenset[str]:
        """The lanes whose repository is presumed new because nothing of it could be read."""
        return frozenset(name for name, lane in self.decisions.items() if lane.survey.presumed)

    def created(self, plan: Plan) -> list[LanePlan]:
        """The lanes whose version tag is to be created."""
        return [lane_plan for lane_plan in plan.lanes if self.decisions[lane_plan.lane.name].creates]


@dataclass(frozen=True, kw_only=True)
class ReleaseSurveyor:
    """Surveys the lanes of a plan.

    Attributes:
        decide: Decides what happens to a lane's tags, for the plan's commit; the other attributes are those of
            :class:`shiplane.release.publish.Publisher`.
    """

    registry: RegistryClient
    ledgers: LedgersOf
    claiming: ReleaseClaims | None
    saved: SavedPlan | None
    probe: bool
    workers: int = WORKERS
    decide: Decide = decide

    def survey(self, plan: Plan) -> Flow[ReleaseSurvey]:
        """Check the permission to push, and decide what is to be done."""
        may_push = yield from check_repositories(self.registry, self.ledgers, plan.primaries, probe=self.probe)
        survey = ReleaseSurvey((yield from self._survey_lanes(plan, may_push=may_push)))
        created = survey.created(plan)
        if self.claiming and created:
            return ReleaseSurvey(survey.decisions, (yield from self.claiming.survey(plan, created)))
        return survey

    def survey_again(self, plan: Plan, expected: Pending) -> Flow[ReleaseSurvey]:
        """Survey after the prerequisites, which took their time.

        Raises:
            LostRaceError: More is to be written now than the prerequisites were checked for.
        """
        survey = yield from self.survey(plan)
        if survey.pending > expected:
            raise LostRaceError(
                "a version that was published when the prerequisites were checked is gone", remedy=_DECIDES_AGAIN
            )
        return survey

    def survey_for_staging(self, plan: Plan) -> Flow[None]:
        """Refuse now what a publish would refuse later."""
        may_push = yield from check_repositories(self.registry, no_ledgers, plan.primaries, probe=self.probe)
        yield from self._survey_lanes(plan, may_push=may_push)

    def check_new(self, plan: Plan, presumed: Collection[str]) -> Flow[None]:
        """Check that a repository that was presumed new is new: by now it exists and can be read.

        Args:
            plan: What is released.
            presumed: The lanes whose repository was.

        Raises:
            LostRaceError: It is not.
        """
        new = replace(plan, lanes=tuple(lane for lane in plan.lanes if lane.lane.name in presumed))
        lanes = yield from self._survey_lanes(new, may_push={})
        for lane_plan in new.lanes:
            survey = lanes[lane_plan.lane.name].survey
            answers = (survey.version, *(state.answer for state in survey.floating_tags))
            if survey.ledger.entries or any(isinstance(answer, Present) for answer in answers):
                raise LostRaceError(
                    f"{lane_plan.repository} was presumed new because nothing of it could be read, but it is not",
                    remedy=_DECIDES_AGAIN,
                )

    def _survey_lanes(self, plan: Plan, *, may_push: Mapping[Repository, bool]) -> Flow[dict[str, LaneDecision]]:
        decisions, changes = dict[str, LaneDecision](), list[str]()
        for lane_plan in plan.lanes:
            where, primary = plan.where(lane_plan), lane_plan.repository
            step = Step("registry", ", ".join(lane_plan.image_tags) + where)
            yield step
            surveyor = Surveyor(registry=self.registry.at(primary), ledgers=self.ledgers(primary), workers=self.workers)
            survey = surveyor.survey_settled(lane_plan, may_push=may_push.get(primary, False))
            differences = self.saved.differences(lane_plan, survey, plan.commit) if self.saved else []
            changes += [f"{difference}{where}" for difference in differences]
            if changes:
                yield step.failed(f"{'; '.join(changes)}: differs from the saved plan")
                continue
            decision = decisions[lane_plan.lane.name] = LaneDecision(
                survey, self.decide(lane_plan, survey, plan.commit)
            )
            doubt = contradiction(lane_plan, survey)
            warning = f"; the registry and the ledger differ: {doubt.what}" if doubt else ""
            yield step.done(f"{decision.describe(lane_plan)}{warning}")
        if self.saved:
            require_same(self.saved.name, changes)
        return decisions

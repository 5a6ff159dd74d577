"""Survey every lane of a plan before anything is written: may we push, what is there, what is to be done?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import LostRaceError
from shiplane.core.flows import run_flows
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel, start
from shiplane.ledger.recorder import LedgersOf, no_ledgers
from shiplane.registry.oci.names import Digest, Repository
from shiplane.release.access import check_repositories
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.planning.decision import Decide, Pending, decide, pending_of
from shiplane.release.planning.saved_plan import SavedPlan, require_same
from shiplane.release.ready_lane import LaneDecision
from shiplane.verify.contradiction import contradiction
from shiplane.verify.surveyor import Surveyor

if TYPE_CHECKING:
    from shiplane.registry.client import RegistryClient

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
        survey = ReleaseSurvey((yield from self._check_and_survey(plan, self.ledgers)))
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
        yield from self._check_and_survey(plan, no_ledgers)

    def check_new(self, plan: Plan, presumed: Collection[str]) -> Flow[None]:
        """Check that a repository that was presumed new is new: by now it exists and can be read.

        Args:
            plan: What is released.
            presumed: The lanes whose repository was.

        Raises:
            LostRaceError: It is not.
        """
        new = replace(plan, lanes=tuple(lane for lane in plan.lanes if lane.lane.name in presumed))
        lanes = yield from self._survey_lanes(new, self._surveyors(new), may_push={})
        for lane_plan in new.lanes:
            if not lanes[lane_plan.lane.name].survey.is_empty:
                raise LostRaceError(
                    f"{lane_plan.repository} was presumed new because nothing of it could be read, but it is not",
                    remedy=_DECIDES_AGAIN,
                )

    def _surveyors(self, plan: Plan) -> Mapping[Repository, Surveyor]:
        """The surveyor of each primary repository, which asks for nothing twice."""
        return {
            primary: Surveyor(
                registry=self.registry.at(primary), ledgers=self.ledgers(primary), workers=self.workers
            ).once
            for primary in plan.primaries
        }

    def _check_and_survey(self, plan: Plan, kept: LedgersOf) -> Flow[dict[str, LaneDecision]]:
        """Check the permission to push, and read the lanes meanwhile; ``kept`` are the ledgers to be written."""
        surveyors = self._surveyors(plan)

        def read_ahead(lane_plan: LanePlan) -> None:
            surveyor = surveyors[lane_plan.repository]
            # One token for both.
            surveyor.registry.authorize_push()
            surveyor.read_ahead(lane_plan)

        start(lambda: map_parallel(read_ahead, plan.lanes, workers=self.workers), workers=self.workers)
        may_push = yield from check_repositories(self.registry, kept, plan.primaries, probe=self.probe)
        return (yield from self._survey_lanes(plan, surveyors, may_push=may_push))

    def _survey_lanes(
        self, plan: Plan, surveyors: Mapping[Repository, Surveyor], *, may_push: Mapping[Repository, bool]
    ) -> Flow[dict[str, LaneDecision]]:
        surveyed = yield from run_flows(
            [
                self._survey_lane(plan, lane_plan, surveyors[lane_plan.repository], may_push=may_push)
                for lane_plan in plan.lanes
            ],
            workers=self.workers,
        )
        if self.saved:
            require_same(self.saved.name, [change for lane in surveyed if isinstance(lane, list) for change in lane])
        decisions = zip(plan.lanes, surveyed, strict=True)
        return {lane_plan.lane.name: lane for lane_plan, lane in decisions if isinstance(lane, LaneDecision)}

    def _survey_lane(
        self, plan: Plan, lane_plan: LanePlan, surveyor: Surveyor, *, may_push: Mapping[Repository, bool]
    ) -> Flow[LaneDecision | list[str]]:
        """Decide about one lane; or say how it differs from the saved plan."""
        where, primary = plan.where(lane_plan), lane_plan.repository
        step = Step("registry", ", ".join(lane_plan.image_tags) + where)
        yield step
        survey = surveyor.survey_settled(lane_plan, may_push=may_push.get(primary, False))
        if self.saved and (differences := self.saved.differences(lane_plan, survey, plan.commit)):
            yield step.failed(f"{'; '.join(differences)}: differs from the saved plan")
            return [f"{difference}{where}" for difference in differences]
        decision = LaneDecision(survey, self.decide(lane_plan, survey, plan.commit))
        doubt = contradiction(lane_plan, survey)
        warning = f"; the registry and the ledger differ: {doubt.what}" if doubt else ""
        yield step.done(f"{decision.describe(lane_plan)}{warning}")
        return decision

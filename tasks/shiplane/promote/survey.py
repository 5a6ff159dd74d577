"""Survey a promotion: the source is verified, the target read and decided upon. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import LedgersOf, no_ledgers
from shiplane.promote.decision import PromotionRules
from shiplane.promote.request import PromotionRequest
from shiplane.promote.source_image import SourceImage, find_source
from shiplane.registry.client import RegistryClient
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.mirrors.mirror_lane import MirrorLane
from shiplane.release.mirrors.mirroring import Mirroring
from shiplane.release.ready_lane import LaneDecision
from shiplane.release.release_survey import ReleaseSurvey, ReleaseSurveyor

if TYPE_CHECKING:
    from shiplane.verify.verify import Verifier


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """A promotion that may be carried out.

    Attributes:
        plan: What is written in the target.
        source: The image.
        survey: What there is in the target.
        mirrors: The same in the target's further repositories.
    """

    plan: Plan
    source: SourceImage
    survey: ReleaseSurvey
    mirrors: tuple[MirrorLane, ...]

    @property
    def lane_plan(self) -> LanePlan:
        """The one lane of its plan."""
        return self.plan.lanes[0]

    @property
    def decision(self) -> LaneDecision:
        """What happens to that lane's tags."""
        return self.survey.decisions[self.lane_plan.lane.name]


@dataclass(frozen=True, kw_only=True)
class PromotionSurveyor:
    """Surveys promotions.

    Attributes:
        verifier: Verifies versions of the source.
        registry: A client of the target that may push; it knows the credentials of further repositories.
        ledgers: The ledgers of the target's lanes.
        claiming: Claims versions of the target, if configured.
        probe: Whether push permission is checked.
        workers: How many reads at once.
    """

    verifier: Verifier
    registry: RegistryClient
    ledgers: LedgersOf = no_ledgers
    claiming: ReleaseClaims | None = None
    probe: bool = True
    workers: int = WORKERS

    def survey(self, request: PromotionRequest) -> Flow[Promotion]:
        """Verify the source, and decide what is to be done in the target.

        Raises:
            ShiplaneError: By situation; nothing was written.
        """
        source = yield from find_source(self.verifier, request)
        plan = request.plan(source.report, source.commit, source.reference)
        rules = PromotionRules(digest=source.raw.digest, origin=source.reference)
        survey = yield from self.surveyor(source).survey(plan)
        rules.require_claimed(plan, survey.claimed)
        mirroring = Mirroring(registry=self.registry, probe=self.probe, workers=self.workers)
        mirrors = yield from mirroring.survey(plan, survey.decisions)
        return Promotion(plan=plan, source=source, survey=survey, mirrors=mirrors)

    def surveyor(self, source: SourceImage) -> ReleaseSurveyor:
        """What surveys the target for an image."""
        return ReleaseSurveyor(
            registry=self.registry,
            ledgers=self.ledgers,
            claiming=self.claiming,
            saved=None,
            probe=self.probe,
            workers=self.workers,
            decide=PromotionRules(digest=source.raw.digest, origin=source.reference).decide,
        )

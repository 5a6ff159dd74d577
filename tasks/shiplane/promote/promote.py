"""Carry a version over: all content by digest and verified, then the version tag, then floating tags, then the ledger.

A run that ends anywhere leaves correct tags or none, and running it again finishes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.progress import Flow
from shiplane.promote.decision import PromotionRules
from shiplane.promote.result import PromotionResult
from shiplane.promote.stage import PromotionStager
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.mirrors.copying import copy_lanes
from shiplane.release.mirrors.tagging import MirrorTags
from shiplane.release.write_tags import tag_and_record

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan
    from shiplane.promote.survey import Promotion, PromotionSurveyor


@dataclass(frozen=True)
class Promoter:
    """Carries promotions out; ``surveyor`` has all that it works with."""

    surveyor: PromotionSurveyor

    def promote(self, promotion: Promotion) -> Flow[PromotionResult]:
        """Write what was decided.

        Raises:
            ShiplaneError: By situation; every tag that was written by then is right.
        """
        surveyor, plan, source = self.surveyor, promotion.plan, promotion.source
        stager = PromotionStager(surveyor)
        lane = yield from stager.stage(promotion)
        yield from copy_lanes(plan, [lane], promotion.mirrors, workers=surveyor.workers)
        for mirror in promotion.mirrors:
            yield from stager.attach(promotion, mirror.registry)
            yield from stager.check_signatures(promotion, mirror.registry, lane.report)
        if promotion.survey.presumed:
            yield from surveyor.surveyor(source).check_new(plan, promotion.survey.presumed)
        yield from self._claim(promotion)
        others = MirrorTags(promotion.mirrors, workers=surveyor.workers)
        (result,) = yield from tag_and_record(self._writer, surveyor.ledgers, plan.commit, [lane], others)
        return PromotionResult(source=source, lane=result, new=promotion.decision.creates)

    def _claim(self, promotion: Promotion) -> Flow[None]:
        """Claim the version for its digest, where that is configured and the version is new in the target."""
        plan, source, claiming = promotion.plan, promotion.source, self.surveyor.claiming
        created = promotion.survey.created(plan)
        if claiming and created:
            digests = {lane_plan.lane.name: source.raw.digest for lane_plan in created}
            claimed = yield from claiming.take(plan, created, digests)
            PromotionRules(digest=source.raw.digest, origin=source.reference).require_claimed(plan, claimed)

    def _writer(self, lane_plan: LanePlan) -> TagWriter:
        return TagWriter(registry=self.surveyor.registry.at(lane_plan.repository), names_repository=True)

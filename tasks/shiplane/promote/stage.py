"""Copy an image and what refers to it, without a tag for its version, and check it where it is copied to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.checks.staged_check import NOT_CHECKED
from shiplane.config.smoke import NOT_CONFIGURED
from shiplane.core.check import checks_summary, require
from shiplane.core.progress import Flow, Step
from shiplane.registry.image_copy import ImageCopier
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.referrers.copying import copy_attached
from shiplane.release.image_inspection import NOT_COPIED, ImageInspector
from shiplane.release.ready_lane import ReadyLane
from shiplane.signing.signature import digests_to_sign

if TYPE_CHECKING:
    from shiplane.promote.survey import Promotion, PromotionSurveyor
    from shiplane.registry.client import RegistryClient
    from shiplane.verify.image_check import ImageReport


@dataclass(frozen=True)
class PromotionStager:
    """Stages promotions; ``surveyor`` has all that it works with."""

    surveyor: PromotionSurveyor

    def stage(self, promotion: Promotion) -> Flow[ReadyLane]:
        """Bring everything into the target that its version tag stands for.

        Raises:
            VerificationError: What is in the target then is not as it should be.
            ShiplaneError: Others by situation.
        """
        plan, lane_plan, digest = promotion.plan, promotion.lane_plan, promotion.source.raw.digest
        source, target, workers = self.surveyor.verifier.registry, self.surveyor.registry, self.surveyor.workers
        yield from ImageCopier(source=source, target=target, workers=workers).copy(promotion.source.raw)
        yield from self.attach(promotion, target)
        raw = wait_for_digest(target, digest, "this run copied it")
        inspector = ImageInspector(registry=target, workers=workers)
        report = yield from inspector.inspect_for(plan, lane_plan, raw, promotion.decision, promoted=True)
        yield from self.check_signatures(promotion, target, report)
        return ReadyLane(
            plan=lane_plan,
            survey=promotion.decision.survey,
            decision=promotion.decision.decision,
            raw=raw,
            report=report,
            built=False,
            smoked=NOT_CONFIGURED,
            checked=NOT_CHECKED,
            origin=promotion.source.reference,
        )

    def attach(self, promotion: Promotion, target: RegistryClient) -> Flow[None]:
        """Attach to the image in a repository what refers to it in the source."""
        source, workers = self.surveyor.verifier.registry, self.surveyor.workers
        copier = ImageCopier(source=source, target=target, workers=workers)
        yield from copy_attached(copier, promotion.source.attached)

    def check_signatures(self, promotion: Promotion, target: RegistryClient, report: ImageReport) -> Flow[None]:
        """Check, where it is configured, that the signatures in a repository verify as the source's did.

        Raises:
            VerificationError: One is required, and missing or invalid there.
            AccessError, UnreachableError: They cannot be read.
        """
        signatures = self.surveyor.verifier.signatures
        if signatures is None:
            return
        digests = digests_to_sign([target.repository], promotion.source.raw.digest, report.images)
        step = Step("signatures", digests[-1].reference)
        yield step
        checks = signatures.check(digests)
        require(checks, f"the image in {target.repository}", remedy=NOT_COPIED)
        yield step.done(checks_summary(checks))

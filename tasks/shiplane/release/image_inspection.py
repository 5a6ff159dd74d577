"""Check the images of a release before they are tagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.check import checks_summary, require
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport

if TYPE_CHECKING:
    from shiplane.release.ready_lane import LaneDecision

NOT_COPIED = "This run did not tag it. Run it again: what is missing is copied again."
NOT_TAGGED = "This run did not tag it. Fix the build, then run it again."


def wait_for_images(
    images: Sequence[tuple[RegistryClient, Digest]], evidence: str, *, workers: int = WORKERS
) -> list[RawManifest]:
    """Wait for images that were pushed by digest: see :func:`wait_for_digest`."""
    return map_parallel(lambda image: wait_for_digest(*image, evidence), images, workers=workers)


@dataclass(frozen=True, kw_only=True)
class ImageInspector:
    """Checks the images of one release; ``workers`` is how many reads run at once."""

    registry: RegistryClient
    workers: int = WORKERS

    def inspect_for(
        self, plan: Plan, lane_plan: LanePlan, raw: RawManifest, decision: LaneDecision, *, promoted: bool = False
    ) -> Flow[ImageReport]:
        """Check a lane's image: staged just now, or published before, perhaps elsewhere or by another tool.

        Raises:
            VerificationError: It is not as it should be.
        """
        if decision.creates and not promoted:
            return (yield from self.inspect(plan, lane_plan, raw, NOT_TAGGED))
        version, platforms = lane_plan.version.value, lane_plan.platforms.value
        expected = ExpectedImage.published(lane_plan.lane, version, platforms=platforms, revision=plan.commit or None)
        if decision.creates:
            return (yield from self.inspect(plan, lane_plan, raw, NOT_COPIED, expected))
        following = lane_plan.lane.tag_of(version.next_patch())
        remedy = f"It is published as {lane_plan.tag}, which is written once. Release the next version, {following}."
        return (yield from self.inspect(plan, lane_plan, raw, remedy, expected))

    def inspect(
        self, plan: Plan, lane_plan: LanePlan, raw: RawManifest, remedy: str, expected: ExpectedImage | None = None
    ) -> Flow[ImageReport]:
        """Check an image: a published one against ``expected``, a new one against the plan.

        Raises:
            VerificationError: It is not as it should be.
        """
        where = "" if self.registry.repository == lane_plan.repository else f" in {self.registry.repository}"
        step = Step("inspect", f"{lane_plan.lane.name} {raw.digest.short}{where}")
        yield step
        # A published image may have lost anything since; one that was pushed just now has not.
        checker = ImageChecker(
            registry=self.registry, deep=expected is not None, fresh=expected is None, workers=self.workers
        )
        expected = expected or ExpectedImage.planned(plan, lane_plan, lane_plan.platforms.value)
        report = checker.check(raw, expected)
        require(report.checks, f"lane {lane_plan.lane.name}'s image {raw.digest}", remedy=remedy)
        yield step.done(checks_summary(report.checks))
        return report

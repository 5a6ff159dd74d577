"""What a staged image has to pass before it is tagged: its smoke tests, then its checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.checks.staged_check import ChecksResult
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.smoke import SmokeResult
from shiplane.core.progress import Flow
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Platform
from shiplane.release.checks.check_run import CheckRunner, check_images
from shiplane.release.checks.staged_image import StagedImage
from shiplane.release.smoke_run import SmokeRunner, smoke_lanes
from shiplane.verify.image_check import ImageReport


@dataclass(frozen=True)
class TestedImage:
    """How a lane's image did."""

    smoked: SmokeResult
    checked: ChecksResult


@dataclass(frozen=True, kw_only=True)
class ImageTests:
    """The tests of one release; what is None is not configured."""

    smoke: SmokeRunner | None = None
    checks: CheckRunner | None = None

    def require(self, lanes: Mapping[str, Sequence[Platform]]) -> None:
        """Check before a build whether its images could be tested at all.

        Args:
            lanes: What each lane is built for.

        Raises:
            PrerequisiteError: The engine can run none of a lane's platforms; a check lacks its program or a variable.
            UnreachableError: No engine answers.
        """
        if self.checks:
            self.checks.require(lanes)
        if self.smoke:
            self.smoke.check(lanes)

    def run(
        self, images: Sequence[StagedImage], reports: Mapping[str, ImageReport], built: Collection[str]
    ) -> Flow[dict[str, TestedImage]]:
        """Test every lane's image that this run is going to tag.

        Args:
            images: Each lane's.
            reports: What each consists of.
            built: The lanes whose version this run publishes; the others' are public already.

        Raises:
            VerificationError: One fails.
            ShiplaneError: One cannot be tested, by situation.
        """
        smoked = yield from smoke_lanes(self.smoke, reports, built)
        checked = yield from check_images(self.checks, images, built)
        return {lane: TestedImage(smoked[lane], checked[lane]) for lane in reports}


@dataclass(frozen=True, kw_only=True)
class StagedImages:
    """Makes of each lane's image what its checks get.

    Attributes:
        plan: What is released.
        registry: A client from which those of the lanes' repositories can be had.
        workers: How many reads at once.
    """

    plan: Plan
    registry: RegistryClient
    workers: int

    def of(
        self, lane_plans: Sequence[LanePlan], images: Mapping[str, RawManifest], reports: Mapping[str, ImageReport]
    ) -> list[StagedImage]:
        """The images of some lanes, which are given by the lanes' names."""
        return [
            StagedImage(
                plan=self.plan,
                lane_plan=lane_plan,
                registry=self.registry.at(lane_plan.repository),
                raw=images[lane_plan.lane.name],
                images=reports[lane_plan.lane.name].images,
                workers=self.workers,
            )
            for lane_plan in lane_plans
        ]

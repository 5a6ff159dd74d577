"""What is to be promoted, and the plan that it becomes once the image is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.registry.oci.names import Repository
from shiplane.verify.image_check import ImageReport


@dataclass(frozen=True, kw_only=True)
class PromotionRequest:
    """A version of a lane, and where it is to be.

    Attributes:
        lane: The lane, with its own tags.
        version: The version.
        latest: Whether the floating tags of the target are to move.
        images: Where it is to be: the target, and the repositories that get the same.
    """

    lane: Lane
    version: Setting[Version]
    latest: Setting[bool]
    images: Setting[tuple[Repository, ...]]

    def plan(self, report: ImageReport, commit: str, origin: str) -> Plan:
        """What is written in the target.

        Args:
            report: What the image consists of.
            commit: What it was built from, as far as that is known.
            origin: The reference that it is copied from.
        """
        platforms = tuple(image.platform for image in report.images if image.platform)
        lane = LanePlan(
            lane=self.lane,
            version=self.version,
            latest=self.latest,
            platforms=Setting(platforms, origin),
            images=self.images,
        )
        return Plan(commit=commit, created=report.created, source="", lanes=(lane,))

"""A staged image as its checks get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shiplane.config.plan import LanePlan, Plan
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.manifest import Descriptor, RawManifest


@dataclass(frozen=True, kw_only=True)
class StagedImage:
    """One lane's staged image.

    Attributes:
        plan: What is released.
        lane_plan: The lane's part of it.
        registry: Reads its repository.
        raw: The image.
        images: Its platforms.
        workers: How many reads at once.
    """

    plan: Plan
    lane_plan: LanePlan
    registry: RegistryClient
    raw: RawManifest
    images: Sequence[Descriptor]
    workers: int

    @property
    def lane(self) -> str:
        """The lane's name."""
        return self.lane_plan.lane.name

    @property
    def placeholders(self) -> dict[str, str]:
        """What each placeholder of a check stands for, but those of its own files."""
        return {
            **self.plan.placeholders(self.lane_plan),
            "image": f"{self.lane_plan.repository}@{self.raw.digest}",
            "digest": str(self.raw.digest),
            "platforms": ",".join(str(image.platform) for image in self.images),
        }

    def write_layout(self, folder: Path) -> int:
        """Lay it out in a folder; gives its bytes. Raises as :meth:`ImageLayout.write`."""
        from shiplane.registry.image_layout import ImageLayout

        return ImageLayout(registry=self.registry, workers=self.workers).write(self.raw, folder)

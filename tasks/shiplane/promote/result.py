"""The result of a promotion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shiplane.promote.documents import AttachedJson, PromotionJson
    from shiplane.promote.source_image import SourceImage
    from shiplane.release.result import LaneResult


@dataclass(frozen=True, kw_only=True)
class PromotionResult:
    """A version in the target, read back, and where it came from.

    ``new`` is whether this run created its tag; otherwise it was there, with this digest.
    """

    source: SourceImage
    lane: LaneResult
    new: bool

    def to_json(self) -> PromotionJson:
        """The result as JSON values."""
        return {
            "source": self.source.reference,
            "new": self.new,
            "attached": attached_json(self.source),
            "lane": self.lane.to_json(),
        }


def attached_json(source: SourceImage) -> AttachedJson:
    """What refers to an image, as JSON values."""
    attached = source.attached
    return {
        "referrers": {str(subject): list(map(str, listed)) for subject, listed in attached.lists.items()},
        "tags": list(attached.tags),
        "left_out": attached.left_out,
    }

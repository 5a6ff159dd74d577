"""The result of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.registry.oci.names import Digest, Platform
from shiplane.verify.image_check import ImageReport


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """One lane's checks, and what was expected.

    Attributes:
        lane: The lane with its adopted tags.
        version: The version that was verified, if any.
        digest: Its tag's digest; None if the tag does not exist.
        checks: Every check, good or bad.
        report: What the image consists of, as far as it could be read.
        platforms: The platforms that the image had to have, and where that comes from.
        pointing: Whether the floating tag had to be at the requested version, and where that comes from; None if no
            version was requested.
        current: The version that the floating tag points at, if any.
    """

    lane: Lane
    version: Version | None
    digest: Digest | None
    checks: tuple[Check, ...]
    report: ImageReport | None = None
    platforms: Setting[tuple[Platform, ...]] | None = None
    pointing: Setting[bool] | None = None
    current: Version | None = None

    @property
    def good(self) -> bool:
        """Whether every check is good."""
        return all(check.good for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        images = self.report.images if self.report else ()
        return {
            "lane": self.lane.name,
            "version": str(self.version) if self.version else None,
            "tag": self.lane.tag_of(self.version) if self.version else None,
            "floating": self.lane.floating,
            "digest": str(self.digest) if self.digest else None,
            "platforms": {str(image.platform): str(image.digest) for image in images},
            "expected_platforms": {"value": list(map(str, self.platforms.value)), "source": self.platforms.source}
            if self.platforms
            else None,
            "expected_floating": {"value": self.pointing.value, "source": self.pointing.source}
            if self.pointing
            else None,
            "good": self.good,
            "checks": [check.to_json() for check in self.checks],
        }

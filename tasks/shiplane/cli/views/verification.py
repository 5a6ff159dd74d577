"""Verified lanes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.verification_result import VerificationResult


def verified_text(repository: Repository, lanes: Sequence[VerificationResult]) -> str:
    """What a verification found: a headline for each lane, its bad checks, or the number of good ones."""
    lines: list[str] = []
    names = [f"{repository}:{lane.lane.tag_of(lane.version) if lane.version else lane.lane.floating}" for lane in lanes]
    width = max(map(len, names), default=0)
    for lane, name in zip(lanes, names, strict=True):
        what = name.ljust(width)
        if lane.good:
            images = lane.report.images if lane.report else ()
            platforms = ", ".join(str(image.platform) for image in images)
            lines.append(f"good  {what}  {lane.digest}  {platforms}  ({len(lane.checks)} checks)")
            lines += [f"      platforms: {lane.platforms.source}"] if lane.platforms else []
        else:
            lines.append(f"BAD   {what}  {lane.digest or ''}".rstrip())
            lines += [f"      {check}" for check in lane.checks if not check.good]
        lines += [f"      warning: {check}" for check in lane.checks if check.warning]
        lines += _pointing(lane)
    return "\n".join(lines)


def _pointing(result: VerificationResult) -> list[str]:
    """Where the floating tag is, and who says whether it has to be at the version that was asked for."""
    if result.pointing is None or result.version is None:
        return []
    position = f"at {result.lane.tag_of(result.current)}" if result.current else "at no version"
    tag = result.lane.tag_of(result.version)
    expected = f"expected at {tag} or above" if result.pointing.value else f"not expected at {tag}"
    return [f"      {result.lane.floating}: {position}, {expected} ({result.pointing.source})"]

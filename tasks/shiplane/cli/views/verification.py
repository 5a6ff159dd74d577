"""Verified lanes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shiplane.config.setting import Setting
    from shiplane.registry.oci.names import Repository
    from shiplane.verify.verification_result import VerificationResult


def verified_text(results: Sequence[tuple[Repository, VerificationResult]]) -> str:
    """What a verification found in each lane's repository: a headline, the bad checks, or the number of good ones."""
    lines: list[str] = []
    names = [
        f"{repository}:{lane.tag}" if lane.tag else f"{repository}, lane {lane.lane.name}"
        for repository, lane in results
    ]
    width = max(map(len, names), default=0)
    for (_, lane), name in zip(results, names, strict=True):
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
    """Where the floating tags are, and who says whether each has to be at the version that was asked for."""
    if not result.lane.floating_templates and result.version:
        return [f"      {result.lane.tag_of(result.version)}: lane {result.lane.name} has no floating tags"]
    lines = []
    for state in reversed(result.floating):
        position = f"at {result.lane.tag_of(state.version)}" if state.version else "at no version"
        if expected := result.expected.get(state.tag):
            lines.append(f"      {state.tag}: {position}, {_expectation(result, expected)} ({expected.source})")
        elif len(result.floating) > 1:
            lines.append(f"      {state.tag}: {position}")
    return lines


def _expectation(result: VerificationResult, expected: Setting[bool]) -> str:
    return f"expected at {result.tag} or above" if expected.value else f"not expected at {result.tag}"

"""Released lanes and published channels as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns
from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.release.announcing.github_result import GitHubReleaseResult
    from shiplane.release.channel.result import ChannelLaneResult
    from shiplane.release.result import FloatingTagResult, LaneResult


def published_text(published: Sequence[LaneResult]) -> str:
    """What a release published: a line for each tag, with its digest."""
    rows = []
    for lane in published:
        repository = lane.plan.repository
        rows.append((f"{repository}:{lane.plan.tag}", str(lane.digest), "new" if lane.built else "already published"))
        rows += [(f"{repository}:{alias}", str(lane.digest), "the same") for alias in lane.plan.aliases]
        rows += [_floating_row(repository, floating) for floating in lane.floating_tags]
        for mirror in lane.mirrors:
            tags = (lane.plan.tag, *lane.plan.aliases)
            rows += [(f"{mirror.repository}:{tag}", str(lane.digest), "the same") for tag in tags]
            rows += [_floating_row(mirror.repository, floating) for floating in mirror.floating_tags]
    return columns(rows)


def _floating_row(repository: Repository, floating: FloatingTagResult) -> tuple[str, str, str]:
    digest = str(floating.digest) if floating.digest else "does not exist"
    return f"{repository}:{floating.tag}", digest, "moved" if floating.moved else floating.reason


def github_text(releases: Sequence[GitHubReleaseResult]) -> str:
    """A line for each release on GitHub."""
    return "\n".join(f"GitHub release {release.tag}: {release.description}" for release in releases)


def stayed_text(plan: Plan, lane: LanePlan, tag: Tag, reason: str) -> str:
    """That a floating tag does not move although requested, and why."""
    return f"{tag}{plan.where(lane)} does not move, although requested ({lane.latest.source}): {reason}"


def channel_text(plan: Plan, lanes: Sequence[ChannelLaneResult]) -> str:
    """What a channel published: a line for each tag, with its digest."""
    rows = []
    for lane in lanes:
        rows.append((f"{lane.repository}:{lane.tag}", str(lane.digest), _move(plan, lane)))
        kept = lane.tagged.kept
        if kept:
            rows.append((f"{lane.repository}:{kept}", str(lane.digest), "new" if lane.built else "already published"))
        for mirror in lane.tagged.image.lane.plan.mirrors:
            rows += [(f"{mirror}:{tag}", str(lane.digest), "the same") for tag in (lane.tag, kept) if tag]
    return columns(rows)


def _move(plan: Plan, lane: ChannelLaneResult) -> str:
    here, before = plan.commit[:12], one_line(lane.commit_before or "")[:12]
    if not lane.tagged.moved:
        return f"unchanged, at commit {here}"
    return f"moved, commit {before} -> {here}" if before else f"new, at commit {here}"

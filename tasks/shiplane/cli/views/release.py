"""Released lanes, promotions and published channels as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shiplane.cli.live.accent import Accent
from shiplane.cli.views.tables import columns
from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.cli.live.screen import Screen
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.promote.result import PromotionResult
    from shiplane.promote.survey import Promotion
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
        rows += [*_floating_rows(lane), *_mirror_rows(lane)]
    return columns(rows)


def published_screen(published: Sequence[LaneResult], on_github: Sequence[GitHubReleaseResult], screen: Screen) -> str:
    """What a release comes to: for each lane its version, where its floating tags went, where it is and how long."""
    lines = [line for lane in published for line in _lane_lines(lane, screen)]
    return "\n".join([*lines, *filter(None, [github_text(on_github)])])


def _lane_lines(lane: LaneResult, screen: Screen) -> Iterator[str]:
    names = ", ".join((lane.plan.tag, *lane.plan.aliases))
    became = ("published", Accent.GOOD) if lane.built else ("was published already", Accent.SAME)
    yield f"{screen.paint(names, Accent.MORE)} {screen.paint(*became)}"
    for floating in lane.floating_tags:
        here = "unchanged, at this version" if floating.digest == lane.digest else floating.reason
        yield f"  {floating.tag}: {floating.change or here}"
    for mirror in lane.mirrors:
        yield f"  the same in {mirror.repository}"
    yield f"  {lane.plan.repository}:{lane.plan.tag}, {lane.digest.short}, in {screen.seconds:.0f} s"


def promoted_text(promoted: PromotionResult) -> str:
    """What a promotion published: a line for each tag, with its digest; and what refers to the image there."""
    lane, repository = promoted.lane, promoted.lane.plan.repository
    how = f"promoted from {promoted.source.reference}" if promoted.new else "already there"
    rows = [(f"{repository}:{lane.plan.tag}", str(lane.digest), how)]
    rows += [(f"{repository}:{alias}", str(lane.digest), "the same") for alias in lane.plan.aliases]
    rows += [*_floating_rows(lane), *_mirror_rows(lane)]
    return f"{columns(rows)}\nattached to it: {promoted.source.attached.describe()}"


def promotion_text(promotion: Promotion) -> str:
    """What a promotion would do."""
    plan, source = promotion.lane_plan, promotion.source
    lines = [
        f"{source.reference} is {source.raw.digest}, verified",
        f"  to {plan.repository}: {promotion.decision.describe(plan)}",
        *(f"  to {mirror.repository}: {mirror.describe(promotion.decision.decision)}" for mirror in promotion.mirrors),
        f"  attached to it: {source.attached.describe()}",
    ]
    return "\n".join(lines)


def _floating_rows(lane: LaneResult) -> Iterator[tuple[str, str, str]]:
    return (_floating_row(lane.plan.repository, floating) for floating in lane.floating_tags)


def _mirror_rows(lane: LaneResult) -> Iterator[tuple[str, str, str]]:
    for mirror in lane.mirrors:
        tags = (lane.plan.tag, *lane.plan.aliases)
        yield from ((f"{mirror.repository}:{tag}", str(lane.digest), "the same") for tag in tags)
        yield from (_floating_row(mirror.repository, floating) for floating in mirror.floating_tags)


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

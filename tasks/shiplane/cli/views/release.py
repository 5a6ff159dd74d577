"""Released lanes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan
    from shiplane.registry.oci.names import Repository
    from shiplane.release.result import LaneResult


def published_text(repository: Repository, published: Sequence[LaneResult]) -> str:
    """What a release published: a line for each tag, with its digest."""
    rows = []
    for lane in published:
        rows.append((f"{repository}:{lane.plan.tag}", str(lane.digest), "new" if lane.built else "already published"))
        floating = str(lane.floating) if lane.floating else "does not exist"
        rows.append((f"{repository}:{lane.plan.lane.floating}", floating, "moved" if lane.moved else lane.reason))
    return columns(rows)


def stayed_text(lane: LanePlan, reason: str) -> str:
    """That a floating tag does not move although requested, and why."""
    return f"{lane.lane.floating} does not move, although requested ({lane.latest.source}): {reason}"

"""Released lanes as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.release.result import FloatingTagResult, LaneResult


def published_text(repository: Repository, published: Sequence[LaneResult]) -> str:
    """What a release published: a line for each tag, with its digest."""
    rows = []
    for lane in published:
        rows.append((f"{repository}:{lane.plan.tag}", str(lane.digest), "new" if lane.built else "already published"))
        rows += [_floating_row(repository, floating) for floating in lane.floating_tags]
    return columns(rows)


def _floating_row(repository: Repository, floating: FloatingTagResult) -> tuple[str, str, str]:
    digest = str(floating.digest) if floating.digest else "does not exist"
    return f"{repository}:{floating.tag}", digest, "moved" if floating.moved else floating.reason


def stayed_text(lane: LanePlan, tag: Tag, reason: str) -> str:
    """That a floating tag does not move although requested, and why."""
    return f"{tag} does not move, although requested ({lane.latest.source}): {reason}"

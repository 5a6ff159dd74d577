"""``rollback``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import CHANGE_DRY_RUN, IMAGE, REASON

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": "Lane to roll back.",
        "to": "Version to roll back to; default: the newest good one below that the tag has pointed at.",
        "reason": REASON,
        "image": IMAGE,
        "platforms": "Platforms the version must have, if none are recorded (PLATFORMS).",
        "dry_run": CHANGE_DRY_RUN,
        "keep_bad_unmarked": "Do not mark the version rolled back from as bad.",
        "again": "Go further down, even if somebody rolled back less than ten minutes ago.",
    },
)
def rollback(
    run: Run,
    *,
    lane: str | None = None,
    to: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    dry_run: bool = False,
    keep_bad_unmarked: bool = False,
    again: bool = False,
) -> Answer:
    """Move a floating tag back to a good version.

    The target is verified first, and the tag gets its exact bytes; the version rolled back from is marked as bad and
    kept. Nothing is built, and nothing is ever deleted. To undo: unmark, then the same command with --to.
    """
    from shiplane.cli.flag_values import one_lane, one_line_reason, published_version
    from shiplane.cli.flows.rollback import roll_back
    from shiplane.config.settings import Flags
    from shiplane.rollback.result import RollbackRequest

    chosen = run.project.lane(one_lane(lane, run.project, to))
    wish = RollbackRequest(
        lane=chosen,
        to=published_version(run.project, chosen, "--to", to) if to else None,
        reason=one_line_reason(reason),
        mark=not keep_bad_unmarked,
        dry_run=dry_run,
        again=again,
    )
    return roll_back(run, wish, Flags(image=image, platforms=platforms))

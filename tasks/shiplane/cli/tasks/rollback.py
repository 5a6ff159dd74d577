"""``rollback``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import CHANGE_DRY_RUN, IMAGE, REASON, REPORT

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": "Lane to roll back (repeatable): no tag moves until every lane's version is verified.",
        "from_": "Bad version: only floating tags at it move; default: the one that the widest of them is at.",
        "to": "Version to roll back to; default: per floating tag, the newest good one below that it has pointed at.",
        "floating": "Floating tag to move, and no other (repeatable): for one that was moved by hand.",
        "reason": REASON,
        "image": IMAGE,
        "platforms": "Platforms the version must have, if none are recorded (PLATFORMS).",
        "dry_run": CHANGE_DRY_RUN,
        "keep_bad_unmarked": "Do not mark the version rolled back from as bad.",
        "again": "Go further down, even if somebody rolled back less than ten minutes ago.",
        "report": REPORT,
    },
    iterable=("lane", "floating"),
)
def rollback(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    from_: str | None = None,
    to: str | None = None,
    floating: Sequence[str] | None = None,
    reason: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    dry_run: bool = False,
    keep_bad_unmarked: bool = False,
    again: bool = False,
    report: str | None = None,
) -> Answer:
    """Move floating tags back to a good version.

    Every floating tag at the bad version moves, each within its range; one with nothing good below it stays. Targets
    are verified first, and the tags get their exact bytes; the bad version is marked as bad and kept. Nothing is built,
    and nothing is ever deleted. To undo: unmark, then the same command with --to.
    """
    from shiplane.cli.clients.page_files import keep_report
    from shiplane.cli.flag_values import rollback_requests
    from shiplane.cli.flows.announcing import roll_back_and_announce
    from shiplane.config.settings import Flags

    keep_report(run, report, "rollback")
    requests = rollback_requests(
        run.project,
        lane,
        source=from_,
        to=to,
        floating=floating or (),
        reason=reason,
        mark=not keep_bad_unmarked,
        dry_run=dry_run,
        again=again,
    )
    return roll_back_and_announce(run, requests, Flags(image=image, platforms=platforms))

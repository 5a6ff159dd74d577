"""``mark``, ``unmark`` and ``ledger.restart``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import CHANGE_DRY_RUN, IMAGE, REASON, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.version import Version
    from shiplane.core.progress import Flow
    from shiplane.rollback.marks import Marker, MarkResult

_FLAGS = {
    "lane": "Lane of the version.",
    "tag": VERSION,
    "reason": REASON,
    "image": IMAGE,
    "dry_run": CHANGE_DRY_RUN,
}


@shiplane_task(flags=_FLAGS)
def mark(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> Answer:
    """Mark a published version as bad, with a reason.

    The version can still be pulled, but no floating tag moves to it and no rollback chooses it.
    """
    from shiplane.core.errors import UsageError
    from shiplane.rollback.marks import Marker

    if not reason:
        raise UsageError("no reason given", remedy="Add --reason TEXT: it is shown wherever the mark is.")
    return _change_mark(run, Marker.mark, lane, tag, reason, image, dry_run=dry_run)


@shiplane_task(flags=_FLAGS)
def unmark(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> Answer:
    """Remove a "bad" mark; the ledger keeps both."""
    from shiplane.rollback.marks import Marker

    return _change_mark(run, Marker.unmark, lane, tag, reason, image, dry_run=dry_run)


def _change_mark(
    run: Run,
    change: Callable[[Marker, Lane, Version, str], Flow[MarkResult]],
    lane: str | None,
    tag: str | None,
    reason: str | None,
    image: str | None,
    *,
    dry_run: bool,
) -> Answer:
    """Set or remove the mark of a version."""
    from shiplane.cli.flag_values import one_line_reason, tagged_version
    from shiplane.cli.flows.rollbacks.marking import marker_of
    from shiplane.cli.views.rollback import marked_text

    chosen, version = tagged_version(run.project, lane, tag)
    marker = marker_of(run, chosen, image, version, dry_run=dry_run)
    marked = run.console.drive(change(marker, chosen, version, one_line_reason(reason)))
    return Answer(text=marked_text(marked), data=marked.to_json())


@shiplane_task(flags={"lane": "Lane whose ledger is corrupt.", "reason": REASON, "image": IMAGE})
def restart(run: Run, *, lane: str | None = None, reason: str | None = None, image: str | None = None) -> Answer:
    """Start a new ledger that links to the corrupt one.

    Refused unless the ledger is corrupt. The old one stays readable by its digest; its marks are not carried over.
    """
    from shiplane.cli.flag_values import one_lane, one_line_reason
    from shiplane.cli.flows.rollbacks.marking import marker_of
    from shiplane.core.errors import UsageError

    if not reason:
        raise UsageError("no reason given", remedy="Add --reason TEXT: what happened to the ledger.")
    chosen = run.project.lane(one_lane(lane, run.project))
    marker = marker_of(run, chosen, image)
    replaced = run.console.drive(marker.restart(chosen, one_line_reason(reason)))
    text = f"{chosen.ledger}: new ledger started; the previous one is {marker.ledgers.registry.repository}@{replaced}"
    return Answer(text=text, data={"lane": chosen.name, "tag": chosen.ledger, "replaced": str(replaced)})

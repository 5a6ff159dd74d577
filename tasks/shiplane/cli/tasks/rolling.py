"""How ``rollback``, ``mark``, ``unmark`` and ``ledger.restart`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import IMAGE

_REASON = "Why, for the record; one line."
_VERSION = "Version, as 0.2.1, v0.2.1 or the lane's tag."
_DRY_RUN = "Look at everything, show what would change, change nothing."
_MARKING = {
    "lane": "Lane of the version.",
    "tag": _VERSION,
    "reason": _REASON,
    "image": IMAGE,
    "dry_run": _DRY_RUN,
}


@shiplane_task(
    "rolling",
    texts={
        "lane": "Lane whose floating tag goes back.",
        "to": "Version to go to; without it the newest below that the tag has been at and that is good.",
        "reason": _REASON,
        "image": IMAGE,
        "platforms": "What the version must be there for, where no record says it (PLATFORMS).",
        "dry_run": _DRY_RUN,
        "keep_bad_unmarked": "Do not mark the version that is left behind as bad.",
        "again": "Go further down, although somebody went down less than ten minutes ago.",
    },
)
def rollback(
    *,
    lane: str | None = None,
    to: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    dry_run: bool = False,
    keep_bad_unmarked: bool = False,
    again: bool = False,
) -> None:
    """Move a floating tag back to a good version.

    The target is verified first and its very bytes are named; the version left behind is marked as bad and kept.
    Nothing is built, and nothing is ever deleted. The way back up is the same command with --to, after unmark.
    """


@shiplane_task("rolling", texts=_MARKING)
def mark(
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> None:
    """Mark a published version as bad, with a reason.

    It stays and can be pulled, but no floating tag moves to it and no rollback chooses it.
    """


@shiplane_task("rolling", texts=_MARKING)
def unmark(
    *,
    lane: str | None = None,
    tag: str | None = None,
    reason: str | None = None,
    image: str | None = None,
    dry_run: bool = False,
) -> None:
    """Take the mark of a version back; both stay on record."""


@shiplane_task("rolling", texts={"lane": "Lane whose ledger is broken.", "reason": _REASON, "image": IMAGE})
def restart(*, lane: str | None = None, reason: str | None = None, image: str | None = None) -> None:
    """Begin a broken ledger anew, naming the broken one.

    Refused while it is whole. The broken one stays readable by its digest; its marks are not carried over.
    """

"""How ``status`` and ``history`` look on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import IMAGE, LANES

_MARKDOWN = "Print it as Markdown, for a wiki or a summary."


@shiplane_task(
    "telling",
    texts={"lane": LANES, "image": IMAGE, "markdown": _MARKDOWN},
    iterable=("lane",),
)
def status(*, lane: Sequence[str] | None = None, image: str | None = None, markdown: bool = False) -> None:
    """Show where each floating tag points, and any drift.

    Version, digest, since when, by whom and why; what a publish would do next; and wherever the registry is not as it
    was recorded. Reads only; without a ledger it says what is unknown.
    """


@shiplane_task(
    "telling",
    texts={
        "lane": LANES,
        "image": IMAGE,
        "markdown": _MARKDOWN,
        "deep": "Also examine the image of every version.",
    },
    iterable=("lane",),
)
def history(
    *, lane: Sequence[str] | None = None, image: str | None = None, markdown: bool = False, deep: bool = False
) -> None:
    """Show every version of a lane, and every recorded move.

    Date, digest, platforms, commit and mark of each version, and when its floating tag went where, by whom and why.
    """

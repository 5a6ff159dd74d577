"""How ``listing`` and ``repoint`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import IMAGE


@shiplane_task("deploying", texts={"image": IMAGE}, name="list")
def listing(*, image: str | None = None) -> None:
    """Show which file runs which version, and its flaws.

    Reads only. Without an answer from the registry, what only it knows is left out, and that is said.
    """


@shiplane_task(
    "deploying",
    texts={
        "lane": "Lane whose places are re-pointed.",
        "to": "Version to point to: 0.2.1, v0.2.1 or the lane's own tag. It must be in the registry.",
        "image": IMAGE,
        "dry_run": "Show the diff, write nothing.",
    },
)
def repoint(*, lane: str | None = None, to: str | None = None, image: str | None = None, dry_run: bool = False) -> None:
    """Point a lane's deployment files to a version, as tag@digest.

    Shows the diff; nothing else in the files changes. Says what would undo it, and how that is held.
    """

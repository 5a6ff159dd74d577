"""How ``adopt`` looks on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task
from shiplane.cli.tasks.words import IMAGE


@shiplane_task(
    "adopting",
    texts={
        "lane": "Lane whose versions other tools published.",
        "since": "Lowest version to adopt; without it every one.",
        "image": IMAGE,
        "dry_run": "Show what is understood and left out, write nothing.",
    },
)
def adopt(
    *, lane: str | None = None, since: str | None = None, image: str | None = None, dry_run: bool = False
) -> None:
    """Take what other tools published into the ledger.

    Reads the lane's versions, also those tagged as 0.2.17 or by the git tag, and records each whole one with the tag
    that it has. No tag is written or moved. From then on rollback, verify and history know them.
    """

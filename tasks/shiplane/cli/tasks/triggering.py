"""How ``trigger`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task


@shiplane_task(
    "triggering",
    texts={
        "lane": "Lane whose workflow is to start.",
        "version": "Version to release: 0.2.1, v0.2.1 or the lane's own tag.",
        "dry_run": "Check everything, tag and push nothing.",
    },
)
def trigger(*, lane: str | None = None, version: str | None = None, dry_run: bool = False) -> None:
    """Tag HEAD and push the git tag that starts CI.

    After the checks: a clean tree, HEAD on the remote, a version that is new and higher than the lane's newest.
    """

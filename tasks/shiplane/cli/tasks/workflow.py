"""How ``write``, ``check`` look on the command line."""

from __future__ import annotations

from shiplane.cli.edge import shiplane_task


@shiplane_task(
    "workflow",
    texts={
        "force": "Also replace what was changed by hand.",
        "dry_run": "Show what would change, write nothing.",
    },
)
def write(*, force: bool = False, dry_run: bool = False) -> None:
    """Write the lanes' publish workflows for GitHub Actions.

    One for each lane and one that they share, rendered from the configuration. What a person changed is not replaced
    without --force.
    """


@shiplane_task("workflow", texts={})
def check() -> None:
    """Check that the workflows are as the configuration wants.

    Ends with 3 and a diff when they are not.
    """

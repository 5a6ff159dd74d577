"""``rehearse``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "platforms": "What to build for, as linux/amd64,linux/arm64.",
        "builder": "The buildx builder to use; without it BUILDX_BUILDER, else one made for the rehearsal.",
    },
)
def rehearse(run: Run, *, platforms: str | None = None, builder: str | None = None) -> Answer:
    """Rehearse a release on this machine; nothing leaves it.

    All lanes are released, verified, released again one version up and rolled back, against a registry that is thrown
    away.
    """
    from shiplane.cli.flows.rehearsal import rehearse_project

    return rehearse_project(run, run.root, platforms, builder)

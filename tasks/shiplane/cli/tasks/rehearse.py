"""``rehearse``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "platforms": "Target platforms, e.g. linux/amd64,linux/arm64.",
        "builder": "buildx builder to use; default: BUILDX_BUILDER, else one created for the rehearsal.",
        "faults": "Release while the registry misbehaves; show the output of each fault and its repair.",
    },
)
def rehearse(run: Run, *, platforms: str | None = None, builder: str | None = None, faults: bool = False) -> Answer:
    """Rehearse a release on this machine; nothing leaves it.

    All lanes are released, verified, released again one version up and rolled back, against a throwaway registry.
    """
    from shiplane.cli.flows.rehearsal import rehearse_project

    return rehearse_project(run, run.root, platforms, builder, faults=faults)

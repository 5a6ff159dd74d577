"""``plan``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import IMAGE, LANES, LATEST, PLATFORMS, TAG

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": LANES,
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "save": "Save the plan to this file, for publish --plan or release --plan.",
    },
    iterable=("lane",),
    optional=("latest",),
)
def plan(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    save: str | None = None,
) -> Answer:
    """Show what a release would do; reads only.

    Every setting with its source, the prerequisites, the builds, and each tag before and after. Works without Docker
    and without a network, and then says that the registry was not asked.
    """
    from shiplane.cli.flag_values import flags_of
    from shiplane.cli.flows.plans.planning import plan_release

    return plan_release(run, flags_of(lane, tag, image, platforms, latest=latest), save)

"""``deploy.list`` and ``deploy.repoint``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import IMAGE

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(flags={"image": IMAGE}, name="list")
def list_files(run: Run, *, image: str | None = None) -> Answer:
    """Show which file runs which version, and any problems.

    Reads only. If the registry does not answer, the output says so and leaves out what depends on it.
    """
    from shiplane.cli.flows.deployment_files import repointer_of
    from shiplane.cli.views.deployments import inventory_json, inventory_text

    repointer = repointer_of(run, image, run.registries.hurried())
    inventory = run.console.drive(repointer.inventory())
    return Answer(text=inventory_text(repointer, inventory), data=inventory_json(repointer, inventory))


@shiplane_task(
    flags={
        "lane": "Lane whose image references are updated.",
        "to": "Version to point to: 0.2.1, v0.2.1 or the lane's own tag. It must be in the registry.",
        "image": IMAGE,
        "dry_run": "Show the diff; write nothing.",
    },
)
def repoint(
    run: Run, *, lane: str | None = None, to: str | None = None, image: str | None = None, dry_run: bool = False
) -> Answer:
    """Pin a lane's deployment files to a version (tag@digest).

    Shows the diff; nothing else in the files changes. Lists updaters that would undo it, and how to pause them.
    """
    from shiplane.cli.flag_values import one_lane, published_version
    from shiplane.cli.flows.deployment_files import repointer_of
    from shiplane.cli.views.deployments import repointed_json, repointed_text
    from shiplane.core.errors import UsageError

    chosen = run.project.lane(one_lane(lane, run.project, to))
    if not to:
        raise UsageError("no version given", remedy="Add --to X.Y.Z.")
    version = published_version(run.project, chosen, "--to", to)
    repointer = repointer_of(run, image, certain=True)
    prepared = run.console.drive(repointer.repoint(chosen, version, dry_run=dry_run))
    data = {"lane": chosen.name, "dry_run": dry_run, **repointed_json(repointer, prepared)}
    return Answer(text=repointed_text(repointer, chosen, prepared, dry_run=dry_run), data=data)

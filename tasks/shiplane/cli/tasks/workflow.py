"""``workflow.write`` and ``workflow.check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task

if TYPE_CHECKING:
    from shiplane.cli.run import Run

_DIFF = "Show every line that changes."


@shiplane_task(
    flags={
        "force": "Also replace files that were changed by hand.",
        "dry_run": "Show what would change; write nothing.",
        "diff": _DIFF,
    },
)
def write(run: Run, *, force: bool = False, dry_run: bool = False, diff: bool = False) -> Answer:
    """Write the lanes' publish workflows for GitHub Actions.

    One for each lane and one that they share, rendered from the configuration. Files changed by hand are replaced only
    with --force.
    """
    from shiplane.cli.views.workflows import Why, outdated_answer, written_answer
    from shiplane.cli.workflows.behaviour import behaviour_lost
    from shiplane.cli.workflows.files import changes_of, requirements_path, write_changes
    from shiplane.cli.workflows.reasons import reasons
    from shiplane.core.next_command import command

    changes = changes_of(run)
    why = Why(reasons=reasons(run, changes), differences=behaviour_lost(run, changes))
    if any(change.by_hand for change in changes) and not force and not dry_run:
        next_steps = (
            "Move your changes into a workflow of their own, or replace the files with:",
            f"  {command('workflow.write', '--force')}",
            *(() if diff else ("see every line with:", f"  {command('workflow.write', '--dry-run', '--diff')}")),
        )
        return outdated_answer(changes, "nothing was written:", why, next_steps, diff=diff)
    requirements = requirements_path(run.root)
    wants_requirements = not (run.root / requirements).exists()
    if not dry_run:
        write_changes(run.root, changes, wants_requirements=wants_requirements)
    return written_answer(
        changes, why, dry_run=dry_run, diff=diff, requirements=requirements if wants_requirements else ""
    )


@shiplane_task(flags={"diff": _DIFF})
def check(run: Run, *, diff: bool = False) -> Answer:
    """Check that the workflows are up to date.

    Ends with 3, and says why, if they differ from what the configuration renders. A newer pin of an action is no
    difference.
    """
    from shiplane.cli.views.workflows import Why, outdated_answer
    from shiplane.cli.workflows.files import changes_of, requirements_path
    from shiplane.cli.workflows.reasons import reasons
    from shiplane.core.errors import PrerequisiteError
    from shiplane.core.next_command import command

    changes = changes_of(run)
    if changes:
        title = f"the workflows are out of date with {run.project.name or 'the configuration'}:"
        next_steps = (
            "bring them up to date with:",
            f"  {command('workflow.write')}",
            *(() if diff else ("see every line with:", f"  {command('workflow.check', '--diff')}")),
        )
        return outdated_answer(changes, title, Why(reasons=reasons(run, changes)), next_steps, diff=diff)
    requirements = requirements_path(run.root)
    if not (run.root / requirements).is_file():
        raise PrerequisiteError(
            f"{requirements} is missing: the workflows install it", remedy=command("workflow.write")
        )
    return Answer(text="the workflows are up to date", data={"changes": []})

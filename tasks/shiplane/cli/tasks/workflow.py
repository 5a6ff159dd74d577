"""``workflow.write`` and ``workflow.check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "force": "Also replace files that were changed by hand.",
        "dry_run": "Show what would change; write nothing.",
    },
)
def write(run: Run, *, force: bool = False, dry_run: bool = False) -> Answer:
    """Write the lanes' publish workflows for GitHub Actions.

    One for each lane and one that they share, rendered from the configuration. Files changed by hand are replaced only
    with --force.
    """
    from shiplane.cli.flows.workflow_files import changes_of, requirements_path, write_changes
    from shiplane.cli.views.workflows import outdated_answer, written_answer

    changes = changes_of(run)
    by_hand = [change.path for change in changes if change.by_hand]
    if by_hand and not force and not dry_run:
        what = f"changed by hand, or not written by shiplane: {', '.join(by_hand)}"
        return outdated_answer(
            changes, what, "Move your changes into a workflow of their own, or replace the files with --force."
        )
    requirements = requirements_path(run.root)
    wants_requirements = not (run.root / requirements).exists()
    if not dry_run:
        write_changes(run.root, changes, wants_requirements=wants_requirements)
    return written_answer(changes, dry_run=dry_run, requirements=requirements if wants_requirements else "")


@shiplane_task(flags={})
def check(run: Run) -> Answer:
    """Check that the workflows are up to date.

    Ends with 3 and a diff if they differ from what the configuration renders.
    """
    from shiplane.cli.flows.workflow_files import changes_of, requirements_path
    from shiplane.cli.views.workflows import outdated_answer
    from shiplane.core.errors import PrerequisiteError
    from shiplane.core.next_command import command

    changes = changes_of(run)
    if changes:
        paths = ", ".join(change.path for change in changes)
        return outdated_answer(
            changes, f"out of date with {run.project.name or 'the configuration'}: {paths}", command("workflow.write")
        )
    requirements = requirements_path(run.root)
    if not (run.root / requirements).is_file():
        raise PrerequisiteError(
            f"{requirements} is missing: the workflows install it", remedy=command("workflow.write")
        )
    return Answer(text="the workflows are up to date", data={"changes": []})

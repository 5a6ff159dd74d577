"""Setting up a project: reads it, proposes its files, and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.cli.setup.facts import facts_of, registry_tags
from shiplane.cli.setup.files import PROJECT_FILE, replaced_scripts, setup_files, unusable
from shiplane.cli.setup.next_steps import commands, missing
from shiplane.cli.setup.proposed_file import checked
from shiplane.cli.workflows.files import changes_for, program_of, tasks_files
from shiplane.cli.workflows.publishers import old_workflows, place_of
from shiplane.config.project_file import ProjectFile
from shiplane.core.file_change import FileChange
from shiplane.init.foreign_tags import foreign_tags
from shiplane.init.project_proposal import propose
from shiplane.init.proposal import Proposal
from shiplane.init.sources import Remark

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What ``init`` would do.

    Attributes:
        proposal: What was understood; None where the project is configured already.
        changes: The files to write.
        untranslated: What the configuration does not carry over.
        by_hand: What is left to do before the first release.
        differences: What the old workflows and scripts did and the new ones do not.
        next_commands: From the files to the first release.
        adoptable: The lanes whose older versions have other tags in the registry.
        registry_note: What the registry said, in a line.
    """

    proposal: Proposal | None
    changes: Sequence[FileChange]
    untranslated: Sequence[Remark] = ()
    by_hand: Sequence[Remark] = ()
    next_commands: Sequence[str] = ()
    differences: Sequence[Remark] = ()
    adoptable: Sequence[str] = ()
    registry_note: str = ""


def read_setup(run: Run) -> Setup:
    """Everything that ``init`` would write, and why.

    Raises:
        UsageError: Nothing here builds an image, or what is published cannot be one project file.
    """
    from shiplane.cli.workflows.behaviour import changes_of_behaviour

    place, git_tags = place_of(run)
    old = old_workflows(run, place)
    registry, tags, note = registry_tags(run, old)
    proposal, project, text = None, run.project, ""
    if not project.name and not (run.root / PROJECT_FILE).exists():
        proposal = propose(facts_of(run, place, git_tags, old, registry, tags))
        project, text = checked(run, proposal, PROJECT_FILE), proposal.text
    planned = [*setup_files(run.root, text), *_workflow_changes(run, project)]
    changes = [change for change in planned if change.before != change.after]
    foreign = foreign_tags(project.lanes, tags)
    adoptable = [each.lane.name for each in foreign]
    return Setup(
        proposal=proposal,
        changes=changes,
        untranslated=proposal.remarks if proposal else old.remarks,
        by_hand=[*missing(run, project, project.name or PROJECT_FILE), *unusable(run.root)],
        differences=[
            *changes_of_behaviour(run, old, project, {change.path for change in planned}),
            *(each.remark(registry) for each in foreign if proposal),
            *replaced_scripts(run.root),
        ],
        next_commands=list(commands(run, project, [change.path for change in changes], adoptable)),
        adoptable=adoptable,
        registry_note=note,
    )


def _workflow_changes(run: Run, project: ProjectFile) -> Sequence[FileChange]:
    """The workflows, which call the tasks by Invoke where these are the project's own."""
    present = [file.read_text("utf-8", "replace") for file in tasks_files(run.root)]
    is_new = not any(text.strip() for text in present)
    return changes_for(run.root, project, "invoke" if is_new else program_of(run.root))

"""Setting up a project: reads it, proposes its files, and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tomli

from shiplane.cli.setup.facts import facts_of, registry_tags
from shiplane.cli.setup.files import PROJECT_FILE, replaced_scripts, setup_files, unusable
from shiplane.cli.workflows.files import changes_for, program_of, tasks_files
from shiplane.cli.workflows.publishers import old_workflows, place_of
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.file_change import FileChange
from shiplane.init.project_proposal import propose
from shiplane.init.proposal import Proposal
from shiplane.init.sources import Remark

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What ``init`` would do.

    Attributes:
        proposal: What was understood; None where the project is configured already.
        changes: The files to write.
        untranslated: What the configuration does not carry over.
        differences: What the old workflows and scripts did and the new ones do not.
        adoptable: The lanes whose older versions have other tags in the registry.
        registry_note: What the registry said, in a line.
    """

    proposal: Proposal | None
    changes: Sequence[FileChange]
    untranslated: Sequence[Remark] = ()
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
        project, text = _checked(run, proposal)
    changes = [*setup_files(run.root, text), *_workflow_changes(run, project)]
    return Setup(
        proposal=proposal,
        changes=[change for change in changes if change.before != change.after],
        untranslated=[*(proposal.remarks if proposal else old.remarks), *unusable(run.root)],
        differences=[
            *changes_of_behaviour(run, old, project, {change.path for change in changes}),
            *replaced_scripts(run.root),
        ],
        adoptable=[lane.name for lane in project.lanes if any(_is_foreign(lane, tag) for tag in tags)],
        registry_note=note,
    )


def _checked(run: Run, proposal: Proposal) -> tuple[ProjectFile, str]:
    """The proposed project file as it will be read.

    Raises:
        ConfigurationError: What is published now cannot be one.
    """
    from shiplane.config.keys.registries import check_names

    try:
        project = parse_project_file(tomli.loads(proposal.text), PROJECT_FILE)
        check_names(project.name, project.registries, run.env)
    except UsageError as error:
        raise ConfigurationError(
            f"what the workflows publish does not make a project file: {error.what}",
            remedy=f"{error.remedy} Write {PROJECT_FILE} by hand; init adds the rest. Proposed:\n\n{proposal.text}",
        ) from error
    return project, proposal.text


def _workflow_changes(run: Run, project: ProjectFile) -> Sequence[FileChange]:
    """The workflows, which call the tasks by Invoke where these are the project's own."""
    present = [file.read_text("utf-8", "replace") for file in tasks_files(run.root)]
    is_new = not any(text.strip() for text in present)
    return changes_for(run.root, project, "invoke" if is_new else program_of(run.root))


def _is_foreign(lane: Lane, tag: str) -> bool:
    """Whether a tag names a version of a lane as another tool would have."""
    if lane.version_under(tag):
        return False
    read = (template.read(tag) for template in lane.version_template.variants)
    return any(text and lane.version_of(text) for text in read)

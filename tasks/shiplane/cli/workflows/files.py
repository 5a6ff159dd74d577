"""The publish workflows of GitHub Actions as the configuration renders them, beside those that are there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.config.keys.announcements import webhook_variables
from shiplane.config.project_folder import build_command, existing, repository_top, uses_lfs, workflows
from shiplane.config.settings import DEFAULT_PLATFORMS, Resolver
from shiplane.core.file_change import FileChange
from shiplane.init.tasks_file import imports_shiplane
from shiplane.workflows import files
from shiplane.workflows.changes import WorkflowChange, changes
from shiplane.workflows.paths import REQUIREMENTS, way_up
from shiplane.workflows.render import TEMPLATES, WorkflowProject, render
from shiplane.workflows.requirement import requirements
from shiplane.workflows.signature import folder_of

if TYPE_CHECKING:
    from pathlib import Path

    from shiplane.cli.run import Run
    from shiplane.config.project_file import ProjectFile

# Our tasks below a name of the project's: invoke does not know them by ours.
_MOUNTED = re.compile(
    r"add_collection\(\s*(?:shiplane\.)?ns\b|from shiplane import ns as|from_module\(\s*shiplane\s*,\s*name\b"
)
_UNREAD = "(not a text file)"


def drifted(run: Run) -> list[str] | None:
    """The workflows that are out of date; None in a project that has none from us."""
    folder = folder_in_repository(run.root)
    if not any(folder_of(text) == folder for text in workflows(run.root).values()):
        return None
    return [change.path for change in changes_of(run)]


def changes_of(run: Run) -> list[WorkflowChange]:
    """What has to change to bring the workflows up to date."""
    return changes_for(run.root, run.project, program_of(run.root))


def changes_for(root: Path, project: ProjectFile, program: str) -> list[WorkflowChange]:
    """The same for a configuration that need not be written yet, whose tasks a program calls."""
    folder = folder_in_repository(root)
    rendered = {f"{way_up(folder)}{path}": text for path, text in rendered_from(root, project, program).items()}
    present = workflows(root)
    # What cannot be read as a workflow is somebody's all the same.
    unread = {path: _UNREAD for path in rendered if path not in present and (root / path).exists()}
    return changes(rendered, {**present, **unread}, folder)


def folder_in_repository(root: Path) -> str:
    """The project's folder in its repository, with slashes; empty at the root."""
    folder = root.relative_to(repository_top(root)).as_posix()
    return "" if folder == "." else folder


def requirements_path(root: Path) -> str:
    """What the workflows install, by its path from the project: one file for all projects of a repository."""
    return f"{way_up(folder_in_repository(root))}{REQUIREMENTS}"


def new_requirements(root: Path) -> FileChange:
    """The file of what the workflows install, with our version, where it is missing."""
    from shiplane import __version__

    return FileChange(requirements_path(root), None, requirements(__version__, files.origin()))


def program_of(root: Path) -> str:
    """What calls the tasks in a project: ``shiplane`` where its own tasks are others, or have ours below a name."""
    texts = [tasks_file.read_text("utf-8", "replace") for tasks_file in tasks_files(root)]
    return "invoke" if any(imports_shiplane(text) and not _MOUNTED.search(text) for text in texts) else "shiplane"


def tasks_files(root: Path) -> list[Path]:
    """The file that Invoke loads, if there is one: it prefers a module to a package."""
    return [path for path in (root / "tasks.py", root / "tasks" / "__init__.py") if path.is_file()][:1]


def rendered_from(root: Path, project: ProjectFile, program: str) -> dict[str, str]:
    """The workflows that a configuration gives, by their paths in the repository.

    Raises:
        UsageError: It gives none.
    """
    templates = {name: files.template(f"{name}.yml") for name in TEMPLATES}
    return render(_project(root, project, program), templates)


def _project(root: Path, project: ProjectFile, program: str) -> WorkflowProject:
    """What is committed decides, and nothing of the environment: a check must say the same everywhere."""
    command = build_command(root, project)
    dockerfiles = existing(root, [lane.dockerfile for lane in project.lanes])
    return WorkflowProject(
        lanes=Resolver(project=project, dockerfiles=dockerfiles).lanes(),
        platforms=project.platforms or DEFAULT_PLATFORMS,
        image=", ".join(map(str, project.images)) or "ghcr.io/<owner>/<repo> of this repository",
        gates=project.gates,
        wishes=project.workflows,
        program=program,
        npm=command.value[:1] == ("npm",) and (root / "package-lock.json").is_file(),
        build_env=project.build_env,
        claim=project.claim is not None,
        github_release=project.github_release is not None,
        checks=[(check.name, check.env) for checks in project.checks.values() for check in checks],
        webhooks=webhook_variables(project.announcements),
        signing=project.sign,
        modules=(repository_top(root) / ".gitmodules").is_file(),
        lfs=uses_lfs(root),
        channels=project.channels,
        registries=project.registries,
        folder=folder_in_repository(root),
    )


def write_changes(root: Path, planned: Sequence[WorkflowChange], *, wants_requirements: bool) -> None:
    """Write and remove files; the requirements, with our version, where they are missing."""
    for change in (*planned, *([new_requirements(root)] if wants_requirements else [])):
        files.write_change(root, change)

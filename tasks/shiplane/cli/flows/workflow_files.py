"""The publish workflows of GitHub Actions as the configuration renders them, beside those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.config.project_folder import build_command, uses_lfs, workflows
from shiplane.config.settings import DEFAULT_PLATFORMS, Resolver
from shiplane.workflows import files
from shiplane.workflows.render import (
    REQUIREMENTS,
    WorkflowChange,
    WorkflowProject,
    changes,
    is_ours,
    render,
    requirements,
)

if TYPE_CHECKING:
    from pathlib import Path

    from shiplane.cli.run import Run

_UNREAD = "(not a text file)"


def drifted(run: Run) -> list[str] | None:
    """The workflows that are out of date; None in a project that has none from us."""
    if not any(map(is_ours, workflows(run.root).values())):
        return None
    return [change.path for change in changes_of(run)]


def changes_of(run: Run) -> list[WorkflowChange]:
    """What has to change to bring the workflows up to date."""
    rendered, present = _rendered(run), workflows(run.root)
    # What cannot be read as a workflow is somebody's all the same.
    unread = {path: _UNREAD for path in rendered if path not in present and (run.root / path).exists()}
    return changes(rendered, {**present, **unread})


def _rendered(run: Run) -> dict[str, str]:
    templates = (files.template(f"{name}.yml") for name in ("lane", "release-lane", "channel"))
    return render(_project(run), *templates)


def _project(run: Run) -> WorkflowProject:
    """What is committed decides, and nothing of the environment: a check must say the same everywhere."""
    project, command = run.project, build_command(run.root, run.project)
    tasks = (run.root / "tasks.py").is_file() or (run.root / "tasks" / "__init__.py").is_file()
    return WorkflowProject(
        lanes=Resolver(project=project, dockerfiles=run.dockerfiles()).lanes(),
        platforms=project.platforms or DEFAULT_PLATFORMS,
        image=", ".join(map(str, project.images)) or "ghcr.io/<owner>/<repo> of this repository",
        gates=project.gates,
        wishes=project.workflows,
        program="invoke" if tasks else "shiplane",
        npm=command.value[:1] == ("npm",) and (run.root / "package-lock.json").is_file(),
        claim=project.claim is not None,
        modules=(run.root / ".gitmodules").is_file(),
        lfs=uses_lfs(run.root),
        channels=project.channels,
        registries=project.registries,
    )


def write_changes(root: Path, planned: Sequence[WorkflowChange], *, wants_requirements: bool) -> None:
    """Write and remove files; the requirements, with our version, where they are missing."""
    from shiplane import __version__

    for change in planned:
        if change.after is None:
            files.remove(root, change.path)
        else:
            files.write(root, change.path, change.after)
    if wants_requirements:
        files.write(root, REQUIREMENTS, requirements(__version__))

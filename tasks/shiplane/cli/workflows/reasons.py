"""Why workflows are out of date: what changed in the configuration, or who changed the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shiplane.cli.workflows.files import folder_in_repository, program_of, rendered_from
from shiplane.config.project_file import parse_project_file
from shiplane.config.project_folder import tables_in, workflows
from shiplane.core.errors import ShiplaneError
from shiplane.core.schema.changed_keys import Path, changed_keys, with_old
from shiplane.git.file_history import FileHistory
from shiplane.workflows.changes import Cause, WorkflowChange
from shiplane.workflows.signature import folder_of

if TYPE_CHECKING:
    from shiplane.cli.run import Run

# Only workflow.write changes this line: not who brings a pin up to date.
_WRITTEN = "^# sha256 of what follows"
_MOST = 6


def reasons(run: Run, changes: Sequence[WorkflowChange]) -> list[str]:
    """One line for each file that somebody else changed, and one for what changed in the configuration."""
    history = FileHistory(folder=run.root, env=run.git.env)
    return [*_others(history, changes), *_configuration(run, history, changes)]


def _others(history: FileHistory, changes: Sequence[WorkflowChange]) -> Iterator[str]:
    for change in changes:
        if change.cause is Cause.EDITED:
            yield f"{change.path} was changed by hand{_by_whom(history, change)}"
        elif change.cause is Cause.FOREIGN:
            yield f"{change.path} was not written by shiplane"
        elif change.cause is Cause.ANOTHER_PROJECTS:
            yield f"{change.path} belongs to the project in {folder_of(change.before or '') or 'the root'}"
        elif change.cause is Cause.PINNED:
            yield f"{change.path} pins an action to an older version than shiplane, or to another commit of the same"


def _by_whom(history: FileHistory, change: WorkflowChange) -> str:
    if history.text("HEAD", change.path) != change.before:
        return ", and the change is not committed"
    last = history.last_change([change.path])
    return f", last by {last.author} on {last.day} (commit {last.commit[:12]})" if last else ""


def _configuration(run: Run, history: FileHistory, changes: Sequence[WorkflowChange]) -> Iterator[str]:
    """What the project file says otherwise than when the workflows were written; nothing if they never were."""
    folder, name = folder_in_repository(run.root), run.project.name or "the configuration"
    ours = {path: text for path, text in workflows(run.root).items() if folder_of(text) == folder}
    if not ours or all(change.by_hand or change.cause is Cause.PINNED for change in changes):
        return
    last = history.last_change([*ours], _WRITTEN)
    committed = all(history.text("HEAD", path) == text for path, text in ours.items())
    if last is None or not committed:
        yield f"{name}, other files of the project or the version of shiplane changed since they were written"
        return
    since = f"since they were written on {last.day} (commit {last.commit[:12]})"
    keys = [".".join(key) for key in _changed(run, history, last.commit)]
    more = f" and {len(keys) - _MOST} more" if len(keys) > _MOST else ""
    if keys:
        yield f"{name} changed {since}: {', '.join(keys[:_MOST])}{more}"
    else:
        yield f"other files of the project, or the version of shiplane, changed {since}"


def _changed(run: Run, history: FileHistory, commit: str) -> list[Path]:
    """The keys whose value in a commit would give other workflows than the one of now."""
    name = run.project.name or "shiplane.toml"
    path = run.root / name
    now = tables_in(name, path.read_text("utf-8", "replace")) if path.is_file() else {}
    before = tables_in(name, history.text(commit, name) or "")
    program = program_of(run.root)
    current = rendered_from(run.root, run.project, program)
    return [key for key in changed_keys(before, now) if _rendered(run, with_old(before, now, key), program) != current]


def _rendered(run: Run, tables: Mapping[str, Any], program: str) -> dict[str, str] | None:
    """The workflows that a project file with these tables gives; None where it would be refused."""
    try:
        return rendered_from(run.root, parse_project_file(tables, run.project.name), program)
    except ShiplaneError:
        return None

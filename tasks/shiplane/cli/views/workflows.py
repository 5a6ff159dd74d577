"""Changes of workflow files as answers: what is out of date, or what was written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.core.errors import PrerequisiteError

if TYPE_CHECKING:
    from shiplane.workflows.changes import WorkflowChange


def outdated_answer(changes: Sequence[WorkflowChange], what: str, remedy: str) -> Answer:
    """Files that are out of date, with what would change."""
    text = f"{what}\n  {remedy}\n\n{_diffs(changes)}"
    return Answer(text=text, data={"changes": _json(changes)}, exit_code=PrerequisiteError.exit_code)


def written_answer(changes: Sequence[WorkflowChange], *, dry_run: bool, requirements: str) -> Answer:
    """What was written and removed, or would be; ``requirements`` is the path of that file where it is written."""
    lines = [f"{_verb(change, dry_run=dry_run)} {change.path}" for change in changes]
    lines += [f"{'would write' if dry_run else 'wrote'} {requirements}"] if requirements else []
    shown = [_diffs(changes)] if dry_run and changes else []
    data = {
        "dry_run": dry_run,
        "changes": _json(changes),
        "requirements": bool(requirements),
    }
    return Answer(text="\n".join([*shown, *(lines or ["everything is up to date"])]), data=data)


def _verb(change: WorkflowChange, *, dry_run: bool) -> str:
    would, past = ("would remove", "removed") if change.after is None else ("would write", "wrote")
    return would if dry_run else past


def _json(changes: Sequence[WorkflowChange]) -> list[dict[str, object]]:
    return [{"path": change.path, "by_hand": change.by_hand, "diff": change.diff} for change in changes]


def _diffs(changes: Sequence[WorkflowChange]) -> str:
    return "\n".join(change.diff for change in changes)

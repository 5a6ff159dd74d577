"""Changes of workflow files as answers: what is out of date and why, or what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.views.tables import columns
from shiplane.cli.workflows.remarks import remark_json, remark_lines
from shiplane.core.errors import PrerequisiteError
from shiplane.core.text import one_line
from shiplane.workflows.changes import Cause

if TYPE_CHECKING:
    from shiplane.init.sources import Remark
    from shiplane.workflows.changes import WorkflowChange

_KEPT = ("would write", "would remove")
_DONE = ("wrote", "removed")


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why files change, and what that changes.

    Attributes:
        reasons: One line each.
        differences: What other workflows did and ours do not.
    """

    reasons: Sequence[str]
    differences: Sequence[Remark] = ()


def outdated_answer(
    changes: Sequence[WorkflowChange], title: str, why: Why, next_steps: Sequence[str], *, diff: bool
) -> Answer:
    """Files that are out of date: the reasons, what would happen to each, and what to do."""
    parts = [
        "\n".join([title, *(f"  {one_line(reason)}" for reason in why.reasons)]),
        _differences(why),
        columns(list(_rows(changes, _KEPT))),
        "\n".join(next_steps),
        _diffs(changes) if diff else "",
    ]
    data = {**_why_json(why), "changes": _json(changes)}
    return Answer(text="\n\n".join(filter(None, parts)), data=data, exit_code=PrerequisiteError.exit_code)


def written_answer(
    changes: Sequence[WorkflowChange], why: Why, *, dry_run: bool, diff: bool, requirements: str
) -> Answer:
    """What was written and removed, or would be; ``requirements`` is the path of that file where it is written."""
    verbs = _KEPT if dry_run else _DONE
    rows = [*_rows(changes, verbs), *([(verbs[0], requirements, "new")] if requirements else [])]
    parts = [
        "\n".join(map(one_line, why.reasons)),
        _differences(why),
        columns(rows) if rows else "everything is up to date",
        _diffs(changes) if diff else "",
    ]
    data = {
        "dry_run": dry_run,
        **_why_json(why),
        "changes": _json(changes),
        "requirements": bool(requirements),
    }
    return Answer(text="\n\n".join(filter(None, parts)), data=data)


def _differences(why: Why) -> str:
    return "\n".join(["notes", *remark_lines(why.differences)]) if why.differences else ""


def _why_json(why: Why) -> dict[str, object]:
    return {"reasons": list(why.reasons), "differences": list(map(remark_json, why.differences))}


def _rows(changes: Sequence[WorkflowChange], verbs: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    for change in changes:
        added, removed = change.lines
        cause = "" if change.cause is Cause.OUTDATED else change.cause.value
        lines = f"+{added} -{removed}" if change.before is not None and change.after is not None else ""
        kept = ", ".join(f"{pin.action} v{pin.version}" for pin in change.kept_pins)
        facts = (lines, cause, f"keeps {kept}" if kept else "")
        yield verbs[change.after is None], change.path, ", ".join(filter(None, facts))


def _json(changes: Sequence[WorkflowChange]) -> list[dict[str, object]]:
    return [
        {
            "path": change.path,
            "action": "remove" if change.after is None else "write",
            "cause": change.cause.value,
            "by_hand": change.by_hand,
            "kept_pins": [pin.text for pin in change.kept_pins],
            "diff": change.diff,
        }
        for change in changes
    ]


def _diffs(changes: Sequence[WorkflowChange]) -> str:
    return "\n".join(change.diff for change in changes)

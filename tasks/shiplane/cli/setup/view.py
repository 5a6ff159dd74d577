"""What ``init`` understood, what it changes, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns
from shiplane.cli.workflows.remarks import remark_json, remark_lines
from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.cli.setup.project import Setup
    from shiplane.core.file_change import FileChange


def setup_text(setup: Setup, *, diff: bool) -> str:
    """Everything before the decision: what was understood, what was not, and what changes.

    Args:
        setup: What would be done.
        diff: Whether to show every line; otherwise workflows, which are long and not for reading, are counted.
    """
    counted = [] if diff else [change for change in setup.changes if ".github/workflows/" in change.path]
    parts: list[str] = [
        _part("understood", _understood(setup)),
        f"registry: {one_line(setup.registry_note)}",
        _part("not translated", remark_lines(setup.untranslated)),
        _part("different from before", remark_lines(setup.differences)),
        _part("left to do by hand", remark_lines(setup.by_hand)),
        "\n".join(change.diff for change in setup.changes if change not in counted),
        _part("workflows, in full with --diff", list(map(_counted, counted))),
    ]
    return "\n\n".join(filter(None, parts))


def _understood(setup: Setup) -> list[str]:
    """A line for each value; what is the same as in the line before is not repeated."""
    lines: list[tuple[str, ...]] = []
    before = ("", "")
    for table, value, reason in setup.proposal.understood() if setup.proposal else ():
        same = (table, reason) == before
        lines.append(("" if same else table, value, "" if same else reason))
        before = (table, reason)
    return [f"  {line}" for line in columns([tuple(map(one_line, line)) for line in lines]).splitlines()]


def _counted(change: FileChange) -> str:
    """A file with how many of its lines are new and how many go."""
    added, removed = change.lines
    return f"  {change.path}  {'new, ' if change.before is None else ''}+{added} -{removed}"


def written_text(setup: Setup, *, dry_run: bool) -> str:
    """What was written, or would be, and the next commands."""
    if not setup.changes:
        return "everything is set up"
    did = {True: ("would write", "would remove"), False: ("wrote", "removed")}[dry_run]
    lines = [f"{did[change.after is None]} {change.path}" for change in setup.changes]
    return "\n".join([*lines, *([] if dry_run else ["", "next:", *(f"  {step}" for step in setup.next_commands)])])


def setup_json(setup: Setup, *, written: bool) -> dict[str, object]:
    """The same for programs."""
    return {
        "written": written,
        "understood": [
            {"table": table, "value": value, "reason": reason}
            for table, value, reason in (setup.proposal.understood() if setup.proposal else ())
        ],
        "registry": setup.registry_note,
        "untranslated": [remark_json(remark) for remark in setup.untranslated],
        "by_hand": [remark_json(remark) for remark in setup.by_hand],
        "differences": [remark_json(remark) for remark in setup.differences],
        "changes": [{"path": change.path, "diff": change.diff} for change in setup.changes],
        "adopt": list(setup.adoptable),
    }


def _part(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""

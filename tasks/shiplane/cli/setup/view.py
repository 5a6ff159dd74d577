"""What ``init`` understood, what it changes, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.views.tables import columns
from shiplane.cli.workflows.remarks import remark_json, remark_lines
from shiplane.core.next_command import command
from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.cli.setup.project import Setup


def setup_text(setup: Setup) -> str:
    """Everything before the decision: what was understood, what was not, what changes, and the diff."""
    understood = list(setup.proposal.understood()) if setup.proposal else []
    parts: list[str] = [
        _part("understood", [columns([("  ", *map(one_line, row)) for row in understood])] if understood else []),
        f"registry: {one_line(setup.registry_note)}",
        _part("not translated", remark_lines(setup.untranslated)),
        _part("different from before", remark_lines(setup.differences)),
        "\n".join(change.diff for change in setup.changes),
    ]
    return "\n\n".join(filter(None, parts))


def written_text(setup: Setup, *, dry_run: bool) -> str:
    """What was written, or would be, and the next commands."""
    if not setup.changes:
        return "everything is set up"
    did = {True: ("would write", "would remove"), False: ("wrote", "removed")}[dry_run]
    lines = [f"{did[change.after is None]} {change.path}" for change in setup.changes]
    return "\n".join([*lines, *([] if dry_run else ["", *_next(setup)])])


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
        "differences": [remark_json(remark) for remark in setup.differences],
        "changes": [{"path": change.path, "diff": change.diff} for change in setup.changes],
        "adopt": list(setup.adoptable),
    }


def _next(setup: Setup) -> list[str]:
    paths = " ".join(change.path for change in setup.changes)
    return [
        "next:",
        f"  git add {paths} && git commit -m 'Release with shiplane'",
        *(f"  {command('adopt', '--lane', lane)}" for lane in setup.adoptable),
        f"  {command('check.all')}",
        f"  {command('release', '--version', 'X.Y.Z')}",
    ]


def _part(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""

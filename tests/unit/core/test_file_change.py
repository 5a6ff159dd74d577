"""How a change of a file is shown: as the file will be, and harmless."""

from __future__ import annotations

import pytest

from shiplane.core.file_change import FileChange


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("import sys  # noqa: E402", "import sys  # noqa: E402"),
        ('  "a":  "b"', '  "a":  "b"'),
        ("a\tb", "a b"),
        ("::warning::x", ": :warning::x"),
        ("\x1b[31mred\u202e", "red"),
        ("x" * 20_000, f"{'x' * 2000} ..."),
    ],
)
def test_a_line_of_a_diff_keeps_its_spaces(line: str, shown: str) -> None:
    assert FileChange("a", None, f"{line}\n").diff.splitlines()[3:] == [f"+{shown}"]


@pytest.mark.parametrize("line", ["::error::x", "  ::error::x"])
def test_a_line_that_stays_is_no_workflow_command(line: str) -> None:
    shown = FileChange("a", f"{line}\n", f"{line}\nb\n").diff.splitlines()[3]
    assert shown == f" {line.replace('::error', ': :error')}"

"""Rows as aligned columns, and as Markdown.

Ours: for these lines a table library is not worth its import at every start (rich: 37 to 47 ms).
"""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows), default=0))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    )


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells can be nothing but text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell if line is lines[1] else markdown_cell(cell) for cell in line) + " |" for line in lines
    )


def markdown_cell(text: str) -> str:
    """A text that Markdown and HTML leave as it is."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+!|~" else sign for sign in plain)

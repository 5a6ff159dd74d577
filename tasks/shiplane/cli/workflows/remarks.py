"""Remarks about lines of a project, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.init.sources import Remark


def remark_lines(remarks: Iterable[Remark]) -> list[str]:
    """Two lines for each: where and what, and what becomes of it."""
    lines: list[str] = []
    for remark in remarks:
        lines += [f"  {one_line(f'{remark.source}  {remark.text}').rstrip()}", f"      {one_line(remark.reason)}"]
    return lines


def remark_json(remark: Remark) -> dict[str, object]:
    """The same for programs."""
    return {"path": remark.source.path, "line": remark.source.line, "text": remark.text, "reason": remark.reason}

"""A result on a screen: short digests, and rows that are broken where their last column begins."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from shiplane.cli.live.accent import Paint
from shiplane.cli.live.text_width import width_of

# What a digest loses. One behind an @ is part of a reference, which is there to be copied.
_REST = 52
_DIGEST = re.compile(rf"(?<![@\w])(sha256:[0-9a-f]{{12}})[0-9a-f]{{{_REST}}}\b")
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")
_COMMAND, _ESCAPE = "⟦", "\x1b"


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Where a result is shown.

    Attributes:
        columns: Its width.
        seconds: How long the run took.
        paint: Shows accents.
    """

    columns: int
    seconds: float
    paint: Paint


ScreenText: TypeAlias = Callable[[Screen], str]


def fitted(text: str, columns: int) -> str:
    """A text for a screen of so many columns; commands and sentences stay in one line, so that they can be copied."""
    return "\n".join(_broken(line, columns) for line in short_digests(text).split("\n"))


def short_digests(text: str) -> str:
    """A text with short digests, whose columns stay below each other."""
    return "\n\n".join("\n".join(_shortened(block.split("\n"))) for block in text.split("\n\n"))


def _shortened(rows: list[str]) -> list[str]:
    ends = {digest.end() for row in rows for digest in _DIGEST.finditer(row) if _GAP.match(row, digest.end())}
    for end in sorted(ends, reverse=True):
        if all(_may_lose(row, end) for row in rows):
            rows = [row[: end - _REST] + row[end:] for row in rows]
    return [_DIGEST.sub(r"\1", row) for row in rows]


def _may_lose(row: str, end: int) -> bool:
    """Whether a row has nothing but blanks, or the rest of a digest, in the columns before this one."""
    return not row[end - _REST : end].strip() or any(digest.end() == end for digest in _DIGEST.finditer(row))


def _broken(row: str, columns: int) -> str:
    """A row of a table in as many lines as it needs."""
    gaps = [gap.end() for gap in _GAP.finditer(row)]
    if width_of(row) <= columns or not gaps or _COMMAND in row or _ESCAPE in row:
        return row
    indent = max((gap for gap in gaps if gap <= columns * 2 // 3), default=gaps[0])
    return textwrap.fill(
        row,
        columns,
        subsequent_indent=" " * (indent if indent < columns else 0),
        break_long_words=False,
        break_on_hyphens=False,
    )

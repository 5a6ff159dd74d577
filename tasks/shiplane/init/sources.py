"""Where something was read, and what could not be understood there."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A line of a file, with its text; without a number the file as a whole, or what is no file."""

    path: str
    line: int = 0
    text: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True)
class Remark:
    """Something about a line of the project: what could not be translated, or what changes.

    Attributes:
        source: Where the line is.
        text: The line itself, or what matters of it.
        reason: One sentence: why it was left out, or what becomes of it.
    """

    source: Source
    text: str
    reason: str

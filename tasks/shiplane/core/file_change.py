"""A file that is to be written or removed, and how that is shown."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from shiplane.core.text import spaced_line


@dataclass(frozen=True)
class FileChange:
    """A file before and after, by its path in the project; None stands for an absent file."""

    path: str
    before: str | None
    after: str | None

    @property
    def diff(self) -> str:
        """The change as a unified diff, with foreign lines sanitized."""
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        old_name = f"a/{self.path}" if self.before is not None else "/dev/null"
        new_name = f"b/{self.path}" if self.after is not None else "/dev/null"
        return "\n".join(
            line[:1] + spaced_line(line[1:]) for line in difflib.unified_diff(old, new, old_name, new_name, lineterm="")
        )

    @property
    def lines(self) -> tuple[int, int]:
        """How many lines are added and removed."""
        signs = [line[:1] for line in self.diff.splitlines()[2:]]
        return signs.count("+"), signs.count("-")

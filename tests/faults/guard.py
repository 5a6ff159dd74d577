"""What a guard is; the guards themselves are in ``guards.py`` and ``guards_records.py``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """One guard.

    Attributes:
        what: What it keeps, in a few words.
        module: Where it is, below ``tasks/shiplane``.
        old: The guard as it stands there, once.
        new: The same place without it.
        tests: Every one of these fails without it.
    """

    what: str
    module: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"tasks/shiplane/{self.module}.py"

    def without(self, source: str) -> str:
        """The module's text without the guard."""
        assert source.count(self.old) == 1, f"{self.path} has {source.count(self.old)} times:\n{self.old}"
        return source.replace(self.old, self.new)


def switched_off(condition: str) -> tuple[str, str]:
    """An ``if``, and the same that is never entered."""
    return f"if {condition}:", f"if False and ({condition}):"

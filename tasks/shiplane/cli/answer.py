"""What a task comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shiplane.cli.live.screen import ScreenText
    from shiplane.core.errors import ShiplaneError


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of a task.

    Attributes:
        text: For people.
        screen: The same for a screen, where that differs: what it comes to, and not each object's name and digest.
        data: The same for programs; ``ok`` and ``exit`` are added.
        exit_code: 0, or why not although the task itself ran to its end.
        error: What is shown last, where a text is needed for that; its code is the exit code.
    """

    text: str
    screen: ScreenText | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    error: ShiplaneError | None = None

    @property
    def code(self) -> int:
        """The exit code."""
        return self.error.exit_code if self.error else self.exit_code

    def followed_by(self, lines: Sequence[str]) -> Answer:
        """The same with further lines below its texts."""
        below = "".join(f"\n{line}" for line in lines)
        own = self.screen
        screen: ScreenText | None = None if own is None else lambda screen: own(screen) + below
        return replace(self, text=self.text + below, screen=screen)

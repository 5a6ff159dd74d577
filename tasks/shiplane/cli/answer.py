"""What a task comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shiplane.core.errors import ShiplaneError


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of a task.

    Attributes:
        text: For people.
        data: The same for programs; ``ok`` and ``exit`` are added.
        exit_code: 0, or why not although the task itself ran to its end.
        error: What is shown last, where a text is needed for that; its code is the exit code.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    error: ShiplaneError | None = None

    @property
    def code(self) -> int:
        """The exit code."""
        return self.error.exit_code if self.error else self.exit_code

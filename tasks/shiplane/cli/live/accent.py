"""What a colour on a screen stands for."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias


class Accent(Enum):
    """Why a part of a screen looks different from the rest."""

    NONE = "none"
    LESS = "less"  # what matters less
    MORE = "more"
    GOOD = "good"
    SAME = "same"  # good, and nothing had to be done
    CARE = "care"  # neither good nor bad: left out, waited for
    BAD = "bad"


Paint: TypeAlias = Callable[[str, Accent], str]


def unpainted(text: str, _accent: Accent) -> str:
    """The text as it is, for a screen without colours."""
    return text

"""What a flow tells whoever drives it: a step before each thing that it does to the world, the outcome after."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class State(Enum):
    """The four ways in which a step can end."""

    DONE = "done"
    ALREADY = "already so"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """Something about to happen.

    Attributes:
        name: Which step of a release it is: ``survey``, ``stage``, ``name`` ...
        subject: The object of it: a tag, an image, a lane.
        writes: Whether it changes something that others can see.
    """

    name: str
    subject: str
    writes: bool = False

    def done(self, reason: str = "") -> Outcome:
        """It was carried out."""
        return Outcome(self, State.DONE, reason)

    def already(self, reason: str) -> Outcome:
        """Nothing to do: the world was so."""
        return Outcome(self, State.ALREADY, reason)

    def skipped(self, reason: str) -> Outcome:
        """Left out on purpose."""
        return Outcome(self, State.SKIPPED, reason)

    def failed(self, reason: str) -> Outcome:
        """It did not succeed."""
        return Outcome(self, State.FAILED, reason)


@dataclass(frozen=True)
class Outcome:
    """How a step ended, and why."""

    step: Step
    state: State
    reason: str


Event: TypeAlias = Step | Outcome
Flow: TypeAlias = Generator[Event, None, T]

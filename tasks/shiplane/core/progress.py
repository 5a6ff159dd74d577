"""Progress events of a flow: a step before each action, its outcome afterwards."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class StepState(Enum):
    """The four ways in which a step can end."""

    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """Something about to happen.

    Attributes:
        name: Which step of a release it is: ``registry``, ``stage``, ``tag`` ...
        subject: The object of it: a tag, an image, a lane.
        writes: Whether it changes something that others can see.
    """

    name: str
    subject: str
    writes: bool = False

    def done(self, reason: str = "") -> StepOutcome:
        """It was carried out."""
        return StepOutcome(self, StepState.DONE, reason)

    def unchanged(self, reason: str) -> StepOutcome:
        """Nothing had to be done."""
        return StepOutcome(self, StepState.UNCHANGED, reason)

    def skipped(self, reason: str) -> StepOutcome:
        """Left out on purpose."""
        return StepOutcome(self, StepState.SKIPPED, reason)

    def failed(self, reason: str) -> StepOutcome:
        """It did not succeed."""
        return StepOutcome(self, StepState.FAILED, reason)

    def retried(self, reason: str) -> StepOutcome:
        """It did not succeed, and will be tried again."""
        return StepOutcome(self, StepState.FAILED, reason, repeated=True)


@dataclass(frozen=True)
class StepOutcome:
    """How a step ended, and why.

    Attributes:
        repeated: Whether it is tried again, so that its failure is not the run's.
    """

    step: Step
    state: StepState
    reason: str
    repeated: bool = False


@dataclass(frozen=True)
class TimedOutcome:
    """How a step ended, and when.

    Attributes:
        seconds: How long it took.
        began: Seconds from the beginning of the run until it began.
    """

    outcome: StepOutcome
    seconds: float
    began: float = 0.0


Event: TypeAlias = Step | StepOutcome
Flow: TypeAlias = Generator[Event, None, T]

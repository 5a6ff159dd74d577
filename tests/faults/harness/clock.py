"""Time that passes only when somebody sleeps, and time that nobody sleeps through."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

EPOCH = 1_800_000_000.0  # a Friday in January 2027, so that dates in headers are readable in a failure


@dataclass
class VirtualClock:
    """A :class:`shiplane.registry.http.retry_budget.Clock` whose hours cost nothing. It remembers every wait."""

    seconds: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return EPOCH + self.seconds

    def sleep(self, seconds: float) -> None:
        if not 0 <= seconds < 1e9:  # what time.sleep refuses, too
            raise ValueError(f"asked to sleep {seconds} s")
        self.sleeps.append(seconds)
        self.seconds += seconds

    def pass_by(self, seconds: float) -> None:
        """Let time pass that is nobody's wait: a slow answer, a long build."""
        self.seconds += seconds


class QuickClock:
    """The machine's, but that waits pass at once, and count."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> float:
        return time.monotonic() + self.waited

    def wall(self) -> float:
        return time.time() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds

"""A clock by which waits are short, for rehearsing what otherwise takes minutes."""

from __future__ import annotations

import time

# How many seconds of a rehearsal pass in one: a minute of patience takes three seconds.
HURRY = 20.0


class HurriedClock:
    """The system's clock, sped up: see :class:`shiplane.registry.http.retry_budget.Clock`."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() * HURRY

    def wall(self) -> float:
        """Seconds since the epoch, as they are: servers know no hurry."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / HURRY)

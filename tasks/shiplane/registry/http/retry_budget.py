"""Retry limits shared by a run.

Bounded attempts with full jitter (0.5 s doubling to 8 s); each wait at most 60 s; all waits and failed attempts of a
run at most 300 s, unless the project says otherwise. Every wait is reported.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from shiplane.registry.http.slots import Slots

TRIES = 5
MAX_WAIT = 60.0
BUDGET = 300.0
_FIRST, _LAST = 0.5, 8.0
# Shorter waits are not reported.
_REPORTED_FROM = 1.5


class Clock(Protocol):
    """A clock that tests can replace."""

    def now(self) -> float:
        """Monotonic seconds."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The system's clock."""

    def now(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()

    def wall(self) -> float:
        """See :class:`Clock`."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """See :class:`Clock`."""
        time.sleep(seconds)


def _discard(_text: str) -> None:
    return None


def _count_nothing(_reason: str, _seconds: float) -> None:
    return None


@dataclass
class RetryBudget:
    """How often and how long one run retries; shared by all its requests, whose threads' waits at one time count once.

    Attributes:
        budget: Total seconds for waits and failed attempts.
        tries: How often a request is sent at most.
        max_wait: Seconds of the longest wait.
        tell: Called with the announcement of each wait.
        count_down: Called with the reason for a wait that is announced, and its seconds, as it begins.
        jitter: Returns a number in [0, 1).
        slots: How many of them are under way at once.
    """

    budget: float = BUDGET
    tries: int = TRIES
    max_wait: float = MAX_WAIT
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[str], None] = _discard
    count_down: Callable[[str, float], None] = _count_nothing
    jitter: Callable[[], float] = random.random
    slots: Slots = field(default_factory=Slots, repr=False, compare=False)
    spent: float = 0.0
    _counted: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def remaining(self) -> float:
        """The remaining seconds."""
        return self.budget - self.spent

    def wait(self, attempt: int, reason: str, *, asked: float | None = None) -> bool:
        """Wait before attempt number ``attempt`` + 1.

        Args:
            attempt: The number of failed attempts.
            reason: Why the last one failed, for the announcement.
            asked: Seconds requested by the server, a lower bound: GHCR requests microseconds.

        Returns:
            False if attempts or budget are used up, without having waited.
        """
        with self._lock:
            if attempt >= self.tries or self.spent >= self.budget:
                return False
            backoff = min(_LAST, _FIRST * 2 ** (attempt - 1)) * self.jitter()
            seconds = min(self.max_wait, max(backoff, asked or 0.0), self.remaining)
            self._count(self.clock.now(), seconds)
        self.tell(f"{reason}: waiting {seconds:.1f} s, then try {attempt + 1} of {self.tries}")
        self.count_down(f"try {attempt + 1} of {self.tries}: {reason}", seconds)
        self.clock.sleep(seconds)
        return True

    def count_lost(self, since: float) -> None:
        """Count a failed attempt since its start on this clock."""
        with self._lock:
            self._count(since, self.clock.now() - since)

    def pause(self, seconds: float, reason: str = "") -> None:
        """Wait on the same budget; longer waits are reported."""
        if seconds >= _REPORTED_FROM:
            self.tell(f"{reason}: waiting {seconds:.1f} s")
            self.count_down(reason, seconds)
        with self._lock:
            self._count(self.clock.now(), seconds)
        self.clock.sleep(seconds)

    def _count(self, since: float, seconds: float) -> None:
        """Count seconds from a time on, but for those that another thread has counted; the lock is held."""
        until = since + seconds
        self.spent += max(0.0, until - max(since, self._counted))
        self._counted = max(until, self._counted)

    def poll(self, limit: float = 60.0, *, condition: str = "") -> Iterator[int]:
        """Attempts of a read expected to succeed: GHCR's reads lag its writes by seconds.

        Args:
            limit: Seconds until the last attempt.
            condition: The current condition, reported with longer waits.

        Yields:
            The number of the attempt, from 1; waits double from 0.25 s to 8 s.
        """
        started, wait = self.clock.now(), 0.25
        for number in range(1, 100):
            yield number
            elapsed = self.clock.now() - started
            if elapsed >= limit:
                return
            if elapsed >= _REPORTED_FROM:
                self.tell(f"{condition} after {elapsed:.0f} s: looking again in {wait:.1f} s, for up to {limit:.0f} s")
                self.count_down(condition, wait)
            self.clock.sleep(wait)
            wait = min(_LAST, wait * 2)

"""The one retry policy: what is tried again, how long is waited, and when it is enough.

Figures and reasons: bounded tries with full jitter (0.5 s doubling to 8 s), ``Retry-After`` in both of its forms
(RFC 9110 section 10.2.3) and as GHCR hides it in the message (``retry-after: 10.305464ms``), each wait at most 60 s,
all waits of a run at most 300 s, the time of tries that came to nothing included. No wait is silent.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Protocol

TRIES = 5
MAX_WAIT = 60.0
BUDGET = 300.0
_FIRST, _LAST = 0.5, 8.0
# Seconds of waiting that are worth a word.
_UNUSUAL = 1.5
_SECONDS = re.compile(r"[0-9]{1,30}", re.ASCII)
_PART = r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h)"
_GO_DURATION = re.compile(rf"retry-after: ((?:{_PART}){{1,6}})\b", re.ASCII | re.IGNORECASE)
_GO_PART = re.compile(r"([0-9.]+)([a-zµ]+)", re.ASCII | re.IGNORECASE)
_UNIT = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Clock(Protocol):
    """Time, so that the tests can own it."""

    def now(self) -> float:
        """Seconds that never go backwards."""

    def wall(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


class SystemClock:
    """The machine's."""

    def now(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()

    def wall(self) -> float:
        """See :class:`Clock`."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """See :class:`Clock`."""
        time.sleep(seconds)


def _unheard(_text: str) -> None:
    return None


@dataclass
class RetryBudget:
    """How often and how long one run waits for others. One object a run: the budget is shared.

    Attributes:
        budget: Seconds that may be waited and lost in all.
        clock: Whose time is spent.
        tell: Where each wait is announced.
        jitter: A number in [0, 1) for the jitter.
    """

    budget: float = BUDGET
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[str], None] = _unheard
    jitter: Callable[[], float] = random.random
    spent: float = 0.0
    _counted: float = 0.0

    @property
    def remaining(self) -> float:
        """Seconds that may still be waited."""
        return self.budget - self.spent

    def wait(self, attempt: int, reason: str, *, asked: float | None = None) -> bool:
        """Wait before try number ``attempt`` + 1.

        Args:
            attempt: How many tries have failed, from 1.
            reason: What the last one met, for the story.
            asked: Seconds that the other side asked for, if it did: no less is waited, but the back-off may be
                longer. GHCR asks for microseconds, and five tries within one millisecond are no patience.

        Returns:
            False when the tries or the budget are used up: then nothing was waited.
        """
        if attempt >= TRIES or self.spent >= self.budget:
            return False
        backoff = min(_LAST, _FIRST * 2 ** (attempt - 1)) * self.jitter()
        seconds = min(MAX_WAIT, max(backoff, asked or 0.0), self.remaining)
        self.tell(f"{reason}: waiting {seconds:.1f} s, then try {attempt + 1} of {TRIES}")
        self.spent += seconds
        self.clock.sleep(seconds)
        return True

    def count_lost(self, since: float) -> None:
        """Count the time of a try that came to nothing; what several threads lose side by side counts once.

        Args:
            since: When it began, on this clock.
        """
        now = self.clock.now()
        self.spent += max(0.0, now - max(since, self._counted))
        self._counted = max(now, self._counted)

    def pause(self, seconds: float, reason: str = "") -> None:
        """Wait on the same budget; longer than usual only with a word why."""
        if seconds >= _UNUSUAL:
            self.tell(f"{reason}: waiting {seconds:.1f} s")
        self.spent += seconds
        self.clock.sleep(seconds)

    def poll(self, limit: float = 60.0, *, what: str = "") -> Iterator[int]:
        """Tries of a read that is expected to come right: GHCR's reads lag its writes by seconds.

        Args:
            limit: Seconds after which the last try has been.
            what: What is waited for: told with each wait as soon as it takes longer than usual.

        Yields:
            The number of the try, from 1; the waits between them double from 0.25 s to 8 s.
        """
        started, wait = self.clock.now(), 0.25
        for number in range(1, 100):
            yield number
            passed = self.clock.now() - started
            if passed >= limit:
                return
            if passed >= _UNUSUAL:
                self.tell(f"{what} after {passed:.0f} s: looking again in {wait:.1f} s, for up to {limit:.0f} s")
            self.clock.sleep(wait)
            wait = min(_LAST, wait * 2)


def parse_retry_after(header: str | None, body: str, *, wall: float) -> float | None:
    """The seconds that an answer asks us to wait, or None when it says nothing usable.

    Args:
        header: The ``Retry-After`` header: seconds or an HTTP date.
        body: The answer's text, where GHCR writes a Go duration instead (``ghcr.md``: chainguard-images#173).
        wall: The time now, in seconds since the epoch.
    """
    if header is not None and _SECONDS.fullmatch(header.strip()):
        return float(header)
    if header is not None and (moment := _moment(header)) is not None:
        return max(0.0, moment - wall)
    duration = _GO_DURATION.search(body)
    if not duration:
        return None
    return sum(float(number) * _UNIT[unit.lower()] for number, unit in _GO_PART.findall(duration.group(1)))


def _moment(header: str) -> float | None:
    try:
        moment = parsedate_to_datetime(header)
        # A date without a zone is UTC here (RFC 9110 section 5.6.7), and local time to timestamp().
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

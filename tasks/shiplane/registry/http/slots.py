"""How many requests of one run are under way at once, however many threads ask."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# As many connections as a pool keeps open.
AT_ONCE = 16


class Slots:
    """Places for requests; who finds none waits for one. A rate limit halves them for the rest of the run."""

    def __init__(self, limit: int = AT_ONCE) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._taken, self._limited = 0, 0
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Take a place; gives how often there has been a rate limit before."""
        self._take()
        try:
            yield self._limited
        finally:
            with self._lock:
                self._taken -= 1
                self._admit()

    def halve(self, before: int) -> None:
        """Halve the places after a rate limit; requests that were under way together learn of the same one."""
        with self._lock:
            if before == self._limited:
                self.limit, self._limited = max(1, self.limit // 2), self._limited + 1

    def _take(self) -> None:
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            self._admit()
        # An interrupt that ends the wait ends the run, with other clients for its last words.
        turn.wait()

    def _admit(self) -> None:
        """Let in whoever has waited longest, as long as there is a place; the lock is held."""
        while self._waiting and self._taken < self.limit:
            self._taken += 1
            self._waiting.popleft().set()

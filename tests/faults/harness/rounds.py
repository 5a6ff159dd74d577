"""Counts the rounds of a run: how many times it waits for the registry, whatever it asks side by side."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shiplane.core.system import parallel
from shiplane.registry.http import slots, tokens

if TYPE_CHECKING:
    import pytest

    from shiplane.registry.http.exchange import Request, Response, Transport


@dataclass
class Rounds:
    """A wire that answers only when every thread of the run waits, and then all that was asked, in one round.

    It stands for ``threading`` where the run starts threads and lets them wait for one another: see :meth:`watch`.
    No time is measured, so that the count is the same on every machine.
    """

    wire: Transport
    rounds: int = 0
    busy: int = 1
    widest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    asking: list[tuple[threading.Event, str]] = field(default_factory=list)
    waves: list[list[str]] = field(default_factory=list)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> Rounds:
        """Know of every thread that the run starts, and of what they wait for."""
        for module in (parallel, slots, tokens):
            monkeypatch.setattr(module, "threading", self)
        return self

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`."""
        turn = threading.Event()
        with self.lock:
            self.asking.append((turn, f"{request.method} {_name(request.url)}"))
            self.idle()
        assert turn.wait(60), "a thread waits for what this does not know of"
        return self.wire.send(request, limit=limit, deadline=deadline)

    def idle(self) -> None:
        """One thread less at work; where none is left, a round ends. The lock is held."""
        self.busy -= 1
        if not self.busy and self.asking:
            self.rounds += 1
            self.busy = len(self.asking)
            self.widest = max(self.widest, self.busy)
            self.waves.append([name for _, name in self.asking])
            for turn, _ in self.asking:
                turn.set()
            self.asking.clear()

    def Thread(self, *, target: Callable[..., object], args: tuple[Any, ...] = (), daemon: bool) -> _Thread:  # noqa: N802 -- as in threading
        """See :class:`threading.Thread`."""
        return _Thread(self, target, args, daemon=daemon)

    def Event(self) -> _Event:  # noqa: N802
        """See :class:`threading.Event`."""
        return _Event(self)

    def RLock(self) -> _Lock:  # noqa: N802
        """See :class:`threading.RLock`."""
        return _Lock(self)

    Lock = RLock


def chart(waves: Iterable[Iterable[str]]) -> list[str]:
    """What was asked side by side in each round: ``GET blob x 2, GET latest``."""
    return [
        ", ".join(f"{name} x {count}" if count > 1 else name for name, count in sorted(Counter(wave).items()))
        for wave in waves
    ]


def _name(url: str) -> str:
    """What a request is about: a tag, or what kind of thing has the digest."""
    kind, name = urlsplit(url).path.rstrip("/").split("/")[-2:]
    if "uploads" in (kind, name):
        return "upload"
    if not name.startswith("sha256:"):
        return name
    return {"manifests": "manifest", "blobs": "blob"}.get(kind, "storage")


class _Thread(threading.Thread):
    def __init__(self, rounds: Rounds, target: Callable[..., object], args: tuple[Any, ...], *, daemon: bool) -> None:
        super().__init__(daemon=daemon)
        self._rounds, self._work = rounds, (target, args)

    def start(self) -> None:
        with self._rounds.lock:
            self._rounds.busy += 1
        super().start()

    def run(self) -> None:
        target, args = self._work
        target(*args)
        with self._rounds.lock:
            self._rounds.idle()


class _Event(threading.Event):
    def __init__(self, rounds: Rounds) -> None:
        super().__init__()
        self._rounds, self._waiting = rounds, 0

    def set(self) -> None:
        with self._rounds.lock:
            self._rounds.busy += self._waiting
            self._waiting = 0
            super().set()

    def wait(self, timeout: float | None = None) -> bool:
        with self._rounds.lock:
            if self.is_set():
                return True
            if timeout is not None:
                return False
            self._waiting += 1
            self._rounds.idle()
        return super().wait()


class _Lock:
    def __init__(self, rounds: Rounds) -> None:
        self._rounds, self._owner, self._depth = rounds, 0, 0
        self._queue: deque[tuple[int, threading.Event]] = deque()

    def __enter__(self) -> None:
        thread, turn = threading.get_ident(), threading.Event()
        with self._rounds.lock:
            if self._owner in (0, thread):
                self._owner, self._depth = thread, self._depth + 1
                return
            self._queue.append((thread, turn))
            self._rounds.idle()
        turn.wait()

    def __exit__(self, *_error: object) -> None:
        with self._rounds.lock:
            self._depth -= 1
            if self._depth:
                return
            self._owner = 0
            if self._queue:
                self._owner, turn = self._queue.popleft()
                self._depth = 1
                self._rounds.busy += 1
                turn.set()

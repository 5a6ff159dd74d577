"""The signals that end a run as exceptions like an interrupt, and no signal that waits for a read to end."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

# Seconds between two looks.
_LOOK = 0.5


# What each of them is to people. SIGHUP: the terminal was closed, or the connection to it was lost.
_REASONS = {signal.SIGTERM: "terminated", signal.SIGHUP: "hung up", signal.SIGQUIT: "quit"}


class TerminatedError(BaseException):
    """One of these signals, as an exception: so that whatever has to be cleaned up is."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.reason = _REASONS[signal.Signals(number)]


class TimeLimitError(TerminatedError):
    """The command took longer than it may: it ends as by SIGTERM."""

    def __init__(self, seconds: float) -> None:
        super().__init__(signal.SIGTERM)
        self.reason = f"ended after {seconds:g} s, the limit of run-seconds in [limits]"


@dataclass
class _Clock:
    """When the command that heeds signals began, and how many seconds it may take."""

    began: float = 0.0
    seconds: float = math.inf


_CLOCK = _Clock()


def limit_run(seconds: float) -> None:
    """End the command that heeds signals, from its beginning on, after so many seconds."""
    _CLOCK.seconds = seconds


@contextmanager
def heeding_signals() -> Iterator[None]:
    """Raise :class:`TerminatedError` or ``KeyboardInterrupt`` soon after the signal, whatever this thread waits for.

    The interpreter runs a signal's handler between two of its instructions. One that came after its last look and
    before a system call would have to wait for that call's end: for an answer that does not come, half a minute. A
    timer interrupts each wait for a look (PEP 475: the interpreter then goes on waiting for the rest of the time).
    A child process has no timer of ours (``setitimer(2)``). The same look ends a command at its limit.
    """
    _CLOCK.began, _CLOCK.seconds = time.monotonic(), math.inf
    handlers = {number: signal.signal(number, act) for number, act in _ACTS.items() if _is_heeded(number)}
    timer = signal.setitimer(signal.ITIMER_REAL, _LOOK, _LOOK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _is_heeded(number: signal.Signals) -> bool:
    """Whether a signal is ours to answer: ``nohup`` and a shell's background have some ignored, and mean it."""
    return number in (signal.SIGTERM, signal.SIGALRM) or signal.getsignal(number) is not signal.SIG_IGN


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise TerminatedError(number)


def _look(_number: int, _frame: FrameType | None) -> None:
    """End a command at its limit; otherwise that this was called makes the interpreter look for other signals."""
    if time.monotonic() - _CLOCK.began > (seconds := _CLOCK.seconds):
        _CLOCK.seconds = math.inf
        raise TimeLimitError(seconds)


_ACTS = {**dict.fromkeys(_REASONS, _terminate), signal.SIGALRM: _look}

"""Draws the live view below the lines of a run, on a terminal that has a cursor to move.

The cursor stays visible, and at the beginning of the line below what is drawn: whatever ends the process, a shell goes
on there, and what was drawn last can be read. Each line of a run is written above.
"""

from __future__ import annotations

import os
import signal
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

from shiplane.cli.live.live_view import LiveView
from shiplane.cli.live.screen import short_digests
from shiplane.core.system.streams import silence

# ECMA-48: CUU, ED and EL.
_UP, _ERASE_BELOW, _ERASE_LINE = "\x1b[{}A", "\x1b[J", "\x1b[K"
# Seconds between two looks at what has changed.
_LOOK = 0.1
_USUAL = os.terminal_size((80, 24))


def size_of(stream: TextIO) -> os.terminal_size:
    """Columns and rows of a terminal; the usual ones where it does not say."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return _USUAL
    return os.terminal_size((size.columns or _USUAL.columns, size.lines or _USUAL.lines))


class LiveTerminal:
    """A terminal with a live view at its end, drawn by a thread of its own while something is going on."""

    def __init__(self, stream: TextIO, view: LiveView, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._view, self._clock = stream, view, clock
        # Reentrant: a signal's handler may run in the thread that holds it.
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._handler: Callable[[int, FrameType | None], object] | int | None = None
        # What stands below the run's lines.
        self._drawn: list[str] = []

    @contextmanager
    def changing(self) -> Iterator[tuple[LiveView, float]]:
        """The view, to be changed by nobody else meanwhile, and the time; it is drawn from now on."""
        with self._lock:
            self._start()
            yield self._view, self._clock()

    @staticmethod
    def short(text: str) -> str:
        """A text with short digests."""
        return short_digests(text)

    def wrapped(self, text: str, *, indent: int) -> str:
        """A text with short digests, in lines that fit behind an indentation, unbroken where a word does not."""
        room = size_of(self._stream).columns - 1 - indent
        lines = textwrap.wrap(short_digests(text), max(room, indent), break_long_words=False, break_on_hyphens=False)
        return ("\n" + " " * indent).join(lines)

    def write(self, line: str) -> None:
        """Write a line of the run above what is drawn.

        Raises:
            OSError: The terminal is gone.
        """
        with self._lock:
            self._replace(f"{line}\n", self._drawn)

    def erase(self) -> None:
        """Leave nothing drawn: somebody else writes now."""
        with self._lock, suppress(OSError):
            self._view.clear()
            self._replace("", [])

    def leave(self) -> None:
        """Leave what is going on as the last of it: the run ends here."""
        with self._lock, suppress(OSError):
            self._replace("", self._lines())
            self._drawn = []
            self._view.clear()

    def close(self) -> None:
        """Draw no more."""
        self._stop.set()
        if self._thread:
            self._thread.join(1.0)
            self._thread = None
            self.erase()
        if self._handler is not None:
            signal.signal(signal.SIGTSTP, self._handler)
            self._handler = None

    def _start(self) -> None:
        if self._thread or self._stop.is_set():
            return
        if threading.current_thread() is threading.main_thread() and (
            signal.getsignal(signal.SIGTSTP) is not signal.SIG_IGN
        ):
            self._handler = signal.signal(signal.SIGTSTP, self._pause)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(_LOOK):
                self._draw()
        except (OSError, ValueError):  # the terminal is gone, or closed
            with suppress(OSError, ValueError):
                silence(self._stream)

    def _draw(self) -> None:
        with self._lock:
            lines = self._lines()
            if lines != self._drawn:
                self._replace("", lines)

    def _lines(self) -> list[str]:
        if not self._in_foreground():
            return []
        return self._view.lines(self._clock(), *size_of(self._stream))

    def _replace(self, above: str, lines: Sequence[str]) -> None:
        """Write lines of the run, and others below them in the place of what is drawn, in one piece."""
        up = f"{_UP.format(len(self._drawn))}\r" if self._drawn else ""
        erase = _ERASE_BELOW if self._drawn else ""
        below = "".join(f"{line}{_ERASE_LINE}\n" for line in lines)
        # An interrupt in the middle of this leaves what is drawn where it is, and erases no line of the run later on.
        self._drawn = []
        self._stream.write(f"{up}{erase}{above}{below}")
        self._stream.flush()
        self._drawn = list(lines)

    def _in_foreground(self) -> bool:
        """Whether the shell has given the terminal to this process: one in the background draws nothing."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):
            return True  # a terminal without job control

    def _pause(self, _number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: what is drawn stays, and after the shell's lines it is drawn anew."""
        with self._lock:
            self._drawn = []
            os.kill(os.getpid(), signal.SIGSTOP)

"""A terminal of our own: a program's output on a real pty, and the screen that it makes.

It knows what our output may hold, a few sequences of ECMA-48, and refuses every other one: a control character of
somebody else's output that comes through fails the test.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shiplane.cli.live.text_width import width_of

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([AJKm])")
_LIMIT = 60.0


@dataclass
class Emulator:
    """What stands on a screen, and what was scrolled off it."""

    columns: int
    rows: int
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    above: list[str] = field(default_factory=list)
    row: int = 0
    column: int = 0

    @property
    def text(self) -> str:
        """The screen as text, without what is blank at the ends."""
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()

    @property
    def whole(self) -> str:
        """The same below what was scrolled off."""
        return "\n".join([*self.above, self.text])

    def feed(self, text: str) -> None:
        """Take in output."""
        at = 0
        while at < len(text):
            if match := _SEQUENCE.match(text, at):
                self._obey(match[2], match[1])
                at = match.end()
            else:
                self._put(text[at])
                at += 1

    def resize(self, columns: int, rows: int) -> None:
        """Change the size as terminals do that do not arrange their lines anew."""
        self.columns, self.rows = columns, rows
        self.lines = [line[:columns] for line in self.lines]
        while len(self.lines) > rows:
            self._scroll()

    def _put(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self.row += 1
            while self.row >= self.rows:
                self._scroll()
            self.lines += [[] for _ in range(self.row + 1 - len(self.lines))]
        else:
            assert sign.isprintable(), f"the terminal got {sign!r}"
            self._print(sign)

    def _print(self, sign: str) -> None:
        if self.column + width_of(sign) > self.columns:
            self._put("\r")
            self._put("\n")
        line = self.lines[self.row]
        line += [" "] * (self.column + width_of(sign) - len(line))
        line[self.column : self.column + width_of(sign)] = [sign, *[""] * (width_of(sign) - 1)]
        self.column += width_of(sign)

    def _obey(self, name: str, argument: str) -> None:
        if name == "A":
            assert int(argument) <= self.row, "the cursor would be moved past the top"
            self.row -= int(argument)
        elif name == "K":
            del self.lines[self.row][self.column :]
        elif name == "J":
            del self.lines[self.row + 1 :]
            del self.lines[self.row][self.column :]

    def _scroll(self) -> None:
        self.above.append("".join(self.lines.pop(0)).rstrip())
        self.row -= 1


@dataclass
class Session:
    """A program on a pty of its own, and its screen."""

    child: subprocess.Popen[bytes]
    master: int
    screen: Emulator
    output: str = ""
    ended: bool = False

    @property
    def code(self) -> int:
        """How it ended."""
        return self.child.wait(_LIMIT)

    def until(self, shown: Callable[[str], bool]) -> str:
        """Read until the screen, with what was scrolled off, is as expected."""
        deadline = time.monotonic() + _LIMIT
        while not shown(self.screen.whole):
            assert (self.ended, time.monotonic() > deadline) == (False, False), self.screen.whole
            self.read()
        return self.screen.whole

    def read(self) -> None:
        """Take in what there is, or learn that there will be no more."""
        if not select.select([self.master], [], [], 0.2)[0]:
            return
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux: nobody has the other end open any more
            data = b""
        self.ended = not data
        text = data.decode("utf-8", "replace")
        self.output += text
        self.screen.feed(text)

    def end(self) -> str:
        """Read to the end of the program; gives all that it showed."""
        deadline = time.monotonic() + _LIMIT
        while not self.ended:
            assert time.monotonic() < deadline, self.screen.whole
            self.read()
        return self.screen.whole

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self.screen.resize(columns, rows)
        _set_size(self.master, columns, rows)

    def close(self) -> None:
        """End the program, if it has not ended."""
        self.child.kill()
        self.child.wait(_LIMIT)
        os.close(self.master)


def start(argv: Sequence[str], folder: Path, env: Mapping[str, str], columns: int = 80, rows: int = 24) -> Session:
    """Start a program on a terminal of this size."""
    master, slave = os.openpty()
    _set_size(master, columns, rows)
    child = subprocess.Popen(argv, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    return Session(child, master, Emulator(columns, rows))


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

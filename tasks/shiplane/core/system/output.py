"""What a child writes, read as it comes and kept to a limit: it may write without end, and without a line's end."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

# Of what people read (a build's log) the last of this many characters are kept.
TAIL = 1024 * 1024
# What programs read (git's lists of files and refs) is whole or an error; a ref has some 64 bytes.
WHOLE = 64 * 1024 * 1024
# Characters after which a line is cut.
_LONGEST_LINE = 64 * 1024
_BLOCK = 64 * 1024


class Output:
    """A pipe whose reading end a thread of its own empties, until everybody has closed the other end."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._ended = threading.Event()

    def start(self) -> None:
        """Read from now on; the writing end is the child's alone."""
        os.close(self.writing)
        threading.Thread(target=self._run, daemon=True).start()

    def wait_ended(self, seconds: float) -> bool:
        """Whether it is at its end, at the latest after so many seconds."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            self._read(self._reading)
        finally:
            self._ended.set()

    def _read(self, descriptor: int) -> None:
        raise NotImplementedError


class StreamedOutput(Output):
    """Lines for people: each is told as it comes (of an endless one the beginning), and the last of them are kept."""

    def __init__(self, listen: Callable[[str], None]) -> None:
        super().__init__()
        self._listen = listen
        self._lines: deque[str] = deque()
        self._size = 0

    @property
    def text(self) -> str:
        """The last of it."""
        return "".join(self._lines)

    def _read(self, descriptor: int) -> None:
        begins = True
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
            while line := stream.readline(_LONGEST_LINE):
                self._lines.append(line)
                self._size += len(line)
                while self._size > TAIL:
                    self._size -= len(self._lines.popleft())
                # The rest of a line is never told alone: a secret that the cut went through would not be recognized.
                if begins:
                    self._listen(line.rstrip("\n"))
                begins = line.endswith("\n")


class CapturedOutput(Output):
    """An answer for programs: all of it, or the word that it is too much."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.too_much = False

    @property
    def exact(self) -> str:
        """All of it, to the byte: what is no UTF-8 is kept by surrogateescape."""
        return b"".join(self._parts).decode("utf-8", "surrogateescape")

    @property
    def text(self) -> str:
        """All of it, its line ends as single line feeds."""
        whole = b"".join(self._parts).decode("utf-8", "replace")
        return whole.replace("\r\n", "\n").replace("\r", "\n")

    def _read(self, descriptor: int) -> None:
        size = 0
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                self.too_much = size > WHOLE
                if not self.too_much:
                    self._parts.append(block)

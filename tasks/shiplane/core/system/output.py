"""Output of a child process, read as it arrives and bounded: it may be endless, even without a line break."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

# Characters kept of output for people, such as a build log: the last ones.
TAIL = 1024 * 1024
# Bytes kept of output for programs, such as git's list of refs (some 64 bytes each): all or an error.
WHOLE = 64 * 1024 * 1024
# Characters after which a line is split.
_LONGEST_LINE = 64 * 1024
_BLOCK = 64 * 1024


class Output:
    """A pipe drained by its own thread until every writer has closed it."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        self._ended = threading.Event()

    def start(self) -> None:
        """Start reading, and close our copy of the writing end."""
        os.close(self.writing)
        threading.Thread(target=self._run, daemon=True).start()

    def wait_ended(self, seconds: float) -> bool:
        """Wait for the end of the output; False after so many seconds."""
        return self._ended.wait(seconds)

    def _run(self) -> None:
        try:
            self._read(self._reading)
        finally:
            self._ended.set()

    def _read(self, descriptor: int) -> None:
        raise NotImplementedError


class StreamedOutput(Output):
    """Lines for people: each is passed on as it arrives (an endless one truncated), and the last ones are kept."""

    def __init__(self, listen: Callable[[str], None]) -> None:
        super().__init__()
        self._listen = listen
        self._lines: deque[str] = deque()
        self._size = 0

    @property
    def text(self) -> str:
        """The last lines."""
        return "".join(self._lines)

    def _read(self, descriptor: int) -> None:
        begins = True
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
            while line := stream.readline(_LONGEST_LINE):
                self._lines.append(line)
                self._size += len(line)
                while self._size > TAIL:
                    self._size -= len(self._lines.popleft())
                # The rest of a split line is dropped: a secret across the split would not be recognized.
                if begins:
                    self._listen(line.rstrip("\n"))
                begins = line.endswith("\n")


class CapturedOutput(Output):
    """Output for programs: complete, or flagged as too much."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self.too_much = False

    @property
    def exact(self) -> str:
        """The exact bytes as text; invalid UTF-8 is kept by surrogateescape."""
        return b"".join(self._parts).decode("utf-8", "surrogateescape")

    @property
    def text(self) -> str:
        """The text, with line ends normalized to line feeds."""
        content = b"".join(self._parts).decode("utf-8", "replace")
        return content.replace("\r\n", "\n").replace("\r", "\n")

    def _read(self, descriptor: int) -> None:
        size = 0
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            while block := stream.read(_BLOCK):
                size += len(block)
                self.too_much = size > WHOLE
                if not self.too_much:
                    self._parts.append(block)

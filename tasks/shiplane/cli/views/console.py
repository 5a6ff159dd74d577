"""What people and programs see: the result on standard output, its progress on standard error."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO, TypeVar

from colorama import Fore, Style, just_fix_windows_console

from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState
from shiplane.core.redact import Redactor
from shiplane.core.system.parallel import FLOWS, relay_parallel
from shiplane.core.system.streams import silence
from shiplane.core.text import inert, one_line

T = TypeVar("T")

_COLOUR = {
    StepState.DONE: Fore.GREEN,
    StepState.UNCHANGED: Fore.CYAN,
    StepState.SKIPPED: Fore.YELLOW,
    StepState.FAILED: Fore.RED,
}
_SLOW = 1.0


def wants_colour(env: Mapping[str, str], stream: TextIO) -> bool:
    """Whether to colour: ``NO_COLOR`` beats ``FORCE_COLOR`` beats what the stream is (no-color.org)."""
    if env.get("NO_COLOR"):
        return False
    return bool(env.get("FORCE_COLOR")) or (stream.isatty() and env.get("TERM") != "dumb")


@dataclass
class Console:
    """Both streams of a run.

    Attributes:
        env: Decides about colour.
        redact: Applied to every line of progress and to every result.
        events: What flows have reported so far, for the closing lines.
        steps: Every outcome so far, with the seconds that it took.
        shown: Writes the commands in a text as they can be pasted.
        fold: Begins and ends a part of the progress that is folded away, where that can be shown: called with a title,
            and with nothing at its end.
        log: Takes each line of progress, instead of ``err``.
        watch: Called with each event of a flow, in the thread that drives it.
    """

    env: Mapping[str, str]
    redact: Redactor
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    events: list[Step | StepOutcome] = field(default_factory=list)
    steps: list[tuple[StepOutcome, float]] = field(default_factory=list)
    shown: Callable[[str], str] = str
    fold: Callable[[str], None] | None = None
    log: Callable[[str], object] | None = None
    watch: Callable[[Event], object] = lambda _event: None

    def __post_init__(self) -> None:
        just_fix_windows_console()
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what the locale cannot encode is escaped
        self._colours = wants_colour(self.env, self.err)
        self._folded = False

    def drive(self, flow: Flow[T]) -> T:
        """Run a flow to its end, showing each outcome as it comes.

        Returns:
            What the flow returns.
        """
        started = time.monotonic()
        try:
            while True:
                event = next(flow)
                self.events.append(event)
                self.watch(event)
                if isinstance(event, Step):
                    started = time.monotonic()
                else:
                    seconds = time.monotonic() - started
                    self.steps.append((event, seconds))
                    self._outcome(event, seconds)
                    started = time.monotonic()
        except StopIteration as end:
            value: T = end.value
            return value
        except BaseException:
            flow.close()  # at once: a traceback that somebody keeps would keep it open
            if self.events and isinstance(step := self.events[-1], Step):
                self.steps.append((step.failed("the run ended here"), time.monotonic() - started))
            raise

    def drive_all(self, flows: Sequence[Flow[T]], *, workers: int = FLOWS) -> list[T]:
        """Run thread-safe flows side by side, and show them as if they ran in turn; the first one's error is raised."""
        return [self.drive(flow) for flow in relay_parallel(flows, workers=workers)]

    def tell(self, text: str) -> None:
        """A line of progress, dimmed."""
        self._line(self.paint("  " + one_line(text), Style.DIM))

    def foreign(self, line: str) -> None:
        """A line of somebody else's output: marked, and unable to act as anything but text."""
        if text := one_line(line):
            self._folding(begins=True)
            self._print(self.paint(f"  | {text}", Style.DIM))

    def complain(self, text: str) -> None:
        """Lines that say what went wrong."""
        first, *rest = text.splitlines() or [""]
        self._line(self.paint(f"error: {first}", Fore.RED))
        for line in rest:
            self._line(line)

    def say(self, text: str) -> None:
        """A plain line of progress."""
        self._line(text)

    def result(self, text: str) -> None:
        """The result for people."""
        self.unfold()
        self._out(inert(self.shown(self.redact(text))))

    def document(self, value: Mapping[str, Any]) -> None:
        """The result for programs: one JSON document."""
        self.unfold()
        # Within a JSON text; the escape keeps the runner of GitHub Actions from reading a command there.
        self._out(self.redact(json.dumps(value, indent=2)).replace("##", "#\\u0023"))

    def agrees(self, text: str, question: str) -> bool | None:
        """Ask on the terminal, after what the question is about; None where there is no terminal to answer on."""
        if not sys.stdin.isatty():
            return None
        self.unfold()
        print(inert(self.shown(self.redact(text))), file=self.err, flush=True)
        print(f"{question} [y/N] ", end="", file=self.err, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def unfold(self) -> None:
        """End what is folded away, if anything is."""
        self._folding(begins=False)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, where colours are wanted."""
        return f"{colour}{text}{Style.RESET_ALL}" if self._colours else text

    def _out(self, text: str) -> None:
        """Write a result; a reader that has seen enough (``| head``) changes neither the run nor its exit code.

        Raises:
            PrerequisiteError: It could not be written, to a full disk, say.
        """
        try:
            print(text, file=self.out, flush=True)
        except BrokenPipeError:
            silence(self.out)
        except OSError as error:
            silence(self.out)
            raise PrerequisiteError(
                f"the result could not be written to standard output: {error.strerror}",
                remedy="Free some space and run the command again: a finished release is only reported again.",
            ) from error

    def _outcome(self, outcome: StepOutcome, seconds: float) -> None:
        state = self.paint(f"{outcome.state.value:<10}", _COLOUR[outcome.state])
        took = f" [{seconds:.1f} s]" if seconds >= _SLOW else ""
        reason = f": {outcome.reason}" if outcome.reason else ""
        self._line(f"{state} {outcome.step.name} {outcome.step.subject}{reason}{took}")

    def _folding(self, *, begins: bool) -> None:
        """Fold foreign output: one fold until there is other output."""
        if self.fold is not None and self._folded is not begins:
            self._folded = begins
            self.fold(_title(self.events) if begins else "")

    def _line(self, text: str) -> None:
        self.unfold()
        self._print(text)

    def _print(self, text: str) -> None:
        """Write a line of progress; a lost terminal must not leave a release half done."""
        line = inert(self.shown(self.redact(text)))
        if self.log is not None:
            self.log(line)
            return
        try:
            print(line, file=self.err, flush=True)
        except OSError:
            silence(self.err)


def _title(events: Sequence[Step | StepOutcome]) -> str:
    """What is going on: the last step that was begun."""
    steps = [event for event in events if isinstance(event, Step)]
    return f"{steps[-1].name} {steps[-1].subject}" if steps else "output"

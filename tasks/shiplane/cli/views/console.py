"""What people and programs see: the result on standard output, its progress on standard error."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias, TypeVar

from colorama import Fore, Style, just_fix_windows_console

from shiplane.cli.live.accent import Accent, Paint, unpainted
from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState, TimedOutcome
from shiplane.core.redact import Redactor
from shiplane.core.system.parallel import FLOWS, relay_parallel
from shiplane.core.system.streams import silence
from shiplane.core.text import inert, one_line

if TYPE_CHECKING:
    from shiplane.cli.live.build_log_view import BuildLogView
    from shiplane.cli.live.build_times import BuildTimes
    from shiplane.cli.live.screen import ScreenText
    from shiplane.cli.live.terminal import LiveTerminal
    from shiplane.cli.page_files import ReportFile
    from shiplane.docker.bake import Build

T = TypeVar("T")
Live: TypeAlias = "LiveTerminal"

_ACCENT = {
    Accent.LESS: Style.DIM,
    Accent.MORE: Style.BRIGHT,
    Accent.GOOD: Fore.GREEN,
    Accent.SAME: Fore.CYAN,
    Accent.CARE: Fore.YELLOW,
    Accent.BAD: Fore.RED,
}
_STATES = {
    StepState.DONE: Accent.GOOD,
    StepState.UNCHANGED: Accent.SAME,
    StepState.SKIPPED: Accent.CARE,
    StepState.FAILED: Accent.BAD,
}
_SLOW = 1.0
# The columns of a step's state.
_STATE = 10
# Steps that only look, or keep the record: of one that is done a terminal shows no more than that it is under way.
ROUTINE = frozenset(
    {
        *("access", "audit", "confirm", "inspect", "layout", "re-check", "read back", "record", "registry"),
        *("resolve", "source", "verify"),
    }
)


class Verbosity(Enum):
    """What a person sees of a run beside its result; programs that read the output see it all, unless it is quiet.

    The usual screen shows what is going on, and keeps the lines that matter afterwards.
    """

    QUIET = "quiet"
    USUAL = "usual"
    VERBOSE = "verbose"


def wants_colour(env: Mapping[str, str], stream: TextIO) -> bool:
    """Whether to colour: ``NO_COLOR`` beats ``FORCE_COLOR`` beats what the stream is (no-color.org)."""
    if env.get("NO_COLOR"):
        return False
    return bool(env.get("FORCE_COLOR")) or (stream.isatty() and env.get("TERM") != "dumb")


def paint_with(env: Mapping[str, str], stream: TextIO) -> Paint:
    """What shows accents as colours on a stream, where colours are wanted."""
    if not wants_colour(env, stream):
        return unpainted
    return lambda text, accent: f"{_ACCENT[accent]}{text}{Style.RESET_ALL}" if accent in _ACCENT else text


def is_screen(env: Mapping[str, str], stream: TextIO) -> bool:
    """Whether a stream is a terminal whose lines have an end."""
    return stream.isatty() and env.get("TERM") != "dumb"


def live_on(env: Mapping[str, str], stream: TextIO) -> Live | None:
    """What shows the running steps where a stream can be drawn anew: on a terminal, but not in CI."""
    in_ci = env.get("CI", "").lower() not in {"", "0", "false"}
    if in_ci or env.get("GITHUB_ACTIONS") == "true" or not is_screen(env, stream):
        return None
    from shiplane.cli.live.live_view import LiveView
    from shiplane.cli.live.terminal import LiveTerminal

    return LiveTerminal(stream, LiveView(paint_with(env, stream)))


@dataclass
class Console:
    """Both streams of a run.

    Attributes:
        env: Decides about colour.
        redact: Applied to every line of progress and to every result.
        events: What flows have reported so far, for the closing lines.
        steps: Every outcome so far, with its time.
        shown: Writes the commands in a text as they can be pasted.
        fold: Begins and ends a part of the progress that is folded away, where that can be shown: called with a title,
            and with nothing at its end.
        log: Takes each line of progress, instead of ``err``.
        watch: Called with each event of a flow, in the thread that drives it.
        live: Shows what is going on, on a terminal; the lines that it makes unnecessary are not written there.
        verbosity: How much of the run is shown.
        report_file: Where the run is reported at its end, if anywhere.
        builds: The times of the builds, which are kept for that.
    """

    env: Mapping[str, str]
    redact: Redactor
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    events: list[Step | StepOutcome] = field(default_factory=list)
    steps: list[TimedOutcome] = field(default_factory=list)
    shown: Callable[[str], str] = str
    fold: Callable[[str], None] | None = None
    log: Callable[[str], object] | None = None
    watch: Callable[[Event], object] = lambda _event: None
    live: Live | None = None
    verbosity: Verbosity = Verbosity.USUAL
    report_file: ReportFile | None = None
    builds: list[BuildTimes] = field(default_factory=list)

    def __post_init__(self) -> None:
        just_fix_windows_console()
        for stream in (self.out, self.err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # what the locale cannot encode is escaped
        self.paint = paint_with(self.env, self.err)
        self._folded = False
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self._since

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
                    self._begin(event)
                else:
                    self.steps.append(timed := self._timed(event, started))
                    self._outcome(event, timed.seconds)
                    started = time.monotonic()
        except StopIteration as end:
            value: T = end.value
            return value
        except BaseException:
            if self.live:
                self.live.leave()
            flow.close()  # at once: a traceback that somebody keeps would keep it open
            if self.events and isinstance(step := self.events[-1], Step):
                self.steps.append(self._timed(step.failed("the run ended here"), started))
            raise

    def _timed(self, outcome: StepOutcome, started: float) -> TimedOutcome:
        return TimedOutcome(outcome, time.monotonic() - started, started - self._since)

    def drive_all(self, flows: Sequence[Flow[T]], *, workers: int = FLOWS) -> list[T]:
        """Run thread-safe flows side by side, and show them as if they ran in turn; the first one's error is raised."""
        return [self.drive(flow) for flow in relay_parallel(flows, workers=workers)]

    def tell(self, text: str) -> None:
        """A line of progress, dimmed."""
        self._progress(self.paint("  " + one_line(text), Accent.LESS))

    def heading(self, text: str) -> None:
        """The title of a part of the run."""
        self._progress(self.paint(text, Accent.MORE))

    def foreign(self, line: str) -> None:
        """A line of somebody else's output: marked, and unable to act as anything but text."""
        if self.live:
            self.show_line(line)
        elif (text := one_line(line)) and self.verbosity is not Verbosity.QUIET:
            self._folding(begins=True)
            self._print(self.paint(f"  | {text}", Accent.LESS))

    def show_line(self, line: str, name: str = "") -> None:
        """A line of output that is shown only while it is the last one, of the step of this subject."""
        if self.live and (text := self.harmless(line)):
            with self.live.changing() as (view, _):
                view.show_line(text, name)

    def show_wait(self, reason: str, seconds: float) -> None:
        """Count the seconds of a wait down."""
        if self.live:
            with self.live.changing() as (view, now):
                view.show_wait(self.harmless(reason), now + seconds)

    def show_build(self, builds: Sequence[Build]) -> Callable[[str], None]:
        """Show how far a build has come, and keep its times; gives what takes its lines in."""
        listeners = [*([self._live_build(self.live, builds)] if self.live else []), *self._timed_build(builds)]

        def read(line: str) -> None:
            for listen in listeners:
                listen(line)

        return read

    def _timed_build(self, builds: Sequence[Build]) -> Iterator[Callable[[str], None]]:
        """What keeps the times of a build, where they are kept."""
        if self.report_file:
            from shiplane.cli.live.build_times import BuildTimes

            self.builds.append(times := BuildTimes(_view_of(builds)))
            yield lambda line: times.read(line, self.seconds)

    def _live_build(self, live: Live, builds: Sequence[Build]) -> Callable[[str], None]:
        """What draws how far a build has come."""
        build = _view_of(builds)
        with live.changing() as (view, _):
            view.show_build(build)

        def read(line: str) -> None:
            with live.changing() as (_, now):
                build.read(self.harmless(line), now)

        return read

    def harmless(self, text: str) -> str:
        """A text as one line that can be drawn: without secrets, and unable to act as anything but text."""
        from shiplane.cli.live.text_width import drawable

        # Redacted before signs are replaced, and again after a sequence within a secret was removed.
        line = drawable(one_line(self.redact(text)), self.err.encoding or "ascii")
        return inert(self.shown(self.redact(line)))

    def complain(self, text: str) -> None:
        """Lines that say what went wrong."""
        first, *rest = text.splitlines() or [""]
        self._line(self.paint(f"error: {first}", Accent.BAD))
        for line in rest:
            self._line(line)

    def say(self, text: str) -> None:
        """A plain line of progress."""
        self._line(self.live.short(text) if self.live else text)

    def close(self) -> None:
        """The run has ended."""
        if self.live:
            self.live.close()

    def result(self, text: str, screen: ScreenText | None = None) -> None:
        """The result for people, on a screen in its form for that."""
        self.unfold()
        if self.verbosity is not Verbosity.VERBOSE and is_screen(self.env, self.out):
            text = self._for_screen(text, screen)
        self._out(inert(self.shown(self.redact(text))))

    def _for_screen(self, text: str, screen: ScreenText | None) -> str:
        from shiplane.cli.live.screen import Screen, fitted
        from shiplane.cli.live.terminal import size_of

        columns, paint = size_of(self.out).columns, paint_with(self.env, self.out)
        if screen:
            text = screen(Screen(columns=columns, seconds=self.seconds, paint=paint))
        return fitted(self.redact(text), columns)

    def document(self, value: Mapping[str, Any]) -> None:
        """The result for programs: one JSON document."""
        self.unfold()
        # The escape, within a JSON text, keeps the runner of GitHub Actions from reading a command there.
        self._out(json.dumps(self.redact.hide_in(value), indent=2).replace("##", "#\\u0023"))

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
        if self.live:
            self.live.erase()

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

    def _begin(self, step: Step) -> None:
        if self.live:
            with self.live.changing() as (view, now):
                view.begin(step, self.harmless(f"{step.name} {step.subject}"), now)

    def _outcome(self, outcome: StepOutcome, seconds: float) -> None:
        if self.live:
            with self.live.changing() as (view, _):
                view.end(outcome.step)
            if _is_routine(outcome):
                return
        state = f"{outcome.state.value:<{_STATE}}"
        took = f" [{seconds:.1f} s]" if seconds >= _SLOW else ""
        reason = f": {outcome.reason}" if outcome.reason else ""
        text = f"{outcome.step.name} {outcome.step.subject}{reason}{took}"
        if self.live:
            text = self.live.wrapped(self.redact(text), indent=_STATE + 1)
        accent = Accent.CARE if outcome.repeated else _STATES[outcome.state]
        self._progress(f"{self.paint(state, accent)} {text}")

    def _folding(self, *, begins: bool) -> None:
        """Fold foreign output: one fold until there is other output."""
        if self.fold is not None and self._folded is not begins:
            self._folded = begins
            self.fold(_title(self.events) if begins else "")

    def _progress(self, text: str) -> None:
        """A line that is no part of the result, nor of an error."""
        if self.verbosity is not Verbosity.QUIET:
            self._line(text)

    def _line(self, text: str) -> None:
        self._folding(begins=False)
        self._print(text)

    def _print(self, text: str) -> None:
        """Write a line of progress; a lost terminal must not leave a release half done."""
        line = inert(self.shown(self.redact(text)))
        if self.log is not None:
            self.log(line)
            return
        try:
            if self.live:
                self.live.write(line)
            else:
                print(line, file=self.err, flush=True)
        except OSError:
            silence(self.err)


def _view_of(builds: Sequence[Build]) -> BuildLogView:
    from shiplane.cli.live.build_log_view import BuildLogView, BuildTarget

    return BuildLogView([BuildTarget.of(build) for build in builds])


def _is_routine(outcome: StepOutcome) -> bool:
    """Whether an outcome tells a person nothing that the result does not: a look that found what was expected."""
    return outcome.state is StepState.DONE and outcome.step.name in ROUTINE


def _title(events: Sequence[Step | StepOutcome]) -> str:
    """What is going on: the last step that was begun."""
    steps = [event for event in events if isinstance(event, Step)]
    return f"{steps[-1].name} {steps[-1].subject}" if steps else "output"

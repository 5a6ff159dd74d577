"""What is going on now, as the last lines of a terminal: each running step, the rows of a build, each wait."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from shiplane.cli.live.accent import Accent, Paint, unpainted
from shiplane.cli.live.build_log_view import BuildLogView, BuildRow, BuildState
from shiplane.cli.live.text_width import clipped, width_of
from shiplane.core.progress import Step

# A line as pieces of text, each with its accent.
Line: TypeAlias = list[tuple[str, Accent]]
_ACCENT = {
    BuildState.CACHED: Accent.SAME,
    BuildState.BUILT: Accent.GOOD,
    BuildState.PUSHED: Accent.GOOD,
    BuildState.FAILED: Accent.BAD,
}
_MINUTE = 60
# The columns of a stage where there is room for them, so that the rest of the line does not jump.
_STAGE, _USUAL = 16, 70


@dataclass
class _RunningStep:
    title: str
    since: float
    last_line: str = ""


@dataclass
class LiveView:
    """What is going on. Times are seconds of one clock; every text is one harmless line without secrets.

    Attributes:
        paint: Shows accents, where colours are wanted.
    """

    paint: Paint = unpainted
    _steps: dict[Step, _RunningStep] = field(default_factory=dict)
    _builds: list[BuildLogView] = field(default_factory=list)
    _waits: dict[str, float] = field(default_factory=dict)

    def begin(self, step: Step, title: str, now: float) -> None:
        """A step begins; several may be under way."""
        self._steps[step] = _RunningStep(title, now)

    def end(self, step: Step) -> None:
        """A step has ended, and with the last one all that belonged to it."""
        self._steps.pop(step, None)
        if not self._steps:
            self.clear()

    def clear(self) -> None:
        """Nothing is going on."""
        self._steps.clear()
        self._builds.clear()
        self._waits.clear()

    def show_line(self, line: str, name: str = "") -> None:
        """A line that the step of this subject wrote; without one, the latest step."""
        for step, running in reversed(self._steps.items()):
            if name in {step.subject, ""}:
                running.last_line = line
                return

    def show_build(self, build: BuildLogView) -> None:
        """A build begins; several may be under way."""
        self._builds.append(build)

    def show_wait(self, reason: str, until: float) -> None:
        """Something is waited for until then."""
        self._waits[reason] = until

    def lines(self, now: float, columns: int, rows: int) -> list[str]:
        """What is to be drawn, painted, each line shorter than so many columns, and fewer lines than rows."""
        # The last column stays free: some terminals begin a new line after it, and others do not.
        columns -= 1
        lines = list(self._lines(now, columns))
        if len(lines) >= rows:
            kept = max(rows - 2, 0)
            lines = [*lines[:kept], [(f"  and {len(lines) - kept} more lines", Accent.LESS)]][: max(rows - 1, 0)]
        return [self._drawn(line, columns) for line in lines]

    def _lines(self, now: float, columns: int) -> Iterator[Line]:
        for running in self._steps.values():
            yield _spread(running.title, Accent.NONE, _duration(now - running.since), columns)
            if running.last_line and not self._builds:
                yield [(f"  | {running.last_line}", Accent.LESS)]
        rows = [row for build in self._builds for row in build.rows]
        yield from _build_lines(sorted(rows, key=lambda row: row.lane), now, columns)
        for reason, until in self._waits.items():
            if until > now:
                left = f"{math.ceil(until - now)} s left"
                yield _spread(f"  {reason}", Accent.CARE, left, columns)

    def _drawn(self, line: Line, columns: int) -> str:
        """The pieces that fit, painted."""
        drawn = ""
        for text, accent in line:
            cut = clipped(text, columns)
            columns -= width_of(cut)
            drawn += self.paint(cut, accent) if cut else ""
        return drawn


def _spread(left: str, accent: Accent, right: str, columns: int) -> Line:
    """A text at each end of a line, the left one cut where the two would meet."""
    left = clipped(left, max(columns - width_of(right) - 2, 0))
    if not right:
        return [(left, accent)]
    return [(left, accent), (" " * (columns - width_of(left) - width_of(right)), Accent.NONE), (right, Accent.LESS)]


def _build_lines(rows: Sequence[BuildRow], now: float, columns: int) -> Iterator[Line]:
    """A line for each row, the names of lanes and platforms in columns of their own."""
    lanes = max((width_of(row.lane) for row in rows), default=0)
    platforms = max((width_of(row.platform) for row in rows), default=0)
    stages = max((width_of(_stage(row)) for row in rows), default=0)
    stages = max(stages, _STAGE) if columns >= _USUAL else stages
    for row in rows:
        name = f"  {row.lane:<{lanes}}  {row.platform:<{platforms}}  "
        took = "" if row.since is None else _duration(now - row.since)
        rest = _spread(row.text, Accent.LESS, took, columns - width_of(name) - stages - 2)
        yield [(name, Accent.NONE), (f"{_stage(row):<{stages}}  ", _ACCENT.get(row.state, Accent.NONE)), *rest]


def _stage(row: BuildRow) -> str:
    """Where a row is, in a word or two."""
    if row.state is BuildState.RUNNING:
        return row.stage or "running"
    if row.state in {BuildState.CACHED, BuildState.FAILED}:
        return f"{row.state.value} {row.stage}".rstrip()
    return str(row.state.value)


def _duration(seconds: float) -> str:
    """Whole seconds, in minutes where there are some."""
    minutes, rest = divmod(int(max(seconds, 0.0)), _MINUTE)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"

"""What a build is doing, by lane and platform, from the lines that buildx writes with ``--progress plain``.

A line begins with the number of its step: ``#26 [main linux/amd64 build 6/6] RUN make``, ``#26 1.306 compiling``, ``#26
DONE 3.4s``. The name of the target leads only where there are several, the platform only where the target has several
(buildx build/build.go, ``progress.WithPrefix``; BuildKit dockerfile2llb/convert.go, ``prefixCommand``).
BuildKit carries out what two targets share once, and names it now after the one, now after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from shiplane.docker.bake import OTHERS, Build

_STEP = re.compile(r"#(\d+) (.*)")
_NAMED = re.compile(r"\[([^\]]*)\] ?(.*)")
_ENDED = re.compile(r"(DONE|CACHED|CANCELED|ERROR)\b")
_OUTPUT = re.compile(r"\d+\.\d+ (.*)")
_EXPORT = "exporting to "
_PUSH = "pushing "
# What follows a layer, a manifest or a config that is exported: the next digest tells nobody anything.
_DIGEST = re.compile(r" sha256:[0-9a-f]{64}.*| \d+\.\d+s done$| done$")


class BuildState(Enum):
    """How far one lane's image for one platform has come."""

    WAITING = "waiting"
    RUNNING = "running"
    CACHED = "cached"
    BUILT = "built"
    PUSHING = "pushing"
    PUSHED = "pushed"
    FAILED = "failed"


# Nothing that comes after it changes what became of a row.
_LAST = frozenset({BuildState.BUILT, BuildState.PUSHED, BuildState.FAILED})


@dataclass(frozen=True)
class BuildTarget:
    """A target of bake: its name there, the lane whose image it is, and what it is built for."""

    name: str
    lane: str
    platforms: tuple[str, ...]

    @staticmethod
    def of(build: Build) -> BuildTarget:
        """What is shown of a build: of a dry run's two builds of a lane both as the lane's."""
        lane, _, _ = build.name.partition(OTHERS)
        return BuildTarget(build.target, lane, tuple(map(str, build.platforms)))


@dataclass(eq=False)
class BuildRow:
    """What is going on for one lane and platform.

    Attributes:
        stage: The stage of the Dockerfile and the step in it, ``build 6/6``, or nothing.
        text: The instruction, or the last line that it wrote.
        since: When what is going on began, in the clock's seconds; None while nothing is.
    """

    lane: str
    platform: str
    state: BuildState = BuildState.WAITING
    stage: str = ""
    text: str = ""
    since: float | None = None


@dataclass(eq=False)
class _BuildStep:
    """A step of BuildKit, and the rows that it was named after so far."""

    since: float
    rows: list[BuildRow] = field(default_factory=list)
    stage: str = ""
    text: str = ""
    exports: bool = False
    pushes: bool = False


class BuildLogView:
    """Reads the lines of one bake."""

    def __init__(self, targets: Sequence[BuildTarget]) -> None:
        """Begin with all rows waiting."""
        self._rows = {
            (target.name, platform): BuildRow(target.lane, platform)
            for target in targets
            for platform in target.platforms
        }
        self._targets = {target.name: target for target in targets}
        self._steps: dict[str, _BuildStep] = {}

    @property
    def rows(self) -> list[BuildRow]:
        """The rows, lane by lane."""
        return list(self._rows.values())

    def read(self, line: str, now: float) -> None:
        """Take in one line of the log, as it comes."""
        match = _STEP.match(line)
        if match is None:
            return
        number, text = match.groups()
        if number == "0":  # a build begins, the second one after a push that was refused
            self._steps.clear()
            for row in self.rows:
                row.state, row.stage, row.text, row.since = BuildState.WAITING, "", "", None
            return
        if named := _NAMED.match(text):
            self._name(self._steps.setdefault(number, _BuildStep(since=now)), *named.groups())
        elif number in self._steps:
            self._go_on(self._steps[number], number, text)
        elif len(self._targets) == 1 and not _ENDED.match(text):  # what only the target itself could stand before
            self._name(self._steps.setdefault(number, _BuildStep(since=now)), "", text)

    def _name(self, step: _BuildStep, place: str, text: str) -> None:
        rows, step.stage = self._rows_of(place)
        step.rows += [row for row in rows if row not in step.rows]
        step.text, step.exports = text, text.startswith(_EXPORT)
        step.stage = "export" if step.exports else step.stage
        self._show(step)

    def _rows_of(self, place: str) -> tuple[list[BuildRow], str]:
        """The rows that a step's name is about, and the rest of the name."""
        words = place.split()
        several = len(self._targets) > 1
        if several and (not words or words[0] not in self._targets):
            return [], place
        target = self._targets[words.pop(0)] if several else next(iter(self._targets.values()))
        platforms: Iterable[str] = target.platforms
        if words and words[0] in target.platforms:
            platforms = [words.pop(0)]
        rows = [self._rows[target.name, platform] for platform in platforms]
        return rows, "" if words == ["internal"] else " ".join(words)

    def _go_on(self, step: _BuildStep, number: str, text: str) -> None:
        if ended := _ENDED.match(text):
            self._end(self._steps.pop(number), ended[1])
        elif text != "...":  # it goes on, and another one's lines come now
            output = _OUTPUT.match(text)
            step.pushes = step.pushes or (step.exports and text.startswith(_PUSH))
            step.text = output[1] if output else _DIGEST.sub("", text.removeprefix(_PUSH))
            self._show(step)

    def _end(self, step: _BuildStep, how: str) -> None:
        """The rows show what else is going on for them, or how this one ended."""
        for row in step.rows:
            other = next((other for other in reversed(self._steps.values()) if row in other.rows), None)
            if row.state in _LAST:
                continue
            if how == "ERROR":
                row.state, row.stage, row.since = BuildState.FAILED, step.stage, None
            elif step.exports and how == "DONE":
                row.state = BuildState.PUSHED if step.pushes else BuildState.BUILT
                row.stage, row.text, row.since = "", "", None
            elif other:
                self._show(other)
            else:
                row.state = BuildState.CACHED if how == "CACHED" else BuildState.RUNNING
                row.stage, row.text, row.since = step.stage or row.stage, "", None

    def _show(self, step: _BuildStep) -> None:
        for row in step.rows:
            if row.state not in _LAST:
                row.state = BuildState.PUSHING if step.pushes else BuildState.RUNNING
                row.stage, row.text, row.since = step.stage, step.text, step.since

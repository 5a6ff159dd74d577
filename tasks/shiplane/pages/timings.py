"""Where the time of a run went, for its report: its builds and its steps as bars on the same scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shiplane.core.progress import StepOutcome, StepState, TimedOutcome
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.page import badge, section, table
from shiplane.pages.released import TONES
from shiplane.pages.run_report import BuildTime, Report

_MINUTE = 60
# What a bar of a step means, by how the step ended; in the order of the key.
_MEANINGS = {"done": "done", "unchanged": "unchanged or skipped", "retried": "tried again", "failed": "failed"}
# How the states of builds are shown that are not as they should be in the end.
_BUILD_TONES = {"failed": "bad", "cached": "same", "running": "care", "pushing": "care"}
# From here on a second's tenths say nothing.
_LONG = 10


def duration(seconds: float) -> str:
    """A time as people read it: ``0.4 s``, ``27 s``, ``2 min 5 s``."""
    if seconds < _LONG:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def step_section(report: Report) -> Markup:
    """A row for each step."""
    end = _end(report)
    rows = [[_step(timed.outcome), _bars(_spans(timed), end), duration(timed.seconds)] for timed in report.steps]
    kinds = dict.fromkeys(_MEANINGS[kind] for kind in _MEANINGS if any(_kind(t.outcome) == kind for t in report.steps))
    key = [(kind, meaning) for kind, meaning in _MEANINGS.items() if meaning in kinds]
    return section(
        "Every step", table(["Step", _scale(end), "Time"], rows, class_="times"), *_key(key, rows), class_="long"
    )


def build_section(report: Report) -> Markup:
    """A row for each lane and platform that was built."""
    builds = [build for build in report.builds if build.began is not None]
    end = _end(report)
    rows = [[_build(build), _bars(_build_spans(build, end), end), _build_time(build)] for build in builds]
    key = [("", "build"), ("exported", "export and push")]
    return section("Builds", table(["Lane and platform", _scale(end), "Time"], rows, class_="times"), *_key(key, rows))


def _end(report: Report) -> float:
    """The seconds that a scale has."""
    last = [timed.began + timed.seconds for timed in report.steps]
    return max([report.seconds, *last, *(build.ended or 0.0 for build in report.builds)])


def _scale(end: float) -> Markup:
    return element("span", element("span", "0 s"), element("span", duration(end)), class_="scale")


def _step(outcome: StepOutcome) -> Markup:
    state = "tried again" if outcome.repeated else outcome.state.value
    tone = "care" if outcome.repeated else TONES[outcome.state.value]
    shown = [] if outcome.state is StepState.DONE else [" ", badge(state, tone)]
    why = [element("span", outcome.reason, class_="why")] if outcome.reason else []
    return joined([f"{outcome.step.name} {outcome.step.subject}", *shown, *why])


def _kind(outcome: StepOutcome) -> str:
    """The class of a step's bar."""
    state = "unchanged" if outcome.state is StepState.SKIPPED else outcome.state.value
    return "retried" if outcome.repeated else state


def _spans(timed: TimedOutcome) -> list[tuple[str, float, float]]:
    return [(_kind(timed.outcome), timed.began, timed.began + timed.seconds)]


def _build(build: BuildTime) -> Markup:
    tone = _BUILD_TONES.get(build.state, "good")
    return joined([f"{build.lane} {build.platform} ", badge(build.state, tone)])


def _build_spans(build: BuildTime, end: float) -> Iterator[tuple[str, float, float]]:
    began, ended = build.began or 0.0, build.ended if build.ended is not None else end
    exported = build.exported if build.exported is not None else ended
    yield "failed" if build.state == "failed" else "", began, exported
    if exported < ended:
        yield "exported", exported, ended


def _build_time(build: BuildTime) -> str:
    return "not ended" if build.ended is None else duration(build.ended - (build.began or 0.0))


def _bars(spans: Iterable[tuple[str, float, float]], end: float) -> Markup:
    """The pieces of a bar, each from and to so many seconds."""
    pieces = (_piece(kind, _percent(began, end), _percent(ended - began, end)) for kind, began, ended in spans)
    return element("span", *pieces, class_="bars", aria_hidden="true")


def _piece(kind: str, left: float, width: float) -> Markup:
    """Seen also where it is short, at the right end too."""
    return element("i", class_=kind or None, style=f"left:min({left:.2f}%,100% - 3px);width:{width:.2f}%")


def _percent(seconds: float, end: float) -> float:
    return 100 * max(0.0, seconds) / end if end else 0.0


def _key(key: Sequence[tuple[str, str]], rows: Sequence[object]) -> list[Markup]:
    """What the colours mean; nothing where there is no bar, or all are alike."""
    names = [element("span", element("i", class_=kind or None), meaning) for kind, meaning in key]
    return [element("p", *names, class_="key")] if rows and len(key) > 1 else []

"""A rehearsal under faults: what a person sees when the registry misbehaves, and how it is repaired.

The registry itself is sound, and only this process sees the faults: the builder pushes as ever.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shiplane.cli.answer import Answer
from shiplane.cli.rehearsals.faults import FAULTS, DisturbedTransport, RegistryFault
from shiplane.cli.rehearsals.hurried_clock import HurriedClock
from shiplane.cli.rehearsals.rehearsal import Rehearsal
from shiplane.cli.run import Run
from shiplane.cli.views.exit_report import closing_lines
from shiplane.core.errors import ShiplaneError, VerificationError
from shiplane.core.progress import Step

if TYPE_CHECKING:
    from shiplane.cli.clients.registry import RegistryClients
    from shiplane.cli.rehearsals.faults import Disturbance
    from shiplane.config.lane import Lane
    from shiplane.registry.http.exchange import Transport

_FIRST = "0.1.0"


@dataclass
class _DisturbedRun(Run):
    """A run whose registry misbehaves, and whose waits are short."""

    disturbance: Disturbance | None = None

    @cached_property
    def registries(self) -> RegistryClients:
        return replace(super().registries, transport=self._disturbed, clock=HurriedClock())

    def _disturbed(self) -> Transport:
        inner = self.transport()
        return DisturbedTransport(inner=inner, disturbance=self.disturbance) if self.disturbance else inner


@dataclass(frozen=True, kw_only=True)
class _Story:
    """A command under a fault.

    Attributes:
        arguments: Of the command, as a person would type it.
        act: Carries it out in a part of the run, with these further flags and their values.
        version: What it comes to.
        lanes: Those that it is about; none: all.
    """

    fault: RegistryFault
    arguments: tuple[str, ...]
    act: Callable[[Run, Sequence[str]], object]
    version: str
    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """How a command under a fault ended.

    Attributes:
        line: The command.
        met: Whether the run came to where the fault is.
        error: None if it got over the fault.
        closing: The closing lines of a run that failed.
        again: What repairs it; empty where nothing has to be.
        flags: What the command has more then, so that it means the same.
    """

    story: _Story
    line: str
    met: bool
    error: ShiplaneError | None = None
    closing: Sequence[str] = ()
    again: str = ""
    flags: Sequence[str] = ()

    @property
    def code(self) -> int:
        return self.error.exit_code if self.error else 0

    def to_json(self) -> dict[str, Any]:
        error = {"what": self.error.what, "remedy": self.error.remedy} if self.error else None
        return {
            "fault": self.story.fault.name,
            "command": self.line,
            "met": self.met,
            "exit": self.code,
            "error": error,
            "closing": list(self.closing),
            "repair": self.story.fault.repair,
            "again": self.again,
            "version": self.story.version,
        }


def rehearse_faults(rehearsal: Rehearsal, run: Run) -> Answer:
    """Release one version undisturbed, then run a command under each fault; repair what has failed, and verify.

    Raises:
        VerificationError: A command under a fault ended otherwise than it should, or left something wrong.
        ShiplaneError: What an undisturbed release would end with.
    """
    rehearsal.commit(_FIRST)
    run.console.heading(f"release {_FIRST}: no faults yet")
    rehearsal.release(rehearsal.part(run), _FIRST)
    run.console.tell(
        "from here on the registry misbehaves: faults are simulated, and waits take a twentieth of their time"
    )
    outcomes = [_told(story, rehearsal, run) for story in _stories(rehearsal, run)]
    return Answer(text="\n".join(_table(outcomes)), data={"faults": [outcome.to_json() for outcome in outcomes]})


def _stories(rehearsal: Rehearsal, run: Run) -> Iterator[_Story]:
    """One for each fault, in time: a commit for each release, and at the end the version before the last."""
    lanes = rehearsal.movable_lanes(rehearsal.part(run))
    latest = ("--latest",) if lanes else ()
    for number, fault in enumerate(FAULTS, 1):
        if not fault.rolls_back:
            yield _release(fault, _version(number), latest, rehearsal)
        elif lanes:
            yield _rollback(fault, lanes[0], _version(number - 2), rehearsal)


def _release(fault: RegistryFault, version: str, latest: tuple[str, ...], rehearsal: Rehearsal) -> _Story:
    rehearsal.commit(version)
    return _Story(
        fault=fault,
        arguments=("release", "--version", version, *latest),
        act=lambda part, _flags: rehearsal.release(part, version),
        version=version,
    )


def _rollback(fault: RegistryFault, lane: Lane, version: str, rehearsal: Rehearsal) -> _Story:
    def act(part: Run, flags: Sequence[str]) -> Answer:
        given = dict(zip(flags[::2], flags[1::2], strict=True))
        return rehearsal.roll_back(part, lane, source=given.get("--from"), to=given.get("--to"))

    arguments = ("rollback", "--lane", lane.name, "--reason", "rehearsed")
    return _Story(fault=fault, arguments=arguments, act=act, version=version, lanes=(lane.name,))


def _version(number: int) -> str:
    return f"0.1.{number}"


def _told(story: _Story, rehearsal: Rehearsal, run: Run) -> _Outcome:
    """One story, from the command under the fault to the verified end."""
    outcome = _outcome(story, rehearsal, run)
    run.console.say(f"exit code {outcome.code}")
    fault = story.fault
    if outcome.code != (fault.exit_code if outcome.met else 0):
        raise VerificationError(
            f"{outcome.line}, under {fault.name!r}, ended with {outcome.code}, not {fault.exit_code}"
        )
    if outcome.again:
        run.console.heading(f"repair: {fault.repair}, then: {outcome.again}")
        story.act(rehearsal.part(run), outcome.flags)
    rehearsal.verified(run, rehearsal.part(run), story.version, *story.lanes)
    return outcome


def _outcome(story: _Story, rehearsal: Rehearsal, run: Run) -> _Outcome:
    """Run the command while the registry misbehaves, and show what a person would be shown."""
    arguments = [f"{run.caller.prefix}{story.arguments[0]}", *story.arguments[1:]]
    line = shlex.join([*run.caller.program, *arguments])
    run.console.heading(f"{story.fault.name}\n$ {line}")
    disturbance = story.fault.begin()
    part = _DisturbedRun(env=rehearsal.env, folder=rehearsal.folder, caller=run.caller, disturbance=disturbance)
    rehearsal.adapt(part)
    try:
        story.act(part, ())
    except ShiplaneError as error:
        arguments = [*arguments, *part.repeat_flags]
        closing = _closing(part, error.exit_code, arguments)
        part.console.complain(str(error))
        for text in closing:
            part.console.say(text)
        again = shlex.join([*run.caller.program, *arguments])
        return _Outcome(
            story=story,
            line=line,
            met=disturbance.met,
            error=error,
            closing=closing,
            again=again,
            flags=part.repeat_flags,
        )
    return _Outcome(story=story, line=line, met=disturbance.met)


def _closing(part: Run, code: int, arguments: list[str]) -> list[str]:
    wrote = any(isinstance(event, Step) and event.writes for event in part.console.events)
    lines = closing_lines(code, caller=part.caller, arguments=arguments, public=part.public_tags(), wrote=wrote)
    return [part.caller.render(line) for line in lines]


def _table(outcomes: list[_Outcome]) -> Iterator[str]:
    """A row for each fault."""
    width = max(len(outcome.story.fault.name) for outcome in outcomes)
    yield f"{'the registry':<{width}}  exit  what to do"
    for outcome in outcomes:
        fault = outcome.story.fault
        calm = "nothing: the run waits and continues" if outcome.met else "did not occur: the project has no such tag"
        repair = f"{fault.repair}, then: {outcome.again}" if outcome.again else calm
        yield f"{fault.name:<{width}}  {outcome.code:>4}  {repair}"
    yield "each was verified at the end: all tags are in place"

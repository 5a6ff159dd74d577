"""A rehearsal under faults: what a person sees when the registry misbehaves, and how it is repaired.

The registry itself is sound, and only this process sees the faults: the builder pushes as ever.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
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
class _Outcome:
    """How a release under a fault ended.

    Attributes:
        version: What was released.
        line: The command, as a person would type it.
        error: None if it got over the fault.
        closing: The closing lines of a run that failed.
    """

    fault: RegistryFault
    version: str
    line: str
    error: ShiplaneError | None
    closing: list[str]

    @property
    def code(self) -> int:
        return self.error.exit_code if self.error else 0

    def to_json(self) -> dict[str, Any]:
        error = {"what": self.error.what, "remedy": self.error.remedy} if self.error else None
        return {
            "fault": self.fault.name,
            "command": self.line,
            "exit": self.code,
            "error": error,
            "closing": self.closing,
            "repair": self.fault.repair,
            "version": self.version,
        }


def rehearse_faults(rehearsal: Rehearsal, run: Run) -> Answer:
    """Release one version undisturbed, and one under each fault; repair what has failed, and verify.

    Raises:
        VerificationError: A release under a fault ended otherwise than it should, or left something wrong.
        ShiplaneError: What an undisturbed release would end with.
    """
    rehearsal.commit(_FIRST)
    rehearsal.heading(run, f"release {_FIRST}: nothing is wrong yet")
    rehearsal.release(rehearsal.part(run), _FIRST)
    run.console.tell(
        "from here on the registry misbehaves; its faults are made here, and waits take a twentieth of their time"
    )
    outcomes = [_under(fault, f"0.1.{number}", rehearsal, run) for number, fault in enumerate(FAULTS, 1)]
    return Answer(text="\n".join(_table(outcomes)), data={"faults": [outcome.to_json() for outcome in outcomes]})


def _under(fault: RegistryFault, version: str, rehearsal: Rehearsal, run: Run) -> _Outcome:
    """One fault, from the release under it to the verified end."""
    rehearsal.commit(version)
    outcome = _released(fault, version, rehearsal, run)
    run.console.say(f"exit code {outcome.code}")
    if outcome.code != fault.exit_code:
        raise VerificationError(
            f"a release under {fault.name!r} ended with exit code {outcome.code}, not {fault.exit_code}"
        )
    if outcome.error:
        rehearsal.heading(run, f"repair: {fault.repair}, then again: {outcome.line}")
        rehearsal.release(rehearsal.part(run), version)
    rehearsal.verified(run, rehearsal.part(run), version)
    return outcome


def _released(fault: RegistryFault, version: str, rehearsal: Rehearsal, run: Run) -> _Outcome:
    """Release a version while the registry misbehaves, and show what a person would be shown."""
    arguments = [f"{run.caller.prefix}release", "--version", version, "--latest"]
    line = shlex.join([*run.caller.program, *arguments])
    rehearsal.heading(run, f"{fault.name}\n$ {line}")
    part = _DisturbedRun(env=rehearsal.env, folder=rehearsal.folder, caller=run.caller, disturbance=fault.begin())
    part.project = part.project.for_rehearsal()
    try:
        rehearsal.release(part, version)
    except ShiplaneError as error:
        closing = _closing(part, error.exit_code, arguments)
        part.console.complain(str(error))
        for text in closing:
            part.console.say(text)
        return _Outcome(fault=fault, version=version, line=line, error=error, closing=closing)
    return _Outcome(fault=fault, version=version, line=line, error=None, closing=[])


def _closing(part: Run, code: int, arguments: list[str]) -> list[str]:
    wrote = any(isinstance(event, Step) and event.writes for event in part.console.events)
    lines = closing_lines(code, caller=part.caller, arguments=arguments, public=part.public_tags(), wrote=wrote)
    return [part.caller.render(line) for line in lines]


def _table(outcomes: list[_Outcome]) -> Iterator[str]:
    """A row for each fault."""
    width = max(len(outcome.fault.name) for outcome in outcomes)
    yield f"{'the registry':<{width}}  exit  what to do"
    for outcome in outcomes:
        repair = f"{outcome.fault.repair}, and run it again" if outcome.error else "nothing: the run waits and goes on"
        yield f"{outcome.fault.name:<{width}}  {outcome.code:>4}  {repair}"
    yield "each version was verified at the end: all tags are in place"

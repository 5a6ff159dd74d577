"""Check whether the checks of staged images could be run: each needs its program."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from shiplane.config.checks.keys import Checks
from shiplane.config.checks.staged_check import PlannedCheck, planned_checks
from shiplane.core.errors import PrerequisiteError
from shiplane.core.finding import Finding, done, failed
from shiplane.core.text import one_line


def check_programs(checks: Checks, can_execute: Callable[[str], bool]) -> Iterator[Finding]:
    """A row for each check.

    Args:
        checks: The checks by lane.
        can_execute: Whether a command of the project would find a program.
    """
    return (_check(planned, can_execute) for planned in planned_checks(checks))


def _check(planned: PlannedCheck, can_execute: Callable[[str], bool]) -> Finding:
    """A check of a staged image. What lies in the project may be made only by the build command."""
    check, lanes = planned
    name, program = f"config: check {one_line(check.name)}", shlex.split(check.command)[0]
    what = f"{one_line(str(check))}, for {', '.join(lanes)}"
    if can_execute(program):
        return done(name, what)
    if "/" in program:
        return done(
            name, what, warning=f"{one_line(program)} does not exist yet; a release checks again after the build."
        )
    remedy = f"Install it and put it on PATH. To skip the check: --skip {shlex.quote(check.name)}."
    return failed(name, PrerequisiteError(f"{one_line(program)} is not installed", remedy=remedy))

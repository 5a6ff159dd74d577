"""Run checks side by side; each gives rows and stops no other. Reads only, except for a test upload left to expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.finding import Finding, exit_code_of, failed, summary
from shiplane.core.progress import Flow, Step, StepOutcome, StepState
from shiplane.core.system.parallel import WORKERS, map_parallel

Look: TypeAlias = Callable[[], Iterable[Finding]]


def run_checks(checks: Mapping[str, Look], *, workers: int = WORKERS) -> Flow[tuple[Finding, ...]]:
    """Run all checks, side by side.

    Args:
        checks: The checks by their names.
        workers: How many at once.

    Returns:
        Every row, in the order of ``checks``.
    """
    step = Step("check", ", ".join(checks))
    yield step
    findings = tuple(row for rows in map_parallel(_timed, checks.values(), workers=workers) for row in rows)
    yield step.failed(summary(findings)) if exit_code_of(findings) else step.done(summary(findings))
    return findings


def attempt(name: str, ask: Callable[[], Finding]) -> Finding:
    """A row from a check that may end in one of shiplane's errors; a bug is not caught."""
    try:
        return ask()
    except ShiplaneError as error:
        return failed(name, error)


def rows(flow: Flow[Any], name: Callable[[Step], str]) -> Iterator[Finding]:
    """A flow's outcomes as rows; so is the error that ends it, unless a failed outcome has reported it."""
    reported, event = False, None
    try:
        while True:
            event = next(flow)
            if isinstance(event, StepOutcome):
                reported |= event.state is StepState.FAILED
                code = PrerequisiteError.exit_code if event.state is StepState.FAILED else 0
                yield Finding(name=name(event.step), state=event.state, reason=event.reason, exit_code=code)
    except StopIteration:
        return
    except ShiplaneError as error:
        if not reported:
            yield failed(name(event) if isinstance(event, Step) else "check", error)


def _timed(look: Look) -> list[Finding]:
    """A check's rows, each with the time since the one before."""
    return list(_with_seconds(look()))


def _with_seconds(rows: Iterable[Finding]) -> Iterator[Finding]:
    started = time.monotonic()
    for row in rows:
        yield replace(row, seconds=time.monotonic() - started)
        started = time.monotonic()

"""The doctor: small checks, each of which gives rows and stops no other. Reads only, but for an upload left open."""

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


def examine(looks: Mapping[str, Look], *, workers: int = WORKERS) -> Flow[tuple[Finding, ...]]:
    """Look at everything, side by side.

    Args:
        looks: What to look at, by the names that the story tells.
        workers: How many at once.

    Returns:
        Every row, in the order of ``looks``.
    """
    step = Step("check", ", ".join(looks))
    yield step
    found = tuple(row for rows in map_parallel(_timed, looks.values(), workers=workers) for row in rows)
    yield step.failed(summary(found)) if exit_code_of(found) else step.done(summary(found))
    return found


def attempt(name: str, ask: Callable[[], Finding]) -> Finding:
    """A row from a question that may end in one of our own errors; a fault of ours is not caught."""
    try:
        return ask()
    except ShiplaneError as error:
        return failed(name, error)


def rows(flow: Flow[Any], name: Callable[[Step], str]) -> Iterator[Finding]:
    """A flow's outcomes as rows; the error that ends it is one too, unless a failed outcome has said it already."""
    said, event = False, None
    try:
        while True:
            event = next(flow)
            if isinstance(event, StepOutcome):
                said |= event.state is StepState.FAILED
                code = PrerequisiteError.exit_code if event.state is StepState.FAILED else 0
                yield Finding(name=name(event.step), state=event.state, reason=event.reason, exit_code=code)
    except StopIteration:
        return
    except ShiplaneError as error:
        if not said:
            yield failed(name(event) if isinstance(event, Step) else "check", error)


def _timed(look: Look) -> list[Finding]:
    """A look's rows, each with the time since the one before."""
    return list(_with_seconds(look()))


def _with_seconds(rows: Iterable[Finding]) -> Iterator[Finding]:
    started = time.monotonic()
    for row in rows:
        yield replace(row, seconds=time.monotonic() - started)
        started = time.monotonic()

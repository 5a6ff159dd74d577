"""Run several flows side by side, and show them as if they ran in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Event, Flow, Step, T
from shiplane.core.system.parallel import FLOWS, WORKERS, raising, relay_parallel, returning

A = TypeVar("A")
B = TypeVar("B")


def run_flows(flows: Iterable[Flow[T]], *, workers: int = WORKERS) -> Flow[list[T]]:
    """Run thread-safe flows side by side; with one worker each begins when the one before has ended.

    Returns:
        Their results, in their order.

    Raises:
        ShiplaneError: The first one's, in their order. Flows that run side by side have all ended by then, and were
            shown, so that nothing is done in silence; of flows in turn the others were not begun.
    """
    sources = list(flows)
    if workers == 1 or len(sources) < 2:  # noqa: PLR2004 -- one flow needs no thread
        return (yield from _in_turn(sources))
    ended: list[Callable[[], T]] = []
    for flow in relay_parallel(sources, workers=FLOWS):
        ended.append((yield from _shown(flow)))  # noqa: PERF401 -- no comprehension can delegate
    return [end() for end in ended]


def run_both(first: Flow[A], second: Flow[B], *, workers: int = WORKERS) -> Flow[tuple[A, B]]:
    """Run two flows as :func:`run_flows` does."""
    flows: list[Flow[Any]] = [first, second]
    results = yield from run_flows(flows, workers=workers)
    return results[0], results[1]


def _in_turn(flows: Iterable[Flow[T]]) -> Flow[list[T]]:
    results = []
    for flow in flows:
        results.append((yield from flow))  # noqa: PERF401 -- no comprehension can delegate
    return results


def _shown(flow: Flow[T]) -> Flow[Callable[[], T]]:
    """Show a flow; gives what returns its result, or raises its error.

    The step in which it fails is shown as failed, since others are shown after it.
    """
    event: Event | None = None
    try:
        while True:
            event = next(flow)
            yield event
    except StopIteration as end:
        return returning(end.value)
    except ShiplaneError as error:
        if isinstance(event, Step):
            yield event.failed(error.what)
        return raising(error)
    finally:
        flow.close()

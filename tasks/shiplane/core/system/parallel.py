"""Run independent reads in parallel. Results keep the order of the inputs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# Eight connections: GHCR allows far more requests a minute, but more do not speed up two lanes.
WORKERS = 8
# Seconds for a thread to end its child process: process.py's poll interval and grace period.
_GRACE = 6.0


def map_parallel(task: Callable[[Q], A], inputs: Iterable[Q], *, workers: int = WORKERS) -> list[A]:
    """Apply a thread-safe task to every input; the first exception in input order is raised.

    With one worker everything runs in this thread, in order.
    """
    items = list(inputs)
    if workers == 1 or len(items) < 2:  # noqa: PLR2004 -- one question needs no thread
        return [task(item) for item in items]
    return _run_threads(lambda item, _stop: task(item), items, min(workers, len(items)), grace=0.0)


def map_stoppable(task: Callable[[Q, threading.Event], A], inputs: Iterable[Q]) -> list[A]:
    """Run thread-safe tasks that may take many minutes, all at once, and wait for each to end.

    A task watches the event, which is set on an interrupt, and then ends its child process.
    """
    items = list(inputs)
    return _run_threads(task, items, len(items), grace=_GRACE)


def _run_threads(task: Callable[[Q, threading.Event], A], items: Sequence[Q], workers: int, *, grace: float) -> list[A]:
    """Run in daemon threads: a pool would delay an interrupt, and the interpreter's exit, until its threads end.

    After an interrupt each thread has ``grace`` seconds to end.
    """
    stop, indexes = threading.Event(), iter(range(len(items)))
    results: dict[int, A] = {}
    errors: dict[int, BaseException] = {}
    # Events instead of join(): an interrupted join marks a running thread as ended (bpo-45274).
    ended = [threading.Event() for _ in range(workers)]

    def work(end: threading.Event) -> None:
        for index in _next_indexes(stop, indexes):
            item = items[index]
            try:
                results[index] = task(item, stop)
            except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that asked
                errors[index] = error
        end.set()

    started: list[threading.Event] = []
    try:
        for event in ended:
            threading.Thread(target=work, args=(event,), daemon=True).start()
            started.append(event)
        for event in ended:
            event.wait()
    except BaseException:
        stop.set()
        for event in started:
            event.wait(grace)
        raise
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(len(items))]


def _next_indexes(stop: threading.Event, indexes: Iterator[int]) -> Iterator[int]:
    """Indexes no other thread has taken; advancing a ``range`` iterator is atomic under the GIL."""
    while not stop.is_set() and (index := next(indexes, None)) is not None:
        yield index

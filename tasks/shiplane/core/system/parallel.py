"""Independent reads side by side. Results keep the order of their questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# Eight connections: GHCR allows far more requests a minute, and more would not make two lanes faster.
WORKERS = 8
# Seconds that a thread has to end its child, after process.py's look at the event and its grace for the child.
_GRACE = 6.0


def map_parallel(ask: Callable[[Q], A], questions: Iterable[Q], *, workers: int = WORKERS) -> list[A]:
    """Ask every question; the first exception, in their order, is raised.

    Args:
        ask: Must be safe to call from several threads unless ``workers`` is 1.
        questions: What to ask.
        workers: How many at once; 1 keeps everything in this thread and in order.
    """
    known = list(questions)
    if workers == 1 or len(known) < 2:  # noqa: PLR2004 -- one question needs no thread
        return [ask(question) for question in known]
    return _side_by_side(lambda question, _stop: ask(question), known, min(workers, len(known)), grace=0.0)


def map_stoppable(ask: Callable[[Q, threading.Event], A], questions: Iterable[Q]) -> list[A]:
    """Ask questions that may take many minutes, all at once, and see each of them end.

    Args:
        ask: Must be safe to call from several threads, and must look at the event while it waits: it is set when this
            thread is interrupted, and whoever runs a child process has to end it then.
        questions: What to ask.
    """
    known = list(questions)
    return _side_by_side(ask, known, len(known), grace=_GRACE)


def _side_by_side(ask: Callable[[Q, threading.Event], A], known: Sequence[Q], workers: int, *, grace: float) -> list[A]:
    """Ask in threads of our own: a pool would keep an interrupt waiting for its threads, and the interpreter's end too.

    Args:
        ask: Gets an event that is set on an interrupt.
        known: The questions.
        workers: How many threads take them, one after the other.
        grace: Seconds that each thread has to end after an interrupt.
    """
    stop, places = threading.Event(), iter(range(len(known)))
    answers: dict[int, A] = {}
    faults: dict[int, BaseException] = {}
    # Events and no join(): a join that a signal interrupts takes the thread for ended (bpo-45274), which it is not.
    ended = [threading.Event() for _ in range(workers)]

    def work(end: threading.Event) -> None:
        for place in _until(stop, places):
            question = known[place]
            try:
                answers[place] = ask(question, stop)
            except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that asked
                faults[place] = error
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
    if faults:
        raise faults[min(faults)]
    return [answers[place] for place in range(len(known))]


def _until(stop: threading.Event, places: Iterator[int]) -> Iterator[int]:
    """The next places that nobody has taken yet; an iterator of ``range`` is advanced under the interpreter's lock."""
    while not stop.is_set() and (place := next(places, None)) is not None:
        yield place

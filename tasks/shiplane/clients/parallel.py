"""Independent reads side by side. Results keep the order of their questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# Eight connections: GHCR allows far more requests a minute, and more would not make two lanes faster.
WORKERS = 8
_GRACE = 6.0


def each(ask: Callable[[Q], A], questions: Iterable[Q], *, workers: int = WORKERS) -> list[A]:
    """Ask every question; the first exception, in their order, is raised.

    Args:
        ask: Must be safe to call from several threads unless ``workers`` is 1.
        questions: What to ask.
        workers: How many at once; 1 keeps everything in this thread and in order.
    """
    known = list(questions)
    if workers == 1 or len(known) < 2:  # noqa: PLR2004 -- one question needs no thread
        return [ask(question) for question in known]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(workers, len(known))) as pool:
        return list(pool.map(ask, known))


def each_until_stopped(ask: Callable[[Q, threading.Event], A], questions: Iterable[Q]) -> list[A]:
    """Ask questions that may take many minutes, all at once, without keeping an interrupt waiting for them.

    A pool would wait for its threads even after Ctrl-C. These get an event instead, which is set when this thread is
    interrupted: whoever runs a child process has to end it then.

    Args:
        ask: Must be safe to call from several threads, and must look at the event while it waits.
        questions: What to ask.
    """
    known, stop = list(questions), threading.Event()
    answers: dict[int, A] = {}
    faults: dict[int, BaseException] = {}
    # Events and no join(): a join that a signal interrupts takes the thread for ended (bpo-45274), which it is not.
    ended = [threading.Event() for _ in known]

    def answer(place: int, question: Q) -> None:
        try:
            answers[place] = ask(question, stop)
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that asked
            faults[place] = error
        finally:
            ended[place].set()

    started: list[threading.Event] = []
    try:
        for place, question in enumerate(known):
            threading.Thread(target=answer, args=(place, question), daemon=True).start()
            started.append(ended[place])
        for event in ended:
            event.wait()
    except BaseException:
        stop.set()
        for event in started:
            event.wait(_GRACE)
        raise
    if faults:
        raise faults[min(faults)]
    return [answers[place] for place in range(len(known))]

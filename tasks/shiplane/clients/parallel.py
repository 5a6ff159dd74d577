"""Independent reads side by side. Results keep the order of their questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

# Eight connections: GHCR allows far more requests a minute, and more would not make two lanes faster.
WORKERS = 8


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

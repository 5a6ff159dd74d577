"""Run independent reads in parallel. Results keep the order of the inputs, and so does what is shown of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")
B = TypeVar("B")

# Eight connections: GHCR allows far more requests a minute, but more do not speed up two lanes.
WORKERS = 8
# For one question about each of many versions.
MANY = 16
# Lanes at once: a flow waits for its own reads most of the time.
FLOWS = 32
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


def run_parallel(first: Callable[[], A], second: Callable[[], B], *, workers: int = WORKERS) -> tuple[A, B]:
    """Run two thread-safe tasks as :func:`map_parallel` does."""
    results: list[Any] = map_parallel(lambda task: task(), [first, second], workers=workers)
    return results[0], results[1]


def start(task: Callable[[], A], *, workers: int = WORKERS) -> Callable[[], A]:
    """Start a thread-safe task; what is returned waits until it has ended, and gives its result or raises its error.

    With one worker it runs only then.
    """
    if workers == 1:
        return task
    ended: list[Callable[[], A]] = []

    def work(_index: int) -> None:
        try:
            ended.append(returning(task()))
        except BaseException as error:  # noqa: BLE001 -- raised again by who waits
            ended.append(raising(error))

    threads = _Threads(1, 1, work)
    threads.start()

    def wait() -> A:
        threads.wait()
        return ended[0]()

    return wait


def relay_parallel(generators: Sequence[Generator[Q, None, A]], *, workers: int = FLOWS) -> list[Generator[Q, None, A]]:
    """Run thread-safe generators side by side, to be read one after the other as if each ran only then.

    What is returned yields what the generator in its place yields, as soon as it does, and ends as that one ends; an
    error is raised once no thread is at work any more. After an interrupt none goes on beyond what it yields next.
    With one worker or one generator nothing is run ahead.
    """
    if workers == 1 or len(generators) < 2:  # noqa: PLR2004
        return list(generators)
    relays = [_Relay(generator) for generator in generators]
    threads = _Threads(len(relays), min(workers, len(relays)), lambda index: relays[index].run(threads.stop))
    threads.start()
    return [relay.read(threads) for relay in relays]


def map_stoppable(task: Callable[[Q, threading.Event], A], inputs: Iterable[Q]) -> list[A]:
    """Run thread-safe tasks that may take many minutes, all at once, and wait for each to end.

    A task watches the event, which is set on an interrupt, and then ends its child process.
    """
    items = list(inputs)
    return _run_threads(task, items, len(items), grace=_GRACE)


def _run_threads(task: Callable[[Q, threading.Event], A], items: Sequence[Q], workers: int, *, grace: float) -> list[A]:
    """Run in threads and wait for them; after an interrupt each has ``grace`` seconds to end."""
    results: dict[int, A] = {}
    errors: dict[int, BaseException] = {}

    def work(index: int) -> None:
        try:
            results[index] = task(items[index], threads.stop)
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the thread that asked
            errors[index] = error

    threads = _Threads(len(items), workers, work)
    try:
        threads.start()
        threads.wait()
    except BaseException:
        threads.abandon(grace)
        raise
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(len(items))]


class Once(Generic[Q, A]):
    """Results by key: of threads that ask for one at the same time the first makes it, and the others wait for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Q, Any] = {}
        self._results: dict[Q, Callable[[], A]] = {}

    def get(self, key: Q, make: Callable[[], A]) -> A:
        """The result, or the error, that ``make`` had when this key was first asked for."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._results:
                try:
                    self._results[key] = returning(make())
                except Exception as error:  # noqa: BLE001 -- raised again each time
                    self._results[key] = raising(error)
        return self._results[key]()


class _Threads:
    """Daemon threads: a pool would delay an interrupt, and the interpreter's exit, until its threads end.

    Each takes one index after the other, until there are none or ``stop`` is set.
    """

    def __init__(self, count: int, workers: int, work: Callable[[int], None]) -> None:
        self.stop = threading.Event()
        # Advancing a ``range`` iterator is atomic under the GIL.
        self._indexes = iter(range(count))
        self._work, self._workers = work, workers
        # Events instead of join(): an interrupted join marks a running thread as ended (bpo-45274).
        self._ended: list[threading.Event] = []

    def start(self) -> None:
        """Start them all."""
        for _ in range(self._workers):
            ended = threading.Event()
            threading.Thread(target=self._run, args=(ended,), daemon=True).start()
            self._ended.append(ended)

    def wait(self) -> None:
        """Wait until all have ended."""
        for ended in self._ended:
            ended.wait()

    def abandon(self, grace: float = 0.0) -> None:
        """Let none begin anything more, and give each some seconds to end."""
        self.stop.set()
        for ended in self._ended:
            ended.wait(grace)

    def _run(self, ended: threading.Event) -> None:
        while not self.stop.is_set() and (index := next(self._indexes, None)) is not None:
            self._work(index)
        ended.set()


class _Relay(Generic[Q, A]):
    """A generator that runs in one thread and is read in another."""

    def __init__(self, source: Generator[Q, None, A]) -> None:
        self._source = source
        self._yielded: deque[Q] = deque()
        self._end: Callable[[], A] | None = None
        self._changed = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Run it to its end, or until ``stop`` is set: then nobody reads it any more."""
        try:
            while not stop.is_set():
                self._yielded.append(next(self._source))
                self._changed.set()
            self._source.close()
        except StopIteration as end:
            self._end = returning(end.value)
        except BaseException as error:  # noqa: BLE001 -- raised again where it is read
            self._end = raising(error)
        self._changed.set()

    def read(self, threads: _Threads) -> Generator[Q, None, A]:
        """Yield what it yields, and end as it ends."""
        try:
            while (end := self._end) is None or self._yielded:
                if self._yielded:
                    yield self._yielded.popleft()
                else:
                    self._changed.wait()
                    self._changed.clear()
            return end()
        except Exception:
            threads.wait()
            raise
        except BaseException:
            threads.abandon()
            raise


def returning(value: A) -> Callable[[], A]:
    """What gives a value."""
    return lambda: value


def raising(error: BaseException) -> Callable[[], Any]:
    """What raises an error."""

    def end() -> None:
        raise error

    return end

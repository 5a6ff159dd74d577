"""Generators side by side: read in their order, whichever ran first; what an interrupt or an error does to them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator

import pytest

from shiplane.core.system.parallel import Once, map_parallel, relay_parallel, run_parallel


def saying(
    name: str, *, after: threading.Event | None = None, then: threading.Event | None = None
) -> Generator[str, None, str]:
    """Says that it begins, waits, and says that it ends."""
    yield f"{name} begins"
    assert after is None or after.wait(10)
    if then:
        then.set()
    yield f"{name} ends"
    return name


def heard(generator: Generator[str, None, object]) -> tuple[list[str], object]:
    said = []
    try:
        while True:
            said.append(next(generator))
    except StopIteration as end:
        return said, end.value


def test_what_ran_first_is_not_read_first() -> None:
    second = threading.Event()
    relays = relay_parallel([saying("a", after=second), saying("b", then=second)])
    assert [heard(relay) for relay in relays] == [(["a begins", "a ends"], "a"), (["b begins", "b ends"], "b")]


def test_something_is_read_as_soon_as_it_is_said() -> None:
    over = threading.Event()
    relays = relay_parallel([saying("a", after=over), saying("b")])
    assert next(relays[0]) == "a begins"
    over.set()
    assert heard(relays[0]) == (["a ends"], "a")


def test_one_alone_or_with_one_worker_runs_where_it_is_read() -> None:
    alone, two = [saying("a")], [saying("a"), saying("b")]
    assert relay_parallel(alone) == alone
    assert relay_parallel(two, workers=1) == two


def failing(
    name: str, *, after: threading.Event | None = None, then: threading.Event | None = None
) -> Generator[str, None, str]:
    yield from saying(name, after=after, then=then)
    raise ValueError(name)


def test_the_first_error_in_order_is_raised_once_nothing_is_at_work_any_more() -> None:
    second, last, ended = threading.Event(), threading.Event(), threading.Event()

    def finishing() -> Generator[str, None, str]:
        name = yield from saying("c", after=last)
        ended.set()
        return name

    relays = relay_parallel([failing("a", after=second), failing("b", then=second), finishing()])
    timer = threading.Timer(0.1, last.set)
    timer.start()
    with pytest.raises(ValueError, match=r"^a$"):
        list(relays[0])
    assert ended.is_set()


class Interrupt(BaseException):
    """What a signal's handler raises."""


def _raise(_number: int, _frame: object) -> None:
    raise Interrupt


def test_an_interrupt_waits_for_none_and_lets_none_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    over, begun = threading.Event(), list[str]()

    def waiting(name: str) -> Generator[str, None, str]:
        begun.append(name)
        return (yield from saying(name, after=over))

    before = signal.signal(signal.SIGUSR1, _raise)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        relays = relay_parallel([waiting(name) for name in "abc"], workers=2)
        with pytest.raises(Interrupt):
            list(relays[0])
    finally:
        over.set()
        signal.signal(signal.SIGUSR1, before)
    assert sorted(begun) == ["a", "b"]


def test_two_tasks_side_by_side_return_each_its_own() -> None:
    met = threading.Barrier(2)
    assert run_parallel(lambda: met.wait(10) >= 0, lambda: str(met.wait(10) >= 0)) == (True, "True")


def test_threads_that_ask_for_one_thing_have_it_made_once() -> None:
    once: Once[str, int] = Once()
    made = list[int]()

    def make() -> int:
        made.append(len(made))
        return made[-1]

    asked = ["a", "b"] * 8
    assert map_parallel(lambda key: once.get(key, make) >= 0, asked) == [True] * 16
    assert len(made) == 2
    assert once.get("a", make) == once.get("a", make)


def test_an_error_is_made_once_and_raised_each_time() -> None:
    once: Once[str, int] = Once()
    with pytest.raises(ZeroDivisionError):
        once.get("a", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        once.get("a", lambda: 1)

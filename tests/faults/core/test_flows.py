"""Flows side by side: shown in turn, none of them in silence, and stopped at the next step by an interrupt."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from shiplane.core.errors import RefusedError, UnreachableError
from shiplane.core.flows import run_both, run_flows
from shiplane.core.progress import Flow, Step, StepState
from shiplane.core.system.parallel import relay_parallel, start
from tests.faults.harness.scene import events, finish


def writing(name: str, *, after: threading.Event | None = None, then: threading.Event | None = None) -> Flow[str]:
    step = Step("write", name, writes=True)
    yield step
    assert after is None or after.wait(10)
    if then:
        then.set()
    yield step.done()
    return name


def failing(name: str) -> Flow[str]:
    yield Step("write", name, writes=True)
    raise RefusedError(f"no {name}", remedy="none")


def shown(flow: Flow[object]) -> list[str]:
    """What a flow shows until it ends, or fails."""
    seen = list[str]()
    with pytest.raises(RefusedError, match=r"^no a"):
        finish(flow, lambda event: seen.append(str(getattr(event, "state", StepState.DONE).value)))
    return seen


def test_flows_are_shown_in_turn_whichever_ends_first() -> None:
    second = threading.Event()
    flow = run_flows([writing("a", after=second), writing("b", then=second)])
    assert finish(flow) == ["a", "b"]
    assert finish(run_both(writing("a"), writing("b"), workers=1)) == ("a", "b")


def test_with_one_worker_none_is_begun_after_one_that_fails() -> None:
    begun = writing("b")
    with pytest.raises(RefusedError, match=r"^no a"):
        events(run_flows([failing("a"), begun], workers=1))
    assert next(begun) == Step("write", "b", writes=True)


def test_what_was_done_beside_a_failure_is_shown_before_the_first_error_is_raised() -> None:
    assert shown(run_flows([failing("a"), writing("b"), failing("c")])) == ["done", "failed", *["done"] * 3, "failed"]


def test_a_flow_that_fails_between_steps_has_no_step_to_fail() -> None:
    def between() -> Flow[str]:
        yield from writing("a")
        raise RefusedError("no a", remedy="none")

    assert shown(run_flows([between(), writing("b")])) == ["done"] * 4


def test_after_an_interrupt_none_goes_on_beyond_its_next_step() -> None:
    over, closed, written = threading.Event(), threading.Event(), list[str]()

    def writes_twice() -> Generator[str, None, None]:
        try:
            yield "first"
            assert over.wait(10)
            yield "second"
            written.append("second")
        finally:
            closed.set()

    relay, _ = relay_parallel([writes_twice(), writes_twice()])
    assert next(relay) == "first"
    relay.close()
    over.set()
    assert closed.wait(10)
    assert not written


def test_what_is_started_runs_at_once_and_ends_as_it_ended() -> None:
    ran = threading.Event()
    assert start(lambda: ran.wait(10)) is not None
    wait = start(ran.set)
    assert ran.wait(10)
    assert wait() is None

    def fails() -> None:
        raise UnreachableError("gone", remedy="none")

    with pytest.raises(UnreachableError, match=r"^gone"):
        start(fails)()


def test_with_one_worker_nothing_is_started_before_it_is_waited_for() -> None:
    ran = list[int]()
    wait = start(lambda: ran.append(1), workers=1)
    assert ran == []
    wait()
    assert ran == [1]

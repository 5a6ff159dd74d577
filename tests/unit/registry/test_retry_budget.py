"""What is shown of a wait: a line as it begins, and how long it will take."""

from __future__ import annotations

from shiplane.registry.http.retry_budget import RetryBudget
from tests.faults.harness.clock import VirtualClock


def test_each_wait_that_is_reported_is_counted_down() -> None:
    counted: list[tuple[str, float]] = []
    told: list[str] = []
    budget = RetryBudget(
        clock=VirtualClock(),
        tell=told.append,
        count_down=lambda reason, seconds: counted.append((reason, seconds)),
        jitter=lambda: 1.0,
    )
    assert budget.wait(3, "HTTP 503")
    budget.pause(0.5, "too short to be reported")
    budget.pause(2.0, "the ledger is written by another run")
    assert list(budget.poll(2.0, condition="v1 is absent")) == [1, 2, 3, 4, 5]
    assert counted == [
        ("try 4 of 5: HTTP 503", 2.0),
        ("the ledger is written by another run", 2.0),
        ("v1 is absent", 2.0),
    ]
    assert len(told) == len(counted)

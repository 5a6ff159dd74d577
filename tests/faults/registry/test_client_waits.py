"""Retry-After in its shapes, and the bounds on every wait."""

from __future__ import annotations

from email.utils import format_datetime

import pytest

from shiplane.registry.http.retry_after import parse_retry_after
from shiplane.registry.http.retry_budget import BUDGET, MAX_WAIT, RetryBudget
from shiplane.registry.oci.lookup_result import Present, Unknown
from shiplane.registry.oci.names import Tag
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.clock import EPOCH, VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image

V = Tag("v0.2.1")


def date(seconds: float) -> str:
    from datetime import datetime, timezone

    return format_datetime(datetime.fromtimestamp(EPOCH + seconds, timezone.utc), usegmt=True)


# The back-off before the second try is 0.5 s; what is asked for may lengthen it, never shorten it.
VALUES = {
    "7": 7.0,
    "0": 0.5,
    "3600": 60.0,
    date(20): 20.0,
    date(-20): 0.5,
    date(86_400): 60.0,
    "-5": 0.5,
    "1e3": 0.5,
    "\uff15": 0.5,
    "100000000000": 60.0,
    "": 0.5,
    "soon": 0.5,
    "5, 9": 0.5,
    "2.5": 0.5,
}


@pytest.mark.parametrize(("value", "waited"), VALUES.items(), ids=ascii)
@pytest.mark.parametrize("kind", [F.TOO_MANY, F.UNAVAILABLE], ids=lambda kind: kind.value)
def test_a_registry_is_given_the_time_it_asks_for_within_reason(value: str, waited: float, kind: F) -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    fault = Fault(kind, "GET", "/manifests/", headers={"retry-after": value})
    assert setup.registry(Faulty(setup.memory, [fault], setup.clock)).get_manifest(V) == Present(raw)
    assert setup.clock.sleeps == [waited]


@pytest.mark.parametrize(
    ("words", "waited"),
    [
        ("retry-after: 10.305464ms, allowed: 2000/minute", 0.5),
        ("retry-after: 880.092us, allowed: 44000/minute", 0.5),
        ("retry-after: 12.5s", 12.5),
        ("retry-after: 2m", 60.0),
        ("retry-after: 1m30s", 60.0),
        ("retry-after: lots", 0.5),
    ],
)
def test_ghcr_s_duration_in_the_message_is_read(words: str, waited: float) -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    fault = Fault(F.TOO_MANY, "GET", "/manifests/", words=words)
    setup.registry(Faulty(setup.memory, [fault], setup.clock)).get_manifest(V)
    assert setup.clock.sleeps == [waited]


def test_a_date_without_a_zone_is_read_as_utc_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        assert parse_retry_after(date(20).removesuffix(" GMT"), "", wall=EPOCH) == 20.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_all_waits_of_a_run_together_are_bounded() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    fault = Fault(F.TOO_MANY, "GET", "/manifests/", headers={"retry-after": "60"}, times=FOR_EVER)
    client = setup.registry(Faulty(setup.memory, [fault], setup.clock))
    for _ in range(10):
        assert isinstance(client.get_manifest(V), Unknown)
    assert sum(setup.clock.sleeps) == BUDGET
    assert max(setup.clock.sleeps) == MAX_WAIT


def test_tries_that_come_to_nothing_are_part_of_the_run_s_budget() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    wire = Faulty(setup.memory, [Fault(F.SLOW, "GET", "/manifests/", times=FOR_EVER)], setup.clock)
    client = setup.registry(wire)
    tries = []
    for _ in range(6):
        before = wire.met
        assert isinstance(client.get_manifest(V), Unknown)
        tries.append(wire.met - before)
    assert tries == [5, 5, 1, 1, 1, 1]  # ten of half a minute each are the budget


def test_what_several_threads_lose_side_by_side_counts_once() -> None:
    clock = VirtualClock()
    retry_budget = RetryBudget(clock=clock)
    clock.pass_by(30)
    for _ in range(8):
        retry_budget.count_lost(0.0)
    assert retry_budget.spent == 30
    clock.pass_by(5)
    retry_budget.count_lost(20.0)
    assert retry_budget.spent == 35


def test_the_last_wait_takes_only_what_is_left_of_the_budget() -> None:
    retry_budget = RetryBudget(clock=VirtualClock(), budget=1.0)
    assert retry_budget.wait(1, "it", asked=30)
    assert retry_budget.spent == 1.0
    assert not retry_budget.wait(1, "it", asked=30)


def test_every_wait_is_told_with_its_reason_and_its_length() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    fault = Fault(F.UNAVAILABLE, "GET", "/manifests/", headers={"retry-after": "7"}, words="maintenance")
    setup.registry(Faulty(setup.memory, [fault], setup.clock)).get_manifest(V)
    (line,) = setup.said
    assert "HTTP 503" in line
    assert "maintenance" in line
    assert "waiting 7.0 s, then try 2 of 5" in line


def test_jitter_spreads_the_waits_from_nothing_to_the_whole() -> None:
    for share in (0.0, 0.5, 0.999):
        clock = VirtualClock()
        retry_budget = RetryBudget(clock=clock, jitter=lambda share=share: share)  # type: ignore[misc]
        for attempt in range(1, 6):
            retry_budget.wait(attempt, "it")
        assert clock.sleeps == [share * wait for wait in (0.5, 1.0, 2.0, 4.0)]


class StoppedClock(VirtualClock):
    """One that stands still, as it does for threads that wait at the same time."""

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)


def test_waits_of_threads_at_one_time_count_once() -> None:
    clock = StoppedClock()
    budget = RetryBudget(clock=clock, jitter=lambda: 1.0)
    for asked in (30.0, 40.0, 10.0):
        assert budget.wait(1, "429", asked=asked)
    assert (budget.spent, clock.sleeps) == (40, [30, 40, 10])
    clock.pass_by(30)
    budget.count_lost(since=20)
    budget.pause(15)
    assert budget.spent == 45


def test_a_project_may_be_more_patient_or_less() -> None:
    """How often, how long at once, and how long in all."""
    cases = [(RetryBudget(tries=2), [0.5]), (RetryBudget(max_wait=0.25), [0.25] * 4), (RetryBudget(budget=0), [])]
    for budget, sleeps in cases:
        clock = VirtualClock()
        budget.clock, budget.jitter = clock, lambda: 1.0
        attempt = 1
        while budget.wait(attempt, "busy"):
            attempt += 1
        assert clock.sleeps == sleeps

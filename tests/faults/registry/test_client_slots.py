"""How many requests are under way at once: a bounded number, and fewer once the registry says that it is too many."""

from __future__ import annotations

import pytest

from shiplane.core.system.parallel import map_parallel
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.slots import Slots
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Tag
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.rounds import Rounds

TAGS = [Tag(f"v0.{number}.0") for number in range(48)]


def many(monkeypatch: pytest.MonkeyPatch, *faults: Fault) -> tuple[Rounds, RetryBudget]:
    """Forty-eight tags read by as many threads."""
    setup = ClientSetup()
    for tag in TAGS:
        push_image(setup.memory, AIONIS, tag=tag)
    rounds = Rounds(Faulty(setup.memory, list(faults), setup.clock)).watch(monkeypatch)
    client = setup.registry(rounds)
    client.session.retry_budget.slots = Slots()
    answers = map_parallel(client.get_manifest, TAGS, workers=len(TAGS))
    assert all(isinstance(answer, Present) for answer in answers)
    return rounds, client.retry_budget


def test_sixteen_requests_are_under_way_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds, retry_budget = many(monkeypatch)
    # The token, and three times sixteen.
    assert (rounds.rounds, rounds.widest, retry_budget.slots.limit) == (1 + 3, 16, 16)


@pytest.mark.parametrize(("times", "limit"), [(1, 8), (16, 8)])
def test_a_rate_limit_halves_them_once_for_all_that_meet_it(
    monkeypatch: pytest.MonkeyPatch, times: int, limit: int
) -> None:
    rounds, retry_budget = many(monkeypatch, Fault(F.TOO_MANY, "GET", "/manifests/", times=times))
    assert (rounds.widest, retry_budget.slots.limit) == (16, limit)


def test_each_further_rate_limit_halves_them_again_and_leaves_one() -> None:
    slots = Slots(4)
    for left in (2, 1, 1):
        with slots.slot() as limited:
            slots.halve(limited)
            slots.halve(limited)
        assert slots.limit == left

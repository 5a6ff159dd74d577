"""Two at once, in every order: where a promise breaks, at least one of them says so, as long as there is a ledger.

What a registry without conditional writes cannot give is counted here to the last case, so that a change for the better
or the worse is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from shiplane.core.errors import RefusedError
from shiplane.core.progress import Flow, Step, StepOutcome
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Tag
from tests.faults.harness.contenders import ALL, NOTHING_BELOW, OTHER, Publishing, scenario
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import COMMIT
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.races import Race, Runner, Start, Tally, explore, one_by_one, orders
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import Scene, a_plan

WITH, WITHOUT = True, False


# With a ledger nothing is broken in silence: whoever records second reads what the first one has recorded. Without one
# both runs end well, each at its own time, in so many interleavings.
SILENT = {
    ("same version, other bytes of the same commit, no ledger", WITHOUT): 12,
    ("two versions, no ledger", WITHOUT): 4_620,
    ("two versions, no ledger", WITH): 64_350,
}
# Those with most orders; the claim's own steps have as many times more.
LONG = {
    "the first release of a repository, twice",
    "two versions",
    "two versions, no ledger",
    "two lanes",
    "all lanes, and one of them with other bytes",
    "same version, same bytes, both float",
    "release and pre-release",
    "release and rollback",
}
rare = pytest.mark.thorough("orders with the claim's steps; those of shorter races, and all without, are here")
CASES = [(name, claimed) for name in ALL for claimed in (WITH, WITHOUT)]
each_case = pytest.mark.parametrize(
    ("name", "claimed"),
    [pytest.param(*case, marks=[rare] if case[0] in LONG and case[1] else []) for case in CASES],
    ids=[f"{name}, {'with' if claimed else 'without'} the claim" for name, claimed in CASES],
)


@cache
def start(name: str, claimed: bool) -> Start:  # noqa: FBT001 -- a parameter of the tests
    return Start(ALL[name], claimed)


@cache
def tally(name: str, claimed: bool) -> Tally:  # noqa: FBT001 -- the same
    return explore(start(name, claimed))


@each_case
def test_in_every_order(name: str, claimed: bool) -> None:  # noqa: FBT001
    found, known = tally(name, claimed), ALL[name]
    assert set().union(*(broken for _, broken in found.ends)) == known.may_break(claimed=claimed)
    assert found.silent == SILENT.get((name, claimed), 0), found.ends
    assert {code for codes, _ in found.ends for code in codes} <= known.codes


@each_case
def test_whoever_loses_is_told_unless_it_is_one_of_the_silent_ones(name: str, claimed: bool) -> None:  # noqa: FBT001
    found = tally(name, claimed)
    complained = sum(ways for (codes, broken), ways in found.ends.items() if broken and codes != (0, 0))
    assert found.broken == complained + found.silent


@each_case
def test_after_it_both_can_be_run_again_and_nothing_is_written_over(name: str, claimed: bool) -> None:  # noqa: FBT001
    known = ALL[name]
    # A rollback that is run again goes one version further down, where there is one.
    codes = known.codes | {NOTHING_BELOW} if known.lowers and not known.besides else known.codes
    for schedule in tally(name, claimed).example.values():
        race = start(name, claimed).race(schedule)
        versions = {tag: digest for tag, digest in race.world.registry.tags("cognary/aionis").items() if "v0" in tag}
        broken = race.broken()
        race.world.registry.log.clear()
        for number in (0, 1):
            assert again(race, number) in codes
        tags = race.world.registry.tags("cognary/aionis")
        assert {tag: tags[tag] for tag in versions} == versions, schedule
        converges = race.codes == (0, 0) and not broken and not known.lowers
        assert not (converges and race.world.registry.effects()), "it had not converged"


def test_whoever_loses_to_a_run_of_the_same_commit_is_done_by_running_again() -> None:
    name = "same version, other bytes of the same commit"
    found, lost = tally(name, WITHOUT), 0
    assert {code for codes, _ in found.ends for code in codes} == {0, 8}
    for (codes, broken), schedule in found.example.items():
        race = start(name, WITHOUT).race(schedule)
        if not broken and 8 in codes:
            lost += 1
            assert again(race, codes.index(8)) == 0
    assert lost


def again(race: Race, number: int) -> int | None:
    runner = Runner(race.world, number)
    runner.begin(race.start.scenario.contenders[number])
    while runner.code is None:
        runner.turn()
    return runner.code


def test_the_claim_lets_exactly_one_commit_write_a_version() -> None:
    assert {codes for codes, _ in tally("same version, another commit", WITH).ends} == {(0, 5), (5, 0), (0, 8), (8, 0)}


def test_two_runs_of_one_commit_end_with_one_digest_although_each_has_built() -> None:
    name = "same version, other bytes of the same commit"
    assert {codes for codes, _ in tally(name, WITH).ends} == {(0, 0)}
    for schedule in tally(name, WITH).example.values():
        race = start(name, WITH).race(schedule)
        digests = {str(lane.digest) for runner in race.runners for lane in runner.result}
        assert digests == {race.world.registry.tags("cognary/aionis")["v0.2.1"]}


# Within a step, which the orders above do not divide: real processes came upon it (tests/race).


def written_between_look_and_list(commit: str, absences: int) -> Scene:
    """A version that is absent when we look, stands in the list a moment later, and may then not read at once."""
    scene = Scene(keeps_ledger=False)
    scene.publish(a_plan(commit=commit))
    scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "manifests/v0.2.1", times=absences)])
    return scene


@pytest.mark.parametrize("absences", [1, 2, 5])
def test_a_version_that_another_writes_between_our_look_and_the_list_is_adopted(absences: int) -> None:
    scene = written_between_look_and_list(COMMIT, absences)
    (published,) = scene.publish(a_plan(lanes=["main"]))
    assert not published.built
    assert str(published.digest) == scene.tags()["v0.2.1"]


@pytest.mark.parametrize("absences", [1, 2, 5])
def test_one_of_another_commit_is_refused(absences: int) -> None:
    scene = written_between_look_and_list(OTHER, absences)
    with pytest.raises(RefusedError, match="exists already as"):
        scene.publish(a_plan(lanes=["main"]))


# Whether the way of counting is to be trusted.


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("same version, other bytes of the same commit, no ledger", WITHOUT),
        ("release and mark of that version", WITH),
        ("rollback and mark of where it goes", WITHOUT),
    ],
)
def test_equal_states_put_together_count_as_many_as_one_by_one(name: str, claimed: bool) -> None:  # noqa: FBT001
    slowly, quickly = one_by_one(start(name, claimed)), tally(name, claimed)
    assert (slowly.ends, slowly.interleavings) == (quickly.ends, quickly.interleavings)
    assert slowly.states > quickly.states


@pytest.mark.parametrize(("claimed", "turns"), [(WITHOUT, 12), pytest.param(WITH, 14, marks=rare)])
def test_where_neither_disturbs_the_other_every_order_is_there(claimed: bool, turns: int) -> None:  # noqa: FBT001
    assert tally("two lanes", claimed).interleavings == orders(turns, turns)


def test_a_flow_asks_the_registry_for_nothing_between_an_outcome_and_the_next_step() -> None:
    scene = Scene()
    flow, requests = scene.flow(a_plan()), 0
    for event in flow:
        if isinstance(event, Step):
            assert len(scene.registry.log) == requests, event
        requests = len(scene.registry.log)
    assert requests


@dataclass(frozen=True)
class Careless:
    """Whoever writes without looking, and says that all is well."""

    tag: str = "v0.2.1"

    def prepare(self, registry: MemoryRegistry) -> None:
        Publishing(build="two", commit=OTHER).prepare(registry)

    def __call__(self, releaser: Releaser) -> Flow[Any]:
        yield from self._write(releaser.registry, Publishing(build="two", commit=OTHER))
        return ()

    def _write(self, client: RegistryClient, other: Publishing) -> Flow[None]:
        step = Step("tag", self.tag, writes=True)
        yield step
        answer = client.get_manifest(other.digest(other.plan.lanes[0]))
        client.put_manifest(Tag(self.tag), answer.raw)  # type: ignore[union-attr] # it lies there
        yield StepOutcome(step, step.done().state, "")


@pytest.mark.parametrize("claimed", [WITH, WITHOUT])
def test_who_does_not_play_by_the_rules_is_seen(claimed: bool) -> None:  # noqa: FBT001
    found = explore(Start(scenario(Publishing(latest="yes"), Careless()), claimed))
    assert {"I1", "I2"} <= set().union(*(broken for _, broken in found.ends))
    assert found.broken == found.interleavings

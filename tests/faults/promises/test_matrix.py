"""Every request of a release, met by every fault: no invariant breaks, no exit code is wrong, the next run repairs it.

The ordinary run takes a share of all cases, and ``invoke dev.thorough`` every one.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from shiplane.core.errors import ShiplaneError
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Exchange
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag
from tests.faults.harness.scene import Scene, a_plan
from tests.thorough import crossed

NAMES = {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
# The first release of a repository; the next one, which moves floating tags; the next one where reads lag writes.
FIRST, NEXT, LAGGING = "first", "next", "lagging"


def scene_of(start: str) -> Scene:
    scene = Scene()
    if start != FIRST:
        scene.publish(a_plan("0.2.0", commit="b" * 40))
    if start == LAGGING:
        scene.registry.lag = Lag(seconds=3.0)
    return scene


@cache
def undisturbed(start: str) -> tuple[Exchange, ...]:
    """The requests of a release of both lanes, in their order: the same in every run."""
    return _fresh(start)


def _fresh(start: str) -> tuple[Exchange, ...]:
    scene = scene_of(start)
    wire = Faulty(scene.registry)
    scene.transport = wire
    scene.publish(a_plan())
    return tuple(wire.log)


def outcome(scene: Scene) -> ShiplaneError | None:
    """How a release ends: None is success."""
    try:
        scene.publish(a_plan())
    except ShiplaneError as error:
        return error
    return None


def disturbed(start: str, *faults: Fault) -> None:
    """Release under faults, judge; release again without, judge again."""
    scene = scene_of(start)
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    scene.transport = wire = Faulty(scene.registry, faults, clock)
    ended = outcome(scene)
    assert wire.met
    assert ended is None or (ended.exit_code in (3, 4, 5, 6, 7, 8) and ended.what)
    assert_invariants(Case(scene.registry, seen=(wire.log,), recorded=ended is None))
    assert ended or set(scene.tags()) >= NAMES
    clock.pass_by(60)  # nobody starts a run again within the time that a registry needs to come to itself
    repaired(scene, wire)


def repaired(scene: Scene, first: Faulty) -> None:
    """The same release again, undisturbed: the same end as if nothing had been, at most one write more for a name."""
    halfway = {tag: digest for tag, digest in scene.tags().items() if "v0" in tag}
    scene.transport = again = Faulty(scene.registry)
    scene.publish(a_plan())
    tags = scene.tags()
    assert set(tags) >= NAMES
    assert tags["latest"] == tags["v0.2.1"] != tags["standalone-latest"] == tags["standalone-v0.2.1"]
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert_invariants(Case(scene.registry, seen=(first.log, again.log), recorded=True))
    writes = [e.reference for e in (*first.log, *again.log) if e.is_manifest_put and e.status == 201]
    assert all(writes.count(name) <= 2 for name in NAMES)


EVERY = [(start, number) for start in (FIRST, NEXT) for number in range(len(undisturbed(start)))]
WRITTEN = [
    (start, number)
    for start in (FIRST, NEXT, LAGGING)
    for number, entry in enumerate(undisturbed(start))
    if entry.method in ("PUT", "POST")
]
# A ledger's pieces and manifests have another digest in each run: they are met by their number in the tests above.
PLACES = sorted(
    {(start, e.method, f"^{re.escape(e.host + e.path)}$") for start in (FIRST, NEXT) for e in undisturbed(start)}
    & {(start, e.method, f"^{re.escape(e.host + e.path)}$") for start in (FIRST, NEXT) for e in _fresh(start)}
)
LASTING = [F.RESET, F.UNAVAILABLE, F.UNAUTHORIZED, F.FORBIDDEN]


def label(value: F | tuple[object, ...]) -> str:
    return value.value if isinstance(value, F) else " ".join(map(str, value))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, F), ids=label)
def test_one_fault_at_one_request(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1]))


@pytest.mark.parametrize(("at", "kind"), crossed(PLACES, F), ids=label)
def test_a_fault_that_stays_at_one_place(at: tuple[str, str, str], kind: F) -> None:
    start, method, path = at
    disturbed(start, Fault(kind, method, path, times=FOR_EVER))


@pytest.mark.parametrize(("at", "kind"), crossed(WRITTEN, F, one_in=2), ids=label)
def test_a_write_that_arrived_and_whose_answer_suffered(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], applied=True))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, LASTING, one_in=2), ids=label)
def test_everything_fails_from_one_request_on(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], times=FOR_EVER))

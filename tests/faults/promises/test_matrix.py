"""Every request of a release, met by every fault: no invariant breaks, no exit code is wrong, the next run repairs it.

The ordinary run takes a share of all cases, and ``invoke dev.thorough`` every one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.plan import Plan
from shiplane.core.errors import ShiplaneError
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Exchange
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag
from tests.faults.harness.scene import Scene, a_plan
from tests.faults.harness.several_tags import SEVERAL
from tests.thorough import crossed

# The first release of a repository; the next one, which moves floating tags; the next one where reads lag writes; one
# of a lane with an alias and three floating tags, which all move.
FIRST, NEXT, LAGGING, SEVERAL_TAGS = "first", "next", "lagging", "alias and three floating tags"
ALIASED = replace(SEVERAL, alias_templates=(TagTemplate("", "-bookworm"),))
# The tags that have each image in the end.
NAMES = {
    SEVERAL_TAGS: [{"v1.3.1", "1.3.1-bookworm", "v1.3", "v1", "latest"}],
    **{start: [{"v0.2.1", "latest"}, {"standalone-v0.2.1", "standalone-latest"}] for start in (FIRST, NEXT, LAGGING)},
}


def names_of(start: str) -> set[str]:
    return set().union(*NAMES[start])


def lanes_of(start: str) -> Sequence[Lane]:
    return [ALIASED] if start == SEVERAL_TAGS else BUILT_IN


def plan_of(start: str) -> Plan:
    """What is released."""
    return a_plan("1.3.1", ["main"], configured=[ALIASED]) if start == SEVERAL_TAGS else a_plan()


def scene_of(start: str) -> Scene:
    scene = Scene()
    if start == SEVERAL_TAGS:
        for version in ("1.2.0", "1.3.0"):
            scene.publish(a_plan(version, ["main"], commit="b" * 40, configured=[ALIASED]))
    elif start != FIRST:
        scene.publish(a_plan("0.2.0", commit="b" * 40))
    if start == LAGGING:
        scene.registry.lag = Lag(seconds=3.0)
    return scene


@cache
def undisturbed(start: str) -> tuple[Exchange, ...]:
    """The requests of a release, in their order: the same in every run."""
    return _fresh(start)


def _fresh(start: str) -> tuple[Exchange, ...]:
    scene = scene_of(start)
    wire = Faulty(scene.registry)
    scene.transport = wire
    scene.publish(plan_of(start))
    return tuple(wire.log)


def outcome(scene: Scene, start: str) -> ShiplaneError | None:
    """How a release ends: None is success."""
    try:
        scene.publish(plan_of(start))
    except ShiplaneError as error:
        return error
    return None


def disturbed(start: str, *faults: Fault) -> None:
    """Release under faults, judge; release again without, judge again."""
    scene = scene_of(start)
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    scene.transport = wire = Faulty(scene.registry, faults, clock)
    ended = outcome(scene, start)
    assert wire.met
    assert ended is None or (ended.exit_code in (3, 4, 5, 6, 7, 8) and ended.what)
    assert_invariants(case(scene, start, wire, recorded=ended is None))
    assert ended or set(scene.tags()) >= names_of(start)
    clock.pass_by(60)  # nobody starts a run again within the time that a registry needs to come to itself
    repaired(scene, start, wire)


def case(scene: Scene, start: str, *wires: Faulty, recorded: bool) -> Case:
    lanes, seen = lanes_of(start), [wire.log for wire in wires]
    return Case(scene.registry, seen=seen, lanes=lanes, touched=lanes, recorded=recorded)


def repaired(scene: Scene, start: str, first: Faulty) -> None:
    """The same release again, undisturbed: the same end as if nothing had been, at most one write more for a name."""
    versions = [tag for tag in scene.tags() if any(lane.version_of_tag(tag) for lane in lanes_of(start))]
    halfway = {tag: scene.tags()[tag] for tag in versions}
    scene.transport = again = Faulty(scene.registry)
    scene.publish(plan_of(start))
    tags = scene.tags()
    images = [{tags[tag] for tag in names} for names in NAMES[start]]
    assert [len(image) for image in images] == [1] * len(images)
    assert len(set().union(*images)) == len(images)
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert_invariants(case(scene, start, first, again, recorded=True))
    writes = [e.reference for e in (*first.log, *again.log) if e.is_manifest_put and e.status == 201]
    assert all(writes.count(name) <= 2 for name in names_of(start))


STARTS = (FIRST, NEXT, SEVERAL_TAGS)
EVERY = [(start, number) for start in STARTS for number in range(len(undisturbed(start)))]
WRITTEN = [
    (start, number)
    for start in (*STARTS, LAGGING)
    for number, entry in enumerate(undisturbed(start))
    if entry.method in ("PUT", "POST")
]
# A ledger's pieces and manifests have another digest in each run: they are met by their number in the tests above.
PLACES = sorted(
    {(start, e.method, f"^{re.escape(e.host + e.path)}$") for start in STARTS for e in undisturbed(start)}
    & {(start, e.method, f"^{re.escape(e.host + e.path)}$") for start in STARTS for e in _fresh(start)}
)
LASTING = [F.RESET, F.UNAVAILABLE, F.UNAUTHORIZED, F.FORBIDDEN]


def label(value: F | tuple[object, ...]) -> str:
    return value.value if isinstance(value, F) else " ".join(map(str, value))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, F, one_in=8), ids=label)
def test_one_fault_at_one_request(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1]))


@pytest.mark.parametrize(("at", "kind"), crossed(PLACES, F, one_in=8), ids=label)
def test_a_fault_that_stays_at_one_place(at: tuple[str, str, str], kind: F) -> None:
    start, method, path = at
    disturbed(start, Fault(kind, method, path, times=FOR_EVER))


@pytest.mark.parametrize(("at", "kind"), crossed(WRITTEN, F), ids=label)
def test_a_write_that_arrived_and_whose_answer_suffered(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], applied=True))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, LASTING), ids=label)
def test_everything_fails_from_one_request_on(at: tuple[str, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], times=FOR_EVER))

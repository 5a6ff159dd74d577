"""Every request of a promotion, met by every fault, at both ends: no invariant breaks, and the next run repairs it."""

from __future__ import annotations

import re
from functools import cache

import pytest

from shiplane.config.lane import MAIN
from shiplane.core.errors import ShiplaneError
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.exchange import Exchange
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag
from tests.faults.harness.promoting import STAGING, Promoting
from tests.faults.harness.referring import attach, listed, sign_by_tag, signatures
from tests.faults.harness.scene import PATH
from tests.thorough import crossed

# The first promotion to a repository; the next one, of an image that somebody else has signed there; one where reads
# lag behind writes; and one between registries that list referrers themselves.
FIRST, NEXT, LAGGING, LISTING = "first", "next", "lagging", "listing"
STARTS = (FIRST, NEXT, LISTING)
NAMES = {"v0.2.1", "latest"}
SOURCE, TARGET = "source", "target"


def scene_of(start: str) -> Promoting:
    scene = Promoting()
    for registry in (scene.staging, scene.registry) if start == LISTING else ():
        registry.lists_referrers = True
    if start != FIRST:
        scene.stage("0.2.0")
        scene.promote(scene.request("0.2.0"))
    raw = scene.stage()
    if start == NEXT:
        scene.registry.shelf(PATH).manifests[str(raw.digest)] = raw
        attach(scene.registry, PATH, raw, "foreign")
        sign_by_tag(scene.registry, PATH, raw, "foreign")
    if start == LAGGING:
        scene.registry.lag = Lag(seconds=3.0)
    return scene


@cache
def undisturbed(start: str, end: str) -> tuple[Exchange, ...]:
    """The requests of a promotion to the source or to the target, in their order: the same in every run."""
    return _fresh(start, end)


def _fresh(start: str, end: str) -> tuple[Exchange, ...]:
    scene = scene_of(start)
    wire = wired(scene, end)
    scene.promote()
    return tuple(wire.log)


def wired(scene: Promoting, end: str, *faults: Fault) -> Faulty:
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    if end == SOURCE:
        scene.to_staging = wire = Faulty(scene.staging, faults, clock)
    else:
        scene.transport = wire = Faulty(scene.registry, faults, clock)
    return wire


def disturbed(start: str, end: str, *faults: Fault) -> None:
    """Promote under faults, judge; promote again without, judge again."""
    scene = scene_of(start)
    wire, ended = wired(scene, end, *faults), outcome(scene)
    seen = [wire.log] if end == TARGET else []
    assert wire.met
    assert ended is None or (ended.exit_code in (3, 4, 5, 6, 7, 8) and ended.what)
    judge(scene, *seen, recorded=ended is None)
    if ended is None:
        assert_whole(scene)
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    clock.pass_by(60)
    halfway = scene.versions()
    scene.to_staging, scene.transport = scene.staging, Faulty(scene.registry)
    scene.promote()
    assert_whole(scene)
    assert halfway.get("v0.2.1") in (None, scene.versions()["v0.2.1"])
    assert isinstance(scene.transport, Faulty)
    judge(scene, *seen, scene.transport.log, recorded=True)


def outcome(scene: Promoting) -> ShiplaneError | None:
    """How a promotion ends: None is success."""
    try:
        scene.promote()
    except ShiplaneError as error:
        return error
    return None


def judge(scene: Promoting, *seen: list[Exchange], recorded: bool) -> None:
    """The target's rules, and the source's: there nothing is written at all."""
    assert_invariants(Case(scene.registry, seen=seen or [[]], lanes=(MAIN,), touched=(MAIN,), recorded=recorded))
    later = scene.staging.log[scene.released :]
    assert not [entry for entry in later if entry.method not in ("GET", "HEAD")]


def assert_whole(scene: Promoting) -> None:
    """The version is in production as in staging, and all that refers to it is listed there."""
    tags = scene.versions()
    assert {tags[name] for name in NAMES} == {scene.staging.tags(STAGING)["v0.2.1"]}
    raw = scene.staging.shelf(STAGING).manifests[tags["v0.2.1"]]
    if not scene.registry.lists_referrers:
        assert set(listed(scene.staging, STAGING, raw)) <= set(listed(scene.registry, PATH, raw))
    assert set(listed(scene.staging, STAGING, raw)) <= set(scene.registry.shelf(PATH).manifests)
    assert "old signature of 0.2.1" in signatures(scene.registry, PATH, raw)


ENDS = [(start, end) for start in STARTS for end in (SOURCE, TARGET)]
EVERY = [(start, end, number) for start, end in ENDS for number in range(len(undisturbed(start, end)))]
WRITTEN = [
    (start, TARGET, number)
    for start in (*STARTS, LAGGING)
    for number, entry in enumerate(undisturbed(start, TARGET))
    if entry.method in ("PUT", "POST")
]
# A ledger's pieces and manifests have another digest in each run: they are met by their number in the tests above.
PLACES = sorted(
    place
    for start, end in ENDS
    for place in (
        {(start, end, e.method, f"^{re.escape(e.host + e.path)}$") for e in undisturbed(start, end)}
        & {(start, end, e.method, f"^{re.escape(e.host + e.path)}$") for e in _fresh(start, end)}
    )
)
LASTING = [F.RESET, F.UNAVAILABLE, F.UNAUTHORIZED, F.FORBIDDEN]


def label(value: F | tuple[object, ...]) -> str:
    return value.value if isinstance(value, F) else " ".join(map(str, value))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, F, one_in=160), ids=label)
def test_one_fault_at_one_request(at: tuple[str, str, int], kind: F) -> None:
    disturbed(at[0], at[1], Fault(kind, skip=at[2]))


@pytest.mark.parametrize(("at", "kind"), crossed(PLACES, F, one_in=160), ids=label)
def test_a_fault_that_stays_at_one_place(at: tuple[str, str, str, str], kind: F) -> None:
    start, end, method, path = at
    disturbed(start, end, Fault(kind, method, path, times=FOR_EVER))


@pytest.mark.parametrize(("at", "kind"), crossed(WRITTEN, F, one_in=64), ids=label)
def test_a_write_that_arrived_and_whose_answer_suffered(at: tuple[str, str, int], kind: F) -> None:
    disturbed(at[0], at[1], Fault(kind, skip=at[2], applied=True))


@pytest.mark.parametrize(("at", "kind"), crossed(EVERY, LASTING, one_in=80), ids=label)
def test_everything_fails_from_one_request_on(at: tuple[str, str, int], kind: F) -> None:
    disturbed(at[0], at[1], Fault(kind, skip=at[2], times=FOR_EVER))

"""Every request of a mark, met by every fault; and each write of a ledger whose answer suffers, with others at work."""

from __future__ import annotations

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow
from shiplane.ledger.ledger import Action
from shiplane.rollback.marks import MarkResult
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import PATH, Scene, a_plan, finish
from tests.thorough import crossed

VERSION = Version.parse("0.2.1")


def scene_of(action: Action) -> Scene:
    """Two releases; for an unmark the second is marked already."""
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    scene.publish()
    if action is Action.UNMARK:
        finish(flow_of(scene, Action.MARK))
    return scene


def flow_of(scene: Scene, action: Action) -> Flow[MarkResult]:
    marker = scene.marker()
    act = marker.mark if action is Action.MARK else marker.unmark
    return act(MAIN, VERSION, "crashes on start")


def requests_of(action: Action) -> int:
    scene = scene_of(action)
    start = len(scene.registry.log)
    finish(flow_of(scene, action))
    return len(scene.registry.log) - start


def disturbed(action: Action, fault: Fault) -> None:
    """Mark under a fault, judge; mark again without, judge again: one entry more than before, and no tag moved."""
    scene = scene_of(action)
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    initial, recorded, start = scene.registry.tags(PATH), len(scene.ledger().entries), len(scene.registry.log)
    images = scene.tags()
    scene.transport = wire = Faulty(scene.registry, [fault], clock)
    ended: ShiplaneError | None = None
    try:
        finish(flow_of(scene, action))
    except ShiplaneError as error:
        ended = error
    assert wire.met
    assert ended is None or (ended.exit_code in {4, 5, 6, 7} and ended.what)
    scene.transport = scene.registry
    assert ended or is_done(scene, action)
    del scene.registry.log[:start]
    assert_invariants(Case(scene.registry, seen=(wire.log,), initial=initial, recorded=ended is None))
    clock.pass_by(60)
    finish(flow_of(scene, action))
    assert is_done(scene, action)
    assert scene.tags() == images
    assert len(scene.ledger().entries) == recorded + 1


def is_done(scene: Scene, action: Action) -> bool:
    return ("v0.2.1" in scene.ledger().marks) == (action is Action.MARK)


REQUESTS = [(action, number) for action in (Action.MARK, Action.UNMARK) for number in range(requests_of(action))]


def label(value: F | bool | tuple[Action, int]) -> str:  # noqa: FBT001 -- pytest's
    if isinstance(value, tuple):
        return f"{value[0].value} {value[1]}"
    return value.value if isinstance(value, F) else ("lost", "arrived")[value]


@pytest.mark.parametrize(("at", "kind", "applied"), crossed(REQUESTS, F, [False, True], one_in=8), ids=label)
def test_one_fault_at_one_request(at: tuple[Action, int], kind: F, *, applied: bool) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], applied=applied))


@pytest.mark.parametrize(("at", "kind"), crossed(REQUESTS, F, one_in=8), ids=label)
def test_everything_fails_from_one_request_on(at: tuple[Action, int], kind: F) -> None:
    disturbed(at[0], Fault(kind, skip=at[1], times=FOR_EVER))

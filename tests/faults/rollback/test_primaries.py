"""A rollback of lanes with different primary repositories: all targets are good before any tag moves anywhere."""

from __future__ import annotations

import pytest

from shiplane.core.errors import ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Flow, Step, StepOutcome
from shiplane.ledger.ledger import Action
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import lose_child
from tests.faults.harness.primaries import ADAPTER, FAR, LANES, NAMES, PRIMARIES, Apart, group_plan
from tests.faults.harness.scene import events, finish
from tests.thorough import THOROUGH

GOOD, BAD = "v1.0.0", "v1.1.0"


def released(scene: Apart) -> Apart:
    """Two releases of the group, the second of which is bad."""
    scene.publish(group_plan("1.0.0"))
    scene.publish(group_plan("1.1.0"))
    return scene


def roll_back(scene: Apart, *, dry_run: bool = False) -> Flow[tuple[RollbackResult, ...]]:
    requests = [RollbackRequest(lane=lane, reason="it loses data", dry_run=dry_run) for lane in LANES]
    return scene.releaser().roll_back_lanes(requests)


def positions(scene: Apart) -> dict[str, set[str]]:
    """The versions that each lane's floating tags are at."""
    return {
        name: {version for version in (GOOD, BAD) for tag in ("v1", "latest") if held[tag] == held[version]}
        for name, held in scene.all_tags().items()
    }


def everywhere(version: str) -> dict[str, set[str]]:
    return {name: {version} for name in NAMES}


@pytest.mark.parametrize("keeps_ledger", [True, False])
def test_every_lane_goes_back_in_its_own_repository_and_is_recorded_there(*, keeps_ledger: bool) -> None:
    scene = released(Apart(keeps_ledger=keeps_ledger))
    results = finish(roll_back(scene))
    assert positions(scene) == everywhere(GOOD)
    assert [(result.request.lane.name, str(result.target)) for result in results] == [(name, "1.0.0") for name in NAMES]
    for lane in LANES if keeps_ledger else ():
        kept = scene.recorded(lane)
        digest = scene.all_tags()[lane.name][GOOD]
        assert [str(entry.after) for entry in kept.entries if entry.action is Action.ROLLBACK] == [digest, digest]
        assert set(kept.marks) == {BAD}
    assert not scene.stager.built[len(NAMES) * 2 :]


def test_every_target_is_verified_before_any_tag_moves_and_each_step_names_its_repository() -> None:
    scene = released(Apart())
    told = [event for event in events(roll_back(scene)) if isinstance(event, Step)]
    names = [step.name for step in told]
    last_verify = len(names) - 1 - names[::-1].index("verify")
    assert last_verify < names.index("move")
    for name in ("registry", "verify", "move"):
        repositories = [step.subject.rpartition(" in ")[2] for step in told if step.name == name]
        assert list(dict.fromkeys(repositories)) == list(map(str, PRIMARIES.values()))
    last_move = len(names) - 1 - names[::-1].index("move")
    assert last_move < names.index("record")


def test_a_target_that_is_damaged_in_one_repository_keeps_every_tag_where_it_is() -> None:
    scene = released(Apart())
    lose_child(scene.far, FAR, scene.far.shelf(FAR).manifests[scene.all_tags()["adapter"][GOOD]])
    with pytest.raises(VerificationError, match="lane adapter has no good version"):
        finish(roll_back(scene))
    assert positions(scene) == everywhere(BAD)


@pytest.mark.parametrize("kind", [F.RESET, F.FORBIDDEN], ids=lambda kind: kind.name)
def test_one_registry_away_or_refusing_keeps_every_tag_where_it_is(kind: F) -> None:
    scene = released(Apart())
    scene.to_far = Faulty(scene.far, [Fault(kind, times=FOR_EVER)])
    with pytest.raises(ShiplaneError):
        finish(roll_back(scene))
    assert positions(scene) == everywhere(BAD)


def test_one_that_goes_away_between_the_moves_is_told_and_the_same_command_finishes_it() -> None:
    scene = released(Apart())
    scene.to_far = away = Faulty(scene.far, [Fault(F.SERVER_ERROR, "PUT", "/manifests/latest", times=FOR_EVER)])
    with pytest.raises(UnreachableError) as caught:
        finish(roll_back(scene))
    for name in ("operator", "webhooks"):
        assert f"latest in {PRIMARIES[name]} is at {GOOD}" in caught.value.what
    assert positions(scene) == {"operator": {GOOD}, "webhooks": {GOOD}, "adapter": {BAD}}
    away.plan = []
    finish(roll_back(scene))
    assert positions(scene) == everywhere(GOOD)
    assert {lane.name: set(scene.recorded(lane).marks) for lane in LANES} == {name: {BAD} for name in NAMES}


def test_a_rollback_that_is_cut_after_any_event_is_completed_by_the_same_command() -> None:
    total = len(events(roll_back(released(Apart()))))
    for cut in range(0, total, 1 if THOROUGH else 3):
        scene = released(Apart())
        flow = roll_back(scene)
        for _ in range(cut):
            next(flow)
        flow.close()
        done = all(any(e.action is Action.ROLLBACK for e in scene.recorded(lane).entries) for lane in LANES)
        if not done:
            finish(roll_back(scene))
        assert positions(scene) == everywhere(GOOD), cut
        assert {lane.name: set(scene.recorded(lane).marks) for lane in LANES} == {name: {BAD} for name in NAMES}, cut


def test_an_unusable_ledger_of_one_lane_is_told_with_its_repository_and_the_others_are_recorded() -> None:
    scene = released(Apart())
    scene.far.tag(FAR, ADAPTER.ledger, scene.all_tags()["adapter"][GOOD])
    with pytest.raises(ShiplaneError, match=rf"latest in {FAR} is at 1\.0\.0, .*but this is not recorded"):
        finish(roll_back(scene))
    assert positions(scene) == everywhere(GOOD)
    assert [set(scene.recorded(lane).marks) for lane in LANES[:2]] == [{BAD}, {BAD}]


def test_a_dry_run_says_of_each_repository_where_its_tags_would_move() -> None:
    scene = released(Apart())
    told = [event for event in events(roll_back(scene, dry_run=True)) if isinstance(event, StepOutcome)]
    moves = [event.step.subject for event in told if event.reason.startswith("dry run: it would move")]
    assert moves == [f"{tag} in {primary}" for primary in PRIMARIES.values() for tag in ("latest", "v1")]
    assert positions(scene) == everywhere(BAD)

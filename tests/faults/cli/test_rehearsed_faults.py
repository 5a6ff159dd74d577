"""What ``rehearse --faults`` has the registry do: each fault as a release meets it, and what repairs it."""

from __future__ import annotations

from typing import cast

import pytest

from shiplane.cli.rehearsals import hurried_clock
from shiplane.cli.rehearsals.faults import FAULTS, Disturbance, DisturbedTransport, LateReads, RegistryFault
from shiplane.cli.rehearsals.hurried_clock import HURRY, HurriedClock
from shiplane.config.lane import MAIN
from shiplane.core.errors import ShiplaneError
from shiplane.ledger.ledger import Action
from shiplane.registry.http.exchange import Request, Response
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.scene import Scene, a_plan, finish

VERSION_TAGS = ["v0.2.1", "standalone-v0.2.1"]


def release(scene: Scene, disturbance: Disturbance | None = None) -> int:
    """Release both lanes; gives the exit code."""
    sound = scene.transport
    if disturbance:
        scene.transport = DisturbedTransport(inner=sound, disturbance=disturbance)
    try:
        finish(scene.flow(a_plan()))
    except ShiplaneError as error:
        return error.exit_code
    finally:
        scene.transport = sound
    return 0


RELEASES = [fault for fault in FAULTS if not fault.rolls_back]


@pytest.mark.parametrize("fault", RELEASES, ids=lambda fault: fault.name)
def test_a_release_ends_as_it_is_said_and_the_same_command_repairs_it(fault: RegistryFault) -> None:
    scene = Scene()
    assert release(scene, fault.begin()) == fault.exit_code
    assert bool(fault.repair) == bool(fault.exit_code)
    assert release(scene) == 0
    tags = scene.tags()
    assert set(tags) == {*VERSION_TAGS, "latest", "standalone-latest"}
    assert (tags["latest"], tags["standalone-latest"]) == tuple(tags[tag] for tag in VERSION_TAGS)


def fault_named(start: str) -> RegistryFault:
    (fault,) = (fault for fault in RELEASES if fault.name.startswith(start))
    return fault


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.rolls_back], ids=lambda fault: fault.name)
def test_a_rollback_ends_as_it_is_said_and_naming_its_version_repairs_it(fault: RegistryFault) -> None:
    scene = Scene()
    plans = [a_plan("0.2.0"), a_plan("0.2.1", commit="b" * 40)]
    for plan in plans:
        scene.publish(plan)
    sound, disturbance = scene.transport, fault.begin()
    scene.transport = DisturbedTransport(inner=sound, disturbance=disturbance)
    with pytest.raises(ShiplaneError) as end:
        finish(scene.rollback(RollbackRequest(lane=MAIN, reason="rehearsed")))
    assert (end.value.exit_code, disturbance.met) == (fault.exit_code, True)
    scene.transport = sound
    finish(scene.rollback(RollbackRequest(lane=MAIN, reason="rehearsed", to=plans[0].lanes[0].version.value)))
    assert scene.tags()["latest"] == scene.tags()["v0.2.0"]
    assert [entry.action for entry in scene.ledger().entries][-2:] == [Action.ROLLBACK, Action.MARK]


def test_a_fault_that_a_run_does_not_come_to_is_known_not_to_be_met() -> None:
    scene = Scene(keeps_ledger=False)
    disturbance = fault_named("503").begin()
    scene.transport = DisturbedTransport(inner=scene.registry, disturbance=disturbance)
    scene.publish(a_plan(lanes=["main"], latest="no"))
    assert not disturbance.met
    assert list(scene.tags()) == ["v0.2.1"]


def test_no_permission_leaves_nothing_and_the_second_tags_failure_the_first_one() -> None:
    for start, tags in (("403", []), ("503", VERSION_TAGS[:1])):
        scene = Scene()
        assert release(scene, fault_named(start).begin())
        assert list(scene.tags()) == tags


def test_a_throttled_run_and_one_that_reads_late_say_that_they_wait() -> None:
    for start, text in (("429", "waiting 2.0 s, then try 2 of 5"), ("late", "does not read as it was written after")):
        scene = Scene()
        assert release(scene, fault_named(start).begin()) == 0
        assert any(text in line for line in scene.told), start


def test_a_late_read_shows_what_was_there_before() -> None:
    stored: list[bytes] = [b"old"]

    def send() -> Response:
        return Response(status=200, headers={}, body=stored[-1])

    late = LateReads()
    get, put = (Request(method=method, url="https://r.example/v2/a/manifests/latest") for method in ("GET", "PUT"))
    assert late.answer(get, send).body == b"old"
    stored.append(b"new")
    assert late.answer(put, send).status == 200
    reads = [late.answer(get, send).body for _ in range(5)]
    assert reads == [b"old"] * 4 + [b"new"]
    by_digest = Request(method="GET", url="https://r.example/v2/a/manifests/sha256:00")
    assert late.answer(by_digest, send).body == b"new"


def test_the_clock_of_a_rehearsal_waits_a_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    fake = cast("object", type("time", (), {"monotonic": lambda: 2.0, "time": lambda: 5.0, "sleep": slept.append}))
    monkeypatch.setattr(hurried_clock, "time", fake)
    clock = HurriedClock()
    clock.sleep(HURRY)
    assert (clock.now(), clock.wall(), slept) == (2.0 * HURRY, 5.0, [1.0])

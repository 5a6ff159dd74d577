"""Two runs at one moment: another one falls as a whole between any two steps of a promotion."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from shiplane.config.lane import MAIN
from shiplane.core.errors import LostRaceError, RefusedError, ShiplaneError
from shiplane.core.progress import Event, Flow, Step
from shiplane.promote.result import PromotionResult
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.invariants import Case, violations
from tests.faults.harness.promoting import STAGING, Promoting
from tests.faults.harness.referring import listed, signatures
from tests.faults.harness.scene import PATH, a_plan, events, finish
from tests.thorough import THOROUGH

OTHER = "d" * 40


def started() -> Promoting:
    """Production has 0.1.0 and 0.2.0; 0.2.1 and 0.2.2 wait in staging."""
    scene = Promoting()
    for version in ("0.1.0", "0.2.0", "0.2.1", "0.2.2"):
        scene.stage(version)
    for version in ("0.1.0", "0.2.0"):
        scene.promote(scene.request(version))
    return scene


def promotes_the_same(scene: Promoting) -> None:
    scene.promote()


def promotes_the_next(scene: Promoting) -> None:
    scene.promote(scene.request("0.2.2"))


def releases_the_same(scene: Promoting) -> None:
    scene.publish(a_plan(lanes=["main"], commit=OTHER))


def releases_the_next(scene: Promoting) -> None:
    scene.publish(a_plan("0.3.0", ["main"], commit=OTHER))


def rolls_back(scene: Promoting) -> None:
    finish(scene.rollback(RollbackRequest(lane=MAIN, reason="crashes")))


def is_between_look_and_write(event: Event) -> bool:
    """Where nothing but a claim keeps two publishers apart: a registry has no compare-and-swap."""
    return event.writes if isinstance(event, Step) else event.step.name == "re-check"


Other = Callable[[Promoting], None]
RACES: list[Other] = [promotes_the_same, promotes_the_next, releases_the_same, releases_the_next, rolls_back]


@pytest.mark.parametrize("other", RACES, ids=lambda other: other.__name__)
def test_another_run_between_any_two_steps_breaks_nothing(other: Other) -> None:
    scene = started()
    count = len(events(scene.promotion()))
    for turn in range(1, count, 1 if THOROUGH else 7):
        scene = started()
        before = len(scene.registry.log)
        flow = scene.promotion()
        event = [next(flow) for _ in range(turn)][-1]
        with suppress(ShiplaneError):
            other(scene)
        ended = _end(flow)
        assert ended is None or isinstance(ended, (LostRaceError, RefusedError)), turn
        if is_between_look_and_write(event):
            continue
        case = Case(scene.registry, seen=[[]], lanes=(MAIN,), touched=(MAIN,), lowers=other is rolls_back)
        assert violations(case) == [], (turn, event)
        assert len(scene.registry.log) > before
        raw = scene.staging.shelf(STAGING).manifests[scene.staging.tags(STAGING)["v0.2.1"]]
        if ended is None:
            assert scene.versions()["v0.2.1"] == str(raw.digest)
            assert set(listed(scene.staging, STAGING, raw)) <= set(listed(scene.registry, PATH, raw))
            assert "old signature of 0.2.1" in signatures(scene.registry, PATH, raw)


def _end(flow: Flow[PromotionResult]) -> ShiplaneError | None:
    """How a promotion that was begun ends: None is success."""
    try:
        finish(flow)
    except ShiplaneError as error:
        return error
    return None

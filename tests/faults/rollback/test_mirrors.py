"""A rollback in several repositories: the same tags at the same digests, or nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shiplane.cli.views.rollback import rolled_back_text
from shiplane.config.lane import MAIN
from shiplane.core.errors import ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Event, Flow, Step
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import lose_blob
from tests.faults.harness.scene import AIONIS, events, finish
from tests.faults.release.test_mirrors import MIRROR, Mirrored


def released() -> Mirrored:
    scene = Mirrored()
    scene.release("0.2.0")
    scene.release()
    return scene


def flow(scene: Mirrored, *, dry_run: bool = False) -> Flow[RollbackResult]:
    releaser = scene.releaser()
    releaser = replace(releaser, mirrors=[releaser.registry.at(MIRROR)])
    return releaser.roll_back(RollbackRequest(lane=MAIN, reason="it loses data", dry_run=dry_run))


def roll_back(scene: Mirrored, *, dry_run: bool = False) -> RollbackResult:
    return finish(flow(scene, dry_run=dry_run))


def test_the_floating_tag_moves_in_both() -> None:
    scene = released()
    bad = scene.tags()["latest"]
    result = roll_back(scene)
    assert scene.converged()
    assert scene.mirrored()["latest"] == scene.mirrored()["v0.2.0"]
    assert result.to_json(AIONIS)["mirrors"] == [
        {
            "image": str(MIRROR),
            "tag": "latest",
            "digest": scene.tags()["v0.2.0"],
            "before": bad,
            "moved": True,
        }
    ]
    assert f"{MIRROR}:latest is at v0.2.0" in rolled_back_text(AIONIS, result)


def test_a_floating_tag_that_is_missing_there_is_set() -> None:
    scene = released()
    del scene.mirror.shelf(MIRROR).tags["latest"]
    result = roll_back(scene)
    assert scene.converged()
    assert result.mirrors[0].to_json()["before"] is None


def test_one_that_is_there_already_is_left_alone() -> None:
    scene = released()
    scene.mirror.tag(MIRROR, "latest", scene.tags()["v0.2.0"])
    scene.mirror.log.clear()
    assert not roll_back(scene).mirrors[0].moves
    assert not [entry for entry in scene.mirror.log if entry.method == "PUT"]


def test_a_dry_run_verifies_both_and_moves_nothing() -> None:
    scene = released()
    before = scene.tags(), scene.mirrored()
    result = roll_back(scene, dry_run=True)
    assert (scene.tags(), scene.mirrored()) == before
    assert f"{MIRROR}:latest would move to v0.2.0" in rolled_back_text(AIONIS, result)


def _without_version(scene: Mirrored) -> None:
    del scene.mirror.shelf(MIRROR).manifests[scene.mirrored()["v0.2.0"]]


def _without_layer(scene: Mirrored) -> None:
    lose_blob(scene.mirror, MIRROR, scene.mirror.shelf(MIRROR).manifests[scene.mirrored()["v0.2.0"]], "layers")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_version, "does not have v0.2.0, sha256:"),
        (_without_layer, "v0.2.0 in registry.example/acme/app failed"),
    ],
)
def test_a_target_that_is_not_whole_there_moves_nothing_anywhere(
    damage: Callable[[Mirrored], None], words: str
) -> None:
    scene = released()
    damage(scene)
    before = scene.tags(), scene.mirrored()
    with pytest.raises(VerificationError) as caught:
        roll_back(scene)
    assert words in caught.value.what
    assert "--image PRIMARY" in caught.value.remedy
    assert (scene.tags(), scene.mirrored()) == before


def test_a_repository_that_is_away_moves_nothing_anywhere() -> None:
    scene = released()
    before = scene.tags(), scene.mirrored()
    scene.to_mirror = Faulty(scene.mirror, [Fault(F.RESET, times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        roll_back(scene)
    assert (scene.tags(), scene.mirrored()) == before


def test_one_that_goes_away_after_the_primary_is_moved_is_finished_by_the_same_command() -> None:
    scene = released()
    scene.to_mirror = away = Faulty(scene.mirror, [Fault(F.SERVER_ERROR, "PUT", "latest", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match=r"latest is at v0\.2\.0, which is not recorded yet"):
        roll_back(scene)
    assert scene.tags()["latest"] == scene.tags()["v0.2.0"]
    away.plan = []
    roll_back(scene)
    assert scene.converged()
    assert scene.mirrored()["latest"] == scene.mirrored()["v0.2.0"]


def test_a_rollback_that_is_stopped_before_any_step_is_finished_by_the_same_command() -> None:
    total = sum(_is_step(event) for event in events(flow(released())))
    for last in range(total):
        scene = released()
        stopped = flow(scene)
        for _ in range(last + 1):
            next(event for event in stopped if _is_step(event))
        stopped.close()
        try:
            roll_back(scene)
        except ShiplaneError:
            # It was finished, and the same again within minutes would go further down.
            assert any(entry.action.value == "rollback" for entry in scene.ledger().entries)
        assert scene.converged(), last
        assert scene.mirrored()["latest"] == scene.mirrored()["v0.2.0"], last


def _is_step(event: Event) -> bool:
    return isinstance(event, Step)

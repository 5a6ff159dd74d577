"""Marks in memory: said once, taken back, kept for a version that is gone; and a release that is only staged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.cli.views.rollback import marked_text
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.progress import StepOutcome
from shiplane.ledger.ledger import Action
from shiplane.registry.client import RegistryClient
from shiplane.release.publish import Publisher
from shiplane.rollback.marks import MarkResult
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish

V021 = Version.parse("0.2.1")


def marked(scene: Scene, reason: str = "crashes") -> MarkResult:
    return finish(scene.marker().mark(MAIN, V021, reason))


def test_a_mark_is_written_once_for_one_reason_and_again_for_another() -> None:
    scene = Scene()
    scene.publish()
    first, again, other = marked(scene), marked(scene), marked(scene, "leaks")
    assert [one.changed for one in (first, again, other)] == [True, False, True]
    assert first.to_json()["floating"] == "latest"
    assert (again.to_json()["mark"]["why"], other.to_json()["mark"]["why"]) == ("crashes", "leaks")
    told = [
        event.reason for event in events(scene.marker().mark(MAIN, V021, "leaks")) if isinstance(event, StepOutcome)
    ]
    assert told[0] == scene.tags()["v0.2.1"]
    assert told[1].endswith(" by releaser")


def test_a_mark_is_taken_back_once_and_both_stay_on_record() -> None:
    scene = Scene()
    scene.publish()
    marked(scene)
    undone, again = (finish(scene.marker().unmark(MAIN, V021, "it was the host")) for _ in range(2))
    assert (undone.changed, again.changed, undone.to_json()["marked"]) == (True, False, False)
    assert [entry.action for entry in scene.ledger().entries[-2:]] == [Action.MARK, Action.UNMARK]


def test_a_dry_run_says_what_would_be_marked_and_writes_nothing() -> None:
    scene = Scene()
    scene.publish()
    before, dry = scene.registry.state(), replace(scene.marker(), dry_run=True)
    assert marked_text(finish(dry.mark(MAIN, V021, "crashes"))).splitlines()[0] == (
        "v0.2.1 would be marked as bad: crashes"
    )
    assert scene.registry.state() == before
    marked(scene)
    before = scene.registry.state()
    told = [finish(dry.unmark(MAIN, V021, "good")), finish(dry.mark(MAIN, V021, "crashes"))]
    assert [marked_text(one).splitlines()[0] for one in told] == [
        'v0.2.1: "bad" mark would be removed',
        "v0.2.1 is marked as bad (unchanged): crashes",
    ]
    assert [(one.to_json()["dry_run"], one.changed) for one in told] == [(True, True), (True, False)]
    assert scene.registry.state() == before


def test_a_version_that_is_gone_can_be_marked_by_its_record_and_one_that_never_was_cannot() -> None:
    scene = Scene()
    scene.publish()
    digest = scene.registry.shelf(PATH).tags.pop("v0.2.1")
    scene.registry.shelf(PATH).tags.pop("latest")
    done = marked(scene)
    assert (str(done.digest), done.is_current) == (digest, False)
    with pytest.raises(RefusedError, match=r"has no v0\.9\.9, so there is nothing to mark"):
        finish(scene.marker().mark(MAIN, Version.parse("0.9.9"), "why not"))


def test_what_is_only_staged_is_examined_and_has_no_name() -> None:
    scene = Scene()
    registry = scene.client()
    assert isinstance(registry, RegistryClient)
    publisher = Publisher(registry=registry, stager=lambda: scene.stager, workers=1)
    staged = finish(publisher.stage(a_plan()))
    assert set(staged) == {"main", "standalone"}
    assert scene.tags() == {}
    scene.publish()
    assert finish(Publisher(registry=registry, stager=lambda: scene.stager).stage(a_plan()))

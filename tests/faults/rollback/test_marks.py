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
from tests.faults.harness.floating import THREE, lane_of, publish
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish

V021 = Version.parse("0.2.1")


def marked(scene: Scene, reason: str = "crashes") -> MarkResult:
    return finish(scene.marker().mark(MAIN, V021, reason))


def test_a_mark_is_written_once_for_one_reason_and_again_for_another() -> None:
    scene = Scene()
    scene.publish()
    first, again, other = marked(scene), marked(scene), marked(scene, "leaks")
    assert [one.changed for one in (first, again, other)] == [True, False, True]
    assert first.to_json()["floating_tags"] == ["latest"]
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
    assert (str(done.digest), done.floating_tags) == (digest, ())
    with pytest.raises(RefusedError, match=r"has no v0\.9\.9, so there is nothing to mark"):
        finish(scene.marker().mark(MAIN, Version.parse("0.9.9"), "why not"))


def test_a_mark_names_every_floating_tag_at_the_version_and_how_to_leave_it() -> None:
    scene = Scene()
    publish(scene, THREE, "1.2.8", "1.3.0", "1.2.9", "2.0.0")
    said = {
        version: finish(scene.marker().mark(THREE, Version.parse(version), "crashes"))
        for version in ("2.0.0", "1.3.0", "1.2.9", "1.2.8")
    }
    assert {version: marked_text(one).partition("next: ")[2] for version, one in said.items()} == {
        "2.0.0": "latest, v2, v2.0 point at it: ⟦rollback --lane main --reason TEXT⟧",
        "1.3.0": "v1, v1.3 point at it: ⟦rollback --lane main --from v1.3.0 --reason TEXT⟧",
        "1.2.9": "v1.2 points at it: ⟦rollback --lane main --from v1.2.9 --reason TEXT⟧",
        "1.2.8": "",
    }
    assert said["2.0.0"].to_json()["floating_tags"] == ["v2.0", "v2", "latest"]
    assert said["1.2.8"].to_json()["floating_tags"] == []
    undone = finish(scene.marker().unmark(THREE, Version.parse("1.2.9"), "it was the host"))
    assert (undone.changed, [str(tag) for tag in undone.floating_tags]) == (True, ["v1.2"])


def test_a_lane_without_floating_tags_has_marks_as_well() -> None:
    scene, lane = Scene(), lane_of(MAIN)
    publish(scene, lane, "0.2.1")
    done = finish(scene.marker().mark(lane, V021, "crashes"))
    assert (done.to_json()["floating_tags"], marked_text(done)) == ([], "v0.2.1 is marked as bad: crashes")


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

"""A saved plan against a registry: stopped anywhere and carried out again, or refused where another was there."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from shiplane.config.plan import Plan
from shiplane.core.errors import RefusedError
from shiplane.core.progress import Flow
from shiplane.release.planning.decision import decide
from shiplane.release.planning.plan_document import encode, settings_json, tags_json
from shiplane.release.planning.saved_plan import SavedPlan, parse
from shiplane.release.publish import Publisher
from shiplane.release.result import LaneResult
from shiplane.verify.surveyor import Surveyor
from tests.faults.harness.images import push_image
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish

ALL = {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}


@dataclass
class Planned:
    """A registry with an older release, and a plan for the next one that was saved there."""

    scene: Scene = field(default_factory=Scene)
    plan: Plan = field(default_factory=a_plan)
    first: bool = False
    saved: SavedPlan = field(init=False)

    def __post_init__(self) -> None:
        if not self.first:
            self.scene.publish(a_plan("0.2.0", commit="b" * 40))
        self.saved = save(self.scene, self.plan)

    def flow(self) -> Flow[tuple[LaneResult, ...]]:
        registry = self.scene.client()
        publisher = Publisher(registry=registry, stager=lambda: self.scene.stager, workers=1, saved=self.saved)
        return (yield from publisher.publish(self.plan)).lanes


def save(scene: Scene, plan: Plan) -> SavedPlan:
    surveyor = Surveyor(registry=scene.client(), workers=1)
    surveys = [(lane, surveyor.survey(lane)) for lane in plan.lanes]
    tags = [tags_json(lane, survey, decide(lane, survey, plan.commit)) for lane, survey in surveys]
    return parse(encode(settings_json(plan, [], {}), tags, written_by="0.1.0"), "plan.json")


STEPS = {first: len(events(Planned(first=first).flow())) for first in (True, False)}


@pytest.mark.parametrize(
    ("first", "stopped"), [(first, stopped) for first, steps in STEPS.items() for stopped in range(steps)]
)
def test_stopped_after_any_event_the_same_plan_again_finishes_the_release(stopped: int, *, first: bool) -> None:
    planned = Planned(first=first)
    flow = planned.flow()
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    halfway = {tag: digest for tag, digest in planned.scene.tags().items() if "v0.2.1" in tag}
    finish(planned.flow())
    tags = planned.scene.tags()
    assert set(tags) >= ALL
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert tags["v0.2.1"] == tags["latest"] != tags["standalone-v0.2.1"] == tags["standalone-latest"]
    before = [] if first else ["v0.2.0", "standalone-v0.2.0", "latest", "standalone-latest"]
    assert sorted(planned.scene.tag_writes()) == sorted([*before, *ALL])


def test_a_plan_that_was_carried_out_is_carried_out_again_without_a_build_or_a_write() -> None:
    planned = Planned()
    finish(planned.flow())
    built, written = list(planned.scene.stager.built), planned.scene.tag_writes()
    finish(planned.flow())
    assert (planned.scene.stager.built, planned.scene.tag_writes()) == (built, written)


def test_each_tag_that_somebody_else_wrote_is_named_and_nothing_is_built() -> None:
    planned = Planned()
    before, built = planned.scene.tags(), list(planned.scene.stager.built)
    theirs = push_image(planned.scene.registry, PATH, revision="c" * 40, salt="theirs", tag="v0.2.1").digest
    planned.scene.registry.tag(PATH, "standalone-latest", theirs)
    with pytest.raises(RefusedError, match=r"plan\.json was made for another state") as caught:
        finish(planned.flow())
    assert caught.value.exit_code == 5
    assert caught.value.what.splitlines()[1:] == [
        f"  v0.2.1: absent -> {theirs}",
        f"  standalone-latest: {before['standalone-latest']} -> {theirs}",
    ]
    assert planned.scene.stager.built == built
    assert planned.scene.tags() == {**before, "v0.2.1": str(theirs), "standalone-latest": str(theirs)}


def test_a_version_of_this_commit_that_somebody_else_published_meanwhile_is_taken_for_the_plans_own() -> None:
    planned = Planned()
    planned.scene.publish(planned.plan)
    built = list(planned.scene.stager.built)
    finish(planned.flow())
    assert planned.scene.stager.built == built


def test_a_later_release_in_between_makes_the_plan_too_old() -> None:
    planned = Planned()
    planned.scene.publish(a_plan("0.3.0", commit="c" * 40))
    before = planned.scene.tags()
    with pytest.raises(RefusedError, match="latest: sha256"):
        finish(planned.flow())
    assert planned.scene.tags() == before


def test_a_later_release_that_left_the_floating_tag_makes_the_plan_too_old_as_well() -> None:
    planned = Planned(first=True)
    planned.scene.publish(a_plan("0.3.0", commit="c" * 40, latest="no"))
    with pytest.raises(RefusedError, match=r"latest: moves -> does not move \(0\.2\.1 is lower than 0\.3\.0"):
        finish(planned.flow())


def test_a_plan_carried_out_after_its_successor_lowers_nothing() -> None:
    planned = Planned()
    finish(planned.flow())
    planned.scene.publish(a_plan("0.3.0", commit="c" * 40))
    before = planned.scene.tags()
    with pytest.raises(RefusedError, match="another state"):
        finish(planned.flow())
    assert planned.scene.tags() == before

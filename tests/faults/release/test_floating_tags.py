"""Several floating tags of a lane: their order, and what a release that was cut leaves to the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import STANDALONE
from shiplane.config.plan import Plan
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow
from shiplane.ledger.ledger import Ledger
from shiplane.registry.oci.names import Tag
from shiplane.release.result import LaneResult
from tests.faults.harness.faults import Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish, until
from tests.faults.harness.several_tags import NO_FLOATING, SEVERAL

BESIDE = replace(
    STANDALONE,
    floating_templates=tuple(FloatingTemplate(text=text) for text in ("standalone-latest", "standalone-{major}")),
)
NEXT = replace(
    SEVERAL,
    floating_templates=(*SEVERAL.floating_templates, FloatingTemplate(text="next", prereleases=frozenset({"rc"}))),
)


TAGS = ("v1.3", "v1", "latest")


def plan(version: str, latest: str = "yes") -> Plan:
    """A release of a lane with three floating tags, from a commit of its own."""
    return a_plan(version, ["main"], latest, version[-1] * 40, [SEVERAL])


def places(scene: Scene) -> dict[str, str]:
    """The version that each floating tag is at."""
    tags = scene.tags()
    versions = {digest: tag for tag, digest in tags.items() if SEVERAL.version_of_tag(tag)}
    return {tag: versions[digest][1:] for tag, digest in tags.items() if not SEVERAL.version_of_tag(tag)}


@dataclass
class Story:
    """Releases one after the other, each with its own view of the registry."""

    scene: Scene = field(default_factory=Scene)
    wires: list[Faulty] = field(default_factory=list)

    def flow(self, wanted: Plan) -> Flow[tuple[LaneResult, ...]]:
        """A release, not yet begun."""
        self.scene.transport = wire = Faulty(self.scene.registry)
        self.wires.append(wire)
        return self.scene.flow(wanted)

    def publish(self, version: str) -> LaneResult:
        (lane,) = finish(self.flow(plan(version)))
        return lane

    def judged(self, *, well: bool) -> None:
        seen = [wire.log for wire in self.wires]
        assert_invariants(Case(self.scene.registry, seen=seen, lanes=[SEVERAL], touched=[SEVERAL], recorded=well))


def released(*versions: str) -> Story:
    story = Story()
    for version in versions:
        story.publish(version)
    return story


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["1.2.0"], {"v1.2": "1.2.0", "v1": "1.2.0", "latest": "1.2.0"}),
        (["1.2.0", "1.3.0"], {"v1.2": "1.2.0", "v1.3": "1.3.0", "v1": "1.3.0", "latest": "1.3.0"}),
        (
            ["1.2.0", "1.3.0", "2.0.0", "1.2.1", "2.0.1-rc.1"],
            {"v1.2": "1.2.1", "v1.3": "1.3.0", "v1": "1.3.0", "v2.0": "2.0.0", "v2": "2.0.0", "latest": "2.0.0"},
        ),
    ],
)
def test_each_floating_tag_is_where_its_range_says(versions: Sequence[str], expected: Mapping[str, str]) -> None:
    story = released(*versions)
    assert places(story.scene) == expected
    story.judged(well=True)


def test_a_tag_that_the_lane_gets_later_is_not_set_below_what_is_published_in_its_range() -> None:
    scene = Scene()
    for version in ("1.3.0", "2.0.0"):
        scene.publish(a_plan(version, ["main"]))
    (lane,) = scene.publish(plan("1.2.1"))
    assert places(scene) == {"v1.2": "1.2.1", "latest": "2.0.0"}
    told = {str(tag.tag): tag.reason for tag in lane.floating_tags}
    assert told["v1"] == "1.2.1 is lower than 1.3.0, which is published"
    scene.publish(plan("1.3.1"))
    assert places(scene) == {"v1.2": "1.2.1", "v1.3": "1.3.1", "v1": "1.3.1", "latest": "2.0.0"}


def test_narrow_ranges_move_before_wide_ones_over_all_lanes_and_each_ledger_is_written_once() -> None:
    scene = Scene()
    scene.publish(a_plan("1.2.0", configured=[SEVERAL, BESIDE]))
    assert scene.tag_writes() == [
        "v1.2.0",
        "standalone-v1.2.0",
        "v1.2",
        "v1",
        "standalone-1",
        "latest",
        "standalone-latest",
    ]
    sent = [entry.reference for entry in scene.registry.log if entry.is_manifest_put]
    assert [name for name in sent if name.startswith("ledger-")] == ["ledger-main", "ledger-standalone"]
    assert recorded(scene.ledger()) == ["publish v1.2.0", "float v1.2", "float v1", "float latest"]


def recorded(ledger: Ledger) -> list[str]:
    return [f"{entry.action.value} {entry.tag}" for entry in ledger.entries]


def test_of_two_without_a_range_the_one_that_is_configured_first_moves_last() -> None:
    scene = Scene()
    scene.publish(a_plan("1.2.0", ["main"], configured=[NEXT]))
    assert scene.tag_writes() == ["v1.2.0", "v1.2", "v1", "next", "latest"]
    (lane,) = scene.publish(a_plan("1.3.0-rc.1", ["main"], commit="b" * 40, configured=[NEXT]))
    assert [(tag.tag, tag.moved) for tag in lane.floating_tags if tag.moved] == [("next", True)]
    assert lane.unmet == ()
    assert_invariants(Case(scene.registry, lanes=[NEXT], touched=[NEXT], recorded=True))


def test_a_lane_without_floating_tags_gets_its_version_and_nothing_else() -> None:
    scene = Scene()
    (lane,) = scene.publish(a_plan("1.2.0", ["main"], "no", configured=[NO_FLOATING]))
    assert (set(scene.tags()), lane.floating_tags, lane.unmet) == ({"v1.2.0"}, (), ())
    assert recorded(scene.ledger()) == ["publish v1.2.0"]


@pytest.mark.parametrize(("tag", "moved"), [("v1.3", []), ("v1", ["v1.3"]), ("latest", ["v1.3", "v1"])])
def test_a_version_that_is_marked_between_two_moves_moves_no_further_tag(tag: str, moved: list[str]) -> None:
    story = released("1.2.0", "1.3.0")
    flow = story.flow(plan("1.3.1"))
    # What is asked right before each move is the ledger.
    for _ in range(len(moved) + 1):
        until(flow, lambda step: (step.name, step.subject) == ("re-check", "ledger-main"))
    finish(story.scene.marker().mark(SEVERAL, Version.parse("1.3.1"), "crashes"))
    if moved:
        with pytest.raises(LostRaceError) as caught:
            finish(flow)
        assert [name for name in TAGS if f"this run moved {name} to it" in caught.value.what] == moved
    else:
        (lane,) = finish(flow)
        assert [floating.tag for floating in lane.unmet] == list(TAGS)
    at = places(story.scene)
    assert [name for name in TAGS if at[name] == "1.3.1"] == moved
    assert tag not in moved


def test_a_floating_tag_that_another_moved_is_lost_and_the_run_after_finishes_the_rest() -> None:
    story = released("1.2.0")
    scene, flow = story.scene, story.flow(plan("1.2.1"))
    until(flow, lambda step: (step.name, step.subject) == ("re-check", "v1"))
    push_image(scene.registry, PATH, version="1.3.0", salt="another", tag="v1.3.0")
    scene.registry.tag(PATH, "v1", scene.tags()["v1.3.0"])
    with pytest.raises(LostRaceError, match="v1 was moved by somebody else"):
        finish(flow)
    lane = story.publish("1.2.1")
    assert places(scene) == {"v1.2": "1.2.1", "v1": "1.3.0", "latest": "1.2.1"}
    assert [floating.tag for floating in lane.unmet] == ["v1"]
    assert [move.version for move in scene.ledger().moves(Tag("v1.2"))] == ["1.2.0", "1.2.1"]


STEPS = len(events(released("1.2.0").flow(plan("1.2.1"))))


@pytest.mark.parametrize("between", ["", "1.3.0"])
@pytest.mark.parametrize("stopped", range(STEPS))
def test_cut_anywhere_and_run_again_it_ends_right(stopped: int, between: str) -> None:
    story = released("1.2.0")
    scene, flow = story.scene, story.flow(plan("1.2.1"))
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    assert set(places(scene).values()) <= {"1.2.0", "1.2.1"}
    for version in filter(None, (between, "1.2.1")):
        story.publish(version)
    wide = between or "1.2.1"
    assert places(scene) == {"v1.2": "1.2.1", "v1": wide, "latest": wide} | ({"v1.3": between} if between else {})
    story.judged(well=False)
    ledger, tags = scene.ledger(), scene.tags()
    positions = {tag: ledger.position(Tag(tag)) for tag in places(scene)}
    assert {tag: str(entry.after) for tag, entry in positions.items() if entry} == {tag: tags[tag] for tag in positions}
    # What was moved and not recorded is a gap only where somebody went on from it.
    assert between or not any(ledger.gaps(Tag(tag)) for tag in positions)


def test_a_lane_with_one_floating_tag_is_asked_for_no_more_than_before() -> None:
    one, several = Scene(), Scene()
    wires = []
    for scene, configured in (
        (one, [replace(SEVERAL, floating_templates=SEVERAL.floating_templates[:1])]),
        (several, [SEVERAL]),
    ):
        scene.publish(a_plan("1.2.0", ["main"], configured=configured))
        scene.transport = wire = Faulty(scene.registry)
        scene.publish(a_plan("1.2.1", ["main"], commit="b" * 40, configured=configured))
        wires.append(wire)
    reads = [[entry.reference for entry in wire.log if entry.method == "GET" and entry.reference] for wire in wires]
    assert [names.count("latest") for names in reads] == [4, 4]
    assert len(reads[1]) - len(reads[0]) == 2 * (4 + 1)

"""Rolling back lanes with several floating tags, and several lanes: in memory, to the end and cut off anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from shiplane.cli.flows.deployment_files import pins_of
from shiplane.cli.views.rollback import rolled_back_text
from shiplane.config.lane import MAIN, Lane
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError, RefusedError, ShiplaneError, VerificationError
from shiplane.core.progress import Step
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.result import RollbackRequest, RollbackResult
from shiplane.rollback.target import RecentRollbackError
from tests.faults.harness.access import answer
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import F, Fault, Faulty, Instead
from tests.faults.harness.floating import OTHER, THREE, lane_of, positions, publish
from tests.faults.harness.images import lose_child, push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import AIONIS, PATH, Scene, events, finish, until
from tests.ledger_content import content_of
from tests.thorough import crossed

FIRST_OF_2 = ("1.2.8", "1.3.0", "1.2.9", "2.0.0")
LATER_OF_2 = (*FIRST_OF_2, "2.0.1")
BEFORE = {"v1": "1.3.0", "v1.2": "1.2.9", "v1.3": "1.3.0"}
# What a rollback of the newest version comes to, by the versions that were published.
CASES = {
    FIRST_OF_2: {**BEFORE, "latest": "1.3.0", "v2": "2.0.0", "v2.0": "2.0.0"},
    LATER_OF_2: {**BEFORE, "latest": "2.0.0", "v2": "2.0.0", "v2.0": "2.0.0"},
}


def scene_of(*versions: str, lane: Lane = THREE, keeps_ledger: bool = True) -> Scene:
    scene = Scene(keeps_ledger=keeps_ledger)
    publish(scene, lane, *versions)
    return scene


def wish(lane: Lane = THREE, source: str = "", to: str = "", *, dry_run: bool = False) -> RollbackRequest:
    return RollbackRequest(
        lane=lane,
        source=Version.parse(source) if source else None,
        to=Version.parse(to) if to else None,
        reason="crashes",
        dry_run=dry_run,
    )


def roll(scene: Scene, *wishes: RollbackRequest) -> tuple[RollbackResult, ...]:
    return finish(scene.releaser().roll_back_lanes(wishes or (wish(),)))


def recorded(scene: Scene, lane: Lane = THREE) -> list[str]:
    """The rollbacks and marks on record."""
    entries = scene.ledger(lane).entries
    return [f"{each.action.value} {each.tag} {each.version}" for each in entries if each.action not in _RELEASED]


_RELEASED = (Action.PUBLISH, Action.FLOAT)


def assert_recorded(scene: Scene, lane: Lane = THREE) -> None:
    """Each floating tag is where its ledger has it, by moves that each begin where the one before ended."""
    ledger, tags = scene.ledger(lane), scene.tags()
    for tag in positions(scene, lane):
        position = ledger.position(Tag(tag))
        assert position
        assert (str(position.after), ledger.gaps(Tag(tag))) == (tags[tag], [])


@pytest.mark.parametrize("versions", CASES, ids=lambda versions: versions[-1])
def test_each_tag_at_the_bad_version_goes_down_in_its_own_range_or_stays(versions: tuple[str, ...]) -> None:
    scene = scene_of(*versions)
    start, initial = len(scene.registry.log), scene.registry.tags(PATH)
    (done,) = roll(scene)
    assert positions(scene, THREE) == CASES[versions]
    assert done.marked == f"v{versions[-1]}"
    moved = [tag for tag in ("latest", "v2", "v2.0") if CASES[versions][tag] != versions[-1]]
    assert recorded(scene) == [
        *(f"rollback {tag} {CASES[versions][tag]}" for tag in moved),
        f"mark {done.marked} {versions[-1]}",
    ]
    told = [*(tag.floating.tag for tag in done.tags), *(tag.floating.tag for tag in done.staying)]
    assert told == ["latest", "v2", "v2.0"]
    assert_recorded(scene)
    del scene.registry.log[:start]
    assert_invariants(Case(scene.registry, lanes=[THREE], touched=[THREE], lowers=True, recorded=True, initial=initial))


def test_before_anything_moves_it_is_known_which_tags_it_is_about_and_where_the_widest_goes() -> None:
    scene = scene_of(*FIRST_OF_2)
    rollback = scene.releaser().rolling_back()
    (choice,) = finish(rollback.choose([wish()]))
    assert (choice.tag, choice.floating_tags) == ("v1.3.0", ("latest", "v2", "v2.0"))
    assert (str(choice.bad), choice.marked, choice.is_unfinished) == ("2.0.0", "v2.0.0", False)


def test_what_stays_is_named_and_what_moved_is_told_line_by_line() -> None:
    scene = scene_of(*FIRST_OF_2)
    (done,) = roll(scene)
    assert rolled_back_text(AIONIS, done).splitlines() == [
        f"{AIONIS}:latest is at v1.3.0, from v2.0.0",
        f"{AIONIS}:v2 stays at v2.0.0: no good release of 2 is below it",
        f"{AIONIS}:v2.0 stays at v2.0.0: no good release of 2.0 is below it",
        f"  {AIONIS}:v1.3.0@{scene.tags()['v1.3.0']}",
        "  chosen: known good: latest was moved to it on 2027-01-15 08:00 UTC by releaser",
        "  v2.0.0 is marked as bad (crashes) and is kept",
        "next: publish the fix as v2.0.1 with --latest; that moves latest, v2, v2.0 forward again",
        "undo: ⟦unmark --lane main --tag v2.0.0 --reason TEXT⟧, then ⟦rollback --lane main --to v2.0.0⟧",
    ]
    bad = scene.tags()["v2.0.0"]
    assert done.to_json(AIONIS)["floating_tags"] == [
        {
            "tag": tag,
            "range": tag[1:],
            "version": "2.0.0",
            "digest": bad,
            "before": {"version": "2.0.0", "digest": bad},
            "moved": False,
            "chosen": None,
            "passed_over": {},
            "stays": f"no good release of {tag[1:]} is below it",
        }
        for tag in ("v2.0", "v2")
    ] + [
        {
            "tag": "latest",
            "range": "",
            "version": "1.3.0",
            "digest": scene.tags()["v1.3.0"],
            "before": {"version": "2.0.0", "digest": bad},
            "moved": True,
            "chosen": done.to_json(AIONIS)["chosen"],
            "passed_over": {},
            "stays": None,
        }
    ]


@pytest.mark.parametrize(
    ("lane", "asked", "pinned"),
    [
        (MAIN, wish(MAIN), {}),
        (THREE, wish(), {"latest": "v1.3.0", "v2.0.0": "v1.3.0"}),
        (THREE, wish(source="1.3.0"), {"v1": "v1.2.8", "v1.3.0": "v1.2.8"}),
        (THREE, wish(to="2.0.0"), {"latest": "v2.0.0", "v2": "v2.0.0", "v2.0": "v2.0.0"}),
    ],
    ids=["one floating tag", "several", "an older line", "nothing is left behind"],
)
def test_deployments_follow_the_tag_that_they_name_or_all_of_them_the_only_one(
    lane: Lane, asked: RollbackRequest, pinned: dict[str, str]
) -> None:
    (done,) = roll(scene_of(*FIRST_OF_2, lane=lane), asked)
    pins = pins_of(done)
    assert {tag: str(target.tag) for tag, target in pins.by_tag.items()} == pinned
    assert (pins.target.tag if pins.target else None) == (None if pinned else "v1.3.0")


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    scene = scene_of(*FIRST_OF_2)
    before = scene.registry.state()
    (done,) = roll(scene, wish(dry_run=True))
    text = rolled_back_text(AIONIS, done)
    assert f"{AIONIS}:latest would move to v1.3.0, from v2.0.0" in text
    assert f"{AIONIS}:v2 would stay at v2.0.0: no good release of 2 is below it" in text
    assert (scene.registry.state(), done.marked) == (before, "v2.0.0")


def test_an_older_line_is_rolled_back_by_its_bad_version_and_that_is_undone() -> None:
    scene = scene_of(*LATER_OF_2)
    before = positions(scene, THREE)
    (done,) = roll(scene, wish(source="1.2.9"))
    assert positions(scene, THREE) == {**before, "v1.2": "1.2.8"}
    assert (done.marked, str(done.next_version)) == ("v1.2.9", "1.2.10")
    lines = rolled_back_text(AIONIS, done).splitlines()
    assert lines[-2:] == [
        "next: publish the fix as v1.2.10 with --latest; that moves v1.2 forward again",
        "undo: ⟦unmark --lane main --tag v1.2.9 --reason TEXT⟧, then ⟦rollback --lane main --from v1.2.8 --to v1.2.9⟧",
    ]
    finish(scene.marker().unmark(THREE, Version.parse("1.2.9"), "it was the host"))
    roll(scene, wish(source="1.2.8", to="1.2.9"))
    assert positions(scene, THREE) == before
    assert_recorded(scene)


@pytest.mark.parametrize("place", ["2.0.1", "an image of nobody's"])
def test_a_floating_tag_that_was_moved_by_hand_is_set_alone_and_nothing_is_marked(place: str) -> None:
    scene = scene_of(*LATER_OF_2)
    before = positions(scene, THREE)
    theirs = scene.tags()["v2.0.1"] if place == "2.0.1" else str(push_image(scene.registry, PATH, salt=place).digest)
    scene.registry.tag(PATH, "v1", theirs)
    request = replace(wish(to="1.3.0"), only=(Tag("v1"),))
    (done,) = roll(scene, request)
    assert (positions(scene, THREE), done.marked) == (before, "")
    assert recorded(scene) == ["rollback v1 1.3.0"]
    text = rolled_back_text(AIONIS, done)
    assert ("undo: " in text, "publish the fix" in text) == (False, False)


def test_a_rollback_of_one_floating_tag_leaves_the_others_and_names_itself_in_its_commands() -> None:
    scene = scene_of(*LATER_OF_2)
    before = positions(scene, THREE)
    only = replace(wish(), only=(Tag("v2"),))
    (done,) = roll(scene, only)
    assert (positions(scene, THREE), done.marked) == ({**before, "v2": "2.0.0"}, "v2.0.1")
    assert "then ⟦rollback --lane main --floating v2 --to v2.0.1⟧" in rolled_back_text(AIONIS, done)
    with pytest.raises(RecentRollbackError) as caught:
        roll(scene, only)
    assert "⟦rollback --lane main --floating v2 --again⟧" in caught.value.remedy
    assert "⟦rollback --lane main --floating v2 --from v2.0.1 --to v2.0.0⟧" in caught.value.remedy


@pytest.mark.parametrize("versions", CASES, ids=lambda versions: versions[-1])
def test_the_way_back_up_ends_where_it_began(versions: tuple[str, ...]) -> None:
    scene = scene_of(*versions)
    before = positions(scene, THREE)
    roll(scene)
    finish(scene.marker().unmark(THREE, Version.parse(versions[-1]), "it was the host"))
    (done,) = roll(scene, wish(to=versions[-1]))
    assert (positions(scene, THREE), done.marked) == (before, "")
    assert_recorded(scene)


def test_the_way_back_up_to_a_version_that_was_marked_before_begins_with_its_mark() -> None:
    scene = scene_of(*LATER_OF_2)
    finish(scene.marker().mark(THREE, Version.parse("2.0.1"), "crashes"))
    (done,) = roll(scene)
    assert (done.marked, done.was_marked) == ("", True)
    undo = "undo: ⟦unmark --lane main --tag v2.0.1 --reason TEXT⟧, then ⟦rollback --lane main --to v2.0.1⟧"
    assert rolled_back_text(AIONIS, done).splitlines()[-1] == undo


def test_each_tag_prefers_what_it_was_at_itself() -> None:
    scene = Scene()
    publish(scene, THREE, "1.3.0")
    publish(scene, THREE, "2.0.0", floats=False)
    publish(scene, THREE, "2.0.1")
    (done,) = roll(scene)
    assert positions(scene, THREE) == {
        "latest": "1.3.0",
        "v1": "1.3.0",
        "v1.3": "1.3.0",
        "v2": "2.0.0",
        "v2.0": "2.0.0",
    }
    text = rolled_back_text(AIONIS, done)
    assert text.count("chosen: ") == 2
    assert "skipped v2.0.0: latest was never at it by the record (--to goes there)" in text
    # One version is verified once, however many tags go there.
    reads = [entry for entry in scene.registry.log if entry.reference == "v2.0.0" and entry.method == "GET"]
    assert len(reads) <= 2


def test_a_damaged_version_is_passed_over_by_every_tag() -> None:
    scene = scene_of(*LATER_OF_2)
    lose_child(scene.registry, PATH, scene.registry.shelf(PATH).manifests[scene.tags()["v2.0.0"]])
    (done,) = roll(scene)
    assert positions(scene, THREE) == {**BEFORE, "latest": "1.3.0", "v2": "2.0.1", "v2.0": "2.0.1"}
    assert rolled_back_text(AIONIS, done).count("skipped v2.0.0") == 1
    assert [list(map(str, dict(tag.rejected))) for tag in done.staying] == [["2.0.0"], ["2.0.0"]]


def test_where_no_tag_has_anything_good_below_nothing_moves() -> None:
    scene = scene_of("2.0.0", "2.0.1")
    lose_child(scene.registry, PATH, scene.registry.shelf(PATH).manifests[scene.tags()["v2.0.0"]])
    before = scene.registry.state()
    with pytest.raises(VerificationError, match="lane main has no good version to go back to") as caught:
        roll(scene)
    assert "latest, v2, v2.0 were not moved" in caught.value.remedy
    with pytest.raises(VerificationError, match="the registry has lost it"):
        roll(scene, wish(to="2.0.0"))
    assert scene.registry.state() == before


def test_a_lane_without_floating_tags_has_nothing_to_move() -> None:
    scene, lane = Scene(), lane_of(MAIN)
    publish(scene, lane, "1.0.0")
    before = scene.registry.state()
    for keeps in (True, False):
        scene.keeps_ledger = keeps
        with pytest.raises(RefusedError, match="lane main has no floating tag, so there is nothing to move") as caught:
            roll(scene, wish(lane))
        assert "⟦mark --lane main" in caught.value.remedy
        assert "⟦deploy.repoint --lane main" in caught.value.remedy
    assert scene.registry.state() == before


def test_the_same_rollback_once_more_is_refused() -> None:
    for versions, after in CASES.items():
        scene = scene_of(*versions)
        roll(scene)
        before = scene.registry.state()
        with pytest.raises(RefusedError, match=rf"rolled latest back from v{versions[-1]} to"):
            roll(scene)
        roll(scene, wish(source=versions[-1], to=after["latest"]))
        assert positions(scene, THREE) == after
        assert scene.registry.state() == before


def test_a_broken_ledger_is_told_with_every_tag_that_moved() -> None:
    scene = scene_of(*LATER_OF_2)
    del scene.registry.shelf(PATH).blobs[str(Digest.of(content_of(scene.ledger(THREE))))]
    with pytest.raises(
        VerificationError, match=r"latest is at 2\.0\.0, v2 is at 2\.0\.0, v2\.0 is at 2\.0\.0, but this"
    ):
        roll(scene)
    assert positions(scene, THREE) == CASES[LATER_OF_2]


def test_a_tag_that_somebody_else_moves_meanwhile_is_left_to_them_and_the_next_run_records_the_rest() -> None:
    scene = scene_of(*LATER_OF_2)
    flow = scene.rollback(wish())
    until(flow, lambda step: step == Step("re-check", "v2"))
    raw = push_image(scene.registry, PATH, version="2.0.2", salt="the fix", tag="v2.0.2")
    for tag in ("v2.0", "v2"):
        scene.registry.tag(PATH, tag, raw.digest)
    with pytest.raises(
        LostRaceError, match=r"latest is at v2\.0\.0, which is not recorded yet; v2 was moved by"
    ) as caught:
        finish(flow)
    assert "the same command again" in caught.value.remedy
    assert "v2.0.1" not in scene.ledger(THREE).marks
    (done,) = roll(scene)
    assert positions(scene, THREE) == {**BEFORE, "latest": "2.0.0", "v2": "2.0.2", "v2.0": "2.0.2"}
    assert (done.marked, recorded(scene)) == ("v2.0.1", ["rollback latest 2.0.0", "mark v2.0.1 2.0.1"])


def test_a_tag_that_was_never_listed_is_read_by_its_record() -> None:
    scene = scene_of(*LATER_OF_2)
    del scene.registry.shelf(PATH).tags["v2"]
    (done,) = roll(scene, wish(to="2.0.0"))
    assert positions(scene, THREE) == CASES[LATER_OF_2]
    assert {tag.floating.tag: tag.previous for tag in done.tags}[Tag("v2")] is None


def test_a_lagging_list_hides_no_floating_tag() -> None:
    scene = scene_of(*LATER_OF_2)
    shelf, hidden = scene.registry.shelf(PATH), {"v2", "v2.0", "v2.0.1"}
    listed = [tag for tag in shelf.tags if tag not in hidden]
    scene.transport = Instead(scene.registry, {"tags/list": lambda _: answer(200, {"name": PATH, "tags": listed})})
    roll(scene)
    assert positions(scene, THREE) == CASES[LATER_OF_2]


# --- cut off anywhere ---


def cut(scene: Scene, stopped: int, *wishes: RollbackRequest) -> None:
    """Run a rollback to so many events and no further."""
    flow = scene.releaser().roll_back_lanes(wishes)
    for _ in range(stopped):
        next(flow, None)
    flow.close()


def length(scene: Scene, *wishes: RollbackRequest) -> int:
    return len(events(scene.releaser().roll_back_lanes(wishes)))


CUT = [(versions, stopped) for versions in CASES for stopped in range(length(scene_of(*versions), wish()) + 1)]


@pytest.mark.parametrize(
    ("versions", "stopped"), CUT, ids=lambda value: str(value[-1] if isinstance(value, tuple) else value)
)
def test_cut_off_after_any_event_the_same_command_again_ends_in_the_same_state(
    versions: tuple[str, ...], stopped: int
) -> None:
    scene, whole = scene_of(*versions), scene_of(*versions)
    roll(whole)
    cut(scene, stopped, wish())
    if f"v{versions[-1]}" not in scene.ledger(THREE).marks:
        roll(scene)
    assert positions(scene, THREE) == CASES[versions]
    assert recorded(scene) == recorded(whole)
    assert_recorded(scene)


@pytest.mark.share(3)
@pytest.mark.parametrize("keeps", [True, False], ids=["ledger", "no ledger"])
@pytest.mark.parametrize("versions", CASES, ids=lambda versions: versions[-1])
def test_cut_off_after_any_event_the_command_in_its_last_line_ends_in_the_same_state(
    versions: tuple[str, ...], *, keeps: bool
) -> None:
    target = CASES[versions]["latest"]
    for stopped in range(length(scene_of(*versions, keeps_ledger=keeps), wish()) + 1):
        scene = scene_of(*versions, keeps_ledger=keeps)
        cut(scene, stopped, wish())
        roll(scene, wish(source=versions[-1], to=target))
        assert positions(scene, THREE) == CASES[versions], stopped
        if keeps:
            assert_recorded(scene)


def requests_of_a_rollback() -> int:
    scene = scene_of(*LATER_OF_2)
    start = len(scene.registry.log)
    roll(scene)
    return len(scene.registry.log) - start


@pytest.mark.parametrize(
    ("number", "kind", "applied"), crossed(range(requests_of_a_rollback()), F, [False, True], one_in=8), ids=str
)
def test_one_fault_at_one_request_breaks_nothing_and_the_next_run_repairs_it(
    number: int, kind: F, *, applied: bool
) -> None:
    scene = scene_of(*LATER_OF_2)
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    initial, start = scene.registry.tags(PATH), len(scene.registry.log)
    scene.transport = wire = Faulty(scene.registry, [Fault(kind, skip=number, applied=applied)], clock)
    ended: ShiplaneError | None = None
    try:
        roll(scene)
    except ShiplaneError as error:
        ended = error
    assert ended is None or ended.exit_code in {4, 5, 6, 7, 8}
    del scene.registry.log[:start]
    case = Case(scene.registry, seen=(wire.log,), lanes=[THREE], touched=[THREE], lowers=True, initial=initial)
    assert_invariants(case)
    clock.pass_by(60)
    scene.transport = scene.registry
    if "v2.0.1" not in scene.ledger(THREE).marks:
        roll(scene)
    at = positions(scene, THREE)
    # What reads as damaged once is passed over; by the range of v2 and v2.0 nothing else is below.
    passed_over = {**BEFORE, "latest": "1.3.0", "v2": "2.0.1", "v2.0": "2.0.1"}
    assert at == CASES[LATER_OF_2] or (ended is None and at == passed_over)
    assert_recorded(scene)


# --- several lanes ---

LANES = (THREE, OTHER)


def two_lanes() -> Scene:
    scene = scene_of(*LATER_OF_2)
    publish(scene, OTHER, "1.0.0", "1.1.0")
    return scene


BOTH = (wish(), wish(OTHER))
OTHER_BACK = {"standalone-latest": "1.0.0", "standalone-v1": "1.0.0"}


def test_several_lanes_go_back_together() -> None:
    scene = two_lanes()
    first, second = roll(scene, *BOTH)
    assert (first.marked, second.marked) == ("v2.0.1", "standalone-v1.1.0")
    assert (positions(scene, THREE), positions(scene, OTHER)) == (CASES[LATER_OF_2], OTHER_BACK)
    for lane in LANES:
        assert_recorded(scene, lane)


def _damaged(scene: Scene) -> None:
    lose_child(scene.registry, PATH, scene.registry.shelf(PATH).manifests[scene.tags()["standalone-v1.0.0"]])


def _unknown(scene: Scene) -> None:
    raw = push_image(scene.registry, PATH, version="9.9.9", salt="by hand")
    scene.registry.tag(PATH, "standalone-latest", raw.digest)


def _rolled_back(scene: Scene) -> None:
    roll(scene, wish(OTHER))


@pytest.mark.parametrize(
    ("happened", "error"),
    [(_damaged, VerificationError), (_unknown, RefusedError), (_rolled_back, RecentRollbackError)],
)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["last", "first"])
def test_a_lane_that_cannot_go_back_stops_all_before_anything_moves(
    happened: Callable[[Scene], None], error: type[ShiplaneError], order: Sequence[int]
) -> None:
    scene = two_lanes()
    happened(scene)
    before = scene.registry.state()
    with pytest.raises(error):
        roll(scene, *(BOTH[at] for at in order))
    assert scene.registry.state() == before


def test_every_target_of_every_lane_is_verified_before_any_tag_moves() -> None:
    steps = [event for event in events(two_lanes().releaser().roll_back_lanes(BOTH)) if isinstance(event, Step)]
    names = [step.name for step in steps if step.name in {"verify", "move", "record", "confirm"}]
    assert names == sorted(names, key=["verify", "move", "record", "confirm"].index)
    assert [step.subject for step in steps if step.name == "move"] == [
        *("latest", "v2", "v2.0"),
        *("standalone-latest", "standalone-v1"),
    ]


@pytest.mark.share(3)
@pytest.mark.parametrize("stopped", range(length(two_lanes(), *BOTH) + 1))
def test_two_lanes_cut_off_after_any_event_are_finished_by_the_same_command(stopped: int) -> None:
    scene, whole = two_lanes(), two_lanes()
    roll(whole, *BOTH)
    cut(scene, stopped, *BOTH)
    marked = {tag for lane in LANES for tag in scene.ledger(lane).marks}
    if marked != {"v2.0.1", "standalone-v1.1.0"}:
        roll(scene, *BOTH)
    assert (positions(scene, THREE), positions(scene, OTHER)) == (CASES[LATER_OF_2], OTHER_BACK)
    for lane in LANES:
        assert recorded(scene, lane) == recorded(whole, lane)
        assert_recorded(scene, lane)


def test_a_ledger_that_cannot_be_written_leaves_the_other_lane_recorded_and_the_same_command_does_the_rest() -> None:
    scene = two_lanes()
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, "PUT", "manifests/ledger-standalone", times=9)])
    with pytest.raises(ShiplaneError, match=r"rollback standalone-latest.*: done, but perhaps not recorded"):
        roll(scene, *BOTH)
    assert recorded(scene)[-1:] == ["mark v2.0.1 2.0.1"]
    scene.transport = scene.registry
    roll(scene, *BOTH)
    assert (positions(scene, THREE), positions(scene, OTHER)) == (CASES[LATER_OF_2], OTHER_BACK)
    assert len(recorded(scene)) == 4
    with pytest.raises(RecentRollbackError):
        roll(scene, *BOTH)


def test_a_lane_whose_ledger_is_broken_is_told_after_the_other_one_is_recorded() -> None:
    scene = two_lanes()
    del scene.registry.shelf(PATH).blobs[str(Digest.of(content_of(scene.ledger(THREE))))]
    with pytest.raises(VerificationError, match=r"v2\.0 is at 2\.0\.0, but this is not recorded"):
        roll(scene, *BOTH)
    assert (positions(scene, THREE), positions(scene, OTHER)) == (CASES[LATER_OF_2], OTHER_BACK)
    assert_recorded(scene, OTHER)


def test_a_lane_that_cannot_be_moved_says_what_the_other_ones_are_at() -> None:
    scene = two_lanes()
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, "PUT", "manifests/standalone-latest", times=9)])
    with pytest.raises(
        ShiplaneError, match=r"latest is at v2\.0\.0, v2 is at v2\.0\.0, v2\.0 is at v2\.0\.0, which is not"
    ):
        roll(scene, *BOTH)
    scene.transport = scene.registry
    roll(scene, *BOTH)
    assert (positions(scene, THREE), positions(scene, OTHER)) == (CASES[LATER_OF_2], OTHER_BACK)

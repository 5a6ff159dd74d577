"""Rolling back in memory: chosen and named targets, damaged ones, no ledger, and a run that ends anywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.cli.views.rollback import rolled_back_text
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError, RefusedError, ShiplaneError, VerificationError
from shiplane.core.progress import Step, StepOutcome, StepState
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.access import answer
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty, Instead
from tests.faults.harness.images import children, lie_in_config, lose_blob, lose_child, push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, events, finish, until
from tests.ledger_content import content_of
from tests.thorough import crossed

PUBLISHED = ("0.2.0", "0.2.1", "0.2.2")
WISH = RollbackRequest(lane=MAIN, reason="crashes on start")


def scene_of(*versions: str, keeps_ledger: bool = True, scene: Scene | None = None) -> Scene:
    """Both lanes released several times, in a repository of their own or in one that is there."""
    scene = scene or Scene(keeps_ledger=keeps_ledger)
    for number, version in enumerate(versions or PUBLISHED):
        scene.publish(a_plan(version, commit=f"{number}" * 40))
    return scene


def to(version: str, reason: str = "because") -> RollbackRequest:
    return RollbackRequest(lane=MAIN, to=Version.parse(version), reason=reason)


def clock_of(scene: Scene) -> VirtualClock:
    assert isinstance(scene.registry.clock, VirtualClock)
    return scene.registry.clock


def roll(scene: Scene, wish: RollbackRequest = WISH) -> RollbackResult:
    return finish(scene.rollback(wish))


def test_the_floating_tag_gets_the_very_bytes_of_the_version_below_and_the_bad_one_is_marked_and_kept() -> None:
    scene = scene_of()
    before, start = scene.tags(), len(scene.registry.log)
    done = roll(scene)
    assert_invariants(Case(scene.registry, seen=(scene.registry.log[start:],), lowers=True, recorded=True))
    assert scene.tags() == {**before, "latest": before["v0.2.1"]}
    assert (str(done.target), str(done.previous), done.moved, done.marked) == ("0.2.1", "0.2.2", True, "v0.2.2")
    move, mark = scene.ledger().entries[-2:]
    assert (move.action, str(move.before), str(move.after)) == (Action.ROLLBACK, before["latest"], before["v0.2.1"])
    assert (mark.action, mark.tag, str(mark.after), mark.why) == (
        Action.MARK,
        "v0.2.2",
        before["v0.2.2"],
        "crashes on start",
    )
    assert not scene.audit().drift


def test_the_result_as_json_names_where_it_was_where_it_is_and_what_was_passed_over() -> None:
    scene = scene_of()
    before = scene.tags()
    finish(scene.marker().mark(MAIN, Version.parse("0.2.1"), "loses data"))
    why = "known good: latest was moved to it on 2027-01-15 08:00 UTC by releaser"
    assert roll(scene).to_json(AIONIS) == {
        "image": str(AIONIS),
        "lane": "main",
        "floating_tags": [
            {
                "tag": "latest",
                "range": "",
                "version": "0.2.0",
                "digest": before["v0.2.0"],
                "before": {"version": "0.2.2", "digest": before["latest"]},
                "moved": True,
                "chosen": {"choice": "known-good", "why": why},
                "passed_over": {"0.2.1": "marked as bad: loses data"},
                "stays": None,
            }
        ],
        "version": "0.2.0",
        "tag": "v0.2.0",
        "digest": before["v0.2.0"],
        "reference": f"{AIONIS}:v0.2.0@{before['v0.2.0']}",
        "before": {"version": "0.2.2", "digest": before["latest"]},
        "mirrors": [],
        "moved": True,
        "dry_run": False,
        "marked": "v0.2.2",
        "reason": "crashes on start",
        "passed_over": {"0.2.1": "marked as bad: loses data"},
        "chosen": {"choice": "known-good", "why": why},
        "next_version": "0.2.3",
        "again_goes_to": None,
    }
    del scene.registry.shelf(PATH).tags["latest"]
    told = roll(scene, to("0.2.0")).to_json(AIONIS)
    assert (told["before"], told["marked"]) == ({"version": None, "digest": None}, None)


def test_no_layer_is_touched_and_the_other_lane_is_left_alone() -> None:
    scene = scene_of()
    start = len(scene.registry.log)
    roll(scene)
    asked = scene.registry.log[start:]
    # Of the target's 4 manifests each is read, and of its blobs each that was not read is asked for: the attestations,
    # which have one config, and the layers.
    assert len(asked) <= 30
    assert {entry.method for entry in asked} == {"GET", "HEAD", "PUT", "POST"}
    assert [entry.method for entry in asked if "/blobs/sha256" in entry.path].count("HEAD") == 5
    assert not [entry for entry in asked if "standalone" in entry.path]
    assert [entry.reference for entry in asked if entry.is_manifest_put] == ["latest", "ledger-main"]


def test_the_next_release_moves_on_and_a_second_rollback_skips_what_is_marked() -> None:
    scene = scene_of()
    roll(scene)
    scene.publish(a_plan("0.2.3", commit="d" * 40))
    assert scene.tags()["latest"] == scene.tags()["v0.2.3"]
    done = roll(scene)
    assert (str(done.target), [str(version) for version, _ in done.widest.rejected]) == ("0.2.1", ["0.2.2"])


def test_the_same_rollback_by_two_people_goes_down_once() -> None:
    scene = scene_of()
    roll(scene)
    before = scene.registry.state()
    clock_of(scene).pass_by(70)
    for wish in (WISH, RollbackRequest(lane=MAIN, dry_run=True)):
        with pytest.raises(
            RefusedError, match=r"releaser rolled latest back from v0\.2\.2 to v0\.2\.1 7\d s ago \(2027"
        ):
            roll(scene, wish)
    assert scene.registry.state() == before
    assert "v0.2.1" not in scene.ledger().marks
    assert not roll(scene, to("0.2.1")).moved
    done = roll(scene, RollbackRequest(lane=MAIN, again=True))
    assert (str(done.target), done.marked) == ("0.2.0", "v0.2.1")


def test_two_people_who_name_different_versions_are_told_of_each_other() -> None:
    scene = scene_of()
    roll(scene)
    before = scene.registry.state()
    clock_of(scene).pass_by(599 - 60)
    told = r"releaser rolled latest back from v0\.2\.2 to v0\.2\.1 .*: crashes on start.*--to v0\.2\.0 would leave"
    for wish in (to("0.2.0"), replace(to("0.2.0"), dry_run=True), replace(to("0.2.0"), mark=False)):
        with pytest.raises(RefusedError, match=told) as caught:
            roll(scene, wish)
        assert "⟦rollback --lane main --to v0.2.0 --again⟧" in caught.value.remedy
        assert "⟦rollback --lane main --to v0.2.1⟧" in caught.value.remedy
    assert scene.registry.state() == before
    assert not roll(scene, to("0.2.1")).moved
    done = roll(scene, replace(to("0.2.0"), again=True))
    assert (str(done.target), done.marked) == ("0.2.0", "v0.2.1")


def test_a_version_that_is_named_needs_no_word_ten_minutes_later_or_after_a_release() -> None:
    later = scene_of()
    roll(later)
    clock_of(later).pass_by(600)
    assert str(roll(later, to("0.2.0")).target) == "0.2.0"
    released = scene_of()
    roll(released)
    released.publish(a_plan("0.2.3", commit="d" * 40))
    assert str(roll(released, to("0.2.0")).target) == "0.2.0"


def test_ten_minutes_later_it_is_another_rollback() -> None:
    scene = scene_of()
    roll(scene)
    clock_of(scene).pass_by(600)
    assert str(roll(scene).target) == "0.2.0"


def test_a_version_that_the_floating_tag_never_was_at_is_not_where_it_goes() -> None:
    scene = scene_of("0.2.0", "0.2.1")
    scene.publish(a_plan("0.2.2", commit="c" * 40, latest="no"))
    scene.publish(a_plan("0.2.3", commit="d" * 40))
    scene.publish(a_plan("0.2.9", commit="e" * 40, latest="no"))
    done = roll(scene)
    assert (str(done.target), done.widest.chosen.choice.value) == ("0.2.1", "known-good")
    assert done.widest.rejected == ((Version.parse("0.2.2"), "latest was never at it by the record (--to goes there)"),)
    assert str(done.next_version) == "0.2.10"
    assert "v0.2.10" not in scene.tags()


def test_where_nothing_that_it_was_at_is_left_it_goes_to_the_newest_below_and_says_so() -> None:
    scene = scene_of("0.2.0")
    for number, version in enumerate(("0.2.1", "0.2.2")):
        scene.publish(a_plan(version, commit=f"{number}" * 40, latest="no"))
    scene.publish(a_plan("0.2.3", commit="d" * 40))
    damage(scene, "v0.2.0")
    done = roll(scene)
    assert (str(done.target), done.widest.chosen.choice.value) == ("0.2.2", "newest-below")
    assert [str(version) for version, _ in done.widest.rejected] == ["0.2.0"]


def test_a_version_that_was_written_over_since_the_floating_tag_was_at_it_is_not_known_good() -> None:
    scene = scene_of("0.2.0", "0.2.1", keeps_ledger=False)
    scene.keeps_ledger = True
    scene.publish(a_plan("0.2.2", commit="2" * 40))
    roll(scene)
    scene.publish(a_plan("0.2.3", commit="3" * 40))
    push_image(scene.registry, PATH, revision="1" * 40, version="0.2.1", salt="other", tag="v0.2.1")
    done = roll(scene)
    assert (str(done.target), [str(version) for version, _ in done.widest.rejected]) == ("0.2.0", ["0.2.2", "0.2.1"])


def test_a_version_that_the_list_does_not_show_yet_is_gone_back_to_all_the_same() -> None:
    scene = scene_of()
    scene.transport = Instead(scene.registry, {"tags/list": lambda _: answer(200, {"name": PATH, "tags": ["v0.2.0"]})})
    assert str(roll(scene).target) == "0.2.1"


def test_a_marked_version_published_again_does_not_take_the_floating_tag_back() -> None:
    scene = scene_of()
    roll(scene)
    (lane, _) = scene.publish(a_plan("0.2.2", commit="2" * 40))
    (latest,) = lane.floating_tags
    assert (latest.moved, latest.reason) == (False, "0.2.2 is marked as bad (crashes on start)")


def test_the_way_back_up_is_the_same_command_after_unmarking_and_is_recorded() -> None:
    scene = scene_of()
    roll(scene)
    with pytest.raises(RefusedError, match=r"is marked as bad since .* by releaser: crashes on start") as caught:
        roll(scene, to("0.2.2"))
    assert "⟦unmark --lane main --tag v0.2.2" in caught.value.remedy
    finish(scene.marker().unmark(MAIN, Version.parse("0.2.2"), "it was the database"))
    done = roll(scene, to("0.2.2"))
    assert (done.marked, scene.tags()["latest"]) == ("", scene.tags()["v0.2.2"])
    assert [entry.action for entry in scene.ledger().entries[-2:]] == [Action.UNMARK, Action.ROLLBACK]
    assert not scene.audit().drift


def test_the_bad_version_can_be_left_unmarked() -> None:
    scene = scene_of()
    roll(scene, RollbackRequest(lane=MAIN, mark=False))
    assert scene.ledger().marks == {}


def test_a_dry_run_writes_nothing_and_says_what_would_happen() -> None:
    scene = scene_of()
    before, written = scene.registry.state(), len(scene.registry.effects())
    done = roll(scene, RollbackRequest(lane=MAIN, dry_run=True))
    assert (str(done.target), done.moved, done.marked) == ("0.2.1", False, "v0.2.2")
    assert (scene.registry.state(), len(scene.registry.effects())) == (before, written)


def damage(scene: Scene, tag: str) -> None:
    raw = scene.registry.shelf(PATH).manifests[scene.tags()[tag]]
    lose_child(scene.registry, PATH, raw)


@pytest.mark.parametrize(
    ("part", "position"),
    # The attestations of all versions have one config in common: nothing would be left to go back to.
    [(part, at) for part in ("manifest", "config", "layers") for at in range(4) if (part, at // 2) != ("config", 1)],
)
def test_a_target_that_has_lost_any_part_is_passed_over_and_refused_by_name(part: str, position: int) -> None:
    scene = scene_of()
    raw = scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.1"]]
    if part == "manifest":
        lose_child(scene.registry, PATH, raw, position)
    else:
        lose_blob(scene.registry, PATH, raw, part, position)
    before = scene.registry.state()
    with pytest.raises(VerificationError):
        roll(scene, to("0.2.1"))
    assert scene.registry.state() == before
    done = roll(scene)
    assert (str(done.target), [str(version) for version, _ in done.widest.rejected]) == ("0.2.0", ["0.2.1"])


def test_only_the_target_is_asked_for_in_full() -> None:
    scene = scene_of()
    start = len(scene.registry.log)
    roll(scene)
    raw = scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.0"]]
    others = {entry["digest"] for entry in children(raw)}
    assert not [entry for entry in scene.registry.log[start:] if entry.reference in others]


def test_a_damaged_target_that_was_named_is_refused_and_nothing_moves() -> None:
    scene = scene_of()
    damage(scene, "v0.2.1")
    before = scene.registry.state()
    with pytest.raises(VerificationError, match="the registry has lost it") as caught:
        roll(scene, to("0.2.1"))
    assert "latest was not moved" in caught.value.remedy
    assert scene.registry.state() == before


def test_a_target_whose_config_lies_is_refused_and_nothing_moves() -> None:
    scene = scene_of(keeps_ledger=False)
    raw = scene.registry.shelf(PATH).manifests[scene.tags()["v0.2.1"]]
    lies = lie_in_config(scene.registry, PATH, raw, architecture="riscv64")
    scene.registry.tag(PATH, "v0.2.1", lies.digest)
    before = scene.registry.state()
    with pytest.raises(VerificationError, match="riscv64"):
        roll(scene, to("0.2.1"))
    assert scene.registry.state() == before


def test_a_damaged_target_is_passed_over_when_nobody_named_it_and_that_is_said() -> None:
    scene = scene_of()
    damage(scene, "v0.2.1")
    done = roll(scene)
    assert str(done.target) == "0.2.0"
    assert [(str(version), "lost" in why) for version, why in done.widest.rejected] == [("0.2.1", True)]


def test_where_every_version_below_is_damaged_nothing_moves() -> None:
    scene = scene_of()
    for tag in ("v0.2.0", "v0.2.1"):
        damage(scene, tag)
    before = scene.registry.state()
    with pytest.raises(VerificationError, match="no good version to go back to"):
        roll(scene)
    assert scene.registry.state() == before


def test_a_target_whose_tag_was_written_over_is_not_taken() -> None:
    scene = scene_of()
    push_image(scene.registry, PATH, revision="1" * 40, version="0.2.1", salt="other", tag="v0.2.1")
    assert str(roll(scene).target) == "0.2.0"


def test_a_version_that_does_not_exist_is_refused() -> None:
    with pytest.raises(VerificationError, match="no such tag"):
        roll(scene_of(), to("0.1.0"))


def test_a_version_without_a_version_label_is_no_bad_version() -> None:
    scene = Scene()
    old = {version: push_image(scene.registry, PATH, version="", salt=version) for version in ("0.2.0", "0.2.1")}
    for version, raw in old.items():
        scene.registry.tag(PATH, f"v{version}", raw.digest)
    scene.registry.tag(PATH, "latest", old["0.2.1"].digest)
    done = roll(scene)
    assert (str(done.target), scene.tags()["latest"]) == ("0.2.0", str(old["0.2.0"].digest))


def test_images_of_other_tools_can_be_rolled_back_and_the_record_begins_there() -> None:
    scene = scene_of(keeps_ledger=False)
    scene.keeps_ledger = True
    before = scene.tags()
    done = roll(scene)
    assert (str(done.target), scene.tags()["latest"]) == ("0.2.1", before["v0.2.1"])
    assert [entry.action for entry in scene.ledger().entries] == [Action.ROLLBACK, Action.MARK]


def test_a_floating_tag_that_is_no_version_can_be_set_on_purpose() -> None:
    scene = scene_of()
    raw = push_image(scene.registry, PATH, version="0.9.9", salt="by hand")
    scene.registry.tag(PATH, "latest", raw.digest)
    with pytest.raises(RefusedError, match="not a version of lane main"):
        roll(scene)
    assert roll(scene, to("0.2.1")).marked == ""
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]


def test_without_a_ledger_the_tag_goes_back_and_nothing_is_marked() -> None:
    scene = scene_of(keeps_ledger=False)
    assert (roll(scene).marked, scene.tags()["latest"]) == ("", scene.tags()["v0.2.1"])
    assert "ledger-main" not in scene.registry.tags(PATH)


def test_without_a_ledger_it_says_last_where_the_same_command_again_would_go() -> None:
    scene = scene_of(keeps_ledger=False)
    last = [rolled_back_text(AIONIS, roll(scene)).splitlines()[-1] for _ in range(2)]
    assert last[0] == "no ledger: the same command again would roll back to v0.2.0"
    assert scene.tags()["latest"] == scene.tags()["v0.2.0"]
    assert "the same command" not in last[1], "nothing is below it"


@pytest.mark.parametrize(
    ("keeps", "wish"),
    [(True, WISH), (False, to("0.2.1")), (False, RollbackRequest(lane=MAIN, dry_run=True))],
    ids=["the record keeps it from that", "a version that is named stays", "nothing was moved"],
)
def test_where_the_same_command_again_goes_no_further_nothing_is_said(*, keeps: bool, wish: RollbackRequest) -> None:
    done = roll(scene_of(keeps_ledger=keeps), wish)
    assert (done.next_target, "the same command" in rolled_back_text(AIONIS, done)) == (None, False)


def test_a_broken_ledger_keeps_nobody_from_leaving_a_bad_version_but_is_said() -> None:
    scene = scene_of()
    del scene.registry.shelf(PATH).blobs[str(Digest.of(content_of(scene.ledger())))]
    with pytest.raises(
        VerificationError, match=r"latest is at 0\.2\.1, but this is not recorded, and nothing is marked"
    ):
        roll(scene)
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]


@pytest.mark.parametrize("meanwhile", [Step("verify", "v0.2.1"), Step("re-check", "latest")])
def test_a_tag_that_somebody_else_moves_meanwhile_is_left_to_them(meanwhile: Step) -> None:
    scene = scene_of()
    flow = scene.rollback(WISH)
    until(flow, lambda step: step == meanwhile)
    scene.registry.tag(PATH, "latest", scene.tags()["v0.2.0"])
    with pytest.raises(LostRaceError):
        finish(flow)
    assert scene.tags()["latest"] == scene.tags()["v0.2.0"]


def test_a_rollback_is_recorded_although_the_release_that_it_takes_back_is_not_yet() -> None:
    scene = scene_of("0.2.0", "0.2.1")
    release = scene.flow(a_plan("0.2.2", commit="2" * 40))
    until(release, lambda step: step.name == "record")
    before = scene.tags()
    roll(scene)
    move, _ = scene.ledger().entries[-2:]
    assert (str(move.before), str(move.after)) == (before["latest"], before["v0.2.1"])
    with pytest.raises(LostRaceError, match=r"releaser marked v0\.2\.2 as bad, and this run moved latest to it"):
        finish(release)
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]
    assert not scene.audit().drift
    assert not scene.ledger().gaps(Tag("latest"))


UNDISTURBED = events(scene_of().rollback(WISH))


@pytest.mark.parametrize("stopped", range(len(UNDISTURBED) + 1))
def test_stopped_after_any_event_the_same_command_again_ends_in_the_same_state(stopped: int) -> None:
    scene = scene_of()
    wanted = {**scene.tags(), "latest": scene.tags()["v0.2.1"]}
    flow = scene.rollback(WISH)
    for _ in range(stopped):
        next(flow, None)
    flow.close()
    done = roll(scene) if "v0.2.2" not in scene.ledger().marks else None
    assert scene.tags() == wanted
    assert [entry.action for entry in scene.ledger().entries[-2:]] == [Action.ROLLBACK, Action.MARK]
    assert done is None or str(done.target) == "0.2.1"
    assert not scene.audit().drift


def requests_of_a_rollback() -> int:
    scene = scene_of()
    start = len(scene.registry.log)
    roll(scene)
    return len(scene.registry.log) - start


@pytest.mark.parametrize(
    ("number", "kind", "applied"), crossed(range(requests_of_a_rollback()), F, [False, True], one_in=8), ids=str
)
def test_one_fault_at_one_request_breaks_nothing_and_the_next_run_repairs_it(
    kind: F, number: int, *, applied: bool
) -> None:
    scene = scene_of()
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    initial = scene.registry.tags(PATH)
    start = len(scene.registry.log)
    scene.transport = wire = Faulty(scene.registry, [Fault(kind, skip=number, applied=applied)], clock)
    ended: ShiplaneError | None = None
    try:
        roll(scene)
    except ShiplaneError as error:
        ended = error
    assert ended is None or ended.exit_code in {4, 5, 6, 7, 8}
    del scene.registry.log[:start]
    assert_invariants(Case(scene.registry, seen=(wire.log,), lowers=True, initial=initial))
    clock.pass_by(60)
    scene.transport = scene.registry
    if "v0.2.2" not in scene.ledger().marks:
        roll(scene)
    tags = scene.tags()
    assert tags["latest"] in {tags["v0.2.1"], tags["v0.2.0"]}
    assert tags["latest"] == tags["v0.2.1"] or ended is None
    assert not scene.audit().drift


@pytest.mark.parametrize(("method", "path"), [("PUT", "manifests/ledger-main"), ("POST", "blobs/uploads/")])
def test_a_ledger_that_cannot_be_written_is_said_and_the_same_command_writes_it_later(method: str, path: str) -> None:
    scene = scene_of()
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, method, path, times=FOR_EVER)])
    with pytest.raises(ShiplaneError, match=r"rollback latest, mark v0\.2\.2: done, but perhaps not recorded"):
        roll(scene)
    assert scene.tags()["latest"] == scene.tags()["v0.2.1"]
    assert [what for what in scene.audit().drift if "a run that was interrupted" in what]
    scene.transport = scene.registry
    done = roll(scene)
    assert (str(done.target), str(done.previous), done.moved) == ("0.2.1", "0.2.2", False)
    assert scene.ledger().marks.keys() == {"v0.2.2"}
    assert not scene.audit().drift


def test_lagging_reads_are_waited_for() -> None:
    scene = scene_of()
    scene.registry.lag = Lag(seconds=10.0)
    roll(scene)
    assert scene.ledger().marks.keys() == {"v0.2.2"}


def test_the_story_has_an_outcome_for_each_thing() -> None:
    said = [event for event in UNDISTURBED if isinstance(event, StepOutcome)]
    assert [(one.step.name, one.state) for one in said] == [
        ("registry", StepState.DONE),
        ("verify", StepState.DONE),
        ("re-check", StepState.DONE),
        ("move", StepState.DONE),
        ("read back", StepState.DONE),
        ("record", StepState.DONE),
        ("confirm", StepState.DONE),
    ]

"""A repository as other tools left it, taken into the ledger: read, recorded, rolled back to, never published anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.adopt.result import AdoptionResult, is_adoptable
from shiplane.cli.views.adoption import adopted_text
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError, RefusedError, ShiplaneError, VerificationError
from shiplane.core.progress import Step
from shiplane.ledger.ledger import Action, BrokenLedgerError
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Tag
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.floating import publish
from tests.faults.harness.images import lie_in_config, lose_child, push_image
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, events, finish, until
from tests.faults.harness.several_tags import NO_FLOATING, PLACES, SEVERAL, point, released
from tests.lanes import widest
from tests.thorough import crossed

WHEN = "2026-11-24T08:00:00Z"


def old_image(scene: Scene, *tags: str, version: str = "", revision: str = "", salt: str = "") -> RawManifest:
    """An image as the old workflow made it: without annotations and version, with a commit or not."""
    raw = push_image(scene.registry, PATH, revision=revision, version=version, annotated=False, salt=salt or tags[0])
    for tag in tags:
        scene.registry.tag(PATH, tag, raw.digest)
    return raw


def old_scene() -> Scene:
    """As Aionis' own repository was: main without v, standalone as it still is, a commit's tag, a cache."""
    scene = Scene()
    old_image(scene, "0.2.15")
    old_image(scene, "0.2.16", revision="6" * 40)
    old_image(scene, "0.2.17", "latest", "0.2", revision="7" * 40)
    old_image(scene, "standalone-0.2.16")
    old_image(scene, "standalone-v0.2.17", "standalone-latest")
    old_image(scene, "abc1234")
    return scene


def adopt(scene: Scene, lane: Lane = MAIN, since: str = "", *, dry_run: bool = False) -> AdoptionResult:
    lowest = Version.parse(since) if since else None
    return finish(scene.releaser().adopt(lane, BUILT_IN, lowest, dry_run=dry_run))


def roll(scene: Scene, to: str = "", lane: Lane = MAIN) -> RollbackResult:
    return finish(scene.rollback(RollbackRequest(lane=lane, to=Version.parse(to) if to else None, reason="crashes")))


def taken(done: AdoptionResult) -> list[tuple[str, str, bool]]:
    return [(str(one.version), one.tag, one.new) for one in done.versions]


def places(done: AdoptionResult) -> list[tuple[str, str, bool]]:
    """Each floating tag with its version, and whether it was recorded now."""
    return [(state.tag, str(state.version), is_adoptable(state)) for state in done.floating]


def test_what_is_there_is_understood_and_recorded_with_the_tags_that_it_has() -> None:
    scene = old_scene()
    before = scene.tags()
    done = adopt(scene)
    assert taken(done) == [("0.2.15", "0.2.15", True), ("0.2.16", "0.2.16", True), ("0.2.17", "0.2.17", True)]
    assert places(done) == [("latest", "0.2.17", True)]
    assert done.others == {"0.2": Version.parse("0.2.17")}
    assert dict(done.ignored) == {
        "abc1234": "not a version of lane main",
        "standalone-0.2.16": "belongs to lane standalone",
        "standalone-latest": "belongs to lane standalone",
        "standalone-v0.2.17": "belongs to lane standalone",
    }
    assert scene.tags() == before, "no tag is written or moved"
    *publications, move = scene.ledger().entries
    assert [(one.action, one.tag, str(one.after), one.adopted, one.created) for one in publications] == [
        (Action.PUBLISH, tag, before[tag], True, WHEN) for tag in ("0.2.15", "0.2.16", "0.2.17")
    ]
    assert [one.commit for one in publications] == ["", "6" * 40, "7" * 40]
    assert set(publications[0].platforms) == {"linux/amd64", "linux/arm64"}
    assert (move.action, move.tag, move.before, str(move.after)) == (Action.FLOAT, "latest", None, before["latest"])


def test_each_lane_adopts_its_own_tags_and_no_other_lanes() -> None:
    scene = old_scene()
    done = adopt(scene, STANDALONE)
    assert taken(done) == [("0.2.16", "standalone-0.2.16", True), ("0.2.17", "standalone-v0.2.17", True)]
    assert {tag: why for tag, why in done.ignored if why == "belongs to lane main"} == dict.fromkeys(
        ("0.2.15", "0.2.16", "0.2.17", "latest"), "belongs to lane main"
    )
    assert not scene.ledger(MAIN).entries
    assert str(roll(scene, lane=STANDALONE).target) == "0.2.16"
    assert scene.tags()["standalone-latest"] == scene.tags()["standalone-0.2.16"]


def test_a_second_adoption_does_nothing() -> None:
    scene = old_scene()
    adopt(scene)
    state = scene.registry.state()
    done = adopt(scene)
    assert (done.new, places(done), [one.new for one in done.versions]) == (
        (),
        [("latest", "0.2.17", False)],
        [False] * 3,
    )
    assert scene.registry.state() == state


def test_what_came_since_is_adopted_by_the_next_adoption_and_the_rest_stays_as_it_was() -> None:
    scene = old_scene()
    adopt(scene, since="0.2.16")
    assert [entry.tag for entry in scene.ledger().entries] == ["0.2.16", "0.2.17", "latest"]
    old_image(scene, "0.2.18")
    done = adopt(scene, since="0.2.16")
    assert [str(one.version) for one in done.new] == ["0.2.18"]
    assert ("0.2.15", "below 0.2.16") in done.ignored


def test_a_dry_run_writes_nothing_and_says_the_same() -> None:
    scene = old_scene()
    before = scene.registry.state()
    done = adopt(scene, dry_run=True)
    assert scene.registry.state() == before
    told, really = dict(done.to_json()), dict(adopt(scene).to_json())
    assert (told.pop("dry_run"), really.pop("dry_run")) == (True, False)
    assert told == really


def test_the_result_as_json_has_each_version_with_what_is_unusual_about_it() -> None:
    told = adopt(old_scene()).to_json()
    assert (told["lane"], told["ledger"]) == ("main", "ledger-main")
    first, last = told["versions"][0], told["versions"][-1]
    assert (first["commit"], first["created"], first["new"]) == (None, WHEN, True)
    assert last["commit"] == "7" * 40
    assert last["warnings"] == [
        "version of the image: expected 0.2.17, found no label org.opencontainers.image.version: made by another tool"
    ]
    assert [(latest["tag"], latest["version"]) for latest in told["floating_tags"]] == [("latest", "0.2.17")]
    assert {"tag": "abc1234", "why": "not a version of lane main"} in told["left_out"]


def test_rollback_has_somewhere_to_go_from_the_first_day() -> None:
    scene = old_scene()
    with pytest.raises(RefusedError, match="not a version of lane main") as caught:
        roll(scene)
    assert "adopt --lane main" in caught.value.remedy
    adopt(scene)
    before = scene.tags()
    done = roll(scene)
    assert (str(done.target), str(done.previous), done.marked) == ("0.2.16", "0.2.17", "0.2.17")
    assert scene.tags() == {**before, "latest": before["0.2.16"]}
    assert done.to_json(AIONIS)["reference"] == f"{AIONIS}:0.2.16@{before['0.2.16']}"
    assert not scene.audit(deep=True).drift
    assert [move.how for move in scene.ledger().moves(widest(MAIN))] == ["adopted", "rollback"]
    assert not scene.ledger().gaps(widest(MAIN))


def test_a_release_goes_forward_of_what_was_adopted_and_comes_back_to_it() -> None:
    scene = old_scene()
    with pytest.raises(RefusedError, match=r"cannot tell whether 0\.3\.0 is forward of it") as caught:
        scene.publish(a_plan("0.3.0", lanes=["main"]))
    assert "adopt --lane main" in caught.value.remedy
    adopt(scene)
    (lane,) = scene.publish(a_plan("0.3.0", lanes=["main"]))
    (latest,) = lane.floating_tags
    assert (latest.moved, latest.reason) == (True, "forward from 0.2.17 to 0.3.0")
    done = roll(scene)
    assert (str(done.target), scene.tags()["latest"]) == ("0.2.17", scene.tags()["0.2.17"])
    verified = finish(scene.releaser().verify(MAIN))
    assert verified.good, list(map(str, verified.checks))
    assert (verified.to_json()["tag"], verified.platforms) == ("0.2.17", verified.platforms)
    assert finish(scene.releaser().verify(MAIN, Version.parse("0.2.15"))).to_json()["tag"] == "0.2.15"


def test_a_lower_release_does_not_move_the_floating_tag_from_what_was_adopted() -> None:
    scene = old_scene()
    adopt(scene)
    (lane,) = scene.publish(a_plan("0.2.9", lanes=["main"]))
    (latest,) = lane.floating_tags
    assert (latest.moved, latest.reason) == (False, "0.2.9 is lower than 0.2.17, where latest is")


@pytest.mark.parametrize("commit", ["7" * 40, "8" * 40])
def test_an_adopted_version_is_never_published_again_under_our_own_tag(commit: str) -> None:
    scene = old_scene()
    adopt(scene)
    before = scene.registry.state()
    with pytest.raises(RefusedError, match=r"0\.2\.17 is published already, by another tool as 0\.2\.17, sha256") as no:
        scene.publish(a_plan("0.2.17", lanes=["main"], commit=commit))
    assert "v0.2.18" in no.value.remedy
    assert (scene.registry.state(), scene.stager.built) == (before, [])


def test_after_its_tags_were_renamed_a_lane_goes_on_from_what_it_published_before() -> None:
    scene = Scene()
    publish(scene, MAIN, "0.2.16", "0.2.17")
    renamed = replace(MAIN, version_template=TagTemplate(""))
    plan = a_plan("0.2.17", lanes=["main"], commit="7" * 40)
    again = replace(plan, lanes=tuple(replace(each, lane=renamed) for each in plan.lanes))
    with pytest.raises(RefusedError, match=r"0\.2\.17 is published already, as v0\.2\.17, sha256.* \(on "):
        scene.publish(again)
    assert str(roll(scene, lane=renamed).target) == "0.2.16"
    assert scene.tags()["latest"] == scene.tags()["v0.2.16"]


def test_our_own_tag_with_the_same_bytes_is_no_other_version_and_with_others_it_is_told() -> None:
    scene = old_scene()
    adopt(scene)
    scene.registry.tag(PATH, "v0.2.17", scene.tags()["0.2.17"])
    assert not scene.audit().drift
    assert finish(scene.releaser().verify(MAIN)).good
    assert adopt(scene).new == ()
    other = push_image(scene.registry, PATH, version="0.2.17", tag="v0.2.17", salt="another")
    (drift,) = scene.audit().drift
    assert drift.startswith(f"v0.2.17 is {other.digest}, and version 0.2.17 was adopted as 0.2.17")
    (bad,) = [check for check in finish(scene.releaser().verify(MAIN)).checks if not check.good]
    assert (bad.name, bad.subject, bad.found) == ("record", "v0.2.17", str(other.digest))
    assert ("v0.2.17", "another image than 0.2.17") in adopt(scene).ignored


def test_an_adopted_version_can_be_marked_and_the_mark_be_taken_back() -> None:
    scene = old_scene()
    adopt(scene)
    finish(scene.marker().mark(MAIN, Version.parse("0.2.16"), "leaks"))
    assert scene.ledger().marks.keys() == {"0.2.16"}
    assert str(roll(scene).target) == "0.2.15"
    assert finish(scene.marker().unmark(MAIN, Version.parse("0.2.16"), "was the database")).to_json()["tag"] == "0.2.16"
    assert scene.ledger().marks.keys() == {"0.2.17"}


def test_history_shows_an_adopted_version_with_its_own_date_and_tag() -> None:
    scene = old_scene()
    assert scene.audit().others == ("0.2.15", "0.2.16", "0.2.17")
    adopt(scene)
    state = scene.audit()
    assert state.others == ()
    assert [(state.lane.tag_of(known.version), known.created) for known in state.versions] == [
        (tag, WHEN) for tag in ("0.2.17", "0.2.16", "0.2.15")
    ]
    assert [known.commit for known in state.versions] == ["7" * 40, "6" * 40, ""]
    assert state.unrecorded == ()
    assert [floating["how"] for floating in state.to_json()["floating_tags"]] == ["adopted"]


def test_our_own_tag_goes_before_another_tools_and_the_other_image_is_left_out() -> None:
    scene = Scene()
    old_image(scene, "v0.2.1", "latest")
    old_image(scene, "0.2.1")
    old_image(scene, "docker-v0.2.2", "0.2.2")
    done = adopt(scene)
    assert taken(done) == [("0.2.1", "v0.2.1", True), ("0.2.2", "0.2.2", True)]
    assert done.ignored == (("0.2.1", "another image than v0.2.1"),)
    old_image(scene, "docker-v0.2.3")
    assert [one.tag for one in adopt(scene).new] == ["docker-v0.2.3"]


def test_what_is_not_whole_or_says_that_it_is_something_else_is_left_out_with_the_reason() -> None:
    scene = old_scene()
    lose_child(scene.registry, PATH, old_image(scene, "0.2.18"))
    old_image(scene, "0.2.19", version="0.2.20")
    scene.registry.tag(PATH, "0.2.21", lie_in_config(scene.registry, PATH, old_image(scene, "x"), os="plan9").digest)
    left = dict(adopt(scene).ignored)
    assert "the registry has lost it" in left.get(Tag("0.2.18"), "")
    assert "expected 0.2.19, found 0.2.20" in left.get(Tag("0.2.19"), "")
    assert "expected a config for linux/amd64, found one for plan9/amd64" in left.get(Tag("0.2.21"), "")
    who = replace(scene.releaser(), commit_of=lambda _lane, version: f"{int(version.numbers[2]):x}"[-1] * 40)
    left = dict(finish(who.adopt(MAIN, since=Version.parse("0.2.15"))).ignored)
    assert Tag("0.2.16") not in left, "recorded before, and not read again"


def test_a_commit_that_is_not_the_git_tags_is_left_out() -> None:
    scene = old_scene()
    who = replace(scene.releaser(), commit_of=lambda _lane, _version: "7" * 40)
    left = dict(finish(who.adopt(MAIN)).ignored)
    assert "revision" in left[Tag("0.2.16")]
    assert "6" * 40 in left[Tag("0.2.16")]


def test_a_tag_that_was_written_over_after_it_was_adopted_is_told_and_stays_as_it_was_recorded() -> None:
    scene = old_scene()
    adopt(scene)
    before = scene.ledger().entries
    old_image(scene, "0.2.17", salt="built again")
    left = dict(adopt(scene).ignored)
    assert "overwritten since" in left.get(Tag("0.2.17"), "")
    assert scene.ledger().entries == before
    assert [what for what in scene.audit().drift if what.startswith("0.2.17: adopted as")]


def test_a_floating_tag_that_moved_since_it_was_recorded_is_told_and_not_recorded_again() -> None:
    scene = old_scene()
    adopt(scene)
    scene.registry.tag(PATH, "latest", scene.tags()["0.2.15"])
    done = adopt(scene)
    (latest,) = done.to_json()["floating_tags"]
    recorded = latest["recorded_elsewhere"]
    assert recorded
    assert (recorded["version"], latest["new"]) == ("0.2.17", False)
    assert recorded
    assert recorded["version"] == "0.2.17"
    assert len(scene.ledger().entries) == 4


def test_a_floating_tag_that_is_none_of_the_versions_or_is_not_there_has_no_place() -> None:
    scene = old_scene()
    old_image(scene, "latest", salt="by hand")
    assert (places(adopt(scene)), len(scene.ledger().entries)) == ([("latest", "None", False)], 3)
    empty = adopt(Scene())
    assert (empty.versions, [latest["digest"] for latest in empty.to_json()["floating_tags"]]) == ((), [None])


def test_a_tag_that_is_listed_and_does_not_read_is_left_out() -> None:
    scene = old_scene()
    del scene.registry.shelf(PATH).manifests[scene.tags()["0.2.16"]]
    assert ("0.2.16", "listed, but does not exist") in adopt(scene).ignored


def test_nothing_is_added_to_a_broken_ledger() -> None:
    scene = old_scene()
    push_image(scene.registry, PATH, tag="ledger-main")
    with pytest.raises(BrokenLedgerError):
        adopt(scene)


@pytest.mark.parametrize("stopped", range(len(events(old_scene().releaser().adopt(MAIN))) + 1))
def test_stopped_after_any_event_the_same_command_again_ends_in_the_same_state(stopped: int) -> None:
    scene = old_scene()
    flow = scene.releaser().adopt(MAIN)
    for _ in range(stopped):
        next(flow, None)
    flow.close()
    adopt(scene)
    assert [entry.tag for entry in scene.ledger().entries] == ["0.2.15", "0.2.16", "0.2.17", "latest"]


@pytest.mark.parametrize(("number", "kind"), crossed(range(40), F, one_in=10), ids=str)
def test_one_fault_at_one_request_leaves_a_ledger_that_the_next_adoption_completes(kind: F, number: int) -> None:
    scene = old_scene()
    clock = scene.registry.clock
    assert isinstance(clock, VirtualClock)
    before = scene.tags()
    scene.transport = Faulty(scene.registry, [Fault(kind, skip=number)], clock)
    try:
        adopt(scene)
    except ShiplaneError as error:
        assert error.exit_code in {4, 6, 7}  # noqa: PT017 -- either ending is good
    clock.pass_by(60)
    scene.transport = scene.registry
    adopt(scene)
    assert scene.tags() == before
    # Whoever was told that a listed tag, or a part of its image, is not there has left it out: the next run adds it.
    assert sorted(entry.tag for entry in scene.ledger().entries) == ["0.2.15", "0.2.16", "0.2.17", "latest"]


def test_two_adoptions_at_once_are_recorded_once() -> None:
    scene = old_scene()
    first = scene.releaser().adopt(MAIN)
    until(first, lambda step: step.name == "record")
    adopt(scene)
    finish(first)
    assert [entry.tag for entry in scene.ledger().entries] == ["0.2.15", "0.2.16", "0.2.17", "latest"]


def test_a_release_that_moves_the_floating_tag_meanwhile_stays_the_last_to_have_moved_it() -> None:
    scene = old_scene()
    scene.registry.tag(PATH, "v0.2.14", scene.tags()["0.2.15"])
    adoption = scene.releaser().adopt(MAIN)
    until(adoption, lambda step: step.name == "record")
    scene.registry.tag(PATH, "v0.2.17", scene.tags()["0.2.17"])
    (lane,) = scene.publish(a_plan("0.3.0", lanes=["main"]))
    finish(adoption)
    position = scene.ledger().position(widest(MAIN))
    assert position
    assert (position.version, str(position.after)) == ("0.3.0", str(lane.digest))
    assert [move.how for move in scene.ledger().moves(widest(MAIN))] == ["adopted", "float"]


def test_a_version_that_is_published_under_our_tag_meanwhile_ends_the_adoption_as_lost() -> None:
    scene = old_scene()
    adoption = scene.releaser().adopt(MAIN)
    until(adoption, lambda step: step.name == "record")
    scene.publish(a_plan("0.2.17", lanes=["main"], latest="no"))
    with pytest.raises(LostRaceError, match=r"v0\.2\.17 was published as .*, and 0\.2\.17 as .* by this run"):
        finish(adoption)
    assert [str(known.digest) for known in scene.audit().versions][:1] == [scene.tags()["v0.2.17"]], "ours counts"


def test_a_release_whose_tag_was_adopted_before_it_could_record_it_records_it_as_its_own() -> None:
    scene = old_scene()
    release = scene.flow(a_plan("0.2.17", lanes=["main"], latest="no"))
    until(release, lambda step: step.name == "record")
    done = adopt(scene)
    assert ("0.2.17", "another image than v0.2.17") in done.ignored
    finish(release)
    assert [entry.adopted for entry in scene.ledger().entries if entry.tag == Tag("v0.2.17")] == [True, False]
    published = scene.ledger().published(Tag("v0.2.17"))
    assert published
    assert not published.adopted
    assert [what for what in scene.audit().drift if "is not a version of lane main" in what]


def test_a_release_that_an_adoption_overtook_ends_as_lost() -> None:
    scene = old_scene()
    release = scene.flow(a_plan("0.2.17", lanes=["main"], latest="no"))
    until(release, lambda step: step.name == "record")
    before = scene.tags()
    del scene.registry.shelf(PATH).tags["v0.2.17"]
    adopt(scene)
    scene.registry.tag(PATH, "v0.2.17", before["v0.2.17"])
    with pytest.raises(LostRaceError, match=r"0\.2\.17 was adopted as .*, and v0\.2\.17 as .* by this run"):
        finish(release)


def test_a_step_that_waits_for_nothing_is_said() -> None:
    scene = old_scene()
    adopt(scene)
    said = events(scene.releaser().adopt(MAIN))
    assert Step("record", "ledger-main").unchanged("nothing is new") in said


def test_a_version_that_was_not_adopted_is_named_where_somebody_asks_for_it() -> None:
    scene = old_scene()
    adopt_it = r"no such tag \(0\.2\.16 is another tool's; to adopt it: .adopt --lane main"
    with pytest.raises(VerificationError, match=adopt_it):
        roll(scene, to="0.2.16")
    (bad,) = [check for check in finish(scene.releaser().verify(MAIN)).checks if not check.good]
    assert "0.2.17 is another tool's: ⟦adopt --lane main⟧" in bad.found


def test_without_a_ledger_that_can_be_relied_on_a_rollback_finds_other_tools_versions_by_their_tags() -> None:
    scene = old_scene()
    adopt(scene)
    push_image(scene.registry, PATH, tag="ledger-main")
    with pytest.raises(BrokenLedgerError, match=r"latest is at 0\.2\.16, but this is not recorded"):
        roll(scene)
    assert scene.tags()["latest"] == scene.tags()["0.2.16"]
    scene.keeps_ledger = False
    assert (str(roll(scene).target), scene.tags()["latest"]) == ("0.2.15", scene.tags()["0.2.15"])


def known_scene() -> Scene:
    """The same with a version of ours behind the floating tag, so that a release can move it before an adoption."""
    scene = old_scene()
    scene.registry.tag(PATH, "v0.2.17", scene.tags()["0.2.17"])
    return scene


STEPS = len(events(known_scene().releaser().adopt(MAIN)))
RELEASE = len(events(known_scene().flow(a_plan("0.3.0", lanes=["main"]))))


def consistent(scene: Scene) -> None:
    """Whoever came first: the release is recorded as its own, the floating tag is where it was recorded, no gap."""
    assert scene.audit().drift == ()
    assert scene.ledger().gaps(widest(MAIN)) == []
    published, position = scene.ledger().published(Tag("v0.3.0")), scene.ledger().position(widest(MAIN))
    assert published
    assert position
    assert (published.adopted, position.adopted, position.version) == (False, False, "0.3.0")
    assert str(published.after) == scene.tags()["v0.3.0"] == scene.tags()["latest"]
    assert {"0.2.15", "0.2.16"} <= {entry.tag for entry in scene.ledger().entries if entry.adopted}


@pytest.mark.parametrize("stopped", range(STEPS + 1))
def test_a_release_may_come_between_any_two_steps_of_an_adoption(stopped: int) -> None:
    scene = known_scene()
    adoption = scene.releaser().adopt(MAIN)
    for _ in range(stopped):
        next(adoption, None)
    scene.publish(a_plan("0.3.0", lanes=["main"]))
    finish(adoption)
    consistent(scene)


@pytest.mark.parametrize("stopped", range(RELEASE + 1))
def test_an_adoption_may_come_between_any_two_steps_of_a_release(stopped: int) -> None:
    scene = known_scene()
    release = scene.flow(a_plan("0.3.0", lanes=["main"]))
    for _ in range(stopped):
        next(release, None)
    adopt(scene)
    finish(release)
    consistent(scene)


@pytest.mark.parametrize("stopped", range(STEPS + 1))
def test_a_rollback_may_come_between_any_two_steps_of_an_adoption(stopped: int) -> None:
    scene = known_scene()
    scene.registry.tag(PATH, "v0.2.16", scene.tags()["0.2.16"])
    adoption = scene.releaser().adopt(MAIN)
    for _ in range(stopped):
        next(adoption, None)
    roll(scene)
    finish(adoption)
    assert scene.audit().drift == ()
    assert scene.ledger().gaps(widest(MAIN)) == []
    assert scene.tags()["latest"] == scene.tags()["0.2.16"]
    assert "v0.2.17" in scene.ledger().marks


def test_every_floating_tag_of_the_lane_is_recorded_where_it_is_in_its_range() -> None:
    scene = released(recorded=False)
    scene.keeps_ledger = True
    old_image(scene, "2.0", version="2.0.0", salt="another tool's")
    point(scene, "v1.2", "1.3.0")
    told = finish(scene.releaser().adopt(SEVERAL, (SEVERAL,), None, dry_run=True))
    assert len(scene.ledger().entries) == 0
    done = finish(scene.releaser().adopt(SEVERAL, (SEVERAL,), None))
    expected = {**dict.fromkeys(PLACES, True), "v1.2": False}
    assert places(done) == [(tag, "1.3.0" if tag == "v1.2" else PLACES[tag], new) for tag, new in expected.items()]
    assert done.others == {"2.0": None}
    ledger = scene.ledger()
    positions = {tag: position.version for tag in PLACES if (position := ledger.position(Tag(tag)))}
    assert positions == {tag: version for tag, version in PLACES.items() if tag != "v1.2"}
    text = adopted_text(AIONIS, done).splitlines()
    assert "  latest is at v2.0.0: recorded as adopted" in text
    assert "  v1.2 is at v1.3.0, which is none of the releases of 1.2" in text
    assert "  latest is at v2.0.0" in adopted_text(AIONIS, told).splitlines()
    assert next(" ".join(line.split()) for line in text if line.startswith("  v2.0.0")).endswith("latest, v2, v2.0")
    assert audit_drift(scene) == ["v1.2 is at 1.3.0, which is none of the releases of 1.2"]


def audit_drift(scene: Scene) -> list[str]:
    return list(scene.audit(SEVERAL).drift)


def test_a_second_adoption_of_several_floating_tags_records_only_what_is_new() -> None:
    scene = released(recorded=False)
    scene.keeps_ledger = True
    del scene.registry.shelf(PATH).tags["v1"]
    finish(scene.releaser().adopt(SEVERAL, (SEVERAL,), None))
    point(scene, "v1", "1.3.0")
    point(scene, "latest", "1.3.0")
    done = finish(scene.releaser().adopt(SEVERAL, (SEVERAL,), None))
    assert [tag for tag, _, new in places(done) if new] == ["v1"]
    assert "latest is at" in adopted_text(AIONIS, done)
    assert "it was moved since" in adopted_text(AIONIS, done)


def test_a_lane_without_floating_tags_adopts_its_versions() -> None:
    scene = released(recorded=False)
    scene.keeps_ledger = True
    done = finish(scene.releaser().adopt(NO_FLOATING, (NO_FLOATING,), None))
    assert (len(done.new), done.floating, done.to_json()["floating_tags"]) == (4, (), [])
    assert [entry.action for entry in scene.ledger().entries] == [Action.PUBLISH] * 4
    assert dict(done.ignored)[Tag("latest")] == "not a version of lane main"

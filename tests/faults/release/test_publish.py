"""The release as a whole: in order, stopped anywhere, disturbed by others, against a registry that lags or loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import AccessError, LostRaceError, RefusedError, UnreachableError, VerificationError
from shiplane.core.progress import Step, StepOutcome
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.access import failure
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import COMMIT, lie_in_config, lose_blob, lose_child, push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import PATH, Scene, Stager, a_plan, a_registry, events, finish, until

LATEST = Tag("latest")
ALL = {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
STEPS = len(events(Scene().flow(a_plan())))


def test_a_release_names_two_images_with_four_tags() -> None:
    scene = Scene()
    main, standalone = scene.publish()
    assert set(scene.tags()) == ALL
    assert scene.tags()["v0.2.1"] == scene.tags()["latest"] == str(main.digest)
    assert scene.tags()["standalone-v0.2.1"] == scene.tags()["standalone-latest"] == str(standalone.digest)
    assert main.digest != standalone.digest


def test_every_version_is_named_before_any_floating_tag_moves() -> None:
    scene = Scene()
    scene.publish()
    assert scene.tag_writes() == ["v0.2.1", "standalone-v0.2.1", "latest", "standalone-latest"]


def story(scene: Scene, plan: Plan, *names: str) -> list[str]:
    """What a release says of some of its steps."""
    outcomes = [event for event in events(scene.flow(plan)) if isinstance(event, StepOutcome)]
    return [
        f"{one.step.name} {one.step.subject}: {one.state.value}: {one.reason}"
        for one in outcomes
        if one.step.name in names
    ]


def test_the_story_says_what_is_to_be_done_about_each_name_and_why() -> None:
    scene, main = Scene(), a_plan(lanes=["main"])
    assert story(scene, main, "registry") == [
        "registry v0.2.1, latest: done: v0.2.1 is free; latest will move (latest does not exist yet)"
    ]
    digest, same = Digest(scene.tags()["v0.2.1"]), "latest has this digest"
    assert story(scene, main, "registry", "move", "record") == [
        f"registry v0.2.1, latest: done: v0.2.1 is {digest.short}, adopted; latest is unchanged ({same})",
        f"move latest: unchanged: {same}",
    ]
    backport, lower = a_plan("0.1.0", ["main"], commit="b" * 40), "0.1.0 is lower than 0.2.1, where latest is"
    assert story(scene, backport, "registry", "move") == [
        f"registry v0.1.0, latest: done: v0.1.0 is free; latest will not move ({lower})",
        f"move latest: skipped: {lower}",
    ]
    hidden = Scene(a_registry(hides_missing=True))
    assert (
        "v0.2.1 is presumed free, since nothing can be read yet; latest will move" in story(hidden, main, "registry")[0]
    )
    unrecorded = Scene(keeps_ledger=False)
    assert story(unrecorded, main, "record") == ["record the ledger: skipped: none is kept (ledger = false)"]


def test_the_result_says_where_the_floating_tag_is_whether_it_moved_or_not() -> None:
    scene = Scene()
    (first,) = scene.publish(a_plan(lanes=["main"]))
    (backport,) = scene.publish(a_plan("0.1.0", ["main"], commit="b" * 40))
    (next_,) = scene.publish(a_plan("0.2.2", ["main"], commit="c" * 40))
    told = [(tag.moved, tag.digest) for lane in (first, backport, next_) for tag in lane.floating_tags]
    assert told == [(True, first.digest), (False, first.digest), (True, next_.digest)]


def test_the_same_release_again_builds_nothing_and_writes_nothing() -> None:
    scene = Scene()
    scene.publish()
    before, written = scene.tags(), scene.tag_writes()
    again = scene.publish()
    assert (scene.tags(), scene.tag_writes()) == (before, written)
    assert scene.stager.built == ["main", "standalone"]
    assert not any(lane.built or tag.moved for lane in again for tag in lane.floating_tags)


@pytest.mark.parametrize("stopped", range(STEPS))
def test_stopped_after_any_event_the_same_run_again_finishes_the_release(stopped: int) -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    halfway = scene.tags()
    scene.publish()
    after = scene.tags()
    assert set(after) == ALL
    assert {tag: after[tag] for tag in halfway} == halfway
    assert after["v0.2.1"] == after["latest"]
    assert after["standalone-v0.2.1"] == after["standalone-latest"]
    assert sorted(scene.tag_writes()) == sorted(ALL)


@pytest.mark.parametrize("stopped", range(STEPS))
def test_wherever_it_stops_a_floating_tag_is_a_version_or_nothing(stopped: int) -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    for _ in range(stopped + 1):
        next(flow)
    tags = scene.tags()
    assert tags.get("latest") in (None, tags.get("v0.2.1"))
    assert tags.get("standalone-latest") in (None, tags.get("standalone-v0.2.1"))


@pytest.mark.parametrize("lag", [Lag(reads=3), Lag(seconds=20.0), Lag(reads=5, seconds=40.0)])
def test_reads_that_lag_behind_writes_are_waited_for(lag: Lag) -> None:
    scene = Scene(a_registry(lag=lag))
    scene.publish()
    assert set(scene.tags()) == ALL
    assert sorted(scene.tag_writes()) == sorted(ALL)


def test_a_read_that_never_comes_right_is_not_called_success() -> None:
    scene = Scene(a_registry(lag=Lag(reads=10_000)))
    with pytest.raises(UnreachableError, match="could not be read back"):
        scene.publish()
    assert "latest" not in scene.tags()


class Losing:
    """A connection that loses some PUTs of tags: before they arrive, or their answers."""

    def __init__(self, registry: MemoryRegistry, *, arrived: bool, times: int = 1) -> None:
        self._registry = registry
        self._arrived = arrived
        self._left = times

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        lost = (
            request.method == "PUT" and "/manifests/" in request.url and "sha256:" not in request.url and self._left > 0
        )
        if lost and not self._arrived:
            self._left -= 1
            raise TransportError("the connection broke")
        response = self._registry.send(request, limit=limit, deadline=deadline)
        if lost:
            self._left -= 1
            raise TransportError("the connection broke")
        return response


def test_a_lost_answer_is_cleared_up_by_reading_and_not_by_sending_again() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry, arrived=True, times=4)
    scene.publish()
    assert set(scene.tags()) == ALL
    assert sorted(scene.tag_writes()) == sorted(ALL)


def test_a_lost_request_is_sent_again_only_after_the_name_shows_that_it_was_lost() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry, arrived=False)
    scene.publish()
    assert set(scene.tags()) == ALL
    reads = [e for e in scene.registry.log if e.reference == "v0.2.1" and e.method == "GET"]
    assert len(reads) >= 4


def test_a_registry_that_loses_every_write_ends_the_run_without_a_name() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry, arrived=False, times=100)
    with pytest.raises(UnreachableError):
        scene.publish()
    assert scene.tags() == {}


@pytest.mark.parametrize("revision", ["b" * 40, ""])
def test_a_version_written_by_another_before_the_last_look_is_refused(revision: str) -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step == Step("re-check", "v0.2.1"))
    push_image(scene.registry, PATH, revision=revision, salt="somebody else", tag="v0.2.1")
    theirs = scene.tags()
    with pytest.raises(RefusedError, match="now exists as") as caught:
        finish(flow)
    assert "release the next version" in caught.value.remedy
    assert scene.tags() == theirs


@pytest.mark.parametrize("lane", ["main", "standalone"])
def test_of_two_runs_of_one_commit_the_loser_is_told_to_run_again_and_that_is_done(lane: str) -> None:
    scene = Scene()
    loser, winner = scene.flow(a_plan()), scene.flow(a_plan(lanes=[lane]))
    tag = a_plan(lanes=[lane]).lanes[0].tag
    until(loser, lambda step: step == Step("re-check", tag))
    finish(winner)
    theirs = scene.tags()
    with pytest.raises(LostRaceError, match=f"another run of this commit published {tag} as {theirs[tag]}") as caught:
        finish(loser)
    assert caught.value.exit_code == 8
    assert "Run the same command again" in caught.value.remedy
    again = scene.publish()
    assert set(scene.tags()) == ALL
    assert [one.digest for one in again if one.plan.lane.name == lane] == [Digest(theirs[tag])]
    assert_invariants(Case(scene.registry, recorded=True))


def test_a_version_overwritten_by_another_after_our_write_is_reported_as_a_lost_race() -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step == Step("read back", "v0.2.1"))
    push_image(scene.registry, PATH, salt="somebody else", tag="v0.2.1")
    with pytest.raises(LostRaceError, match="another publisher"):
        finish(flow)
    assert "latest" not in scene.tags()


def test_a_version_overwritten_by_another_is_not_what_the_floating_tag_moves_to() -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step == Step("confirm", "v0.2.1"))
    push_image(scene.registry, PATH, salt="somebody else", tag="v0.2.1")
    with pytest.raises(LostRaceError, match="another publisher"):
        finish(flow)
    assert not {"latest", "standalone-latest"} & set(scene.tags())


def test_a_version_overwritten_by_another_at_the_very_end_is_no_success() -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step == Step("read back", "standalone-latest"))
    push_image(scene.registry, PATH, salt="somebody else", tag="v0.2.1")
    with pytest.raises(LostRaceError, match="another publisher"):
        finish(flow)


def test_a_floating_tag_moved_by_another_at_the_very_end_is_no_success() -> None:
    scene = Scene()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step == Step("read back", "standalone-latest"))
    push_image(scene.registry, PATH, salt="somebody else", tag="latest")
    with pytest.raises(LostRaceError, match=r"latest is .* another publisher"):
        finish(flow)


def test_a_floating_tag_moved_by_another_is_left_where_it_is() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0"))
    flow = scene.flow(a_plan("0.2.1", commit="b" * 40))
    until(flow, lambda step: step == Step("re-check", "latest"))
    theirs = push_image(scene.registry, PATH, salt="somebody else")
    scene.registry.tag(PATH, "latest", theirs.digest)
    with pytest.raises(LostRaceError, match="moved by somebody else"):
        finish(flow)
    assert scene.tags()["latest"] == str(theirs.digest)


def test_another_commit_under_the_same_version_is_refused_before_anything_is_built() -> None:
    scene = Scene()
    scene.publish()
    before, built = scene.tags(), list(scene.stager.built)
    with pytest.raises(RefusedError, match="exists already"):
        scene.publish(a_plan(commit="b" * 40))
    assert (scene.tags(), scene.stager.built) == (before, built)


def test_an_older_version_is_published_and_leaves_the_floating_tag() -> None:
    scene = Scene()
    scene.publish()
    latest = scene.tags()["latest"]
    scene.publish(a_plan("0.1.9", commit="b" * 40))
    assert scene.tags()["latest"] == latest
    assert "v0.1.9" in scene.tags()


def test_the_result_says_that_a_floating_tag_was_asked_for_in_vain() -> None:
    scene = Scene()
    plans = (a_plan(), a_plan("0.1.9", commit="b" * 40), a_plan("0.1.8", commit="c" * 40, latest="no"))
    unmet = [[move.tag for lane in scene.publish(plan) for move in lane.unmet] for plan in plans]
    assert unmet == [[], ["latest", "standalone-latest"], []]


def test_a_floating_tag_that_does_not_exist_yet_is_not_made_for_less_than_the_newest_version() -> None:
    scene = Scene()
    scene.publish(a_plan("0.3.0", latest="no"))
    moves = [tag for lane in scene.publish(a_plan("0.2.1", commit="b" * 40)) for tag in lane.floating_tags]
    assert not {"latest", "standalone-latest"} & set(scene.tags())
    assert [(move.tag, move.moved) for move in moves] == [("latest", False), ("standalone-latest", False)]
    assert all("lower than 0.3.0" in move.reason for move in moves)


def test_an_older_version_is_not_what_a_first_floating_tag_is_set_to() -> None:
    scene = Scene()
    scene.publish(a_plan("0.3.0", latest="no"))
    scene.publish(a_plan("0.2.9", commit="b" * 40))
    assert set(scene.tags()) == {"v0.3.0", "standalone-v0.3.0", "v0.2.9", "standalone-v0.2.9"}
    scene.publish(a_plan("0.3.1", commit="c" * 40))
    assert scene.tags()["latest"] == scene.tags()["v0.3.1"]


def test_a_pre_release_never_moves_the_floating_tag() -> None:
    scene = Scene()
    scene.publish()
    latest = scene.tags()["latest"]
    scene.publish(a_plan("0.3.0-rc.1", commit="b" * 40))
    assert scene.tags()["latest"] == latest
    assert "v0.3.0-rc.1" in scene.tags()


def test_one_lane_writes_no_name_of_the_other() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["standalone"]))
    assert set(scene.tags()) == {"standalone-v0.2.1", "standalone-latest"}


def test_a_staged_image_that_lacks_a_platform_gets_no_name_in_any_lane() -> None:
    scene = Scene()
    scene.stager.platforms = ("linux/amd64",)
    with pytest.raises(VerificationError, match=r"expected linux/amd64, linux/arm64, found linux/amd64"):
        scene.publish()
    assert scene.tags() == {}


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("part", ["manifest", "config", "layers"])
def test_a_published_version_that_has_lost_a_part_is_not_adopted(part: str, position: int) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, revision=COMMIT, tag="v0.2.1")
    if part == "manifest":
        lose_child(scene.registry, PATH, raw, position)
    else:
        lose_blob(scene.registry, PATH, raw, part, position)
    with pytest.raises(VerificationError, match=r"has lost it|is missing|found nothing"):
        scene.publish(a_plan(lanes=["main"]))
    assert set(scene.tags()) == {"v0.2.1"}


def test_what_was_pushed_this_moment_is_not_asked_for_once_more() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"]))
    blobs = [entry for entry in scene.registry.log if "/blobs/sha256" in entry.path and entry.status == 200]
    assert len(blobs) == 2, "the configs"


def test_a_version_that_another_tool_made_of_this_commit_is_adopted_and_its_missing_label_is_told() -> None:
    scene, plan = Scene(), a_plan(lanes=["main"])
    raw = push_image(scene.registry, PATH, version="", tag="v0.2.1")
    (told,) = story(scene, plan, "inspect")
    assert told.endswith("checks good, with a warning about version")
    assert (scene.tags()["latest"], scene.stager.built) == (str(raw.digest), [])


def test_what_we_have_built_ourselves_must_have_its_label() -> None:
    class Unlabelled(Stager):
        def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> dict[str, Digest]:
            image = push_image(self.registry, PATH, revision=plan.commit, version="")
            return {lane_plan.lane.name: image.digest for lane_plan in lanes}

    scene = Scene()
    scene.stager = Unlabelled(scene.registry)
    with pytest.raises(VerificationError, match=r"version of the image: expected 0\.2\.1, found no label"):
        scene.publish(a_plan(lanes=["main"]))
    assert scene.tags() == {}


def test_a_version_whose_config_lies_about_its_platform_is_not_adopted() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, revision=COMMIT)
    lying = lie_in_config(scene.registry, PATH, raw, architecture="arm64")
    scene.registry.tag(PATH, "v0.2.1", lying.digest)
    with pytest.raises(VerificationError, match="a config for linux/amd64"):
        scene.publish(a_plan(lanes=["main"]))


def test_an_account_that_may_only_pull_ends_before_anything_is_built() -> None:
    from tests.faults.harness.access import Access, Account
    from tests.faults.harness.scene import USER

    access = Access(accounts={USER.username: Account(USER.password, actions="pull")})
    scene = Scene(MemoryRegistry(access=access))
    with pytest.raises(AccessError):
        scene.publish()
    assert scene.stager.built == []


def test_a_floating_tag_of_unknown_origin_is_refused_before_anything_is_built() -> None:
    scene = Scene()
    push_image(scene.registry, PATH, version="old-script", tag="latest")
    with pytest.raises(RefusedError, match="not a version of lane main"):
        scene.publish(a_plan(lanes=["main"]))
    assert scene.stager.built == []
    (lane,) = scene.publish(a_plan(lanes=["main"], latest="no"))
    assert [tag.moved for tag in lane.floating_tags] == [False]


def test_no_run_ever_asks_for_a_deletion() -> None:
    scene = Scene()
    scene.publish()
    scene.publish(a_plan("0.2.2", commit="b" * 40))
    assert {entry.method for entry in scene.registry.log} <= {"GET", "HEAD", "POST", "PUT"}


def test_a_version_that_is_listed_but_not_shown_yet_is_not_built_again() -> None:
    scene = Scene(keeps_ledger=False)
    scene.publish()
    built = list(scene.stager.built)
    lag = [Fault(F.NOT_FOUND, "GET", f"manifests/{tag}", times=FOR_EVER) for tag in ("v0.2.1", "latest")]
    scene.transport = Faulty(scene.registry, lag)
    with pytest.raises(UnreachableError, match=r"lists v0\.2\.1, but does not serve it yet"):
        scene.publish()
    assert scene.stager.built == built


def test_a_ledger_that_is_listed_but_not_shown_is_not_begun_a_second_time() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    known = scene.registry.tags(PATH)["ledger-main"]
    scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "manifests/ledger-main", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match="lists ledger-main, but does not serve it"):
        scene.publish()
    assert scene.registry.tags(PATH)["ledger-main"] == known
    scene.transport = scene.registry
    scene.publish()
    assert [entry.version for entry in scene.ledger().moves(LATEST)] == ["0.2.0", "0.2.1"]


def test_the_first_release_of_a_package_that_the_registry_does_not_admit_is_proved_by_the_open_upload() -> None:
    scene = Scene(a_registry(hides_missing=True))
    scene.publish()
    assert set(scene.tags()) == ALL
    assert len(scene.ledger().entries) == 2
    assert_invariants(Case(scene.registry, recorded=True))


def test_without_the_proof_what_cannot_be_read_is_refused() -> None:
    scene = Scene(a_registry(hides_missing=True))
    unproved = replace(scene.releaser(), ledgers=None, probe=False)
    with pytest.raises(AccessError, match="refused to read"):
        finish(unproved.publish(a_plan(), scene.stager))
    assert scene.stager.built == []


class Hidden:
    """A registry that shows nothing at all, and lets push, until something was pushed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "GET" and "/v2/" in request.url and not self._scene.stager.built:
            return failure(403, "DENIED", "denied")
        return self._scene.registry.send(request, limit=limit, deadline=deadline)


@pytest.mark.parametrize("shown", ["ledger-main", "latest", "v0.2.1"])
def test_a_package_that_was_taken_for_new_and_is_not_gets_no_name(shown: str) -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    if shown == "v0.2.1":
        push_image(scene.registry, PATH, salt="other", tag="v0.2.1")
    keep = {shown, "v0.2.0"} if shown == "latest" else {shown}
    shelf = scene.registry.shelf(PATH)
    shelf.tags = {tag: digest for tag, digest in shelf.tags.items() if tag in keep}
    before = dict(shelf.tags)
    scene.transport, scene.stager.built = Hidden(scene), []
    with pytest.raises(LostRaceError, match="was presumed new"):
        scene.publish(a_plan(lanes=["main"]))
    assert shelf.tags == before

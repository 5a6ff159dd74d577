"""A channel: kept builds, a tag that only goes forward, stopped anywhere, disturbed by others, recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shiplane.cli.views.lane_status import history_markdown, history_text, status_markdown, status_text
from shiplane.config.channel import Channel
from shiplane.config.lane import MAIN, STANDALONE, Lane
from shiplane.config.plan import Plan
from shiplane.config.setting import Setting
from shiplane.config.smoke import Runnable, Smoke
from shiplane.config.version import Version
from shiplane.core.errors import (
    AccessError,
    LostRaceError,
    PrerequisiteError,
    RefusedError,
    ShiplaneError,
    VerificationError,
)
from shiplane.core.progress import Flow, StepOutcome, StepState
from shiplane.git.ancestry import Ancestry, Descent
from shiplane.ledger.ledger import Action, Ledger
from shiplane.registry.oci.names import Platform, Repository, Tag
from shiplane.release.channel.branch import check_branch
from shiplane.release.channel.forward import REWRITTEN
from shiplane.release.channel.publish import ChannelPublisher
from shiplane.release.channel.publisher import channel_publisher
from shiplane.release.channel.result import ChannelLaneResult, ChannelResult
from shiplane.release.checks.image_tests import ImageTests
from shiplane.release.planning.decision import Pending
from shiplane.release.prerequisites import NoConditions, PrerequisiteEvidence
from shiplane.release.publish import Publisher
from shiplane.release.smoke_run import ImageSource, SmokeRunner
from shiplane.verify.audit.channel import ChannelReader, ChannelTag
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.images import PLATFORMS, lose_blob, push_image
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, a_registry, events, finish, to_images, until
from tests.faults.harness.smoking import FakeEngine, ends
from tests.faults.release.test_mirrors import MIRROR, Mirrored

FIRST, SECOND, THIRD, ASIDE = (sign * 40 for sign in "abcd")
EDGE = Channel(name="edge", branch="main", lanes=("main",), tag="edge")
BOTH = Channel(name="edge", branch="main", lanes=("main", "standalone"), tag="{lane}-edge", keep="{lane}-sha-{commit}")
LANES = {lane.name: lane for lane in (MAIN, STANDALONE)}
UNTOLD = Ancestry(Descent.UNKNOWN, "the history of this clone is cut off", "git fetch --unshallow origin")


@dataclass
class Branch:
    """A history: FIRST, SECOND, THIRD in one line, ASIDE beside it; ``cut``: the commits that it cannot tell about."""

    line: Sequence[str] = (FIRST, SECOND, THIRD)
    cut: frozenset[str] = frozenset()
    asked: list[tuple[str, str]] = field(default_factory=list)

    def is_ancestor(self, old: str, new: str) -> Ancestry:
        self.asked.append((old, new))
        if old == new:
            return Ancestry(Descent.YES)
        if {old, new} & self.cut:
            return UNTOLD
        on_line = {old, new} <= set(self.line) and self.line.index(old) < self.line.index(new)
        return Ancestry(Descent.YES if on_line else Descent.NO)


@dataclass
class ChannelScene(Scene):
    """Publishers of a channel that come one after the other."""

    branch: Branch = field(default_factory=Branch)
    reset: bool = False

    def channel_flow(self, commit: str, channel: Channel = EDGE) -> Flow[ChannelResult]:
        return self.publisher(commit, channel).publish(channel_plan(commit, channel))

    def publisher(self, commit: str, channel: Channel = EDGE, **more: Any) -> ChannelPublisher:  # noqa: ANN401
        who = self.releaser()
        release = Publisher(
            registry=who.registry, stager=lambda: self.stager, ledgers=lambda _primary: who.ledgers, workers=1, **more
        )
        return channel_publisher(
            release, channel, channel_plan(commit, channel), self.branch.is_ancestor, reset=self.reset
        )

    def edge(self, commit: str, channel: Channel = EDGE) -> tuple[ChannelLaneResult, ...]:
        return finish(self.channel_flow(commit, channel)).lanes

    def moves(self, tag: str = "edge", lane: Lane = MAIN) -> list[tuple[str, str, str]]:
        return [(move.commit[:1], move.why, move.version) for move in self.ledger(lane).moves(Tag(tag))]


def channel_plan(commit: str, channel: Channel = EDGE) -> Plan:
    plan = a_plan(lanes=channel.lanes, commit=commit)
    snapshot = Setting(Version.snapshot(commit), "HEAD")
    return replace(plan, lanes=tuple(replace(lane, version=snapshot) for lane in plan.lanes))


def kept(commit: str) -> str:
    return f"sha-{commit}"


def test_a_channel_moves_along_its_branch_and_keeps_each_build() -> None:
    scene = ChannelScene()
    (first,) = scene.edge(FIRST)
    (third,) = scene.edge(THIRD)
    assert scene.tags() == {
        "edge": str(third.digest),
        kept(FIRST): str(first.digest),
        kept(THIRD): str(third.digest),
    }
    assert (first.commit_before, third.commit_before, third.built, third.tagged.moved) == (None, FIRST, True, True)
    assert scene.tag_writes() == [kept(FIRST), "edge", kept(THIRD), "edge"]


def test_a_kept_build_is_named_before_the_channel_moves_to_it_and_both_are_in_the_ledger() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    scene.edge(SECOND)
    entries = [(entry.action, entry.tag, entry.commit) for entry in scene.ledger().entries]
    assert entries == [
        (Action.PUBLISH, kept(FIRST), FIRST),
        (Action.FLOAT, "edge", FIRST),
        (Action.PUBLISH, kept(SECOND), SECOND),
        (Action.FLOAT, "edge", SECOND),
    ]
    assert scene.ledger().gaps(EDGE.tag_of(MAIN)) == []
    assert scene.moves() == [("a", "", f"0.0.0-{FIRST[:12]}"), ("b", "", f"0.0.0-{SECOND[:12]}")]


def test_the_same_commit_again_builds_nothing_and_writes_nothing() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    written, before = scene.tag_writes(), scene.registry.state()
    (again,) = scene.edge(FIRST)
    assert (scene.tag_writes(), scene.registry.state()) == (written, before)
    assert (again.built, again.tagged.moved, again.commit_before) == (False, False, FIRST)
    assert scene.stager.built == ["main"]


def test_an_older_commit_is_refused_with_both_commits_named() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    scene.edge(SECOND)
    before = scene.registry.state()
    with pytest.raises(RefusedError) as caught:
        scene.edge(FIRST)
    assert caught.value.what == f"edge is at commit {SECOND}, which is newer: it has {FIRST} in its history"
    assert "Publish the newest commit of main" in caught.value.remedy
    assert scene.registry.state() == before


def test_a_branch_that_was_force_pushed_is_explained_and_left_only_on_demand() -> None:
    scene = ChannelScene()
    scene.edge(SECOND)
    with pytest.raises(RefusedError) as caught:
        scene.edge(ASIDE)
    assert f"edge is at commit {SECOND}, which is not in the history of {ASIDE}" in caught.value.what
    assert "main was force-pushed since" in caught.value.what
    assert "publish --channel edge --reset" in caught.value.remedy
    scene.reset = True
    scene.edge(ASIDE)
    assert scene.moves()[-1] == ("d", REWRITTEN, f"0.0.0-{ASIDE[:12]}")


def test_a_reset_takes_no_channel_back_along_its_branch() -> None:
    scene = ChannelScene(reset=True)
    scene.edge(SECOND)
    with pytest.raises(RefusedError, match="which is newer"):
        scene.edge(FIRST)


@pytest.mark.parametrize("reset", [False, True])
def test_what_cannot_be_told_is_neither_yes_nor_no(*, reset: bool) -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    scene.branch.cut, scene.reset = frozenset({FIRST}), reset
    before = scene.registry.state()
    with pytest.raises(PrerequisiteError) as caught:
        scene.edge(SECOND)
    assert "whether bbbbbbbbbbbb descends from it cannot be told" in caught.value.what
    assert caught.value.remedy.endswith("git fetch --unshallow origin")
    assert scene.registry.state() == before


def test_an_unknown_record_does_not_hide_behind_a_label_that_may_be_left() -> None:
    """The registry shows a commit that was force-pushed away, the ledger one that cannot be told."""
    scene = ChannelScene()
    scene.edge(FIRST)
    aside = push_image(scene.registry, PATH, revision=ASIDE, tag="edge")
    assert scene.tags()["edge"] == str(aside.digest)
    scene.branch.cut, scene.reset = frozenset({FIRST}), True
    with pytest.raises(PrerequisiteError, match="cannot be told"):
        scene.edge(SECOND)


def test_an_image_that_names_no_commit_is_left_only_on_demand() -> None:
    scene = ChannelScene()
    push_image(scene.registry, PATH, revision="", tag="edge")
    with pytest.raises(RefusedError, match="whose image names no commit"):
        scene.edge(FIRST)
    scene.reset = True
    (lane,) = scene.edge(FIRST)
    assert scene.tags()["edge"] == str(lane.digest)


def test_the_record_counts_where_the_registry_shows_an_older_image() -> None:
    """Somebody moved the tag back behind our back, or a read lags: forward is forward from both."""
    scene = ChannelScene()
    (first,) = scene.edge(FIRST)
    scene.edge(THIRD)
    scene.registry.tag(PATH, "edge", first.digest)
    with pytest.raises(RefusedError, match=f"is at commit {THIRD}, which is newer"):
        scene.edge(SECOND)
    (third,) = scene.edge(THIRD)
    assert scene.tags()["edge"] == str(third.digest)


def test_a_tag_that_is_gone_is_still_where_it_was_recorded() -> None:
    scene = ChannelScene()
    scene.edge(SECOND)
    scene.registry.shelf(PATH).tags.pop("edge")
    with pytest.raises(RefusedError, match="which is newer"):
        scene.edge(FIRST)
    scene.edge(THIRD)
    assert set(scene.tags()) == {"edge", kept(SECOND), kept(THIRD)}


def test_without_a_ledger_the_label_decides() -> None:
    scene = ChannelScene(keeps_ledger=False)
    scene.edge(SECOND)
    with pytest.raises(RefusedError, match="which is newer"):
        scene.edge(FIRST)
    scene.edge(THIRD)
    assert "ledger-main" not in scene.registry.tags(PATH)


def test_a_ledger_elsewhere_is_proven_and_written_there() -> None:
    scene = ChannelScene(records=Repository("ghcr.io", "cognary/records"))
    scene.edge(FIRST)
    assert "ledger-main" in scene.registry.tags("cognary/records")
    assert "ledger-main" not in scene.registry.tags(PATH)


def test_a_channel_that_keeps_nothing_has_one_tag_and_adopts_what_it_is_at() -> None:
    scene, channel = ChannelScene(), replace(EDGE, keep=None)
    scene.edge(FIRST, channel)
    assert set(scene.tags()) == {"edge"}
    (again,) = scene.edge(FIRST, channel)
    assert not again.built
    assert [entry.action for entry in scene.ledger().entries] == [Action.FLOAT]


def test_a_channel_that_begins_to_keep_keeps_what_it_is_at() -> None:
    scene = ChannelScene()
    (first,) = scene.edge(FIRST, replace(EDGE, keep=None))
    scene.edge(FIRST)
    assert scene.tags() == {"edge": str(first.digest), kept(FIRST): str(first.digest)}
    assert scene.stager.built == ["main"]


def test_two_channels_of_a_lane_share_the_build_of_a_commit() -> None:
    scene = ChannelScene()
    (first,) = scene.edge(FIRST)
    (other,) = scene.edge(FIRST, replace(EDGE, name="next", tag="next"))
    assert (other.built, other.digest) == (False, first.digest)
    assert set(scene.tags()) == {"edge", "next", kept(FIRST)}


def test_a_build_that_another_tool_kept_is_adopted() -> None:
    scene = ChannelScene()
    raw = push_image(scene.registry, PATH, revision=FIRST, version="main", tag=kept(FIRST))
    (first,) = scene.edge(FIRST)
    assert (first.built, first.digest) == (False, raw.digest)
    assert [entry.late for entry in scene.ledger().entries] == [True, False]


@pytest.mark.parametrize("revision", [SECOND, ""])
def test_a_kept_tag_with_another_commits_image_is_refused(revision: str) -> None:
    scene = ChannelScene()
    push_image(scene.registry, PATH, revision=revision, tag=kept(FIRST))
    with pytest.raises(RefusedError, match=f"{kept(FIRST)} exists already as sha256:"):
        scene.edge(FIRST)
    assert scene.stager.built == []


def test_a_kept_tag_that_was_overwritten_is_refused() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    push_image(scene.registry, PATH, revision=FIRST, salt="again", tag=kept(FIRST))
    with pytest.raises(RefusedError, match=r"was published as sha256:.* and is sha256:.* now"):
        scene.edge(FIRST)


def test_a_kept_tag_that_is_gone_is_written_again_from_its_image_and_never_built_again() -> None:
    scene = ChannelScene()
    (first,) = scene.edge(FIRST)
    for tag in ("edge", kept(FIRST)):
        scene.registry.shelf(PATH).tags.pop(tag)
    (again,) = scene.edge(FIRST)
    assert (again.built, again.digest) == (False, first.digest)
    assert set(scene.tags()) == {"edge", kept(FIRST)}


def test_a_recorded_build_that_exists_no_more_is_not_built_a_second_time() -> None:
    scene = ChannelScene()
    (first,) = scene.edge(FIRST)
    shelf = scene.registry.shelf(PATH)
    for tag in ("edge", kept(FIRST)):
        shelf.tags.pop(tag)
    shelf.manifests.pop(str(first.digest))
    with pytest.raises(RefusedError, match="neither exists any more"):
        scene.edge(FIRST)


def test_an_adopted_build_that_lost_a_layer_is_not_tagged() -> None:
    scene = ChannelScene()
    raw = push_image(scene.registry, PATH, revision=FIRST, tag=kept(FIRST))
    lose_blob(scene.registry, PATH, raw, "layers")
    with pytest.raises(VerificationError):
        scene.edge(FIRST)
    assert "edge" not in scene.tags()


def test_several_lanes_are_all_kept_before_any_of_their_tags_moves() -> None:
    scene = ChannelScene()
    scene.edge(FIRST, BOTH)
    builds = [f"{name}-sha-{FIRST}" for name in BOTH.lanes]
    assert scene.tag_writes() == [*builds, "main-edge", "standalone-edge"]
    assert [entry.tag for entry in scene.ledger(STANDALONE).entries] == [builds[1], "standalone-edge"]


def test_no_lane_moves_where_one_may_not() -> None:
    scene = ChannelScene()
    scene.edge(FIRST, BOTH)
    push_image(scene.registry, PATH, revision=THIRD, tag="standalone-edge")
    before = scene.registry.state()
    with pytest.raises(RefusedError, match=f"standalone-edge is at commit {THIRD}"):
        scene.edge(SECOND, BOTH)
    assert scene.registry.state() == before


STEPS = len(events(ChannelScene().channel_flow(FIRST, BOTH)))


@pytest.mark.parametrize("stopped", range(STEPS))
def test_stopped_after_any_event_the_same_run_again_finishes_without_a_second_build_of_what_was_kept(
    stopped: int,
) -> None:
    scene = ChannelScene()
    flow = scene.channel_flow(FIRST, BOTH)
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    halfway = scene.tags()
    for name in BOTH.lanes:
        assert halfway.get(f"{name}-edge") in (None, halfway.get(f"{name}-sha-{FIRST}"))
    scene.edge(FIRST, BOTH)
    after = scene.tags()
    assert {tag: after[tag] for tag in halfway} == halfway
    assert len(after) == 4
    for lane in (MAIN, STANDALONE):
        actions = [entry.action for entry in scene.ledger(lane).entries]
        assert actions == [Action.PUBLISH, Action.FLOAT]
        assert after[f"{lane.name}-edge"] == after[f"{lane.name}-sha-{FIRST}"]


@pytest.mark.parametrize("stopped", range(STEPS))
def test_a_run_that_was_stopped_is_overtaken_by_a_newer_commit_and_never_comes_back(stopped: int) -> None:
    scene = ChannelScene()
    flow = scene.channel_flow(FIRST, BOTH)
    for _ in range(stopped + 1):
        next(flow)
    scene.edge(SECOND, BOTH)
    newest = {name: scene.tags()[f"{name}-edge"] for name in BOTH.lanes}
    error = None
    try:
        for _ in flow:
            pass
    except (RefusedError, LostRaceError) as caught:
        error = caught
    assert {name: scene.tags()[f"{name}-edge"] for name in BOTH.lanes} == newest
    for lane in (MAIN, STANDALONE):
        tag = f"{lane.name}-edge"
        assert scene.ledger(lane).gaps(Tag(tag)) == []
        # A run that was only slow to record has moved its tags, and the newer one went on from there.
        assert [move[0] for move in scene.moves(tag, lane)] == (["b"] if error else ["a", "b"])


def test_a_tag_that_a_newer_commit_moved_meanwhile_is_refused_before_anything_is_written_under_it() -> None:
    scene = ChannelScene()
    slow = scene.channel_flow(FIRST)
    until(slow, lambda step: step.name == "re-check" and step.subject == "the commit of edge")
    scene.edge(SECOND)
    with pytest.raises(RefusedError, match=f"is at commit {SECOND}, which is newer"):
        finish(slow)
    assert [move[0] for move in scene.moves()] == ["b"]


def test_a_newer_commit_that_was_overwritten_gets_its_tag_back() -> None:
    """Between our last read and our write another run moved the tag, and recorded it."""
    scene = ChannelScene()
    slow = scene.channel_flow(FIRST)
    until(slow, lambda step: step.name == "move" and step.subject == "edge")
    (newer,) = scene.edge(SECOND)
    with pytest.raises(LostRaceError) as caught:
        finish(slow)
    assert f"moved edge to the newer commit {SECOND} while this run moved it to {FIRST}" in caught.value.what
    assert scene.tags()["edge"] == str(newer.digest)
    assert scene.tag_writes()[-3:] == ["edge", "edge", "edge"]


def test_a_lane_that_was_overwritten_gets_its_tag_back_though_the_next_one_is_refused() -> None:
    scene = ChannelScene()
    slow = scene.channel_flow(FIRST, BOTH)
    until(slow, lambda step: step.name == "move" and step.subject == "main-edge")
    scene.edge(SECOND, BOTH)
    error = error_of(slow)
    assert scene.tags()["main-edge"] == scene.tags()[f"main-sha-{SECOND}"]
    assert isinstance(error, LostRaceError)


def test_a_newer_commit_that_was_not_recorded_yet_gets_its_tag_back_once_it_is() -> None:
    """It was overwritten between its last look and its record: only the record shows it."""
    scene = ChannelScene()
    scene.edge(FIRST)
    older, newer = scene.channel_flow(SECOND), scene.channel_flow(THIRD)
    until(older, lambda step: step.name == "move" and step.subject == "edge")
    until(newer, lambda step: step.name == "record")
    until(older, lambda step: step.name == "record")
    assert scene.tags()["edge"] == scene.tags()[kept(SECOND)]
    assert error_of(newer) is None
    error = error_of(older)
    assert isinstance(error, LostRaceError)
    assert "it is back at the newer one" in error.what
    assert scene.tags()["edge"] == scene.tags()[kept(THIRD)]
    assert [move[:2] for move in scene.moves()][-1] == ("c", "an older commit had overwritten it")
    assert state_of(scene).drift == ""


def test_a_kept_build_that_another_overwrote_is_not_moved_to() -> None:
    scene = ChannelScene()
    flow = scene.channel_flow(FIRST)
    until(flow, lambda step: step.name == "confirm" and step.subject == kept(FIRST))
    push_image(scene.registry, PATH, revision=FIRST, salt="another", tag=kept(FIRST))
    with pytest.raises(LostRaceError, match="another publisher wrote it"):
        finish(flow)
    assert "edge" not in scene.tags()


def test_a_channels_tag_that_another_moved_at_the_very_end_is_no_success() -> None:
    scene = ChannelScene()
    flow = scene.channel_flow(FIRST)
    until(flow, lambda step: step.name == "confirm" and step.subject == "edge")
    push_image(scene.registry, PATH, revision=SECOND, tag="edge")
    with pytest.raises(LostRaceError, match="another publisher wrote it"):
        finish(flow)
    assert scene.moves() == []


def test_a_commit_beside_ours_that_was_overwritten_is_told_by_the_ledger() -> None:
    scene = ChannelScene()
    slow = scene.channel_flow(FIRST)
    until(slow, lambda step: step.name == "move" and step.subject == "edge")
    scene.edge(ASIDE)
    with pytest.raises(LostRaceError, match="a concurrent run contradicts this one"):
        finish(slow)


def error_of(flow: Flow[ChannelResult]) -> ShiplaneError | None:
    """How a flow that was begun ends."""
    try:
        finish(flow)
    except ShiplaneError as error:
        return error
    return None


def test_a_tag_that_an_older_commit_moved_meanwhile_goes_on_to_the_newer_one() -> None:
    scene = ChannelScene()
    newest = scene.channel_flow(THIRD)
    until(newest, lambda step: step.name == "re-check" and step.subject == "the commit of edge")
    scene.edge(SECOND)
    assert error_of(newest) is None
    assert scene.tags()["edge"] == scene.tags()[kept(THIRD)]
    assert [move[0] for move in scene.moves()] == ["b", "c"]


def test_a_reset_does_not_outlive_a_move_of_somebody_else() -> None:
    scene = ChannelScene(reset=True)
    scene.edge(SECOND)
    slow = scene.channel_flow(ASIDE)
    until(slow, lambda step: step.name == "re-check" and step.subject == "the commit of edge")
    scene.reset = False
    scene.edge(THIRD)
    with pytest.raises(RefusedError, match="not in the history"):
        finish(slow)


def test_two_runs_of_one_commit_leave_one_build() -> None:
    scene = ChannelScene()
    slow = scene.channel_flow(FIRST)
    until(slow, lambda step: step.name == "tag" or step.subject == kept(FIRST))
    (fast,) = scene.edge(FIRST)
    with pytest.raises(LostRaceError, match="another run of this commit"):
        finish(slow)
    assert scene.tags() == {"edge": str(fast.digest), kept(FIRST): str(fast.digest)}


def test_a_new_repository_that_hides_itself_is_taken_for_new_once_pushing_is_proven() -> None:
    scene = ChannelScene(a_registry(hides_missing=True))
    (first,) = scene.edge(FIRST)
    assert scene.tags() == {"edge": str(first.digest), kept(FIRST): str(first.digest)}


def test_a_repository_that_was_not_new_after_all_is_not_written_to() -> None:
    scene = ChannelScene(a_registry(hides_missing=True))
    flow = scene.channel_flow(FIRST)
    until(flow, lambda step: step.name == "stage")
    push_image(scene.registry, PATH, revision=FIRST, tag="edge")
    with pytest.raises(LostRaceError, match="presumed new"):
        finish(flow)
    assert kept(FIRST) not in scene.tags()


def test_without_the_proof_a_hidden_repository_is_refused() -> None:
    scene = ChannelScene(a_registry(hides_missing=True))
    with pytest.raises(AccessError):
        finish(scene.publisher(FIRST, probe=False).publish(channel_plan(FIRST)))


@dataclass(frozen=True)
class Slow(NoConditions):
    """Conditions that take their time, in which somebody else is at work."""

    scene: ChannelScene | None = None
    asked: list[Pending] = field(default_factory=list)

    def require(self, pending: Pending = Pending.VERSION) -> Flow[PrerequisiteEvidence]:
        self.asked.append(pending)
        evidence = yield from super().require(pending)
        if self.scene:
            self.scene.edge(SECOND)
        return replace(evidence, build=replace(evidence.build, state=StepState.DONE))


def test_what_the_conditions_took_their_time_for_is_surveyed_again() -> None:
    scene = ChannelScene()
    with pytest.raises(RefusedError, match="which is newer"):
        finish(scene.publisher(FIRST, conditions=Slow(scene)).publish(channel_plan(FIRST)))
    assert scene.stager.built == ["main"], "the other's"


def test_the_conditions_know_how_much_is_to_be_written() -> None:
    scene, slow = ChannelScene(), Slow()
    for commit in (FIRST, FIRST):
        finish(scene.publisher(commit, conditions=slow).publish(channel_plan(commit)))
    scene.registry.shelf(PATH).tags.pop(kept(FIRST))
    finish(scene.publisher(FIRST, conditions=slow).publish(channel_plan(FIRST)))
    assert slow.asked == [Pending.VERSION, Pending.NOTHING, Pending.FLOATING_TAG]


def test_the_source_is_checked_only_where_something_is_built() -> None:
    scene, checked = ChannelScene(), list[int]()

    def source() -> Flow[None]:
        checked.append(1)
        yield from ()

    for _ in range(2):
        finish(scene.publisher(FIRST, source=source).publish(channel_plan(FIRST)))
    assert checked == [1]


def test_the_result_names_what_was_published_and_where_the_tag_came_from() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    (second,) = scene.edge(SECOND)
    result = second.to_json()
    assert (result["lane"], result["tag"], result["kept"]) == ("main", "edge", kept(SECOND))
    assert (result["image"], result["reference"]) == (f"{AIONIS}:edge", f"{AIONIS}@{scene.tags()['edge']}")
    assert (result["commit_before"], result["moved"], result["built"]) == (FIRST, True, True)
    assert list(result["platforms"]) == list(PLATFORMS)
    assert result["ledger"] is not None
    assert result["ledger"]["added"] == ["publish", "float"]
    bare = replace(second, recorded=None).to_json()
    assert bare["ledger"] is None


def test_what_is_built_is_smoke_tested_before_it_is_kept() -> None:
    scene = ChannelScene()
    engine = FakeEngine(clock=VirtualClock(), lives={"linux/amd64": ends(1, 1)})
    smoker = SmokeRunner(
        engine=engine,
        runnable=lambda: Runnable(native=Platform("linux", "amd64")),
        sources={"main": ImageSource(AIONIS, None)},
        smokes={"main": Smoke()},
        clock=engine.clock,
    )
    with pytest.raises(VerificationError, match="smoke test failed for lane main"):
        finish(scene.publisher(FIRST, tests=ImageTests(smoke=smoker)).publish(channel_plan(FIRST)))
    assert scene.tags() == {}


def story(flow: Flow[ChannelResult], name: str) -> list[str]:
    outcomes = [event for event in events(flow) if isinstance(event, StepOutcome)]
    return [f"{one.step.subject}: {one.reason}" for one in outcomes if one.step.name == name]


def test_the_story_says_where_the_tag_is_and_goes() -> None:
    scene = ChannelScene()
    assert story(scene.channel_flow(FIRST), "registry") == [
        "edge (main): edge does not exist yet; nothing is built yet"
    ]
    assert story(scene.channel_flow(SECOND), "move") == [f"edge: {FIRST[:12]} -> {SECOND[:12]}"]
    assert story(scene.channel_flow(SECOND), "registry") == [f"edge (main): edge is at commit {SECOND[:12]}, this one"]
    assert story(scene.channel_flow(SECOND), "move") == ["edge: it has this digest"]
    scene.registry.shelf(PATH).tags.pop(kept(SECOND))
    (said,) = story(scene.channel_flow(SECOND), "registry")
    assert said.endswith("was built from this commit before")
    push_image(scene.registry, PATH, revision="", tag="edge")
    scene.reset = True
    assert "edge names no commit" in story(scene.channel_flow(THIRD), "registry")[0]


def on(commit: str, env: dict[str, str], end: tuple[str, str] | None, branch: Branch, *, reset: bool = False) -> str:
    flow = check_branch(EDGE, commit, env, lambda _name: end, branch.is_ancestor, reset=reset)
    return next(event.reason for event in events(flow) if isinstance(event, StepOutcome))


ORIGIN = "refs/remotes/origin/main"


def test_a_commit_of_the_branch_may_be_published() -> None:
    assert on(FIRST, {}, (ORIGIN, THIRD), Branch()) == f"commit {FIRST[:12]} is in {ORIGIN}"
    ref = {"GITHUB_REF": "refs/heads/main"}
    assert on(FIRST, ref, (ORIGIN, FIRST), Branch()) == f"commit {FIRST[:12]} is in {ORIGIN}"
    assert on(FIRST, ref, None, Branch()) == "this run is of refs/heads/main"
    assert on(THIRD, {}, (ORIGIN, THIRD), Branch(), reset=True)


@pytest.mark.parametrize(
    ("commit", "env", "end", "reset", "what"),
    [
        (FIRST, {"GITHUB_REF": "refs/heads/other"}, (ORIGIN, FIRST), False, "this run is of 'refs/heads/other'"),
        (FIRST, {"GITHUB_REF": "refs/tags/main"}, (ORIGIN, FIRST), False, "this run is of 'refs/tags/main'"),
        (FIRST, {}, None, False, "which this clone does not know"),
        (ASIDE, {}, (ORIGIN, THIRD), False, f"commit {ASIDE[:12]} is not in {ORIGIN}, which ends at {THIRD[:12]}"),
        (THIRD, {}, (ORIGIN, SECOND), False, f"commit {THIRD[:12]} is not in {ORIGIN}"),
        (FIRST, {}, (ORIGIN, THIRD), True, f"--reset is for the newest commit of main, and {FIRST[:12]} is not"),
        (FIRST, {"GITHUB_REF": "refs/heads/main"}, None, True, "--reset is for the newest commit of main"),
    ],
)
def test_any_other_commit_is_refused(
    commit: str,
    env: dict[str, str],
    end: tuple[str, str] | None,
    what: str,
    *,
    reset: bool,
) -> None:
    with pytest.raises(PrerequisiteError) as caught:
        on(commit, env, end, Branch(), reset=reset)
    assert what in caught.value.what


def test_whether_a_commit_is_of_the_branch_may_not_be_told() -> None:
    with pytest.raises(PrerequisiteError) as caught:
        on(FIRST, {}, (ORIGIN, THIRD), Branch(cut=frozenset({FIRST})))
    assert "cannot be told: the history of this clone is cut off" in caught.value.what
    assert "git fetch --unshallow origin" in caught.value.remedy


def state_of(scene: ChannelScene, channel: Channel = EDGE) -> ChannelTag:
    """The channel's tag as status and history tell it."""
    who = scene.releaser()
    ledger = scene.ledger() if scene.keeps_ledger else Ledger()
    return ChannelReader(registry=who.registry, ledgers=who.ledgers).locate(channel, MAIN, ledger)


def told(scene: ChannelScene) -> list[str]:
    """The channel's lines of the status."""
    text = status_text(AIONIS, [], scene.registry.clock.wall(), [state_of(scene)])
    return [" ".join(line.split()) for line in text.splitlines()[2:]]


def test_the_status_says_where_the_tag_is_since_when_and_by_whom() -> None:
    scene = ChannelScene()
    assert told(scene) == ["channel edge (branch main, lane main)", "edge does not exist", "since -", "commit -"]
    (first,) = scene.edge(FIRST)
    tag, since, commit = told(scene)[1:]
    assert (tag, commit) == (f"edge {first.digest}", f"commit {FIRST}")
    assert since.endswith("by releaser, float")
    found = state_of(scene).to_json()
    assert (found["commit"], found["by"], found["since"] is None, found["drift"]) == (FIRST, "releaser", False, None)
    assert "channel edge (branch main, lane main)" in status_markdown(AIONIS, [], 0.0, [state_of(scene)])


def test_the_status_of_a_tag_without_a_record_says_so() -> None:
    scene = ChannelScene(keeps_ledger=False)
    push_image(scene.registry, PATH, revision="", tag="edge")
    assert told(scene)[2:] == ["since unknown, the move was not recorded", "commit names no commit"]
    assert state_of(scene).to_json()["since"] is None


def test_the_status_names_a_move_without_a_record() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    other = push_image(scene.registry, PATH, revision=SECOND, tag="edge")
    drift = told(scene)[-1]
    assert drift.startswith(f"DRIFT edge is at {other.digest}; the last recorded move is to commit {FIRST}")
    assert state_of(scene).to_json()["drift"]
    scene.registry.shelf(PATH).tags.pop("edge")
    assert told(scene)[-1].startswith("DRIFT edge is gone; the last recorded move")


def test_the_history_has_the_moves_of_a_channel_and_no_version_of_it() -> None:
    scene = ChannelScene()
    scene.edge(FIRST)
    scene.edge(SECOND)
    state = scene.audit()
    text = " ".join(history_text(AIONIS, [state], [EDGE, replace(EDGE, lanes=("standalone",), tag="x")]).split())
    assert "no published versions moves of edge" in text
    assert f"0.0.0-{SECOND[:12]} 0.0.0-{FIRST[:12]} releaser float" in text
    assert "moves of x" not in text
    assert "#### moves of `edge`" in history_markdown(AIONIS, [state], [EDGE])
    assert (state.versions, state.drift, state.others) == ((), (), ())


@dataclass
class MirroredChannel(ChannelScene, Mirrored):
    """A channel in two repositories of two registries."""

    def both(self, commit: str, channel: Channel = EDGE) -> tuple[ChannelLaneResult, ...]:
        return finish(self.both_flow(commit, channel)).lanes

    def both_flow(self, commit: str, channel: Channel = EDGE) -> Flow[ChannelResult]:
        return self.publisher(commit, channel).publish(to_images(channel_plan(commit, channel), *self.images))


def test_a_channel_has_one_digest_in_all_its_repositories() -> None:
    scene = MirroredChannel()
    (first,) = scene.both(FIRST)
    assert scene.converged()
    assert scene.mirrored() == {"edge": str(first.digest), kept(FIRST): str(first.digest)}
    assert first.to_json()["mirrors"] == [str(MIRROR)]
    scene.both(SECOND, replace(EDGE, keep=None))
    assert scene.converged() is True
    assert scene.stager.built == ["main", "main"]


def test_an_image_that_only_the_primary_has_is_completed_without_a_build() -> None:
    scene = MirroredChannel()
    scene.edge(FIRST)
    scene.both(FIRST)
    assert scene.converged()
    scene.both(FIRST)
    assert scene.stager.built == ["main"]


MIRRORED_STEPS = len(events(MirroredChannel().both_flow(FIRST, BOTH)))


@pytest.mark.parametrize("stopped", range(0, MIRRORED_STEPS, 3))
def test_stopped_anywhere_all_repositories_are_completed_by_the_next_run(stopped: int) -> None:
    scene = MirroredChannel()
    flow = scene.both_flow(FIRST, BOTH)
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    assert not {tag for tag in scene.mirrored() if tag.endswith("edge")} - set(scene.tags())
    scene.both(FIRST, BOTH)
    assert scene.converged()


def test_a_further_repository_that_is_ahead_stops_the_channel_everywhere() -> None:
    scene = MirroredChannel()
    scene.both(FIRST)
    push_image(scene.mirror, MIRROR, revision=THIRD, tag="edge")
    before = scene.tags()
    with pytest.raises(RefusedError, match=f"is at commit {THIRD}, which is newer"):
        scene.both(SECOND)
    assert scene.tags() == before


@pytest.mark.parametrize("published", [False, True])
def test_another_build_under_a_kept_tag_there_is_refused_before_anything_is_built(*, published: bool) -> None:
    scene = MirroredChannel()
    if published:
        scene.edge(FIRST)
    push_image(scene.mirror, MIRROR, revision=FIRST, salt="another", tag=kept(FIRST))
    built = list(scene.stager.built)
    with pytest.raises(RefusedError, match="a build is the same in every repository"):
        scene.both(FIRST)
    assert scene.stager.built == built


def test_what_the_conditions_took_their_time_for_is_surveyed_again_in_every_repository() -> None:
    scene = MirroredChannel()
    publisher = scene.publisher(FIRST, conditions=Slow())
    finish(publisher.publish(to_images(channel_plan(FIRST), *scene.images)))
    assert scene.converged()


def faulty_run(fault: Fault, commit: str = SECOND) -> tuple[ChannelScene, ShiplaneError | None]:
    """A publication after an undisturbed one, with one fault in it; how it ended."""
    scene = ChannelScene()
    scene.edge(FIRST)
    scene.transport = Faulty(scene.registry, [fault])
    error = error_of(scene.channel_flow(commit))
    scene.transport = scene.registry
    return scene, error


def quiet_requests() -> int:
    scene = ChannelScene()
    scene.edge(FIRST)
    before = len(scene.registry.log)
    scene.edge(SECOND)
    return len(scene.registry.log) - before


@pytest.mark.share(3)
@pytest.mark.parametrize("kind", [F.RESET, F.NOT_FOUND, F.SERVER_ERROR, F.WRONG_DIGEST, F.FORBIDDEN])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("position", range(0, quiet_requests(), 2))
def test_each_request_with_a_fault_leaves_right_tags_and_the_next_run_finishes(
    position: int, kind: F, *, applied: bool
) -> None:
    scene, error = faulty_run(Fault(kind, skip=position, applied=applied))
    tags = scene.tags()
    assert tags["edge"] in (tags[kept(FIRST)], tags.get(kept(SECOND)))
    if error is None:
        assert tags["edge"] == tags[kept(SECOND)]
    scene.edge(SECOND)
    after = scene.tags()
    assert {tag: after[tag] for tag in tags if tag != "edge"} == {tag: tags[tag] for tag in tags if tag != "edge"}
    assert after["edge"] == after[kept(SECOND)]
    assert [move[0] for move in scene.moves()] == ["a", "b"]
    assert scene.ledger().gaps(Tag("edge")) == []
    with pytest.raises(RefusedError, match="which is newer"):
        scene.edge(FIRST)

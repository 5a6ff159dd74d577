"""A channel of lanes with different primary repositories: each build is kept, and each tag moves, in its lane's own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from shiplane.config.channel import Channel
from shiplane.config.plan import Plan
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.errors import LostRaceError, ShiplaneError, UnreachableError
from shiplane.core.progress import Flow, Step
from shiplane.git.ancestry import Ancestry, Descent
from shiplane.registry.oci.names import Repository, Tag
from shiplane.release.channel.publisher import channel_publisher
from shiplane.release.channel.result import ChannelResult
from shiplane.release.publish import Publisher
from tests.faults.harness.access import Account
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.primaries import FAR, FAR_USER, LANES, NAMES, PASSWORD, PRIMARIES, SIBLING, Apart, group_plan
from tests.faults.harness.scene import events, finish
from tests.thorough import THOROUGH

FIRST, SECOND = "a" * 40, "b" * 40
EDGE = Channel(name="edge", branch="main", lanes=NAMES, tag="{lane}-edge", keep="{lane}-sha-{commit}")


def is_ancestor(old: str, new: str) -> Ancestry:
    """The second commit descends from the first."""
    return Ancestry(Descent.YES if old <= new else Descent.NO)


def channel_plan(commit: str, lanes: tuple[str, ...] = NAMES) -> Plan:
    plan = group_plan(lanes=lanes)
    snapshot = Setting(Version.snapshot(commit), "HEAD")
    return replace(plan, commit=commit, lanes=tuple(replace(lane, version=snapshot) for lane in plan.lanes))


def flow(scene: Apart, commit: str, lanes: tuple[str, ...] = NAMES) -> Flow[ChannelResult]:
    who, plan = scene.releaser(), channel_plan(commit, lanes)
    assert who.ledgers_of
    release = Publisher(registry=who.registry, stager=lambda: scene.stager, ledgers=who.ledgers_of, workers=1)
    return channel_publisher(release, EDGE, plan, is_ancestor).publish(plan)


def assert_at(scene: Apart, commit: str) -> None:
    """Every lane's tag is at the commit's build, which is kept, and recorded in its own repository."""
    held = scene.all_tags()
    for lane in LANES:
        tags = held[lane.name]
        assert {tag for tag in tags if "sha" not in tag} == {f"{lane.name}-edge"}
        assert tags[f"{lane.name}-edge"] == tags.get(f"{lane.name}-sha-{commit}")
        last = scene.recorded(lane).moves(Tag(f"{lane.name}-edge"))[-1]
        assert (str(last.after), last.commit) == (tags[f"{lane.name}-edge"], commit)


def test_each_lane_is_kept_and_moved_in_its_own_repository() -> None:
    scene = Apart()
    finish(flow(scene, FIRST))
    assert_at(scene, FIRST)
    result = finish(flow(scene, SECOND))
    assert_at(scene, SECOND)
    assert scene.stager.built == [*NAMES, *NAMES]
    assert [lane.to_json()["image"] for lane in result.lanes] == [
        f"{primary}:{name}-edge" for name, primary in PRIMARIES.items()
    ]
    ledgers = [ledger["image"] for lane in result.lanes if (ledger := lane.to_json()["ledger"])]
    assert ledgers == [f"{primary}:ledger-{name}" for name, primary in PRIMARIES.items()]


def test_everything_is_kept_before_any_tag_moves() -> None:
    told = [event for event in events(flow(Apart(), FIRST)) if isinstance(event, Step)]
    names = [step.name for step in told]
    assert [step.subject for step in told if step.name == "access"] == [
        f"push to {each}" for each in PRIMARIES.values()
    ]
    writes = [f"{step.name} {step.subject}" for step in told if step.writes and step.name in ("tag", "move")]
    assert writes == [
        *(f"tag {name}-sha-{FIRST} in {primary}" for name, primary in PRIMARIES.items()),
        *(f"move {name}-edge in {primary}" for name, primary in PRIMARIES.items()),
    ]
    assert names.count("stage") == 1


def test_a_run_that_is_cut_after_any_event_is_completed_by_the_next() -> None:
    for cut in range(0, len(events(flow(Apart(), FIRST))), 1 if THOROUGH else 5):
        scene = Apart()
        begun = flow(scene, FIRST)
        for _ in range(cut):
            next(begun)
        begun.close()
        finish(flow(scene, FIRST))
        assert_at(scene, FIRST)


@pytest.mark.parametrize("kind", [F.RESET, F.FORBIDDEN], ids=lambda kind: kind.name)
def test_one_registry_away_or_refusing_and_nothing_is_named_anywhere(kind: F) -> None:
    scene = Apart()
    scene.to_far = away = Faulty(scene.far, [Fault(kind, times=FOR_EVER)])
    with pytest.raises(ShiplaneError):
        finish(flow(scene, FIRST))
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])
    away.plan = []
    finish(flow(scene, FIRST))
    assert_at(scene, FIRST)


def test_an_account_that_may_not_push_to_one_of_them_ends_the_run_before_the_build() -> None:
    scene = Apart()
    scene.far.access.accounts[FAR_USER.username] = Account(PASSWORD, actions="pull")
    with pytest.raises(ShiplaneError, match=r"registry\.example/acme/adapter"):
        finish(flow(scene, FIRST))
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])


def test_one_that_goes_away_while_builds_are_kept_leaves_every_channel_tag_where_it_was() -> None:
    scene = Apart()
    finish(flow(scene, FIRST))
    scene.to_far = away = Faulty(scene.far, [Fault(F.SERVER_ERROR, "PUT", f"-sha-{SECOND}", times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        finish(flow(scene, SECOND))
    held = scene.all_tags()
    assert all(held[name][f"{name}-edge"] == held[name][f"{name}-sha-{FIRST}"] for name in NAMES)
    away.plan = []
    finish(flow(scene, SECOND))
    assert_at(scene, SECOND)
    assert scene.stager.built == [*NAMES, *NAMES, "adapter"], "what is kept is not built again"


@pytest.mark.parametrize("hidden", [SIBLING, FAR])
def test_a_repository_that_is_new_among_others_is_looked_at_alone_once_it_is_there(hidden: Repository) -> None:
    scene = Apart()
    finish(flow(scene, FIRST, tuple(name for name in NAMES if PRIMARIES[name] != hidden)))
    scene.registry.hides_missing = scene.far.hides_missing = True
    with suppress(LostRaceError):
        finish(flow(scene, SECOND))
    assert_at(scene, SECOND)

"""A release of lanes with different primary repositories: all promises of one release hold over all of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from shiplane.cli.clients.public_tags import plan_tags_now
from shiplane.cli.views.release import published_text
from shiplane.config.plan import Plan
from shiplane.core.errors import LostRaceError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.progress import Flow, Step, StepOutcome
from shiplane.git.claim_record import Claim, VersionTag
from shiplane.ledger.ledger import Action
from shiplane.registry.oci.names import Repository, Tag
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.result import LaneResult
from tests.faults.harness.access import Account
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.primaries import (
    FAR,
    FAR_USER,
    LANES,
    NAMES,
    OPERATOR,
    PASSWORD,
    PRIMARIES,
    SIBLING,
    Apart,
    group_plan,
)
from tests.faults.harness.scene import AIONIS, USER, events, finish, until
from tests.thorough import THOROUGH

TAGS = {"v1.0.0", "v1", "latest"}
KINDS = (F.FORBIDDEN, F.NOT_FOUND, F.RESET, F.SERVER_ERROR, F.TRUNCATED)
OTHER = "d" * 40


@dataclass
class ClaimedApart(Apart):
    """The group, whose versions are claimed."""

    claims: MemoryClaims = field(default_factory=MemoryClaims)

    def flow(self, plan: Plan) -> Flow[tuple[LaneResult, ...]]:
        claiming = ReleaseClaims(claims=self.claims, by="the test")
        return replace(self.releaser(), claiming=claiming).publish(plan, self.stager)

    def claim(self, lane: str, scene_digest: str, commit: str) -> None:
        """Somebody else's claim of a lane's version."""
        digest = push_image(self.registry, PRIMARIES[lane], revision=commit, version="1.0.0", salt=scene_digest).digest
        claim = Claim(image=PRIMARIES[lane], tag=Tag("v1.0.0"), digest=digest, commit=commit, by="somebody else")
        self.claims.create([claim])


def assert_complete(scene: Apart, tags: set[str] = TAGS) -> None:
    """Every lane has all its tags at its own one digest, and all of it is recorded in its own ledger."""
    digests = {name: set(held.values()) for name, held in scene.all_tags().items()}
    assert {name: set(held) for name, held in scene.all_tags().items()} == dict.fromkeys(NAMES, tags)
    assert all(len(held) == 1 for held in digests.values()), digests
    assert len(set().union(*digests.values())) == len(NAMES)
    for lane in LANES if scene.keeps_ledger else ():
        kept = scene.recorded(lane)
        assert {str(entry.after) for entry in kept.entries} == digests[lane.name]
        assert {entry.tag for entry in kept.entries} == tags
    for name in ("operator", "webhooks"):
        assert_invariants(Case(scene.registry, repository=PRIMARIES[name].path, lanes=LANES, touched=LANES))
    assert_invariants(Case(scene.far, repository=FAR.path, lanes=LANES, touched=LANES))


def test_each_lane_is_published_in_its_own_repository_and_recorded_there() -> None:
    scene = Apart()
    results = scene.publish(group_plan())
    assert_complete(scene)
    assert scene.stager.built == list(NAMES)
    for result in results:
        document = result.to_json()
        primary = PRIMARIES[result.plan.lane.name]
        assert document["image"] == f"{primary}:v1.0.0"
        assert document["reference"] == f"{primary}@{result.digest}"
        assert document["ledger"]
        assert document["ledger"]["image"] == f"{primary}:ledger-{result.plan.lane.name}"
    printed = published_text(results)
    assert [line.split()[0] for line in printed.splitlines()] == [
        f"{primary}:{tag}" for primary in PRIMARIES.values() for tag in ("v1.0.0", "v1", "latest")
    ]


def test_one_configured_ledger_repository_keeps_the_ledgers_of_all() -> None:
    scene = Apart(one_ledger=SIBLING)
    scene.publish(group_plan())
    assert_complete(scene)
    assert {f"ledger-{name}" for name in NAMES} <= set(scene.registry.tags(SIBLING))
    assert not [tag for tag in {**scene.registry.tags(AIONIS), **scene.far.tags(FAR)} if "ledger" in tag]


def test_a_second_release_moves_every_floating_tag_and_the_same_one_again_writes_nothing() -> None:
    scene = Apart(keeps_ledger=False)
    scene.publish(group_plan("1.0.0"))
    scene.publish(group_plan("1.1.0"))
    for held in scene.all_tags().values():
        assert held["latest"] == held["v1"] == held["v1.1.0"] != held["v1.0.0"]
    before, built = scene.all_tags(), list(scene.stager.built)
    for registry in (scene.registry, scene.far):
        registry.log.clear()
    scene.publish(group_plan("1.1.0"))
    assert (scene.all_tags(), scene.stager.built) == (before, built)
    assert not [entry for registry in (scene.registry, scene.far) for entry in registry.log if entry.method == "PUT"]


def test_what_happens_in_which_order() -> None:
    scene = Apart()
    told = [event for event in events(scene.flow(group_plan())) if isinstance(event, Step)]
    names = [step.name for step in told]
    repositories = list(map(str, PRIMARIES.values()))
    assert [step.subject for step in told if step.name == "access"] == [f"push to {each}" for each in repositories]
    assert [step.subject.rpartition(" in ")[2] for step in told if step.name == "registry"] == repositories
    assert names.count("stage") == 1
    assert names.index("inspect") > names.index("stage")
    last_inspect = len(names) - 1 - names[::-1].index("inspect")
    assert last_inspect < names.index("tag")
    writes = [f"{step.name} {step.subject}" for step in told if step.writes and step.name != "record"]
    assert writes == [
        f"{what} in {repository}" for what in ("tag v1.0.0", "move v1", "move latest") for repository in repositories
    ]
    assert [step.subject for step in told if step.writes and step.name == "record"] == [
        f"ledger-{name}" for name in NAMES
    ]


def test_each_registry_sees_its_own_credential_only() -> None:
    scene = Apart()
    scene.publish(group_plan())
    basic = [
        f"Basic {base64.b64encode(f'{user.username}:{user.password}'.encode()).decode()}" for user in (USER, FAR_USER)
    ]
    seen = [{entry.authorization for entry in registry.log} for registry in (scene.registry, scene.far)]
    assert [[one in there for one in basic] for there in seen] == [[True, False], [False, True]]
    assert PASSWORD not in "".join(scene.told)


@pytest.mark.parametrize("keeps_ledger", [True, False])
def test_a_run_that_is_cut_after_any_event_is_completed_by_the_next(*, keeps_ledger: bool) -> None:
    total = len(events(Apart(keeps_ledger=keeps_ledger).flow(group_plan())))
    for cut in range(0, total, 1 if THOROUGH else 5):
        scene = Apart(keeps_ledger=keeps_ledger)
        flow = scene.flow(group_plan())
        for _ in range(cut):
            next(flow)
        flow.close()
        floating = {tag for held in scene.all_tags().values() for tag in held if tag != "v1.0.0"}
        if floating:
            assert all("v1.0.0" in held for held in scene.all_tags().values()), cut
        if "latest" in floating:
            assert all("v1" in held for held in scene.all_tags().values()), cut
        named = any(scene.all_tags().values())
        built = list(scene.stager.built)
        if all("v1.0.0" in held for held in scene.all_tags().values()):
            scene.publish(group_plan())
            assert scene.stager.built == built, "nothing is built again"
        else:
            scene.publish(group_plan())
        assert_complete(scene)
        assert named or scene.stager.built


@pytest.mark.parametrize("far", [True, False])
@pytest.mark.parametrize("kind", [F.RESET, F.FORBIDDEN], ids=lambda kind: kind.name)
def test_one_registry_away_or_refusing_and_nothing_is_named_anywhere(kind: F, *, far: bool) -> None:
    scene = Apart()
    away = Faulty(scene.far if far else scene.registry, [Fault(kind, times=FOR_EVER)])
    if far:
        scene.to_far = away
    else:
        scene.transport = away
    with pytest.raises(ShiplaneError):
        scene.publish(group_plan())
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])
    away.plan = []
    scene.publish(group_plan())
    assert_complete(scene)


@pytest.mark.parametrize("keeps_ledger", [True, False])
def test_an_account_that_may_not_push_to_one_of_them_ends_the_run_before_the_build(*, keeps_ledger: bool) -> None:
    scene = Apart(keeps_ledger=keeps_ledger)
    scene.far.access.accounts[FAR_USER.username] = Account(PASSWORD, actions="pull")
    with pytest.raises(ShiplaneError, match=r"registry\.example/acme/adapter"):
        scene.publish(group_plan())
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])


def test_an_account_that_may_not_push_to_the_one_ledger_repository_ends_the_run_before_the_build() -> None:
    scene = Apart(one_ledger=Repository(FAR.registry, "acme/ledgers"))
    scene.far.access.accounts[FAR_USER.username] = Account(PASSWORD, actions="pull")
    with pytest.raises(ShiplaneError, match=r"registry\.example/acme/ledgers"):
        scene.publish(group_plan(lanes=["operator", "webhooks"]))
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])


def test_one_that_goes_away_between_the_version_tags_leaves_nothing_floating_anywhere() -> None:
    scene = Apart()
    scene.to_far = away = Faulty(scene.far, [Fault(F.SERVER_ERROR, "PUT", "/manifests/v1.0.0", times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        scene.publish(group_plan())
    assert {name: set(held) for name, held in scene.all_tags().items()} == {
        "operator": {"v1.0.0"},
        "webhooks": {"v1.0.0"},
        "adapter": set(),
    }
    away.plan = []
    scene.publish(group_plan())
    assert_complete(scene)
    assert scene.stager.built == [*NAMES, "adapter"], "what is published is not built again"


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("far", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_run_that_any_request_breaks_is_completed_by_the_next(kind: F, *, far: bool, applied: bool) -> None:
    quiet = Apart()
    quiet.publish(group_plan())
    for position in range(0, len((quiet.far if far else quiet.registry).log), 1 if THOROUGH else 17):
        scene = Apart()
        faulty = Faulty(scene.far if far else scene.registry, [Fault(kind, skip=position, applied=applied)])
        if far:
            scene.to_far = faulty
        else:
            scene.transport = faulty
        try:
            scene.publish(group_plan())
        except ShiplaneError:
            faulty.plan = []
            scene.publish(group_plan())
        assert_complete(scene)


@pytest.mark.parametrize("lane", NAMES)
def test_other_content_in_one_repository_is_refused_before_anything_is_built(lane: str) -> None:
    scene = Apart()
    registry = scene.far if lane == "adapter" else scene.registry
    push_image(registry, PRIMARIES[lane], revision=OTHER, version="1.0.0", tag="v1.0.0", salt="theirs")
    with pytest.raises(RefusedError, match=r"v1\.0\.0"):
        scene.publish(group_plan())
    assert scene.stager.built == []
    assert {name for name, held in scene.all_tags().items() if held} == {lane}


def test_one_tag_in_several_repositories_is_claimed_for_each() -> None:
    scene = ClaimedApart()
    scene.publish(group_plan())
    assert {str(claimed): str(claim.digest) for claimed, claim in scene.claims.kept.items()} == {
        f"{PRIMARIES[name]}:v1.0.0": held["v1.0.0"] for name, held in scene.all_tags().items()
    }
    assert_complete(scene)


def test_a_run_whose_claims_another_run_of_the_commit_has_made_takes_over_each_in_its_repository() -> None:
    first = ClaimedApart()
    flow = first.flow(group_plan())
    until(flow, lambda step: step.name == "re-check")
    flow.close()
    claimed = {str(each): str(claim.digest) for each, claim in first.claims.kept.items()}
    built = list(first.stager.built)
    first.publish(group_plan())
    assert first.stager.built == built
    assert {f"{PRIMARIES[name]}:v1.0.0": held["v1.0.0"] for name, held in first.all_tags().items()} == claimed
    assert_complete(first)


def test_one_lane_claimed_for_another_commit_ends_the_run_with_its_repository_named() -> None:
    scene = ClaimedApart()
    scene.claim("webhooks", "theirs", OTHER)
    with pytest.raises(LostRaceError, match=rf"v1\.0\.0 in {SIBLING} is claimed") as caught:
        scene.publish(group_plan())
    assert caught.value.remedy.endswith(f"forget {VersionTag(SIBLING, Tag('v1.0.0'))}")
    assert (scene.all_tags(), scene.stager.built) == ({name: {} for name in NAMES}, [])


def test_one_lane_claimed_meanwhile_by_another_run_of_the_commit_is_taken_over() -> None:
    scene = ClaimedApart()
    flow = scene.flow(group_plan())
    until(flow, lambda step: step.name == "claim")
    scene.claim("webhooks", "theirs", group_plan().commit)
    built = {result.plan.lane.name: result.built for result in finish(flow)}
    assert built == {"operator": True, "webhooks": False, "adapter": True}
    assert scene.all_tags()["webhooks"]["v1.0.0"] == str(scene.claims.kept[VersionTag(SIBLING, Tag("v1.0.0"))].digest)


@pytest.mark.parametrize("hidden", [SIBLING, FAR])
def test_a_repository_that_is_new_among_others_is_looked_at_alone_once_it_is_there(hidden: Repository) -> None:
    """GHCR denies reading a package that does not exist yet; the others have versions, and stay as they are."""
    scene = Apart()
    scene.publish(group_plan(lanes=[name for name in NAMES if PRIMARIES[name] != hidden]))
    scene.registry.hides_missing = scene.far.hides_missing = True
    with suppress(LostRaceError):
        scene.publish(group_plan())
    assert_complete(scene)


def test_a_version_marked_in_one_repository_keeps_that_lanes_floating_tags_alone() -> None:
    scene = Apart()
    scene.publish(group_plan(latest="no"))
    entry = scene.ledgers_of(scene.client(), AIONIS)
    assert entry
    (published,) = [each for each in scene.recorded(OPERATOR).entries if each.action is Action.PUBLISH]
    mark = entry.author.entry(Action.MARK, tag=published.tag, version="1.0.0", after=published.after, why="bad")
    finish(entry.store(OPERATOR).append([mark]))
    operator, *others = scene.publish(group_plan())
    assert [floating.moved for floating in operator.floating_tags] == [False, False]
    assert all(floating.moved for lane in others for floating in lane.floating_tags)


def test_at_the_end_of_a_failed_run_each_repository_is_read_for_its_own_lanes() -> None:
    scene = Apart()
    scene.publish(group_plan(lanes=["operator"], latest="no"))
    client = scene.client()
    lines = plan_tags_now(client.at, group_plan(), lambda lane: lane.image_tags)
    assert [line.split()[0] for line in lines] == [
        f"{primary}:{tag}" for primary in PRIMARIES.values() for tag in ("v1.0.0", "v1", "latest")
    ]
    assert [line.endswith("does not exist") for line in lines] == [False, *[True] * 8]


def test_steps_of_lanes_in_one_repository_do_not_name_it() -> None:
    told: Sequence[object] = events(Apart().flow(group_plan(lanes=["adapter"])))
    subjects = [event.subject for event in told if isinstance(event, Step) and event.name in ("tag", "move")]
    assert subjects == ["v1.0.0", "v1", "latest"]
    reasons = [event.step.subject for event in told if isinstance(event, StepOutcome) and event.step.name == "registry"]
    assert reasons == ["v1.0.0, v1, latest"]

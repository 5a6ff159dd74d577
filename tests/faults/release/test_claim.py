"""The claim in a release: asked for before anything is built, made before anything is named, relied on afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.config.plan import Plan
from shiplane.core.errors import AccessError, LostRaceError, UnreachableError
from shiplane.core.progress import Flow, Step, StepOutcome
from shiplane.git.claim_record import Claim, VersionTag
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.result import LaneResult
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.images import COMMIT, lose_child, push_image
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish, until

OTHER = "b" * 40
IMAGE = a_plan().repository
MAIN, STANDALONE = Tag("v0.2.1"), Tag("standalone-v0.2.1")


@dataclass
class Claimed(Scene):
    """A scene in which versions are claimed."""

    claims: MemoryClaims = field(default_factory=MemoryClaims)

    def flow(self, plan: Plan) -> Flow[tuple[LaneResult, ...]]:
        claiming = ReleaseClaims(claims=self.claims, by="the test")
        return replace(self.releaser(), ledgers=None, claiming=claiming).publish(plan, self.stager)

    def claim(self, tag: Tag, digest: Digest, commit: str = COMMIT) -> None:
        self.claims.create([Claim(image=IMAGE, tag=tag, digest=digest, commit=commit, by="somebody else")])

    def kept(self) -> dict[str, str]:
        return {tag: str(claim.digest) for (_, tag), claim in self.claims.kept.items()}


ALL = 2 * len(("v0.2.1", "latest"))
STEPS = len(events(Claimed().flow(a_plan())))


def test_every_version_is_claimed_for_the_digest_that_it_gets() -> None:
    scene = Claimed()
    scene.publish()
    assert scene.kept() == {tag: digest for tag, digest in scene.tags().items() if "v0" in tag}
    assert_invariants(Case(scene.registry))


def test_the_claim_comes_after_the_inspection_and_before_the_first_name() -> None:
    steps = [event.name for event in events(Claimed().flow(a_plan())) if isinstance(event, Step)]
    wanted = ["access", "registry", "claims", "stage", "inspect", "claim", "re-check", "tag"]
    assert list(dict.fromkeys(steps))[: len(wanted)] == wanted


def test_what_is_published_already_is_not_claimed() -> None:
    scene = Claimed()
    scene.publish(a_plan(lanes=["main"]))
    scene.publish()
    assert set(scene.kept()) == {"v0.2.1", "standalone-v0.2.1"}
    before = dict(scene.claims.kept)
    scene.publish()
    assert scene.claims.kept == before
    assert not {"claims", "claim"} & {event.name for event in events(scene.flow(a_plan())) if isinstance(event, Step)}


@pytest.mark.parametrize("stopped", range(STEPS))
def test_stopped_after_any_event_the_same_run_again_finishes_with_what_was_claimed(stopped: int) -> None:
    scene = Claimed()
    flow = scene.flow(a_plan())
    for _ in range(stopped + 1):
        next(flow)
    flow.close()
    halfway, built = scene.kept(), list(scene.stager.built)
    published = scene.publish()
    assert {tag: scene.tags()[tag] for tag in halfway} == halfway
    assert len(scene.tags()) == ALL
    if halfway:
        assert scene.stager.built == built
        assert not any(lane.built for lane in published)
    assert_invariants(Case(scene.registry))


def test_a_version_claimed_for_another_commit_ends_the_run_before_it_builds() -> None:
    scene = Claimed()
    theirs = push_image(scene.registry, PATH, revision=OTHER, salt="theirs").digest
    scene.claim(MAIN, theirs, OTHER)
    with pytest.raises(
        LostRaceError, match=f"v0.2.1 is claimed for {theirs}, built from commit {OTHER}, by somebody els"
    ) as caught:
        scene.publish()
    assert "next version" in caught.value.remedy
    assert caught.value.remedy.endswith(f"forget {IMAGE}:v0.2.1")
    assert (scene.tags(), scene.stager.built) == ({}, [])


def test_a_version_claimed_for_another_commit_meanwhile_ends_the_run_before_it_names_anything() -> None:
    scene = Claimed()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step.name == "claim")
    scene.claim(STANDALONE, push_image(scene.registry, PATH, revision=OTHER, salt="theirs").digest, OTHER)
    with pytest.raises(LostRaceError, match=r"standalone-v0\.2\.1 is claimed"):
        finish(flow)
    assert scene.tags() == {}
    assert set(scene.kept()) == {"standalone-v0.2.1"}, "no lane is claimed where one of them is lost"


def test_one_lane_claimed_by_another_run_of_this_commit_is_taken_over_and_the_other_is_built() -> None:
    scene = Claimed()
    theirs = push_image(scene.registry, PATH, salt="theirs").digest
    scene.claim(MAIN, theirs)
    main, standalone = scene.publish()
    assert (scene.tags()["v0.2.1"], scene.tags()["latest"]) == (str(theirs), str(theirs))
    assert (main.built, standalone.built, scene.stager.built) == (False, True, ["standalone"])


def test_a_claim_that_came_meanwhile_is_taken_over_and_examined() -> None:
    scene = Claimed()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step.name == "claim")
    theirs = push_image(scene.registry, PATH, salt="theirs")
    scene.claim(MAIN, theirs.digest)
    main, standalone = finish(flow)
    assert (str(main.digest), main.built, standalone.built) == (str(theirs.digest), False, True)
    assert scene.tags()["v0.2.1"] == str(theirs.digest)
    assert_invariants(Case(scene.registry))


@dataclass
class Busy(MemoryClaims):
    """A remote at which somebody else claims something else first, so many times."""

    times: int = 0
    asked: int = 0

    def create(self, claims: Sequence[Claim]) -> dict[VersionTag, Claim]:
        self.asked += 1
        return {} if self.asked <= self.times else super().create(claims)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_claim_that_others_come_before_is_made_in_the_third_round_at_the_latest(times: int) -> None:
    scene = Claimed(claims=Busy(times=times))
    scene.publish()
    assert len(scene.kept()) == 2


def test_a_claim_that_others_always_come_before_ends_the_run() -> None:
    scene = Claimed(claims=Busy(times=99))
    with pytest.raises(
        LostRaceError, match=r"v0\.2\.1, standalone-v0\.2\.1 could not be claimed: other runs are claiming"
    ):
        scene.publish()
    assert isinstance(scene.claims, Busy)
    assert (scene.claims.asked, scene.tags()) == (3, {})


def test_what_is_claimed_and_by_whom_is_told() -> None:
    scene = Claimed()
    theirs = push_image(scene.registry, PATH, salt="theirs").digest
    scene.claim(MAIN, theirs)
    told = [event for event in events(scene.flow(a_plan())) if isinstance(event, StepOutcome)]
    words = {event.step.name: event.reason for event in told if event.step.name in ("claims", "claim")}
    assert words["claims"] == f"v0.2.1 for {theirs.short} by somebody else"
    ours = Digest(scene.kept()[STANDALONE]).short
    assert words["claim"] == f"v0.2.1 for {theirs.short} by somebody else, standalone-v0.2.1 for {ours} by the test"
    first = [event for event in events(Claimed().flow(a_plan())) if isinstance(event, StepOutcome)]
    assert (
        next(event.reason for event in first if event.step.name == "claims")
        == "none yet; permission to claim confirmed"
    )


Damage = Callable[[Scene], Digest]


def _lost(scene: Scene) -> Digest:
    raw = push_image(scene.registry, PATH, salt="theirs")
    lose_child(scene.registry, PATH, raw)
    return raw.digest


DAMAGES: dict[str, Damage] = {
    "is gone": lambda _: Digest.of(b"never pushed"),
    "has lost a platform": _lost,
    "is for one platform": lambda scene: push_image(scene.registry, PATH, ["linux/amd64"]).digest,
    "is another version": lambda scene: push_image(scene.registry, PATH, version="0.9.9").digest,
    "is of another commit": lambda scene: push_image(scene.registry, PATH, revision=OTHER).digest,
}


@pytest.mark.parametrize("early", [True, False], ids=["before the build", "meanwhile"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_claimed_image_that_cannot_be_published_ends_the_run(damage: Damage, *, early: bool) -> None:
    scene = Claimed()
    flow = scene.flow(a_plan())
    until(flow, lambda step: step.name == ("claims" if early else "claim"))
    digest = damage(scene)
    scene.claim(MAIN, digest)
    with pytest.raises(LostRaceError, match=f"v0.2.1 is claimed for {digest}.*cannot be published"):
        finish(flow)
    assert scene.tags() == {}
    assert bool(scene.stager.built) is not early


@dataclass
class Broken(MemoryClaims):
    """A remote that fails in one of the three ways of asking it."""

    at: str = ""
    error: Exception = field(default_factory=lambda: UnreachableError("away"))

    def _fail(self, at: str) -> None:
        if self.at == at:
            raise self.error

    def get(self, version_tags: Sequence[VersionTag]) -> dict[VersionTag, Claim]:
        self._fail("look")
        return super().get(version_tags)

    def probe(self, version_tag: VersionTag) -> None:
        self._fail("probe")
        super().probe(version_tag)

    def create(self, claims: Sequence[Claim]) -> dict[VersionTag, Claim]:
        self._fail("create")
        return super().create(claims)


@pytest.mark.parametrize("error", [UnreachableError("away"), AccessError("no")], ids=lambda error: error.kind)
@pytest.mark.parametrize(("at", "built"), [("look", False), ("probe", False), ("create", True)])
def test_a_claim_that_cannot_be_made_leaves_everything_without_a_name(
    at: str, error: Exception, *, built: bool
) -> None:
    scene = Claimed(claims=Broken(at=at, error=error))
    with pytest.raises(type(error)):
        scene.publish()
    assert (scene.tags(), bool(scene.stager.built)) == ({}, built)


def test_a_claim_that_arrived_although_the_answer_was_lost_is_found_by_the_next_run() -> None:
    scene = Claimed()

    class Lost(MemoryClaims):
        def create(self, claims: Sequence[Claim]) -> dict[VersionTag, Claim]:
            super().create(claims)
            raise UnreachableError("the connection broke")

    scene.claims = Lost(kept=scene.claims.kept)
    with pytest.raises(UnreachableError):
        scene.publish()
    scene.claims = MemoryClaims(kept=scene.claims.kept)
    halfway, built = scene.kept(), list(scene.stager.built)
    scene.publish()
    assert {tag: scene.tags()[tag] for tag in halfway} == halfway
    assert scene.stager.built == built


def test_whether_a_repository_s_versions_may_be_claimed_is_asked_without_a_claim() -> None:
    scene = Claimed()
    ReleaseClaims(claims=scene.claims, by="the test").check_permission(IMAGE)
    assert (scene.claims.probed, scene.kept()) == (1, {})
    with pytest.raises(AccessError):
        ReleaseClaims(claims=Broken(at="probe", error=AccessError("no")), by="the test").check_permission(IMAGE)

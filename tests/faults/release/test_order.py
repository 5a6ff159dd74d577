"""Cheap answers come before dear ones: who may and what there is to do, then the prerequisites, then both once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shiplane.config.plan import Plan
from shiplane.config.settings import Checkout
from shiplane.core.errors import AccessError, LostRaceError, PrerequisiteError, RefusedError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState
from shiplane.git.claim_record import Claim
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.publish import Publisher, ReleaseResult
from shiplane.release.source_check import check_again
from tests.faults.harness.access import Account
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.gatehouse import prerequisites
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.scene import PATH, USER, Scene, a_plan, finish

OTHER = "b" * 40
MAIN = a_plan(lanes=["main"])
DEAR = ("build command", "gate", "gates", "stage")


@dataclass
class Project(Scene):
    """A registry, and a project whose build command and gate leave a line in a file each time that they run."""

    root: Path = Path()
    build: str = "sh -c 'echo build >> ran'"
    gate: str = "sh -c 'echo gate >> ran'"
    claims: MemoryClaims | None = None
    meanwhile: Callable[[], object] = lambda: None
    events: list[Event] = field(default_factory=list)
    skip: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def release(self, plan: Plan = MAIN) -> ReleaseResult:
        """A release from beginning to end; the build command and the gate have run when ``meanwhile`` happens."""
        registry = self.client()
        publisher = Publisher(
            registry=registry,
            stager=lambda: self.stager,
            workers=1,
            claiming=ReleaseClaims(claims=self.claims, by="the test") if self.claims else None,
            conditions=prerequisites(
                self.root, None, None, *self.skip, build=self.build, gates=[{"name": "gate", "command": self.gate}]
            ),
            source=lambda: check_again(plan, Checkout(commit=COMMIT, committed_at="", changes=self.changes)),
        )
        self.events.clear()
        return finish(self._watched(publisher.publish(plan)))

    def ran(self) -> list[str]:
        """What of the project ran since this was last asked."""
        file = self.root / "ran"
        lines = file.read_text().split() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def names(self) -> list[str]:
        """The steps of the last release, each time that they were begun."""
        return [event.name for event in self.events if isinstance(event, Step)]

    def said(self, name: str) -> list[tuple[StepState, str]]:
        """How the steps of that name ended."""
        ends = [event for event in self.events if isinstance(event, StepOutcome) and event.step.name == name]
        return [(end.state, end.reason) for end in ends]

    def _watched(self, flow: Flow[ReleaseResult]) -> Flow[ReleaseResult]:
        """The same flow, noted down; the world changes when the gates have answered."""
        while True:
            try:
                event = next(flow)
            except StopIteration as end:
                released: ReleaseResult = end.value
                return released
            self.events.append(event)
            if isinstance(event, StepOutcome) and event.step.name == "gate":
                self.meanwhile()
            yield event


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=tmp_path)


def test_a_release_asks_what_costs_seconds_first_and_once_more_before_it_builds(project: Project) -> None:
    released = project.release()
    assert project.ran() == ["build", "gate"]
    assert project.names()[:9] == [
        *("access", "registry"),
        *("build command", "gate"),
        *("access", "registry"),
        *("source", "stage", "inspect"),
    ]
    assert released.evidence.build.state is StepState.DONE
    assert [evidence.good for evidence in released.evidence.gates] == [True]


def test_claims_belong_to_what_is_asked_first_and_once_more(project: Project) -> None:
    project.claims = MemoryClaims()
    project.release()
    once = ["access", "registry", "claims"]
    assert project.names()[:10] == [*once, "build command", "gate", *once, "source", "stage"]


def test_nothing_is_asked_twice_where_no_time_went_by(project: Project) -> None:
    project.skip = ("build", "gates")
    project.release()
    assert project.names()[:5] == ["access", "registry", "build command", "source", "stage"]
    assert project.said("build command") == [(StepState.SKIPPED, "--skip build")]
    assert project.ran() == []


def test_a_release_with_nothing_left_to_do_runs_no_build_command_and_asks_no_gate(project: Project) -> None:
    project.release()
    project.ran()
    released = project.release()
    assert (project.ran(), project.stager.built) == ([], ["main"])
    assert project.names().count("registry") == 1
    assert project.said("build command") == [(StepState.SKIPPED, "published already; nothing to build")]
    assert project.said("gates") == [(StepState.SKIPPED, "nothing to write")]
    assert (released.evidence.gates, released.evidence.skipped) == ((), ("gate",))
    assert released.evidence.to_json()["build"]["reason"] == "published already; nothing to build"


def test_moving_a_floating_tag_to_what_is_published_asks_the_gates_and_builds_nothing(project: Project) -> None:
    project.release(a_plan(lanes=["main"], latest="no"))
    project.ran()
    project.build = "false"
    released = project.release()
    assert (project.ran(), project.stager.built) == (["gate"], ["main"])
    assert project.tags()["latest"] == project.tags()["v0.2.1"]
    assert [evidence.good for evidence in released.evidence.gates] == [True]


def test_a_red_gate_keeps_a_floating_tag_from_moving(project: Project) -> None:
    project.release(a_plan(lanes=["main"], latest="no"))
    project.gate = "false"
    with pytest.raises(PrerequisiteError, match="not green"):
        project.release()
    assert set(project.tags()) == {"v0.2.1"}


def test_one_lane_that_is_to_be_built_is_enough_for_the_build_command(project: Project) -> None:
    project.release()
    project.ran()
    project.release(a_plan())
    assert project.ran() == ["build", "gate"]


def cheap(project: Project, kind: type[Exception], words: str) -> None:
    """A release that ends so before anything dear was begun."""
    before, built = project.tags(), list(project.stager.built)
    with pytest.raises(kind, match=words):
        project.release()
    assert project.ran() == []
    assert not set(project.names()) & set(DEAR)
    assert (project.tags(), project.stager.built) == (before, built)


def test_a_wrong_token_is_told_before_the_build_command(project: Project) -> None:
    project.registry.access.accounts[USER.username] = Account("another")
    cheap(project, AccessError, "refused")


def test_an_account_that_may_only_pull_is_told_before_the_build_command(project: Project) -> None:
    project.registry.access.accounts[USER.username] = Account(USER.password, actions="pull")
    cheap(project, AccessError, "push")


def test_a_version_of_another_commit_is_told_before_the_build_command(project: Project) -> None:
    push_image(project.registry, PATH, revision=OTHER, tag="v0.2.1")
    cheap(project, RefusedError, "exists already")


def test_a_floating_tag_that_nobody_can_place_is_told_before_the_build_command(project: Project) -> None:
    push_image(project.registry, PATH, version="old-script", tag="latest")
    cheap(project, RefusedError, "not a version of lane main")


def test_a_claim_of_another_commit_is_told_before_the_build_command(project: Project) -> None:
    project.claims = MemoryClaims()
    theirs = Claim(image=MAIN.repository, tag=Tag("v0.2.1"), digest=Digest.of(b"x"), commit=OTHER, by="another")
    project.claims.create([theirs])
    cheap(project, LostRaceError, "is claimed")


def late(project: Project, kind: type[Exception], words: str, meanwhile: Callable[[], object]) -> None:
    """A release whose world changes while build and gates run, and which ends so before anything is staged."""
    built = list(project.stager.built)
    project.meanwhile = meanwhile
    with pytest.raises(kind, match=words):
        project.release()
    assert project.ran()[-1] == "gate"
    assert "stage" not in project.names()
    assert project.stager.built == built


def test_a_version_that_another_commit_took_meanwhile_is_not_built(project: Project) -> None:
    late(
        project,
        RefusedError,
        "exists already",
        lambda: push_image(project.registry, PATH, revision=OTHER, tag="v0.2.1"),
    )


def test_a_version_that_another_run_of_this_commit_published_meanwhile_is_adopted(project: Project) -> None:
    project.meanwhile = lambda: push_image(project.registry, PATH, revision=COMMIT, tag="v0.2.1")
    released = project.release()
    assert (project.stager.built, released.lanes[0].built) == ([], False)


def test_a_permission_that_was_taken_away_meanwhile_is_told_before_anything_is_built(project: Project) -> None:
    access = project.registry.access

    def taken_away() -> None:
        access.accounts[USER.username] = Account(USER.password, actions="pull")
        access.revoke()

    late(project, AccessError, "push", taken_away)


def test_a_version_that_went_away_meanwhile_is_not_built_without_its_build_command(project: Project) -> None:
    project.release(a_plan(lanes=["main"], latest="no"))
    tags = project.registry.shelf(PATH).tags
    late(
        project, LostRaceError, "was published when the prerequisites were checked is gone", lambda: tags.pop("v0.2.1")
    )


def test_a_build_that_fails_ends_the_release_with_nothing_staged(project: Project) -> None:
    project.build = "false"
    with pytest.raises(PrerequisiteError, match="ended with 1"):
        project.release()
    assert (project.tags(), project.stager.built) == ({}, [])


def test_the_source_is_looked_at_again_after_the_build_command_and_before_the_build(project: Project) -> None:
    project.release()
    names = project.names()
    assert names.index("build command") < names.index("source") < names.index("stage")
    assert project.said("source") == [(StepState.DONE, f"commit {COMMIT[:12]}, still clean")]


def test_what_the_build_command_changed_is_not_built(project: Project) -> None:
    project.changes = ("package.json",)
    with pytest.raises(PrerequisiteError, match=r"package\.json") as caught:
        project.release()
    assert "If the build command generated it" in caught.value.remedy
    assert (project.ran(), "stage" in project.names()) == (["build", "gate"], False)


def test_where_nothing_is_built_the_source_does_not_matter(project: Project) -> None:
    project.release()
    project.changes = ("package.json",)
    project.release()
    assert "source" not in project.names()

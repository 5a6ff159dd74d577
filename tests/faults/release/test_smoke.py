"""Smoke runs within a release: before any name, in every lane; a bad one ends it, and none leaves anything behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from shiplane.config.plan import Plan
from shiplane.config.smoke import Runnable, Smoke
from shiplane.core.errors import PrerequisiteError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState
from shiplane.git.claim_record import Claim
from shiplane.registry.oci.names import Platform, Tag
from shiplane.release.checks.image_tests import ImageTests
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.publish import Publisher
from shiplane.release.result import LaneResult
from shiplane.release.smoke_run import ImageSource, SmokeRunner
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.scene import PATH, USER, Scene, a_plan, finish
from tests.faults.harness.smoking import FakeEngine, ends, healthy, unchecked, unhealthy

AMD64, ARM64, S390X = Platform("linux", "amd64"), Platform("linux", "arm64"), Platform("linux", "s390x")
BOTH = Runnable(native=AMD64, others=frozenset({ARM64}))
EVERYWHERE = {"main": Smoke(timeout=30), "standalone": Smoke(timeout=30)}


@dataclass
class Bench:
    """A release with smoke runs, an engine, and the events as they come."""

    smokes: Mapping[str, Smoke] = field(default_factory=lambda: EVERYWHERE)
    runnable: Runnable = BOTH
    left_out: str = ""
    claiming: ReleaseClaims | None = None
    scene: Scene = field(default_factory=Scene)
    engine: FakeEngine = field(init=False)
    asked: int = 0
    outcomes: list[StepOutcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = self.scene.registry.clock
        assert isinstance(clock, VirtualClock)
        self.engine = FakeEngine(clock)

    def flow(self, plan: Plan | None = None) -> Flow[tuple[LaneResult, ...]]:
        registry = self.scene.client()
        known = plan or a_plan()
        smoker = SmokeRunner(
            engine=self.engine,
            runnable=self._runnable,
            sources={lane.lane.name: ImageSource(lane.repository, USER) for lane in known.lanes},
            smokes=self.smokes,
            skip_reason=self.left_out,
            clock=self.engine.clock,
        )
        publisher = Publisher(
            registry=registry,
            stager=lambda: self.scene.stager,
            workers=1,
            tests=ImageTests(smoke=smoker),
            claiming=self.claiming,
        )
        return (yield from publisher.publish(known)).lanes

    def publish(self, plan: Plan | None = None) -> tuple[LaneResult, ...]:
        return finish(self.flow(plan), self._see)

    def _see(self, event: Event) -> None:
        if isinstance(event, StepOutcome):
            self.outcomes.append(event)

    def said(self) -> list[tuple[str, StepState, str]]:
        """The smoke runs as the output shows them."""
        return [(o.step.subject, o.state, o.reason) for o in self.outcomes if o.step.name == "smoke"]

    def fails(self, kind: type[ShiplaneError]) -> ShiplaneError:
        """A release that ends so, with nothing named and nothing left in the engine."""
        with pytest.raises(kind) as caught:
            self.publish()
        assert self.scene.tags() == {}
        assert (self.engine.here, self.engine.pulled) == ({}, set())
        return caught.value

    def _runnable(self) -> Runnable:
        self.asked += 1
        return self.runnable


def test_each_platform_of_each_lane_is_run_before_any_name_is_written() -> None:
    bench = Bench()
    flow = bench.flow()
    order = [event for event in flow if isinstance(event, Step) and event.name in ("smoke", "tag", "move")]
    assert [f"{step.name} {step.subject}" for step in dict.fromkeys(order)] == [
        "smoke main linux/amd64",
        "smoke main linux/arm64",
        "smoke standalone linux/amd64",
        "smoke standalone linux/arm64",
        "tag v0.2.1",
        "tag standalone-v0.2.1",
        "move latest",
        "move standalone-latest",
    ]
    pulls = [
        f"{what} {platform}{who}"
        for platform in (AMD64, ARM64)
        for what, who in (("pull", " as releaser"), ("start", ""))
    ]
    assert bench.engine.done == ["sweep", *pulls, *pulls]
    assert (bench.engine.here, bench.engine.pulled) == ({}, set())


def test_each_platform_is_run_by_its_own_digest() -> None:
    main, _ = Bench().publish()
    assert {tried.digest for tried in main.smoked.platforms} == {image.digest for image in main.report.images}


def test_the_result_says_what_ran_where_and_for_how_long() -> None:
    bench = Bench()
    main, _ = bench.publish()
    found = main.smoked.to_json()
    assert (found["state"], found["reason"]) == ("done", "ran on linux/amd64, linux/arm64")
    assert [(one["platform"], one["state"], one["emulated"], one["seconds"]) for one in found["platforms"]] == [
        ("linux/amd64", "done", False, 1.0),
        ("linux/arm64", "done", True, 1.0),
    ]
    assert found["platforms"][0]["log"][-1] == "line 30"
    assert bench.said()[1] == ("main linux/arm64", StepState.DONE, "healthy after 1.0 s (by emulation)")


@pytest.mark.parametrize(
    ("life", "words"),
    [
        (unhealthy(2), "unhealthy after 2.0 s (no)"),
        (healthy(31), "not healthy within 30 s"),
        (ends(0.5, 3), "ended with 3 after 0.5 s, before it was healthy"),
        (ends(0.5, 0), "ended with 0 after 0.5 s, before it was healthy"),
        (ends(0.5, 1, health=""), "ended with 1 after 0.5 s"),
    ],
)
def test_an_image_that_does_not_run_gets_no_name_in_any_lane(life: object, words: str) -> None:
    bench = Bench()
    bench.engine.lives = {"linux/amd64": life}  # type: ignore[dict-item] # one of the lives
    error = bench.fails(VerificationError)
    assert error.exit_code == 6
    assert words in error.what
    assert "  | line 30" in error.what
    assert "  | line 10\n" not in error.what
    assert "--skip smoke" in error.remedy


def test_a_platform_that_fails_does_not_hide_another_that_fails_too() -> None:
    bench = Bench()
    bench.engine.lives = {"linux/amd64": ends(1, 1), "linux/arm64": unhealthy(1)}
    error = bench.fails(VerificationError)
    assert "linux/amd64 sha256:" in error.what
    assert "linux/arm64 sha256:" in error.what
    assert [state for _, state, _ in bench.said()] == [StepState.FAILED, StepState.FAILED]


def test_one_lane_that_fails_keeps_both_unnamed() -> None:
    bench = Bench({"standalone": Smoke(timeout=30)})
    bench.engine.lives = {"linux/amd64": unhealthy(1)}
    bench.fails(VerificationError)
    assert bench.said()[0] == ("main", StepState.SKIPPED, "no smoke run is configured")


def test_waiting_ends_at_the_time_limit() -> None:
    bench = Bench({"main": Smoke(timeout=30)})
    bench.engine.lives = {"linux/amd64": healthy(1e6)}
    bench.fails(VerificationError)
    assert bench.engine.clock.now() <= 2 * (30 + 1)
    assert max(bench.engine.clock.sleeps) <= 1


def test_a_command_is_asked_until_it_exits_0() -> None:
    bench = Bench({"main": Smoke(command=("probe",), timeout=30)}, runnable=Runnable(native=AMD64))
    bench.engine.lives = {"linux/amd64": unchecked()}
    bench.engine.probes = [1, 1, 1, 0]
    bench.publish()
    assert bench.said()[0][2].startswith("probe exits 0 after ")


@pytest.mark.parametrize("code", [1, None])
def test_a_command_that_never_exits_0_has_failed_at_the_time_limit(code: int | None) -> None:
    bench = Bench({"main": Smoke(command=("probe",), timeout=30)}, runnable=Runnable(native=AMD64))
    bench.engine.probes = [code]
    assert "probe did not exit 0 within 30 s" in bench.fails(VerificationError).what
    assert bench.engine.clock.now() <= 32


def test_an_image_without_any_check_has_to_stay_up() -> None:
    bench = Bench({"main": Smoke(up=5)})
    bench.engine.lives = {"linux/amd64": unchecked()}
    bench.publish()
    assert bench.said()[0][2] == "up for 5 s; the image has no HEALTHCHECK, and no command is configured"


def test_a_platform_that_the_engine_cannot_run_is_skipped_with_the_reason() -> None:
    bench = Bench({"main": Smoke()}, runnable=Runnable(native=ARM64))
    main, _ = bench.publish()
    assert bench.said()[0] == (
        "main linux/amd64",
        StepState.SKIPPED,
        "the engine is linux/arm64 and cannot emulate it",
    )
    assert main.smoked.reason == "ran on linux/arm64"


@pytest.mark.parametrize(
    ("smoke", "runnable", "missing"),
    [
        (Smoke(), Runnable(native=S390X), "linux/amd64, linux/arm64"),
        (Smoke(platforms=(AMD64, ARM64)), Runnable(native=AMD64), "linux/arm64"),
    ],
)
def test_what_cannot_be_run_as_configured_is_refused_before_a_build(
    smoke: Smoke, runnable: Runnable, missing: str
) -> None:
    bench = Bench({"main": smoke}, runnable=runnable)
    error = bench.fails(PrerequisiteError)
    assert error.what.endswith(f"cannot run {missing}")
    assert "binfmt --install" in error.remedy
    assert bench.scene.stager.built == []


def test_an_image_that_another_run_claimed_in_between_is_run_too() -> None:
    bench = Bench()
    theirs = push_image(bench.scene.registry, PATH, salt="another run's")
    claims = MemoryClaims()
    bench.claiming = ReleaseClaims(claims=claims, by="the test")
    plan = a_plan(lanes=["main"])

    def claim_first(event: Event) -> None:
        if isinstance(event, Step) and event.name == "smoke":
            image = plan.lanes[0].repository
            claims.create([Claim(image=image, tag=Tag("v0.2.1"), digest=theirs.digest, commit=COMMIT, by="another")])

    (main,) = finish(bench.flow(plan), claim_first)
    assert (main.digest, main.smoked.state) == (theirs.digest, StepState.DONE)
    assert {tried.digest for tried in main.smoked.platforms} == {image.digest for image in main.report.images}
    assert sum(done.startswith("start") for done in bench.engine.done) == 4


def test_only_the_platforms_that_are_named_are_run() -> None:
    bench = Bench({"main": Smoke(platforms=(AMD64,))})
    main, _ = bench.publish()
    assert [(str(one.platform), one.state) for one in main.smoked.platforms] == [
        ("linux/amd64", StepState.DONE),
        ("linux/arm64", StepState.SKIPPED),
    ]


def test_left_out_by_name_it_asks_no_engine_and_says_so() -> None:
    bench = Bench(left_out="--skip smoke", runnable=Runnable(native=S390X))
    main, _ = bench.publish()
    assert (main.smoked.state, main.smoked.reason) == (StepState.SKIPPED, "--skip smoke")
    assert (bench.engine.done, bench.asked) == ([], 0)


def test_a_version_that_is_published_already_is_not_tried_again_and_needs_no_engine() -> None:
    bench = Bench()
    bench.publish()
    done, asked = list(bench.engine.done), bench.asked
    main, _ = bench.publish()
    assert main.smoked.state is StepState.UNCHANGED
    assert "published already" in main.smoked.reason
    assert (bench.engine.done, bench.asked) == (done, asked)


def test_an_engine_that_cannot_pull_ends_the_release_with_7() -> None:
    bench = Bench()
    bench.engine.unpullable = True
    assert bench.fails(UnreachableError).exit_code == 7


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_leaves_no_container_and_no_image(interrupt: type[BaseException]) -> None:
    bench = Bench()
    bench.engine.interrupt = interrupt
    with pytest.raises(interrupt):
        bench.publish()
    assert (bench.engine.here, bench.engine.pulled) == ({}, set())
    assert bench.scene.tags() == {}


def test_stopped_after_any_event_nothing_runs_on_and_the_next_run_finishes() -> None:
    steps = sum(1 for _ in Bench().flow())
    for stopped in range(steps):
        bench = Bench()
        flow = bench.flow()
        for _ in range(stopped + 1):
            next(flow)
            assert (bench.engine.here, bench.engine.pulled) == ({}, set())
        flow.close()
        finish(bench.flow())
        assert len(bench.scene.tags()) == 4


def test_a_lane_without_a_smoke_run_says_so_in_its_result() -> None:
    bench = Bench({})
    main, _ = bench.publish()
    expected = {"state": "skipped", "reason": "no smoke run is configured", "platforms": []}
    assert dict(main.smoked.to_json()) == expected

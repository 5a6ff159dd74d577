"""The doctor's rows about a release's ledgers and smoke runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from shiplane.config.checks.staged_check import StagedCheck
from shiplane.config.lane import BUILT_IN, MAIN, Lane
from shiplane.config.smoke import Runnable, Smoke
from shiplane.core.errors import AccessError
from shiplane.core.finding import Finding, done, failed
from shiplane.core.progress import StepState
from shiplane.doctor.floating_tags import FloatingTagChecks
from shiplane.doctor.release import LedgerChecks, SmokeChecks
from shiplane.doctor.staged_checks import check_programs
from shiplane.registry.oci.names import Platform, Repository
from shiplane.release.smoke_run import SmokeRunner
from shiplane.verify.surveyor import Surveyor
from tests.faults.adopt.test_adopt import adopt, old_scene
from tests.faults.harness.access import Access, Account
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import AIONIS, PATH, USER, Scene, a_plan
from tests.faults.harness.several_tags import NO_FLOATING, PLACES, SEVERAL, point, released
from tests.faults.harness.smoking import FakeEngine

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
ELSEWHERE = Repository("ghcr.io", "cognary/ledgers")
IN = [done("access: upload", "we may push")]
OUT = [failed("access: upload", AccessError("denied"))]


def told(findings: Iterable[Finding]) -> dict[str, str]:
    """Each row's state and reason, by its name."""
    return {one.name: f"{one.state.value}: {one.reason}" for one in findings}


def records(scene: Scene, access: Sequence[Finding] = IN) -> dict[str, str]:
    """The rows of access and ledgers."""
    ledgers = scene.ledgers(scene.client()) if scene.keeps_ledger else None
    looked = LedgerChecks(lanes=BUILT_IN, ledgers=lambda: ledgers, elsewhere=scene.records != AIONIS)
    return told(looked.after(access))


def test_each_lanes_ledger_is_whole_or_not_there_yet() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"]))
    assert records(scene) == {
        "access: upload": "done: we may push",
        "ledger: main": "done: ledger-main is complete, with 2 entries",
        "ledger: standalone": f"skipped: no ledger-standalone in {AIONIS} yet: the first release creates it",
    }


def test_a_ledger_that_is_broken_or_cannot_be_read_fails_its_own_row() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"]))
    push_image(scene.registry, PATH, tag="ledger-main")
    found = records(scene)
    assert found["ledger: main"].startswith("failed: ledger-main")
    assert found["ledger: standalone"].startswith("skipped: ")
    scene.transport = Faulty(scene.registry, [Fault(F.SERVER_ERROR, "GET", "ledger-standalone", times=FOR_EVER)])
    assert "500" in records(scene)["ledger: standalone"]


def test_who_cannot_get_in_is_not_told_so_again_for_each_ledger() -> None:
    assert records(Scene(), OUT)["ledger"] == "skipped: fix the error above first"


def test_without_a_ledger_it_is_said_what_cannot_be_done() -> None:
    (row,) = [row for name, row in records(Scene(keeps_ledger=False)).items() if name == "ledger"]
    assert row.startswith("skipped: ")
    assert row.endswith("no version can be marked as bad")


@pytest.mark.parametrize(("actions", "row"), [("pull,push", "done: "), ("pull", "failed: ")])
def test_a_repository_of_their_own_is_asked_for_by_itself(actions: str, row: str) -> None:
    registry = MemoryRegistry(access=Access(accounts={USER.username: Account(USER.password, actions)}))
    found = records(Scene(registry, records=ELSEWHERE), OUT)
    assert found["ledger: upload"].startswith(row)
    assert found["ledger: main"].startswith(f"skipped: no ledger-main in {ELSEWHERE} yet")


def pointers(scene: Scene, before: Sequence[Finding] = IN, *, moves: bool = True, lane: Lane = MAIN) -> dict[str, str]:
    """The rows of access and of a lane's floating tags."""
    who = scene.releaser()
    surveyor = Surveyor(registry=who.registry, ledgers=who.ledgers, workers=1)
    looked = list(FloatingTagChecks(lanes=[(lane, moves)], surveyor=lambda: surveyor).after(before))
    return {**told(looked), **{f"{one.name}?": one.remedy for one in looked if one.remedy}}


def test_a_floating_tag_is_at_a_version_or_not_there_yet() -> None:
    scene = Scene()
    assert pointers(scene)["tags: main"] == "skipped: latest does not exist yet"
    scene.publish(a_plan(lanes=["main"]))
    assert pointers(scene)["tags: main"] == "done: latest is at v0.2.1"


@pytest.mark.parametrize(("moves", "state"), [(True, "failed"), (False, "done")])
def test_a_floating_tag_that_nobody_can_place_is_not_called_good(state: str, *, moves: bool) -> None:
    scene = Scene()
    theirs = push_image(scene.registry, PATH, version="old-script", tag="latest")
    found = pointers(scene, moves=moves)
    assert found["tags: main"] == f"{state}: latest is at {theirs.digest}, which is not a version of lane main"
    assert "publish with --latest=no" in found["tags: main?"]


def test_a_floating_tag_at_an_adopted_version_is_placed_and_how_to_adopt_is_said_before() -> None:
    scene = old_scene()
    assert "⟦adopt --lane main⟧" in pointers(scene)["tags: main?"]
    adopt(scene)
    assert pointers(scene)["tags: main"] == "done: latest is at 0.2.17"
    scene.keeps_ledger = False
    assert pointers(scene)["tags: main"].startswith("failed: latest is at")


def test_what_cannot_be_read_is_not_judged_and_not_told_twice() -> None:
    hidden = Scene(MemoryRegistry(hides_missing=True, access=Access(accounts={USER.username: Account(USER.password)})))
    assert pointers(hidden)["tags: main"].startswith("skipped: nothing can be read yet: ghcr.io refused")
    assert pointers(Scene(), OUT)["tags"] == "skipped: fix the error above first"
    away = Scene()
    away.transport = Faulty(away.registry, [Fault(F.SERVER_ERROR, "GET", "latest", times=FOR_EVER)])
    assert pointers(away)["tags: main"].startswith("failed: ")


def test_each_of_several_floating_tags_has_a_row_the_widest_first() -> None:
    scene = released()
    rows = {name: row for name, row in pointers(scene, lane=SEVERAL).items() if name.startswith("tags")}
    assert rows == {f"tags: main {tag}": f"done: {tag} is at v{PLACES[tag]}" for tag in reversed(PLACES)}
    assert next(iter(rows)) == "tags: main latest"
    assert pointers(Scene(), lane=SEVERAL)["tags: main"] == (
        "skipped: latest, v{major}, v{major}.{minor} do not exist yet"
    )
    assert pointers(scene, lane=NO_FLOATING)["tags: main"] == "skipped: no floating tags"


@pytest.mark.parametrize(("moves", "state"), [(True, "failed"), (False, "done")])
def test_a_floating_tag_out_of_its_range_is_not_called_good(state: str, *, moves: bool) -> None:
    scene = released()
    point(scene, "v1", "2.0.0")
    rows = pointers(scene, lane=SEVERAL, moves=moves)
    assert rows["tags: main v1"] == f"{state}: v1 is at v2.0.0, which is none of the releases of 1"
    assert "Publish with --latest=no, then set it" in rows["tags: main v1?"]
    assert rows["tags: main v1.2"] == "done: v1.2 is at v1.2.1"


def test_versions_that_cannot_be_read_fail_the_row_of_the_lane() -> None:
    scene = released()
    scene.transport = Faulty(scene.registry, [Fault(F.SERVER_ERROR, "GET", "v1.3.0", times=FOR_EVER)])
    assert pointers(scene, lane=SEVERAL)["tags: main"].startswith("failed: ")


def trials(platforms: Sequence[Platform] | None, smoke: Smoke, *others: Platform) -> str:
    """The row about one lane's smoke run on an engine for amd64 and some others."""
    runnable = Runnable(native=AMD, others=frozenset(others))
    smoker = SmokeRunner(
        engine=FakeEngine(VirtualClock()),
        runnable=lambda: runnable,
        sources={},
        smokes={"main": smoke},
    )
    (row,) = told(
        SmokeChecks(smoker=smoker, platforms=None if platforms is None else {"main": platforms}).look()
    ).values()
    return row


@pytest.mark.parametrize(
    ("platforms", "smoke", "others", "row"),
    [
        (None, Smoke(), (), "skipped: platforms unknown: see config"),
        ((AMD, ARM), Smoke(), (ARM,), "can run linux/amd64, linux/arm64"),
        ((AMD, ARM), Smoke(), (), "can run linux/amd64"),
        ((AMD, ARM), Smoke(platforms=(ARM,)), (ARM,), "can run linux/arm64"),
        ((AMD, ARM), Smoke(platforms=(ARM,)), (), "the engine cannot run linux/arm64"),
        ((ARM,), Smoke(), (), "the engine cannot run linux/arm64"),
        ((), Smoke(), (), "can run none of it"),
    ],
)
def test_a_smoke_run_is_possible_or_it_is_said_on_which_platform_it_is_not(
    platforms: Sequence[Platform] | None, smoke: Smoke, others: tuple[Platform, ...], row: str
) -> None:
    found = trials(platforms, smoke, *others)
    assert found.endswith(row)
    assert found.startswith("failed: ") == ("cannot" in row)
    assert found.startswith("skipped: ") == ("cannot" not in row), "nothing is run here, so nothing is done"
    assert (str(smoke) in found) == ("can run" in row)


def test_the_program_of_each_check_is_looked_for() -> None:
    checks = {
        "main": (StagedCheck(name="scan", command="scan {layout}"), StagedCheck(name="own", command="bin/own")),
        "standalone": (StagedCheck(name="scan", command="scan {layout}"), StagedCheck(name="lost", command="lost x")),
    }
    found = {row.name: row for row in check_programs(checks, lambda program: program == "scan")}
    assert [(name, row.state, row.exit_code) for name, row in found.items()] == [
        ("config: check scan", StepState.DONE, 0),
        ("config: check own", StepState.DONE, 0),
        ("config: check lost", StepState.FAILED, 3),
    ]
    assert "for main, standalone" in found["config: check scan"].reason
    assert "a release checks again after the build" in found["config: check own"].remedy
    assert found["config: check lost"].reason == "lost is not installed"

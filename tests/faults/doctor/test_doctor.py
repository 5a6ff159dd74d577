"""The doctor against tools, files and registries made of answers: every row that it can give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shiplane.cli.clients.public_tags import plan_tags_now, tags_now
from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.project_file import ProjectFile
from shiplane.config.settings import Checkout, Lacking, Resolver
from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError, PrerequisiteError, ShiplaneError, UnreachableError, UsageError
from shiplane.core.finding import Finding, done, skipped
from shiplane.core.progress import Flow, Step, StepState
from shiplane.deployments.files import Collected
from shiplane.docker.builders import Builder, Node
from shiplane.docker.buildx import Buildx
from shiplane.docker.engine import Engine, EngineInfo
from shiplane.doctor import tools as doctor_tools
from shiplane.doctor.access import AccessChecks
from shiplane.doctor.config import ConfigChecks
from shiplane.doctor.doctor import attempt, rows, run_checks
from shiplane.doctor.tools import ToolChecks
from shiplane.git.repository import Git
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Platform, Repository, Tag
from tests.faults.harness.access import Access, Account
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import AIONIS, PATH, USER, Scene, a_plan, a_registry, events, finish

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


def told(findings: Iterable[Finding]) -> dict[str, str]:
    """Each row's state and reason, by its name."""
    return {one.name: f"{one.state.value}: {one.reason}" for one in findings}


# The frame.


def test_every_look_gives_its_rows_in_order_and_the_summary_counts_them() -> None:
    def good() -> list[Finding]:
        return [done("a", "fine"), skipped("b", "not needed")]

    def bad() -> list[Finding]:
        return [attempt("c", lambda: _raised(PrerequisiteError("away")))]

    found = finish(run_checks({"one": good, "two": bad}, workers=1))
    assert [row.name for row in found] == ["a", "b", "c"]
    assert all(row.seconds >= 0 for row in found)
    story = [getattr(event, "reason", "") for event in events(run_checks({"one": good, "two": bad}))]
    assert story == ["", "1 done, 1 skipped, 1 failed"]
    assert getattr(events(run_checks({"one": good}))[-1], "state", None) is StepState.DONE


def _raised(error: ShiplaneError) -> Finding:
    raise error


def test_a_flows_outcomes_are_rows_and_an_error_is_said_once() -> None:
    def flow(*, said: bool) -> Flow[None]:
        yield Step("one", "a").done("fine")
        step = Step("two", "b")
        yield step
        if said:
            yield step.failed("red")
        raise UnreachableError("away")

    for said, last in ((True, "failed: red"), (False, "failed: away")):
        found = list(rows(flow(said=said), lambda step: step.name))
        assert told(found) == {"one": "done: fine", "two": last}

    def quiet() -> Flow[None]:
        yield Step("one", "a").done("fine")
        raise UnreachableError("away")

    def whole() -> Flow[None]:
        yield Step("one", "a").done("fine")

    assert told(rows(quiet(), lambda step: step.name)) == {"one": "done: fine", "check": "failed: away"}
    assert told(rows(whole(), lambda step: step.name)) == {"one": "done: fine"}


# Access.


def entrance(scene: Scene, credential: Callable[[], Credential | None] = lambda: USER) -> AccessChecks:
    return AccessChecks(
        repository=AIONIS,
        credential=credential,
        connect=lambda _credential: scene.client(),
        records=scene.keeps_ledger,
    )


def test_who_may_push_is_told_row_by_row() -> None:
    scene = Scene()
    first = told(entrance(scene).check())
    assert first["access: credential"] == "done: releaser for ghcr.io, from the test"
    assert first["access: token"].startswith("done: ghcr.io issued one")
    assert first["access: upload"] == f"done: push permission for {AIONIS} confirmed (test upload accepted)"
    assert "does not exist yet: this is the first publish" in first["access: package"]
    assert first["access: registry"].startswith("done: GitHub Container Registry; no referrers API: signatures are ")
    scene.publish()
    assert told(entrance(scene).check())["access: package"] == f"done: {AIONIS} exists"
    hidden = told(entrance(Scene(a_registry(hides_missing=True))).check())
    assert "cannot be read, as GHCR answers" in hidden["access: package"]


def test_after_the_first_failure_the_others_are_skipped() -> None:
    def none() -> Credential | None:
        raise AccessError("the helper failed")

    assert told(entrance(Scene(), none).check()) == {
        "access: credential": "failed: the helper failed",
        "access: upload": "skipped: no usable credential",
    }
    reader = Scene(MemoryRegistry(access=Access(accounts={USER.username: Account(USER.password, "pull")})))
    found = told(entrance(reader).check())
    assert found["access: upload"].startswith("failed: ")
    assert "access: package" not in found
    wrong = Scene(MemoryRegistry(access=Access(accounts={USER.username: Account("another")})))
    found = told(entrance(wrong).check())
    assert found["access: token"].startswith("failed: ")
    assert found["access: upload"] == "skipped: no token"


def test_a_stranger_and_a_registry_that_asks_nobody_are_told() -> None:
    scene = Scene(MemoryRegistry(host="registry.example", access=Access(scheme="none")))
    there = Repository("registry.example", PATH)
    registry = RegistryClient(Session(scene.registry, None, scene.client().retry_budget), there)
    found = told(AccessChecks(repository=there, credential=lambda: None, connect=lambda _credential: registry).check())
    assert found["access: credential"] == "skipped: none found for registry.example: anonymous"
    assert found["access: token"] == "skipped: registry.example asks for none"


@pytest.mark.parametrize(
    ("records", "start"), [(False, "skipped: push permission could not"), (True, "failed: ghcr.io/cognary/aionis")]
)
def test_an_upload_of_which_nobody_knows_is_skipped_unless_the_ledger_needs_it(start: str, *, records: bool) -> None:
    scene = Scene(keeps_ledger=records)
    scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "POST", "blobs/uploads/", times=FOR_EVER)])
    found = told(entrance(scene).check())
    assert found["access: upload"].startswith(start)


def test_a_stale_login_of_docker_has_its_own_way_out() -> None:
    wrong = Scene(MemoryRegistry(access=Access(accounts={USER.username: Account("another")})))
    stored = replace(USER, source="docker login in /root/.docker/config.json")
    row = next(row for row in entrance(wrong, lambda: stored).check() if row.name == "access: token")
    assert row.remedy.endswith("⟦auth.logout⟧, then docker login anew.")


# Configuration.

HEAD = Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z", remote="https://github.com/cognary/aionis.git")
FILES = frozenset(lane.dockerfile for lane in BUILT_IN)


def configured(
    checkout: Checkout | None = HEAD,
    project: ProjectFile | ShiplaneError | None = None,
    files: frozenset[str] = FILES,
    **env: str,
) -> dict[str, str]:
    """The rows about a project as it is given."""

    def read() -> ProjectFile:
        if isinstance(project, ShiplaneError):
            raise project
        return project or ProjectFile()

    def resolver() -> Resolver:
        return Resolver(env={"IMAGE_REPO": str(AIONIS), **env}, project=read(), checkout=checkout, dockerfiles=files)

    looked = ConfigChecks(
        project=read,
        checkout=lambda: checkout,
        resolver=resolver,
        check_build=lambda _lane: None,
        collect=lambda: Collected(files=(), unmatched=(), skipped=()),
    )
    return told(looked.check())


def test_a_project_that_has_all_it_needs() -> None:
    found = configured(replace(HEAD, tags=("docker-v0.2.1",)), ProjectFile(name="shiplane.toml"))
    assert found["config: project file"] == "done: shiplane.toml is well-formed"
    assert found["config: git"] == "done: commit aaaaaaaaaaaa, clean"
    assert found["config: remote"] == "done: origin is https://github.com/cognary/aionis.git"
    assert found["config: lanes"] == "done: main, standalone: lanes cannot overwrite each other's tags"
    assert found["config: image"].startswith(f"done: {AIONIS} (")
    assert found["config: platforms"].startswith("done: linux/amd64, linux/arm64 (")
    assert found["config: main"].startswith("done: Dockerfile; latest ")
    assert found["config: main version"].startswith("done: 0.2.1 (")


@pytest.mark.parametrize(("changes", "words"), [(("a",), "1 path differs"), (("a", "b"), "2 paths differ")])
def test_a_tree_that_differs_is_a_warning(changes: tuple[str, ...], words: str) -> None:
    assert words in configured(replace(HEAD, changes=changes))["config: git"]


def test_a_checkout_that_is_not_whole_is_a_warning_with_the_command() -> None:
    lacking = Lacking("Git LFS pointers stand where the content should be", ("a.bin",), "git lfs pull")
    row = configured(replace(HEAD, lacking=(lacking,)))["config: git"]
    assert row == f"done: commit aaaaaaaaaaaa, but its checkout is incomplete: {lacking.what}"


def test_what_is_missing_is_skipped_or_failed_with_its_reason() -> None:
    found = configured(replace(HEAD, remote=""), files=frozenset())
    assert found["config: project file"].startswith("skipped: none; the built-in lanes apply")
    assert found["config: remote"].startswith("skipped: no remote 'origin'")
    assert found["config: lanes"].startswith("failed: no lane has a Dockerfile here")
    assert found["config: main"] == "skipped: no Dockerfile here: the lane is left out"
    assert "a publish needs --tag" in configured()["config: main version"]
    own = replace(
        BUILT_IN[0],
        name="worker",
        dockerfile="worker/Dockerfile",
        version_template=TagTemplate("worker-v"),
        floating_templates=(FloatingTemplate(text="worker-latest"),),
        git_tag="worker-v{version}",
    )
    project = ProjectFile(name="shiplane.toml", lanes=(*BUILT_IN, own), named=frozenset({"worker"}))
    with_own = configured(project=project)
    assert with_own["config: worker"] == "failed: worker/Dockerfile is not there"


def test_without_a_repository_settings_are_told_as_far_as_they_can_be() -> None:
    found = configured(None)
    assert found["config: git"].startswith("failed: this folder is not a git repository")
    assert "config: remote" not in found
    assert found["config: main version"] == "skipped: no git repository"
    assert configured(None, TAG="v0.2.1")["config: main version"].startswith("done: 0.2.1 (TAG")


def test_a_broken_project_file_is_said_once_and_settings_are_not_guessed() -> None:
    found = configured(project=UsageError("shiplane.toml is not TOML"))
    assert found["config: project file"] == "failed: shiplane.toml is not TOML"
    assert found["config: settings"] == "skipped: fix the error above first"


# Tools.


@dataclass(frozen=True, kw_only=True)
class FakeEngine(Engine):
    away: bool = False

    def facts(self) -> EngineInfo:
        if self.away:
            raise UnreachableError("no engine answers")
        return EngineInfo(version="29.1", platform=AMD)


@dataclass(frozen=True, kw_only=True)
class FakeBuildx(Buildx):
    chosen: Builder | ShiplaneError | None = None
    old: bool = False

    def version(self):  # type: ignore[no-untyped-def] # noqa: ANN201 -- whatever can be printed
        if self.old:
            raise PrerequisiteError("buildx 0.9 is too old")
        return "0.29.0"

    def candidate(self, wanted: str | None) -> Builder | None:  # noqa: ARG002 -- the one there is
        if isinstance(self.chosen, ShiplaneError):
            raise self.chosen
        return self.chosen


@dataclass(frozen=True, kw_only=True)
class FakeGit(Git):
    def version(self) -> str:
        return "git 2.39"


def tools(
    monkeypatch: pytest.MonkeyPatch,
    buildx: FakeBuildx,
    *,
    away: bool = False,
    docker: bool = True,
    platforms: tuple[Platform, ...] | None = (AMD, ARM),
    free: int = 9 * 1024**3,
) -> list[Finding]:
    def version(_env: object) -> str:
        if not docker:
            raise PrerequisiteError("docker is not installed")
        return "Docker 29.1"

    monkeypatch.setattr(doctor_tools, "client_version", version)
    monkeypatch.setattr(doctor_tools, "free_bytes", lambda _folder: free)
    made = ToolChecks(
        engine=FakeEngine(env={}, away=away),
        buildx=buildx,
        git=FakeGit(folder=Path(), env={}),
        builder=None,
        platforms=platforms,
        root=Path(),
    )
    return list(finish(run_checks(made.looks(), workers=1)))


def a_buildx(chosen: Builder | ShiplaneError | None = None, *, old: bool = False) -> FakeBuildx:
    return FakeBuildx(env={}, root=Path(), listen=lambda _line: None, chosen=chosen, old=old)


def a_builder(*nodes: Node) -> Builder:
    return Builder(name="fleet", driver="remote", current=True, nodes=nodes)


def test_tools_that_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    one = a_builder(Node(name="one", endpoint="", platforms=frozenset({AMD, ARM}), native=AMD))
    found = tools(monkeypatch, a_buildx(one))
    assert told(found) == {
        "tools: engine": "done: Docker engine 29.1, linux/amd64",
        "tools: docker": "done: Docker 29.1",
        "tools: buildx": "done: buildx 0.29.0, at least " + told(found)["tools: buildx"].split("at least ")[1],
        "tools: builder": "done: fleet (remote) can push by digest",
        "tools: linux/amd64": "done: built by fleet natively",
        "tools: linux/arm64": told(found)["tools: linux/arm64"],
        "tools: git": "done: git 2.39",
        "tools: disk": "done: 9.0 GiB free in .",
        "tools: temporary": told(found)["tools: temporary"],
    }
    assert "emulat" in told(found)["tools: linux/arm64"]
    assert not [row for row in found if row.is_warning]


def test_each_tool_that_is_missing_is_told_and_what_hangs_on_it_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = told(tools(monkeypatch, a_buildx(), docker=False, away=True))
    assert nothing["tools: engine"] == "failed: no engine answers"
    assert nothing["tools: docker"] == "failed: docker is not installed"
    assert nothing["tools: buildx"] == "skipped: no docker command"
    assert "tools: builder" not in nothing
    assert "tools: builder" not in told(tools(monkeypatch, a_buildx(old=True)))
    broken = told(tools(monkeypatch, a_buildx(UsageError("there is no builder x"))))
    assert broken["tools: builder"] == "failed: there is no builder x"
    unknown = told(tools(monkeypatch, a_buildx(), platforms=None))
    assert unknown["tools: builder"].startswith("skipped: none can push by digest: a release makes its own")
    assert unknown["tools: platforms"].startswith("skipped: platforms unknown")
    assert told(tools(monkeypatch, a_buildx()))["tools: linux/amd64"].startswith(
        "skipped: unknown until the builder is"
    )
    lacking = a_builder(Node(name="one", endpoint="", platforms=frozenset({AMD}), native=AMD))
    (row,) = [row for row in tools(monkeypatch, a_buildx(lacking)) if row.name == "tools: linux/arm64"]
    assert row.reason.startswith("built by fleet without emulation: ")
    assert row.remedy.endswith("tonistiigi/binfmt --install arm64")


def test_nodes_are_told_with_what_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = a_builder(
        Node(name="one", endpoint="ssh://one", platforms=frozenset({AMD, ARM}), native=AMD),
        Node(name="two", endpoint="ssh://two", platforms=frozenset({ARM}), native=ARM),
        Node(name="three", endpoint="ssh://three", platforms=frozenset()),
    )
    found = tools(monkeypatch, a_buildx(fleet))
    said = told(found)
    assert said["tools: builder"] == "done: fleet (remote, 3 nodes) can push by digest"
    assert said["tools: node one"] == "done: natively: linux/amd64; able to: linux/arm64"
    assert said["tools: node three"] == "skipped: ssh://three is not running; a release starts it"
    arm = next(row for row in found if row.name == "tools: linux/arm64")
    assert arm.is_warning
    assert "--append --name fleet --node two --platform linux/arm64 ssh://two" in arm.remedy


def test_little_room_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tools(monkeypatch, a_buildx(), free=1024**3)
    disk = next(row for row in found if row.name == "tools: disk")
    assert (disk.is_warning, disk.reason) == (True, "only 1.0 GiB free in ., a release may need 2 GiB")


# The last words of a run.


def test_names_are_told_as_they_are_whatever_they_are() -> None:
    scene = Scene()
    scene.publish(a_plan(lanes=["main"]))
    registry = scene.client()
    assert plan_tags_now(registry.at, a_plan(), lambda lane: lane.image_tags) == [
        f"{AIONIS}:v0.2.1 is {scene.tags()['v0.2.1']}",
        f"{AIONIS}:latest is {scene.tags()['latest']}",
        f"{AIONIS}:standalone-v0.2.1 does not exist",
        f"{AIONIS}:standalone-latest does not exist",
    ]
    for fault, words in ((F.FORBIDDEN, "cannot be read with this credential"), (F.RESET, "could not be read (")):
        scene.transport = Faulty(scene.registry, [Fault(fault, "GET", "manifests/", times=FOR_EVER)])
        (line,) = tags_now(scene.client(), [Tag("latest")])
        assert words in line, PATH

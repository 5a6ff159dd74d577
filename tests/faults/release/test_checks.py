"""Checks of staged images within a release: before any name, on the digest; a bad one ends it, and leaves nothing."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from shiplane.cli.views.lane_status import history_text
from shiplane.cli.views.verification import verified_text
from shiplane.config.gate import Evidence
from shiplane.config.plan import Plan
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.version import Version
from shiplane.core.errors import PrerequisiteError, ShiplaneError, VerificationError
from shiplane.core.progress import Event, Flow, Step, StepOutcome, StepState
from shiplane.core.redact import Redactor
from shiplane.core.system.temp_folder import temp_folder
from shiplane.git.claim_record import Claim
from shiplane.ledger.ledger import Action
from shiplane.registry import image_layout
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.checks.check_run import CheckRunner
from shiplane.release.checks.image_tests import ImageTests
from shiplane.release.checks.project_command import CommandRunner
from shiplane.release.checks.report_file import digest_of_report
from shiplane.release.checks.staged_image import StagedImage
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.planning.decision import Pending
from shiplane.release.prerequisites import Conditions, NoConditions, PrerequisiteEvidence
from shiplane.release.publish import Publisher
from shiplane.release.result import LaneResult
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.processes import has_ended
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_plan, events, finish
from tests.faults.release.test_channel import FIRST, ChannelScene, channel_plan

TOKEN = "ghp_canary0123456789canary0123456789"
ENV = {"PATH": os.environ["PATH"]}


def sh(script: str, **keys: Any) -> dict[str, Any]:  # noqa: ANN401 -- a check's keys
    """A check that runs a script, whose positional parameters are the image, its digest and the layout."""
    return {"name": "it", "command": f"sh -c '{script}'", **keys}


@dataclass(frozen=True)
class Green(NoConditions):
    """Conditions with a gate that answered."""

    def require(self, pending: Pending = Pending.VERSION) -> Flow[PrerequisiteEvidence]:
        evidence = yield from super().require(pending)
        answer = Evidence(
            gate="core", kind="http", what="https://x/?t=1", good=True, detail="HTTP 200", commit=COMMIT, when="now"
        )
        return replace(evidence, gates=(answer,))


@dataclass
class Bench:
    """A release with checks, and what came of it."""

    root: Path
    checks: list[dict[str, Any]]
    lanes: Mapping[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=NoConditions)
    scene: Scene = field(default_factory=Scene)
    claims: MemoryClaims | None = None
    outcomes: list[StepOutcome] = field(default_factory=list)
    logged_out: int = 0

    def __post_init__(self) -> None:
        (self.root / "project").mkdir()
        (self.root / "temporary").mkdir()

    @property
    def project(self) -> ProjectFile:
        return parse_project_file({"checks": self.checks, "lanes": self.lanes}, "shiplane.toml")

    @property
    def folder(self) -> Path:
        """The project's root."""
        return self.root / "project"

    @property
    def runner(self) -> CheckRunner:
        env = {**ENV, "TMPDIR": str(self.root / "temporary"), **self.env}
        return CheckRunner(
            commands=CommandRunner(root=self.folder, env=env, redact=Redactor([TOKEN]), kept=20, alone=True),
            checks=self.project.checks,
            layout_folder=lambda: temp_folder("layout", env, project=self.folder),
            skip=frozenset(self.skip),
            before=self._log_out,
        )

    def _log_out(self) -> None:
        self.logged_out += 1

    def flow(self, plan: Plan | None = None) -> Flow[tuple[LaneResult, ...]]:
        who = self.scene.releaser()
        publisher = Publisher(
            registry=who.registry,
            stager=lambda: self.scene.stager,
            workers=1,
            ledgers=lambda _primary: who.ledgers,
            tests=ImageTests(checks=self.runner),
            conditions=self.conditions,
            claiming=ReleaseClaims(claims=self.claims, by="the test") if self.claims else None,
        )
        return (yield from publisher.publish(plan or a_plan())).lanes

    def publish(self, plan: Plan | None = None) -> tuple[LaneResult, ...]:
        return finish(self.flow(plan), self._see)

    def _see(self, event: Event) -> None:
        if isinstance(event, StepOutcome):
            self.outcomes.append(event)

    def said(self) -> list[tuple[str, StepState, str]]:
        return [(o.step.subject, o.state, o.reason) for o in self.outcomes if o.step.name == "check"]

    def fails(self, kind: type[ShiplaneError], plan: Plan | None = None) -> ShiplaneError:
        """A release that ends so, with nothing named and nothing left on the disk."""
        with pytest.raises(ShiplaneError) as caught:
            self.publish(plan)
        assert type(caught.value) is kind, caught.value.what
        assert self.scene.tags() == {}
        self.is_clean()
        return caught.value

    def is_clean(self) -> None:
        assert list((self.root / "temporary").iterdir()) == []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, [])


MAIN = a_plan(lanes=["main"])


def test_each_lanes_checks_run_before_any_name_is_written(bench: Bench) -> None:
    bench.checks = [sh("true", name="a"), sh("true", name="b")]
    bench.lanes = {"standalone": {"checks": [sh("true", name="b"), sh("true", name="c")]}}
    steps = [event for event in events(bench.flow()) if isinstance(event, Step) and event.name in ("check", "tag")]
    assert [f"{step.name} {step.subject}" for step in dict.fromkeys(steps)] == [
        *("check main a", "check main b"),
        *("check standalone a", "check standalone b", "check standalone c"),
        *("tag v0.2.1", "tag standalone-v0.2.1"),
    ]


def test_a_check_is_told_what_it_checks_by_placeholders_and_by_variables(bench: Bench) -> None:
    words = "{image} {digest} {platforms} {lane} {version} {commit} {git-tag} x{report}x {{literal}}"
    variables = "$SHIPLANE_IMAGE $SHIPLANE_DIGEST $SHIPLANE_PLATFORMS $SHIPLANE_LANE $SHIPLANE_GIT_TAG"
    bench.checks = [{"command": f"""sh -c 'echo "$@" >> words; echo "{variables}" "[$SHIPLANE_LAYOUT]"' - {words}"""}]
    main, standalone = bench.publish()
    lines = (bench.folder / "words").read_text().splitlines()
    assert lines[0] == (
        f"{main.plan.repository}@{main.digest} {main.digest} linux/amd64,linux/arm64 main 0.2.1 {COMMIT} "
        "docker-v0.2.1 xx {literal}"
    )
    (answer,) = standalone.checked.evidence
    told = f"{standalone.plan.repository}@{standalone.digest} {standalone.digest} linux/amd64,linux/arm64 standalone"
    assert answer.output == [f"{told} standalone-v0.2.1 []"]
    assert answer.command.endswith("x{report}x {literal}".replace("{report}", ""))


def test_a_check_that_fails_leaves_no_name_and_shows_its_output_without_secrets(bench: Bench) -> None:
    script = "for n in `seq 30`; do echo line $n; done; echo CVE-1 " + TOKEN + " gh\x1b[0mp_canary; exit 3"
    bench.checks = [sh("true", name="good"), {"name": "bad", "command": "sh bad.sh"}]
    (bench.folder / "bad.sh").write_text(script.replace("gh\x1b[0mp_canary", TOKEN[:9] + "\x1b[0m" + TOKEN[9:]))
    error = bench.fails(VerificationError)
    assert error.exit_code == 6
    assert "main bad: sh bad.sh ended with 3\n    | line 12\n" in error.what
    assert "standalone bad: sh bad.sh ended with 3" in error.what
    assert "CVE-1" in error.what
    assert TOKEN not in error.what
    assert "canary" not in error.what
    assert "--skip NAME" in error.remedy
    assert [state for _, state, _ in bench.said()] == [StepState.DONE, StepState.FAILED] * 2


def test_one_lane_that_fails_keeps_every_lane_unnamed(bench: Bench) -> None:
    bench.lanes = {"standalone": {"checks": [sh("exit 1")]}}
    assert "standalone it: " in bench.fails(VerificationError).what


def test_a_check_that_hangs_ends_by_its_limit_with_all_that_it_started(bench: Bench) -> None:
    bench.checks = [sh("sleep 600 & echo $! > child; sleep 600", **{"timeout-seconds": 0.5})]
    error = bench.fails(VerificationError, MAIN)
    assert "did not end within 0.5 s" in error.what
    assert "(no output)" in error.what
    assert has_ended(int((bench.folder / "child").read_text()))


def test_what_a_check_leaves_running_ends_with_it(bench: Bench) -> None:
    bench.checks = [sh("sleep 600 & echo $! > child")]
    bench.publish(MAIN)
    assert has_ended(int((bench.folder / "child").read_text()))


def test_checks_of_an_image_run_side_by_side(bench: Bench) -> None:
    wait = "touch {0}; for n in `seq 100`; do test -e {1} && exit; sleep 0.1; done; exit 1"
    bench.checks = [sh(wait.format("a", "b"), name="a"), sh(wait.format("b", "a"), name="b")]
    bench.publish(MAIN)
    assert [state for _, state, _ in bench.said()] == [StepState.DONE, StepState.DONE]


KEEP = "cp -r {layout} kept; test -d $SHIPLANE_LAYOUT"


def test_the_layout_has_every_byte_by_its_digest_and_is_removed(bench: Bench) -> None:
    bench.checks = [sh(KEEP), sh("test -z $SHIPLANE_LAYOUT", name="without")]
    (main,) = bench.publish(MAIN)
    kept = bench.folder / "kept"
    assert json.loads((kept / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (image,) = json.loads((kept / "index.json").read_text())["manifests"]
    assert image["digest"] == str(main.digest)
    blobs = {blob.name: blob.read_bytes() for blob in (kept / "blobs/sha256").iterdir()}
    assert all(sha256(content).hexdigest() == name for name, content in blobs.items())
    reached, left = set(), [image]
    while left:
        descriptor = left.pop()
        name = descriptor["digest"].removeprefix("sha256:")
        reached.add(name)
        assert len(blobs[name]) == descriptor["size"]
        if "manifest" in descriptor["mediaType"] or "index" in descriptor["mediaType"]:
            document = json.loads(blobs[name])
            left += document.get("manifests") or [document["config"], *document["layers"]]
    assert reached == set(blobs)
    assert len(image_platforms(blobs, image)) == 2
    assert main.checked.evidence[0].command == f"sh -c '{KEEP}'"
    bench.is_clean()


def image_platforms(blobs: Mapping[str, bytes], image: Mapping[str, str]) -> set[str]:
    index = json.loads(blobs[image["digest"].removeprefix("sha256:")])
    return {entry["platform"]["architecture"] for entry in index["manifests"]} - {"unknown"}


def test_no_layout_is_made_where_no_check_asks_for_it(bench: Bench) -> None:
    bench.checks = [sh("true")]
    bench.publish(MAIN)
    assert not [o for o in bench.outcomes if o.step.name == "layout"]


def test_a_layout_for_which_there_is_no_room_ends_the_release(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_layout, "free_bytes", lambda _folder: 64 * 1024 * 1024)
    bench.checks = [sh("touch ran", layout=True)]
    error = bench.fails(PrerequisiteError)
    assert "free" in error.what
    assert "TMPDIR" in error.remedy
    assert not (bench.folder / "ran").exists()


def test_a_layout_that_cannot_be_written_ends_the_release(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    bench.checks = [sh("touch ran", layout=True)]
    assert "No space left" in bench.fails(PrerequisiteError).what
    assert not (bench.folder / "ran").exists()


REPORT = {"report": "reports/{lane}.json"}


def test_the_report_is_recorded_by_its_digest(bench: Bench) -> None:
    bench.checks = [sh("mkdir -p reports; echo {lane} | tee {report}; test $SHIPLANE_REPORT = {report}", **REPORT)]
    main, standalone = bench.publish()
    for lane in (main, standalone):
        (answer,) = lane.checked.evidence
        name = lane.plan.lane.name
        assert (answer.report, answer.report_digest) == (
            f"reports/{name}.json",
            str(Digest.of(f"{name}\n".encode())),
        )


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("true", "was not written"),
        ("mkdir -p reports/main.json", "is not a regular file"),
        ("mkdir -p reports; mkfifo {report}", "is not a regular file"),
        ("mkdir -p reports; ln -s /etc/passwd {report}", "cannot be read"),
    ],
)
def test_a_check_that_passes_without_its_report_has_not_passed(bench: Bench, script: str, words: str) -> None:
    bench.checks = [sh(script, **REPORT)]
    error = bench.fails(VerificationError, MAIN)
    assert f"passed, but its report reports/main.json {words}" in error.what


def test_the_report_of_an_earlier_run_is_none(bench: Bench) -> None:
    bench.checks = [sh("true", **REPORT)]
    (bench.folder / "reports").mkdir()
    (bench.folder / "reports/main.json").write_text("{}")
    assert "was not written" in bench.fails(VerificationError, MAIN).what


def test_a_report_that_cannot_be_read_to_its_end_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int, _size: int) -> bytes:
        raise OSError(5, "Input/output error")

    path = bench.folder / "report"
    path.write_text("x")
    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(ValueError, match="cannot be read: Input/output error"):
        digest_of_report(path, None)


def test_a_check_that_fails_has_its_report_recorded_if_it_wrote_one(bench: Bench) -> None:
    failing = [sh("echo x > {report}; exit 1", name="a", report="r"), sh("exit 1", name="b", report="s")]
    bench.lanes = {"main": {"checks": failing}}
    lane_plan = MAIN.lanes[0]
    raw = push_image(bench.scene.registry, PATH)
    image = StagedImage(plan=MAIN, lane_plan=lane_plan, registry=bench.scene.client(), raw=raw, images=(), workers=1)
    result = finish(bench.runner.check(image))
    digests = [answer.report_digest for answer in result.evidence]
    assert (result.reason, digests) == ("failed: a, b", [str(Digest.of(b"x\n")), None])


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"name": "scan", "command": "no-such-scanner x"}, "check scan needs no-such-scanner, which is not installed"),
        ({"name": "scan", "command": "./scan.sh"}, "check scan needs ./scan.sh, which is not installed"),
        ({"name": "scan", "command": "sub/"}, "check scan needs sub/, which is not installed"),
        (sh("true", env=["A_KEY"]), "check it: the command needs A_KEY, which is not set"),
        (sh("true", env=["A_KEY", "B_KEY"]), "check it: the command needs A_KEY, B_KEY, which are not set"),
    ],
)
def test_what_could_not_be_run_is_told_before_anything_is_built(
    bench: Bench, check: dict[str, Any], words: str
) -> None:
    (bench.folder / "sub").mkdir()
    bench.checks = [check]
    error = bench.fails(PrerequisiteError)
    assert (error.exit_code, error.what) == (3, words)
    assert bench.scene.stager.built == []


def test_a_program_of_the_project_is_found_from_its_root(bench: Bench) -> None:
    (bench.folder / "scan.sh").write_text("#!/bin/sh\necho here\n")
    (bench.folder / "scan.sh").chmod(0o755)
    bench.checks = [{"command": "./scan.sh"}]
    (main,) = bench.publish(MAIN)
    assert main.checked.evidence[0].output == ["here"]


def test_a_variable_that_a_check_needs_reaches_it(bench: Bench) -> None:
    bench.env = {"A_KEY": "value"}
    bench.checks = [sh("echo $A_KEY", env=["A_KEY"])]
    (main,) = bench.publish(MAIN)
    assert main.checked.evidence[0].output == ["value"]


@pytest.mark.parametrize(
    ("skip", "ran", "reason"),
    [(("a",), "b\n", "--skip a"), (("checks",), "", "--skip checks"), (("a", "b"), "", "--skip a")],
)
def test_left_out_by_name_a_check_is_not_run_and_is_told(
    bench: Bench, skip: tuple[str, ...], ran: str, reason: str
) -> None:
    bench.checks = [sh("echo a >> ran", name="a", env=["UNSET"]), sh("echo b >> ran", name="b")]
    bench.skip = skip
    (main,) = bench.publish(MAIN)
    assert (bench.folder / "ran").read_text() == ran if ran else not (bench.folder / "ran").exists()
    assert bench.said()[0] == ("main a", StepState.SKIPPED, reason)
    assert main.checked.skipped == (("a",) if ran else ("a", "b"))
    assert main.checked.state is (StepState.DONE if ran else StepState.SKIPPED)


def test_a_version_that_is_published_already_is_not_checked_again(bench: Bench) -> None:
    bench.checks = [sh("echo x >> ran")]
    bench.publish(MAIN)
    bench.checks = [sh("exit 1")]
    (main,) = bench.publish(MAIN)
    assert (main.checked.state, main.checked.evidence) == (StepState.UNCHANGED, ())
    assert (bench.folder / "ran").read_text() == "x\n"
    assert "already published" in bench.said()[-1][2]


def test_without_a_check_nothing_is_told(bench: Bench) -> None:
    bench.lanes = {"standalone": {"checks": [sh("true")]}}
    main, _ = bench.publish()
    assert [subject for subject, *_ in bench.said()] == ["standalone it"]
    assert dict(main.checked.to_json()) == {
        "state": "skipped",
        "reason": "no check is configured",
        "checks": [],
        "skipped": [],
    }


def test_the_builders_login_has_ended_before_a_check_runs(bench: Bench) -> None:
    bench.checks = [sh("exit 1")]
    bench.fails(VerificationError, MAIN)
    assert bench.logged_out == 1
    bench.skip = ("checks",)
    bench.publish(MAIN)
    assert bench.logged_out == 1


def test_the_evidence_stands_in_the_ledger_beside_the_gates(bench: Bench) -> None:
    bench.conditions = Green()
    bench.checks = [sh("echo {lane} > {report}", report="r-{lane}")]
    bench.publish()
    published = bench.scene.ledger().published(Tag("v0.2.1"))
    assert published
    gate, check = published.evidence
    assert gate.to_json() == {"kind": "gate", "name": "core", "good": True, "result": "HTTP 200", "when": "now"}
    assert (check.kind, check.name, check.good, check.result) == ("check", "it", True, "passed")
    assert check.command == "sh -c 'echo main > r-main'"
    assert check.report == Digest.of(b"main\n")
    assert [entry.evidence for entry in bench.scene.ledger().entries if entry.action is Action.FLOAT] == [()]


def test_history_and_verify_show_the_evidence(bench: Bench) -> None:
    bench.conditions = Green()
    bench.checks = [sh("true")]
    bench.publish(MAIN)
    evidence = "passed: gate core; check it"
    assert evidence in history_text(AIONIS, [bench.scene.audit()])
    result = finish(bench.scene.releaser().verify(MAIN.lanes[0].lane))
    assert f"\n      {evidence}\n" in f"{verified_text([(AIONIS, result)])}\n"
    assert [each["name"] for each in result.to_json()["evidence"]] == ["core", "it"]
    moved = push_image(bench.scene.registry, PATH, tag="v0.2.1", salt="another")
    assert moved.digest != result.digest
    assert finish(bench.scene.releaser().verify(MAIN.lanes[0].lane, Version.parse("0.2.1"))).evidence == ()
    assert evidence not in history_text(AIONIS, [bench.scene.audit()])


def test_a_floating_tag_that_moves_alone_keeps_what_the_gates_answered(bench: Bench) -> None:
    bench.publish(a_plan(lanes=["main"], latest="no"))
    bench.conditions = Green()
    bench.publish(MAIN)
    move = bench.scene.ledger().entries[-1]
    assert (move.action, [evidence.name for evidence in move.evidence]) == (Action.FLOAT, ["core"])


def test_an_image_that_another_run_claimed_is_checked_too(bench: Bench) -> None:
    theirs = push_image(bench.scene.registry, PATH, salt="another run's")
    image, claims = MAIN.repository, MemoryClaims()
    bench.claims = claims

    def claim_first(event: Event) -> None:
        if isinstance(event, Step) and event.name == "check":
            claims.create([Claim(image=image, tag=Tag("v0.2.1"), digest=theirs.digest, commit=COMMIT, by="another")])

    bench.checks = [sh("echo {digest} >> seen")]
    (main,) = finish(bench.flow(MAIN), claim_first)
    seen = (bench.folder / "seen").read_text().splitlines()
    assert (main.digest, seen[-1], len(set(seen))) == (theirs.digest, str(theirs.digest), 2)


def test_an_image_that_another_run_claimed_is_not_named_if_it_fails(bench: Bench) -> None:
    theirs = push_image(bench.scene.registry, PATH, salt="another run's")
    bench.claims = MemoryClaims()
    bench.claims.create(
        [Claim(image=MAIN.repository, tag=Tag("v0.2.1"), digest=theirs.digest, commit=COMMIT, by="another")]
    )
    bench.checks = [sh("exit 1")]
    bench.fails(VerificationError, MAIN)


CHECKED = [sh("test -d {layout} && echo {lane} > {report}", report="r-{lane}"), sh("true", name="second")]


def test_stopped_after_any_event_nothing_is_left_and_the_same_run_again_finishes(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    count = len(events(Bench(tmp_path / "count", CHECKED).flow(MAIN)))
    for stopped in range(count):
        (tmp_path / str(stopped)).mkdir()
        bench = Bench(tmp_path / str(stopped), CHECKED)
        flow = bench.flow(MAIN)
        *_, event = itertools.islice(flow, stopped + 1)
        with pytest.raises(KeyboardInterrupt):
            flow.throw(KeyboardInterrupt())
        if isinstance(event, Step) and event.name in ("stage", "check", "layout"):
            assert bench.scene.tags() == {}
        bench.is_clean()
        bench.publish(MAIN)
        assert set(bench.scene.tags()) == {"v0.2.1", "latest"}
        bench.is_clean()


@pytest.mark.parametrize("times", [1, FOR_EVER])
@pytest.mark.parametrize("skip", [0, 2, 5])
@pytest.mark.parametrize("kind", F)
def test_whatever_goes_wrong_while_an_image_is_read_it_is_named_after_its_checks_or_not_at_all(
    bench: Bench, kind: F, skip: int, times: float
) -> None:
    bench.checks = CHECKED
    bench.scene.transport = Faulty(bench.scene.registry, [Fault(kind, "GET", "/blobs/", skip=skip, times=times)])
    with suppress(ShiplaneError):
        bench.publish(MAIN)
    passed = [state for _, state, _ in bench.said()] == [StepState.DONE, StepState.DONE]
    assert (bench.scene.tags() != {}) == passed
    bench.is_clean()
    bench.scene.transport = bench.scene.registry
    bench.publish(MAIN)
    assert set(bench.scene.tags()) == {"v0.2.1", "latest"}


def test_a_channels_image_is_checked_before_its_tag_moves(bench: Bench) -> None:
    scene = ChannelScene()
    bench.checks = [sh("exit 1")]
    tests = ImageTests(checks=bench.runner)
    with pytest.raises(VerificationError, match="did not pass its checks"):
        finish(scene.publisher(FIRST, tests=tests).publish(channel_plan(FIRST)))
    assert scene.tags() == {}
    bench.checks = [sh("test {version} = v0.0.0-aaaaaaaaaaaa -o {version} = 0.0.0-aaaaaaaaaaaa")]
    tests = ImageTests(checks=bench.runner)
    (lane,) = finish(scene.publisher(FIRST, tests=tests, conditions=Green()).publish(channel_plan(FIRST))).lanes
    assert lane.to_json()["checks"]["state"] == "done"
    published, moved = scene.ledger().entries
    assert ([each.name for each in published.evidence], moved.evidence) == (["core", "it"], ())

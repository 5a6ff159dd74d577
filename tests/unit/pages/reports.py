"""Reports of runs to be rendered: their documents are those that a release and a rollback in memory give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from shiplane.config.gate import Evidence
from shiplane.core.next_command import Caller, command
from shiplane.core.progress import Step, TimedOutcome
from shiplane.pages.run_report import BuildTime, Report
from shiplane.rollback.result import RollbackJson
from shiplane.verify.lane_status import LaneStatus
from tests.faults.harness.images import COMMIT
from tests.faults.harness.scene import AIONIS, Scene
from tests.faults.rollback.test_rollback import roll, scene_of
from tests.unit.cli.test_result_schema import released as released_document

EVIL = '<script>alert("x")</script>'
STEPS = (
    TimedOutcome(Step("registry", "main").done("v0.2.1 is free; latest will move"), 0.4, 0.1),
    TimedOutcome(Step("stage", "main, standalone").done(), 61.0, 0.5),
    TimedOutcome(Step("claim", "v0.2.1").skipped("none is configured"), 0.0, 61.5),
    TimedOutcome(Step("tag", "v0.2.1", writes=True).retried("HTTP 502"), 2.0, 61.5),
    TimedOutcome(Step("tag", "v0.2.1", writes=True).done("created"), 0.3, 63.5),
)
BUILDS = (
    BuildTime(lane="main", platform="linux/amd64", state="pushed", began=1.0, exported=20.0, ended=31.0),
    BuildTime(lane="main", platform="linux/arm64", state="failed", began=1.0, ended=40.0),
    BuildTime(lane="standalone", platform="linux/amd64", state="running", began=2.0),
    BuildTime(lane="standalone", platform="linux/arm64", state=""),
)
RAN = Report(
    command="shiplane release --report ../report.html",
    task="release",
    exit_code=0,
    caller=Caller(("shiplane",)),
    steps=STEPS,
    builds=BUILDS,
    began="2026-11-30T00:41:12Z",
    seconds=64.2,
)


def released(**changes: Any) -> Report:  # noqa: ANN401 -- the fields of a Report
    """A release of both lanes."""
    return replace(RAN, **{"data": _document(), **changes})


@cache
def _document() -> dict[str, Any]:
    return released_document([lane.to_json() for lane in Scene().publish()])


def failed(**changes: Any) -> Report:  # noqa: ANN401 -- the fields of a Report
    """A release that failed after one of its tags was read."""
    told = {
        "exit_code": 6,
        "what": "smoke test failed for lane main: exit 1\n  | cannot open /data",
        "remedy": f"Fix the image.\nThen {command('check.config')}",
        "closing": [
            f"public: {AIONIS}:v0.2.1 does not exist",
            f"public: {AIONIS}:latest is sha256:{'a' * 64}",
            "safe: every published tag had passed verification",
            "next: fix the error above, then: shiplane release",
        ],
    }
    return replace(RAN, **{**told, **changes})


def rolled_back(**changes: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- the fields of the document
    """The document of a rollback."""
    gate = Evidence(gate="health", kind="http", what="https://x", good=False, detail="503", commit=COMMIT, when="now")
    change = {"file": "deploy/app.yml", "places": 1, "diff": "-  image: v0.2.2\n+  image: v0.2.1"}
    return {
        **_rollback(),
        "deployments": {"changes": [change]},
        "gates": [gate.to_json()],
        "announcements": [],
        **changes,
    }


@cache
def _rollback() -> RollbackJson:
    return roll(scene_of()).to_json(AIONIS)


def status_document(states: Sequence[LaneStatus], channels: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """What ``status --json`` prints of lanes."""
    lanes = [{**state.to_json(), "next": "no version is tagged at HEAD"} for state in states]
    return {"image": str(AIONIS), "lanes": lanes, "channels": list(channels)}

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from shiplane.config.gate import CheckRun, Gate, GateKind, GateVerdict, judge_health, judge_runs
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError

COMMIT = "c" * 40
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
NAME = "Core Production Gate"
OLD = "2026-11-01T11:00:00Z"


def gate(max_age: float | None = 168, **fields: Any) -> Gate:  # noqa: ANN401 -- a gate's fields
    known: dict[str, Any] = {
        "name": NAME,
        "kind": GateKind.GITHUB,
        "target": NAME,
        "timeout": 0,
        "max_age_hours": max_age,
    }
    return Gate(**{**known, **fields})


def run(
    conclusion: str = "success",
    status: str = "completed",
    *,
    name: str = NAME,
    commit: str = COMMIT,
    started: str = "2026-11-24T10:00:00Z",
    completed: str = "2026-11-24T11:00:00Z",
    source: str = "check run",
    number: int = 0,
) -> CheckRun:
    return CheckRun(
        name=name,
        commit=commit,
        status=status,
        conclusion=conclusion,
        started=started,
        completed=completed,
        source=source,
        number=number,
    )


@pytest.mark.parametrize(
    ("why", "runs", "expected"),
    [
        ("green and fresh", [run()], GateVerdict.GREEN),
        ("none at all", [], GateVerdict.ABSENT),
        ("of another name", [run(name="Lint")], GateVerdict.ABSENT),
        ("for another commit", [run(commit="d" * 40)], GateVerdict.ABSENT),
        ("for a commit that begins alike", [run(commit=COMMIT[:12])], GateVerdict.ABSENT),
        ("red", [run("failure")], GateVerdict.RED),
        ("cancelled", [run("cancelled")], GateVerdict.RED),
        ("skipped is not green", [run("skipped")], GateVerdict.RED),
        ("neutral is not green", [run("neutral")], GateVerdict.RED),
        ("without a conclusion", [run("")], GateVerdict.RED),
        ("queued", [run("", "queued")], GateVerdict.PENDING),
        ("in progress", [run("", "in_progress")], GateVerdict.PENDING),
        ("too old", [run(completed="2026-11-01T11:00:00Z")], GateVerdict.RED),
        ("without a time", [run(completed="")], GateVerdict.RED),
        ("red, then green", [run("failure", started="2026-11-24T09:00:00Z"), run()], GateVerdict.GREEN),
        ("green, then red", [run(started="2026-11-24T09:00:00Z"), run("failure")], GateVerdict.RED),
        ("green, then again", [run(started="2026-11-24T09:00:00Z"), run("", "in_progress")], GateVerdict.PENDING),
        ("green, then one that is not even started", [run(), run("", "queued", started="")], GateVerdict.PENDING),
        ("at one moment the later number decides", [run("failure", number=2), run(number=1)], GateVerdict.RED),
        ("a workflow and its job, both green", [run(), run(source="workflow")], GateVerdict.GREEN),
        ("a red workflow with a green job", [run(), run("failure", source="workflow")], GateVerdict.RED),
        ("a red workflow with a pending job", [run("", "queued"), run("failure", source="workflow")], GateVerdict.RED),
        ("an old workflow with a fresh job", [run(), run(source="workflow", completed=OLD)], GateVerdict.RED),
        ("a time without a zone", [run(completed="2026-11-24T11:00:00")], GateVerdict.RED),
        ("just within the limit", [run(completed="2026-11-17T12:00:00Z")], GateVerdict.GREEN),
        ("just beyond the limit", [run(completed="2026-11-17T11:59:59Z")], GateVerdict.RED),
        ("completed by a clock that is ahead", [run(completed="2026-11-24T12:00:30Z")], GateVerdict.GREEN),
        ("in any order", [run(), run("failure", started="2026-11-24T09:00:00Z")], GateVerdict.GREEN),
    ],
)
def test_the_newest_run_for_this_very_commit_decides(why: str, runs: list[CheckRun], expected: GateVerdict) -> None:
    verdict, reason, _ = judge_runs(runs, gate(), COMMIT, NOW)
    assert verdict is expected
    assert reason


def test_without_a_limit_any_age_will_do() -> None:
    assert judge_runs([run(completed="2020-01-01T00:00:00Z")], gate(None), COMMIT, NOW)[0] is GateVerdict.GREEN


@pytest.mark.parametrize(
    ("status", "document", "fields", "good"),
    [
        (200, None, {}, True),
        (204, None, {"status": 204}, True),
        (500, None, {}, False),
        (301, None, {}, False),
        (200, {"status": "ok"}, {"field": "status"}, True),
        (200, {"status": "ok"}, {"field": "status", "value": "ok"}, True),
        (200, {"status": "down"}, {"field": "status", "value": "ok"}, False),
        (200, {"ok": True}, {"field": "ok", "value": "true"}, True),
        (200, {"ok": False}, {"field": "ok"}, False),
        (200, {"core": {"ok": True}}, {"field": "core.ok"}, True),
        (200, {"core": {}}, {"field": "core.ok"}, False),
        (200, {"core": "text"}, {"field": "core.ok"}, False),
        (200, None, {"field": "ok"}, False),
        (200, [], {"field": "ok"}, False),
    ],
)
def test_a_health_answer_is_judged_by_status_and_field(
    status: int,
    document: object,
    fields: dict[str, Any],
    good: bool,  # noqa: FBT001 -- a table's column
) -> None:
    asked = gate(kind=GateKind.HTTP, target="http://127.0.0.1/health", **fields)
    found, reason = judge_health(status, document, asked)
    assert found is good
    assert reason


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, f"github: {NAME} (green for this commit, at most 168 h old)"),
        ({"max_age_hours": None}, f"github: {NAME} (green for this commit)"),
        ({"kind": GateKind.COMMAND, "target": "make test", "timeout": 900}, "command: make test (passes within 900 s)"),
        (
            {"kind": GateKind.COMMAND, "target": "make test", "timeout": 900, "env": ("TOKEN", "URL")},
            "command: make test (passes within 900 s, given TOKEN, URL)",
        ),
        ({"kind": GateKind.HTTP, "target": "http://x/", "timeout": 2.5}, "http: http://x/ (answers 200 within 2.5 s)"),
        (
            {"kind": GateKind.HTTP, "target": "http://x/", "timeout": 10, "status": 204, "field": "core.ok"},
            "http: http://x/ (answers 204 within 10 s, core.ok is something true)",
        ),
        (
            {"kind": GateKind.HTTP, "target": "http://x/", "timeout": 10, "field": "ok", "value": "yes"},
            "http: http://x/ (answers 200 within 10 s, ok is yes)",
        ),
    ],
)
def test_a_gate_says_how_it_is_asked_and_what_it_wants(fields: dict[str, Any], words: str) -> None:
    assert str(gate(**fields)) == words


def parse(**document: object) -> tuple[Gate, ...]:
    return parse_project_file(document, "shiplane.toml").gates


def test_a_gate_of_each_kind_is_read_with_its_defaults() -> None:
    command, health, checks = parse(
        gates=[
            {"name": "core", "command": "npm run gate:core:prod"},
            {"http": "https://aionis.example/health", "field": "status", "value": "ok"},
            {"name": NAME, "github": NAME, "max-age-hours": 168},
        ]
    )
    assert (command.kind, command.target, command.timeout) == (GateKind.COMMAND, "npm run gate:core:prod", 900)
    assert (health.name, health.status, health.timeout) == ("https://aionis.example/health", 200, 10)
    assert (checks.max_age_hours, checks.timeout) == (168, 0)


@pytest.mark.parametrize(
    ("gates", "complaint"),
    [
        ([{"name": "x"}], "exactly one of"),
        ([{"name": "x", "command": "true", "http": "http://x/"}], "exactly one of"),
        ([{"command": "true", "status": 200}], "unknown key 'status'"),
        ([{"github": "x", "max-age-hors": 1}], "unknown key 'max-age-hors'"),
        ([{"command": ""}], "is empty"),
        ([{"command": "'"}], "is not a command"),
        ([{"comand": "true"}], "unknown key 'comand'"),
        ([{"command": "true\n"}], "control characters"),
        ([{"name": "\x1b[31m", "command": "true"}], "control characters"),
        ([{"name": " ", "command": "true"}], "is empty"),
        ([{"command": "true", "timeout-seconds": 0}], "above 0"),
        ([{"http": "http://x/", "timeout-seconds": float("nan")}], "expected a number"),
        ([{"http": "http://x/", "timeout-seconds": float("inf")}], "expected a number"),
        ([{"http": "http://x/", "value": "ok"}], "value needs field beside it"),
        ([{"http": "http://x/", "field": "ok", "value": ["ok"]}], "value is an array"),
        ([{"http": "http://x/", "status": 99}], "status is 99, expected a whole number from 100 to 599"),
        ([{"http": "http://x/", "status": 200.5}], "status is 200.5"),
        ([{"http": "http://user:word@x/"}], "a user name or password"),
        ([{"http": "http:///health"}], "not an http or https URL"),
        ([{"http": "http://["}], "not an http or https URL"),
        ([{"http": "http://x:0/"}], "not an http or https URL"),
        ([{"http": "http://x/a b"}], "not an http or https URL"),
        ([{"github": "x", "max-age-hours": 0}], "above 0"),
        ([{"name": "gates", "command": "true"}], "reserved by --skip"),
        ([{"http": "ftp://x/"}], "not an http or https URL"),
        ([{"http": "http://x/", "timeout-seconds": -1}], "expected a number"),
        ([{"http": "http://x/", "timeout-seconds": True}], "expected a number"),
        ([{"github": "x", "max-age-hours": "7"}], "expected a number"),
        ([{"name": "a", "command": "true"}, {"name": "a", "command": "true"}], "twice"),
        ([{"name": "build", "command": "true"}], "reserved by --skip"),
        (["true"], "gates[0] is a string, expected a table"),
        ({"command": "true"}, "gates is a table, expected an array"),
    ],
)
def test_a_gate_that_cannot_be_meant_is_refused(gates: object, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(gates=gates)
    assert complaint in caught.value.what


@pytest.mark.parametrize("build", ["", "  ", "'unbalanced"])
def test_a_build_command_that_is_none_is_refused(build: str) -> None:
    with pytest.raises(ConfigurationError, match="build"):
        parse_project_file({"build": build}, "shiplane.toml")

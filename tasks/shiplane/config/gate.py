"""Gates: what must be green before a release, and the evidence for this commit.

Sources: GitHub REST API, "Check runs" and "Workflow runs" (status, conclusion, head_sha, completed_at, updated_at).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, NamedTuple

from shiplane.core.timestamps import parse_timestamp
from shiplane.registry.oci.document_keys import CommitJson


class GateKind(Enum):
    """The three ways in which a gate can be asked."""

    COMMAND = "command"
    HTTP = "http"
    GITHUB = "github"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One configured gate.

    Attributes:
        name: For people, and for ``--skip``.
        kind: How it is asked.
        target: The command, the URL, or the name of the check run or workflow.
        timeout: Seconds for the answer; for GitHub, how long a pending check is waited for.
        status: The HTTP status that a health URL has to answer with.
        field: A dotted path into its JSON answer that has to be there, or nothing.
        value: What has to stand at ``field``; None for anything that is true.
        max_age_hours: How old a green GitHub check may be; None for any age.
        env: The variables that a command needs.
    """

    name: str
    kind: GateKind
    target: str
    timeout: float
    status: int = 200
    field: str = ""
    value: str | None = None
    max_age_hours: float | None = None
    env: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.target} ({self._wanted})"

    @property
    def _wanted(self) -> str:
        if self.kind is GateKind.COMMAND:
            return f"passes within {self.timeout:g} s{', given ' * bool(self.env)}{', '.join(self.env)}"
        if self.kind is GateKind.HTTP:
            value = "something true" if self.value is None else self.value
            field = f", {self.field} is {value}" if self.field else ""
            return f"answers {self.status} within {self.timeout:g} s{field}"
        age = f", at most {self.max_age_hours:g} h old" if self.max_age_hours is not None else ""
        return f"green for this commit{age}"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a gate answered: kept with the release."""

    gate: Annotated[str, "The gate's name."]
    kind: Annotated[str, GateKind, "How it was checked."]
    what: Annotated[str, "The command, the URL or the check that was asked."]
    good: Annotated[bool, "Whether it is green."]
    detail: Annotated[str, "What it answered, as text."]
    commit: Annotated[CommitJson, "The commit that the answer is about."]
    when: Annotated[str, "When it was checked, RFC 3339 in UTC; for a GitHub check, when it completed."]
    remedy: Annotated[str, "How to fix it if it is not green."] = ""
    output: Annotated[str, "Output of a failing command, each line prefixed."] = ""

    def to_json(self) -> EvidenceJson:
        """The evidence as JSON values."""
        return asdict(self)


EvidenceJson = Annotated[dict[str, Any], Evidence]


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """One run of a check or a workflow, as GitHub reports it.

    Attributes:
        name: Of the check run or workflow.
        commit: The full hash that it ran for.
        status: ``queued``, ``in_progress``, ``completed`` ...
        conclusion: ``success``, ``failure``, ``cancelled`` ...; empty while there is none.
        started: When it was started, RFC 3339; empty while it waits.
        completed: When it was completed; empty while it runs.
        source: ``check run`` or ``workflow``: a workflow and one of its jobs may have one name.
        number: GitHub's id; of two runs the later one has the higher.
    """

    name: str
    commit: str
    status: str
    conclusion: str = ""
    started: str = ""
    completed: str = ""
    source: str = "check run"
    number: int = 0


class GateVerdict(Enum):
    """What GitHub's runs say of a gate, the worst first."""

    RED = "red"
    ABSENT = "absent"
    PENDING = "pending"
    GREEN = "green"

    @property
    def may_change(self) -> bool:
        """Whether waiting could help."""
        return self in (GateVerdict.ABSENT, GateVerdict.PENDING)


class GateJudgement(NamedTuple):
    """A verdict, the reason for people, and when the deciding run was completed (empty while it runs)."""

    verdict: GateVerdict
    detail: str
    when: str = ""


def judge_runs(runs: Iterable[CheckRun], gate: Gate, commit: str, now: datetime) -> GateJudgement:
    """Whether a check is green for a commit, and not older than the gate allows.

    The newest attempt decides: a red first one does not spoil a green second one, nor the reverse. Where a workflow and
    a check run both have the name, both have to be green: a workflow's first job may be done while the others run.

    Args:
        runs: Everything that GitHub reports for the commit.
        gate: Whose ``target`` is the name of the check run or workflow.
        commit: The full hash.
        now: The time, aware.
    """
    named = [run for run in runs if run.name == gate.target]
    runs_here = [run for run in named if run.commit == commit]
    if not runs_here:
        elsewhere = ", only for another" if named else ""
        detail = f"no check or workflow {gate.target!r} has run for commit {commit[:12]}{elsewhere}"
        return GateJudgement(GateVerdict.ABSENT, detail)
    newest = [
        max((run for run in runs_here if run.source == source), key=_age_key)
        for source in {run.source for run in runs_here}
    ]
    judged = [_judge(run, gate, now) for run in newest]
    return min(judged, key=lambda judgement: (list(GateVerdict).index(judgement.verdict), judgement.when))


def _age_key(run: CheckRun) -> tuple[bool, str, int]:
    """What is not even started is the newest: an older green run must not speak for it."""
    return (run.status != "completed" and not run.started, run.started, run.number)


def _judge(run: CheckRun, gate: Gate, now: datetime) -> GateJudgement:
    if run.status != "completed":
        return GateJudgement(GateVerdict.PENDING, f"the {run.source} is {run.status or 'in no known state'}")
    if run.conclusion != "success":
        detail = f"the {run.source} ended with {run.conclusion or 'no conclusion'}"
        return GateJudgement(GateVerdict.RED, detail, run.completed)
    completed = parse_timestamp(run.completed)
    if completed is None:
        return GateJudgement(GateVerdict.RED, f"GitHub does not say when it was completed ({run.completed[:40]!a})")
    hours = max(0.0, (now - completed).total_seconds() / 3600)
    if gate.max_age_hours is not None and hours > gate.max_age_hours:
        detail = f"success, but {hours:.1f} h ago; at most {gate.max_age_hours:g} h are allowed"
        return GateJudgement(GateVerdict.RED, detail, run.completed)
    return GateJudgement(GateVerdict.GREEN, f"{run.source} success {hours:.1f} h ago", run.completed)


def judge_health(status: int, document: object, gate: Gate) -> tuple[bool, str]:
    """Whether a health URL's answer is a good one.

    Args:
        status: Of the answer.
        document: Its parsed JSON; None when it is no JSON.
        gate: What is expected.
    """
    if status != gate.status:
        moved = " (redirects are not followed)" if status in (301, 302, 303, 307, 308) else ""
        return False, f"HTTP {status}, expected {gate.status}{moved}"
    if not gate.field:
        return True, f"HTTP {status}"
    field = document
    for key in gate.field.split("."):
        if not isinstance(field, Mapping) or key not in field:
            return False, f"HTTP {status}, but its JSON has no {gate.field!r}"
        field = field[key]
    text = field if isinstance(field, str) else json.dumps(field)
    good = bool(field) if gate.value is None else text == gate.value
    expected = "" if good else f", expected {'something true' if gate.value is None else gate.value[:80]}"
    return good, f"HTTP {status}, {gate.field} is {text[:80]}{expected}"

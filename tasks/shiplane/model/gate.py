"""Gates: what must be green before a release, and the evidence that it was, for this very commit.

Sources: GitHub REST API, "Check runs" and "Workflow runs" (status, conclusion, head_sha, completed_at, updated_at).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any


class Kind(Enum):
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
    """

    name: str
    kind: Kind
    target: str
    timeout: float
    status: int = 200
    field: str = ""
    value: str | None = None
    max_age_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a gate answered: kept with the release.

    Attributes:
        gate: The gate's name.
        kind: How it was asked.
        good: Whether it is green.
        detail: What it answered, for people.
        commit: The commit that the answer is about.
        when: When that was so, RFC 3339 in UTC; for a check, when it was completed.
    """

    gate: str
    kind: str
    good: bool
    detail: str
    commit: str
    when: str

    def to_json(self) -> dict[str, Any]:
        """The evidence as JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """One run of a check or a workflow, as GitHub reports it."""

    name: str
    commit: str
    status: str
    conclusion: str
    started: str
    completed: str


class Verdict(Enum):
    """What GitHub's runs say of a gate."""

    GREEN = "green"
    RED = "red"
    PENDING = "pending"


def judge_runs(runs: Iterable[CheckRun], gate: Gate, commit: str, now: datetime) -> tuple[Verdict, str, str]:
    """Whether a check is green for a commit, and not older than the gate allows.

    The newest run decides: a red first attempt does not spoil a green second one, nor the reverse.

    Args:
        runs: Everything that GitHub reports for the commit.
        gate: Whose ``target`` is the name of the check run or workflow.
        commit: The full hash.
        now: The time, aware.

    Returns:
        The verdict, a reason for people, and when the deciding run was completed (empty while it runs).
    """
    own = sorted((run for run in runs if run.name == gate.target and run.commit == commit), key=lambda run: run.started)
    if not own:
        return Verdict.RED, f"no check or workflow {gate.target!r} has run for commit {commit[:12]}", ""
    newest = own[-1]
    if newest.status != "completed":
        return Verdict.PENDING, f"it is {newest.status}", ""
    if newest.conclusion != "success":
        return Verdict.RED, f"it ended with {newest.conclusion or 'no conclusion'}", newest.completed
    return _by_age(newest, gate, now)


def _by_age(run: CheckRun, gate: Gate, now: datetime) -> tuple[Verdict, str, str]:
    if gate.max_age_hours is None:
        return Verdict.GREEN, f"success, completed {run.completed}", run.completed
    try:
        completed = datetime.fromisoformat(run.completed.replace("Z", "+00:00")).astimezone(timezone.utc)
    except ValueError:
        return Verdict.RED, f"GitHub does not say when it was completed ({run.completed[:40]!a})", ""
    hours = (now - completed).total_seconds() / 3600
    if hours > gate.max_age_hours:
        return Verdict.RED, f"success, but {hours:.0f} h ago; at most {gate.max_age_hours:g} h", run.completed
    return Verdict.GREEN, f"success {max(hours, 0):.1f} h ago", run.completed


def judge_health(status: int, document: object, gate: Gate) -> tuple[bool, str]:
    """Whether a health URL's answer is a good one.

    Args:
        status: Of the answer.
        document: Its parsed JSON; None when it is no JSON.
        gate: What is expected.
    """
    if status != gate.status:
        return False, f"HTTP {status}, expected {gate.status}"
    if not gate.field:
        return True, f"HTTP {status}"
    found = document
    for key in gate.field.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return False, f"HTTP {status}, but its JSON has no {gate.field!r}"
        found = found[key]
    text = found if isinstance(found, str) else _json_word(found)
    good = bool(found) if gate.value is None else text == gate.value
    return good, f"HTTP {status}, {gate.field} is {text[:80]}"


def _json_word(value: object) -> str:
    """A value as JSON spells it, so that ``true`` in the file is ``true`` in the answer."""
    return json.dumps(value)

"""A server on this machine that speaks GitHub's shapes and serves health URLs, and prerequisites that ask it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shiplane.config.gate import Evidence
from shiplane.config.project_file import parse_project_file
from shiplane.core.progress import StepOutcome
from shiplane.core.redact import Redactor
from shiplane.git.github import GitHub
from shiplane.registry.http.retry_budget import Clock, RetryBudget
from shiplane.registry.http.transport import HttpTransport
from shiplane.release.prerequisites import Prerequisites
from tests.faults.harness.clock import EPOCH, VirtualClock
from tests.faults.harness.serving import QuietHandler, QuietServer, serving

COMMIT = "c" * 40
NAME = "Core Production Gate"
TOKEN = "ghp_canary0123456789canary0123456789"


@dataclass
class Api:
    """What the server answers: bodies by path, each a list that is used up but for its last; and what it was sent."""

    answers: dict[str, list[tuple[int, Any, dict[str, str]]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    prefix: str = ""
    slow: float = 0.0
    clock: Clock = field(default_factory=VirtualClock)

    @property
    def path(self) -> str:
        """Where the check runs of the commit are."""
        return f"{self.prefix}/repos/cognary/aionis/commits/{COMMIT}/check-runs"

    def put(self, path: str, *answers: tuple[int, Any] | tuple[int, Any, dict[str, str]]) -> None:
        self.answers[path] = [(a[0], a[1], a[2] if len(a) > 2 else {}) for a in answers]

    def checks(self, *runs: dict[str, str], path: str = "") -> None:
        self.put(path or self.path, (200, {"check_runs": list(runs)}))
        self.answers.setdefault(f"{self.prefix}/repos/cognary/aionis/actions/runs", [(200, {"workflow_runs": []}, {})])


@pytest.fixture
def api() -> Iterator[Api]:
    known = Api()

    class Handler(QuietHandler):
        def _get(self) -> None:
            parts = urlsplit(self.path)
            time.sleep(known.slow)
            known.asked.append((self.path, self.headers.get("Authorization", "")))
            page = parse_qs(parts.query).get("page", [""])[0]
            left = known.answers.get(
                parts.path + (f"?page={page}" if page else ""), [(404, {"message": "Not Found"}, {})]
            )
            status, body, headers = left.pop(0) if len(left) > 1 else left[0]
            self.answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)

        do_GET = _get

    with serving(QuietServer(("127.0.0.1", 0), Handler)) as address:
        known.address = f"http://{address}"
        yield known


def prerequisites(
    root: Path,
    api: Api | None = None,
    env: dict[str, str] | None = None,
    /,
    *skip: str,
    **document: Any,  # noqa: ANN401
) -> Prerequisites:
    clock, transport = api.clock if api else VirtualClock(), HttpTransport({}, user_agent="test")
    retry_budget = RetryBudget(clock=clock)
    address = f"{api.address}{api.prefix}" if api else "http://127.0.0.1:1"
    return Prerequisites(
        root=root,
        project=parse_project_file(document, "shiplane.toml"),
        commit=COMMIT,
        env=env or {"PATH": "/usr/bin:/bin"},
        transport=transport,
        github=lambda: GitHub(
            transport=transport,
            retry_budget=retry_budget,
            redact=Redactor([TOKEN]),
            slug="cognary/aionis",
            api=address,
            token=TOKEN,
        ),
        redact=Redactor([TOKEN]),
        skip=frozenset(skip),
        clock=clock,
    )


def outcomes(known: Prerequisites) -> list[StepOutcome]:
    return [event for event in known.require() if isinstance(event, StepOutcome)]


def ask(api: Api, tmp_path: Path, **gate: object) -> Evidence:
    known = prerequisites(tmp_path, api, gates=[{"name": "it", **gate}])
    return known.ask(known.project.gates[0])


def check(conclusion: str = "success", status: str = "completed", **more: str) -> dict[str, str]:
    an_hour_ago = datetime.fromtimestamp(EPOCH - 3600, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"started_at": an_hour_ago, "completed_at": an_hour_ago}
    return {"name": NAME, "head_sha": COMMIT, "status": status, "conclusion": conclusion, **times, **more}

"""Ask one gate: a command, a health URL or GitHub. The answer, or the failure to get one, becomes evidence."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from shiplane.config.gate import Evidence, Gate, GateJudgement, GateKind, GateVerdict, judge_health, judge_runs
from shiplane.core import strict_json
from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.redact import Redactor
from shiplane.core.text import one_line
from shiplane.core.timestamps import rfc3339
from shiplane.git.github import GitHub
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.retry import DEADLINE, RETRIED, RetryPolicy, body_text
from shiplane.registry.http.retry_budget import BUDGET, Clock, RetryBudget, SystemClock
from shiplane.release.checks.project_command import CommandError, CommandRunner, LineView, show_nothing

_HEALTH_LIMIT = 1024 * 1024
_POLL = 10.0


@dataclass(frozen=True)
class _GateAnswer:
    good: bool
    detail: str
    remedy: str = ""
    when: str = ""
    output: str = ""


@dataclass(frozen=True, kw_only=True)
class GateRunner:
    """Asks the gates of one commit. Safe to use from several threads.

    Attributes:
        root: The project's root, where commands run.
        commit: The full hash that the gates are asked about.
        env: The environment of commands, without secrets.
        transport: Sends the requests to health URLs, without credentials.
        github: Makes the client for GitHub when a gate needs it.
        redact: Applied to all output.
        clock: The clock.
        tell: Reports waiting.
        show: Shows the lines of commands while they run.
    """

    root: Path
    commit: str
    env: Mapping[str, str]
    transport: Transport
    github: Callable[[], GitHub]
    redact: Redactor
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[str], None] = lambda _text: None
    show: LineView = show_nothing

    def ask(self, gate: Gate, stop: threading.Event | None = None) -> Evidence:
        """Ask a gate; one that cannot be asked is not green. ``stop`` ends the waiting when it is set."""
        try:
            answer = self._answer(gate, stop)
        except ShiplaneError as error:
            output = error.output if isinstance(error, CommandError) else ""
            answer = _GateAnswer(good=False, detail=error.what, remedy=error.remedy, output=output)
        return Evidence(
            gate=gate.name,
            kind=gate.kind.value,
            what=gate.target,
            good=answer.good,
            detail=one_line(self.redact(answer.detail)),
            commit=self.commit,
            when=answer.when or rfc3339(self.clock.wall()),
            remedy="" if answer.good else one_line(self.redact(answer.remedy)),
            output=answer.output,
        )

    def run_build(self, argv: Sequence[str], timeout: float, needs: Sequence[str] = ()) -> None:
        """Run the build command; one that fails shows all its output.

        Raises:
            PrerequisiteError: It failed, cannot be started, did not end in time, or lacks a variable.
        """
        try:
            self._commands.run(argv, timeout, needs)
        except CommandError as error:
            raise PrerequisiteError(f"{error.what}\n{error.output}".rstrip(), remedy=error.remedy) from error

    @property
    def _commands(self) -> CommandRunner:
        return CommandRunner(root=self.root, env=self.env, redact=self.redact, show=self.show)

    def _answer(self, gate: Gate, stop: threading.Event | None) -> _GateAnswer:
        if gate.kind is GateKind.COMMAND:
            self._commands.run(shlex.split(gate.target), gate.timeout, gate.env, stop, gate.name)
            return _GateAnswer(good=True, detail="passed")
        return self._health(gate) if gate.kind is GateKind.HTTP else self._checks(gate, stop)

    def _health(self, gate: Gate) -> _GateAnswer:
        """Ask a health URL: outages and 5xx are retried within the gate's time limit, redirects are not followed."""
        retries = RetryPolicy(
            transport=self.transport,
            retry_budget=RetryBudget(clock=self.clock, tell=self.tell, budget=min(BUDGET, gate.timeout)),
            error_text=lambda response: one_line(self.redact(body_text(response)))[:120],
            is_throttled=lambda _response: False,
            retried_statuses=RETRIED - {gate.status},
            deadline=min(DEADLINE, gate.timeout),
            until=self.clock.now() + gate.timeout,
        )
        request = Request(method="GET", url=gate.target, headers={"Accept": "application/json, */*;q=0.1"})
        response = retries.send(request, limit=_HEALTH_LIMIT)
        good, detail = judge_health(response.status, _document(response), gate)
        return _GateAnswer(good, detail, remedy="Fix the service, or what the project file expects of it.")

    def _checks(self, gate: Gate, stop: threading.Event | None) -> _GateAnswer:
        """Ask GitHub for a check; a pending or missing one is waited for as long as the gate allows."""
        github, deadline = self.github(), self.clock.now() + gate.timeout
        while True:
            judgement = judge_runs(github.runs(self.commit), gate, self.commit, self._now())
            seconds = deadline - self.clock.now()
            if not judgement.verdict.may_change or seconds <= 0 or (stop is not None and stop.is_set()):
                return self._judged(judgement, gate)
            self.tell(f"{gate.name}: {judgement.detail}; checking again for {seconds:.0f} s")
            self.clock.sleep(min(_POLL, seconds))

    def _judged(self, judgement: GateJudgement, gate: Gate) -> _GateAnswer:
        remedy = {
            GateVerdict.GREEN: "",
            GateVerdict.PENDING: "Wait until it has finished; the gate's timeout-seconds says how long to wait for it.",
            GateVerdict.ABSENT: f"Push {self.commit[:12]} and let {gate.target!r} run for it.",
            GateVerdict.RED: f"Let {gate.target!r} run again for {self.commit[:12]}, or fix what it reports.",
        }
        good = judgement.verdict is GateVerdict.GREEN
        return _GateAnswer(
            good, f"{judgement.verdict.value}: {judgement.detail}", remedy[judgement.verdict], judgement.when
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.wall(), timezone.utc)


def _document(response: Response) -> object:
    try:
        return strict_json.loads(response.body)
    except ValueError:
        return None

"""Asking one gate: a command, a health URL, or GitHub. Whatever comes of it, it becomes evidence."""

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
from shiplane.core.system.process import run
from shiplane.core.text import one_line
from shiplane.core.timestamps import rfc3339
from shiplane.git.github import GitHub
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.retry import DEADLINE, RETRIED, RetryPolicy, body_text
from shiplane.registry.http.retry_budget import BUDGET, Clock, RetryBudget, SystemClock

_HEALTH_LIMIT = 1024 * 1024
_POLL = 10.0


@dataclass(frozen=True)
class _HttpAnswer:
    good: bool
    detail: str
    remedy: str = ""
    when: str = ""
    output: str = ""


class CommandError(PrerequisiteError):
    """A command of the project did not end well; ``output`` is all that it wrote, safe to print."""

    def __init__(self, what: str, *, remedy: str, output: str) -> None:
        super().__init__(what, remedy=remedy)
        self.output = output


@dataclass(frozen=True, kw_only=True)
class GateRunner:
    """Asks the gates of one commit. Safe to use from several threads.

    Attributes:
        root: The project's root, where commands run.
        commit: The full hash that the gates are asked about.
        env: The environment of commands: without secrets.
        transport: Carries requests to health URLs, with no credential.
        github: Makes the client for GitHub when a gate needs it.
        redact: Applied to everything that is repeated.
        clock: Whose time it is.
        tell: Where waiting is announced.
    """

    root: Path
    commit: str
    env: Mapping[str, str]
    transport: Transport
    github: Callable[[], GitHub]
    redact: Redactor
    clock: Clock = field(default_factory=SystemClock)
    tell: Callable[[str], None] = lambda _text: None

    def ask(self, gate: Gate, stop: threading.Event | None = None) -> Evidence:
        """Ask a gate. Not being able to is an answer too: not green.

        Args:
            gate: Which.
            stop: Ends the waiting when it is set.
        """
        try:
            answer = self._answer(gate, stop)
        except ShiplaneError as error:
            output = error.output if isinstance(error, CommandError) else ""
            answer = _HttpAnswer(good=False, detail=error.what, remedy=error.remedy, output=output)
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

    def run(self, argv: Sequence[str], timeout: float, stop: threading.Event | None = None) -> None:
        """Run a command of the project: quiet when it passes, with all that it wrote when it fails.

        Raises:
            CommandError: It failed, cannot be started, or did not end in time.
        """
        lines: list[str] = []
        try:
            done = run(argv, env=self.env, cwd=self.root, timeout=timeout, listen=lines.append, joined=True, stop=stop)
        except PrerequisiteError as error:
            remedy = error.remedy or "Mend it, or give it more time in the project file."
            raise CommandError(error.what, remedy=remedy, output=self._shown(lines)) from error
        if done.code != 0:
            what = f"{done.command} ended with {done.code}"
            raise CommandError(what, remedy="Mend what it complains about.", output=self._shown(lines))

    def _answer(self, gate: Gate, stop: threading.Event | None) -> _HttpAnswer:
        if gate.kind is GateKind.COMMAND:
            self.run(shlex.split(gate.target), gate.timeout, stop)
            return _HttpAnswer(good=True, detail="passed")
        return self._health(gate) if gate.kind is GateKind.HTTP else self._checks(gate, stop)

    def _health(self, gate: Gate) -> _HttpAnswer:
        """A health URL: outages and 5xx are waited for within the gate's time limit, redirects are not followed."""
        carrier = RetryPolicy(
            transport=self.transport,
            retry_budget=RetryBudget(clock=self.clock, tell=self.tell, budget=min(BUDGET, gate.timeout)),
            error_text=lambda response: one_line(self.redact(body_text(response)))[:120],
            is_throttled=lambda _response: False,
            retried_statuses=RETRIED - {gate.status},
            deadline=min(DEADLINE, gate.timeout),
            until=self.clock.now() + gate.timeout,
        )
        request = Request(method="GET", url=gate.target, headers={"Accept": "application/json, */*;q=0.1"})
        response = carrier.send(request, limit=_HEALTH_LIMIT)
        good, detail = judge_health(response.status, _document(response), gate)
        return _HttpAnswer(good, detail, remedy="Mend the service, or what is expected of it in the project file.")

    def _checks(self, gate: Gate, stop: threading.Event | None) -> _HttpAnswer:
        """A check on GitHub; one that is pending, or not there yet, is waited for as long as the gate says."""
        github, until = self.github(), self.clock.now() + gate.timeout
        while True:
            found = judge_runs(github.runs(self.commit), gate, self.commit, self._now())
            left = until - self.clock.now()
            if not found.verdict.may_change or left <= 0 or (stop is not None and stop.is_set()):
                return self._judged(found, gate)
            self.tell(f"{gate.name}: {found.detail}; looking again for {left:.0f} s")
            self.clock.sleep(min(_POLL, left))

    def _judged(self, found: GateJudgement, gate: Gate) -> _HttpAnswer:
        remedy = {
            GateVerdict.GREEN: "",
            GateVerdict.PENDING: "Wait until it has ended; timeout-seconds of the gate says how long to wait for it.",
            GateVerdict.ABSENT: f"Push {self.commit[:12]} and let {gate.target!r} run for it.",
            GateVerdict.RED: f"Let {gate.target!r} run again for {self.commit[:12]}, or mend what it complains about.",
        }
        good = found.verdict is GateVerdict.GREEN
        return _HttpAnswer(good, f"{found.verdict.value}: {found.detail}", remedy[found.verdict], found.when)

    def _shown(self, lines: Sequence[str]) -> str:
        """A child's whole output: marked, unable to act as anything but text, and without secrets."""
        return "\n".join(f"  | {one_line(self.redact(line))}" for line in lines)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.wall(), timezone.utc)


def _document(response: Response) -> object:
    try:
        return strict_json.loads(response.body)
    except ValueError:
        return None

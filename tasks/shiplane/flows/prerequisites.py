"""What has to hold before a release: the build passes, and every gate is green for this very commit.

Children run without any credential in their environment. What belongs to the build itself (a token for a private
package index, say) is left to it: it is the project's own, and the build could not run without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from shiplane.clients.github import GitHub
from shiplane.clients.http import Request, Transport
from shiplane.clients.parallel import WORKERS, each
from shiplane.clients.patience import BUDGET, Clock, Patience, SystemClock
from shiplane.clients.process import refuse_dumps, run
from shiplane.clients.project import default_build
from shiplane.clients.session import Session
from shiplane.model import strictjson
from shiplane.model.errors import PrerequisiteError, ShiplaneError
from shiplane.model.gate import Evidence, Gate, Kind, Verdict, judge_health, judge_runs
from shiplane.model.projectfile import ProjectFile
from shiplane.model.redact import Redactor
from shiplane.model.step import Flow, Step

_HEALTH_LIMIT = 1024 * 1024
_POLL = 10.0


@dataclass(frozen=True, kw_only=True)
class Prerequisites:
    """The prerequisites of one commit.

    Attributes:
        root: The project's root, where commands run.
        project: Its build command and gates.
        commit: The full hash that gates are asked about.
        env: The environment of the children: without secrets.
        transport: Carries requests to health URLs.
        github: Makes the client for GitHub's checks when a gate needs it.
        redact: Applied to everything that is repeated.
        skip: Names of checks that are left out: ``build``, ``gates``, or a gate's.
        clock: Whose time it is.
        workers: How many gates are asked at once.
    """

    root: Path
    project: ProjectFile
    commit: str
    env: Mapping[str, str]
    transport: Transport
    github: Callable[[], GitHub]
    redact: Redactor
    skip: frozenset[str] = frozenset()
    clock: Clock = field(default_factory=SystemClock)
    workers: int = WORKERS

    def all(self) -> Flow[list[Evidence]]:
        """Build, then every gate.

        Returns:
            What each gate answered.

        Raises:
            PrerequisiteError: The build failed, or a gate is not green.
        """
        refuse_dumps()
        yield from self.build()
        return (yield from self.gates())

    def build(self) -> Flow[None]:
        """Run the build command: quiet when it passes, whole when it fails.

        Raises:
            PrerequisiteError: It failed, cannot be started, or did not end in time.
        """
        argv = self.project.build or default_build(self.root)
        step = Step("build command", " ".join(argv or ("none",)))
        yield step
        if "build" in self.skip:
            yield step.skipped("--skip build")
            return
        if argv is None:
            yield step.skipped("none is configured, and package.json has no build script")
            return
        self._run(list(argv), self.project.build_timeout)
        yield step.done("passed")

    def gates(self) -> Flow[list[Evidence]]:
        """Ask every gate, side by side.

        Raises:
            PrerequisiteError: Naming each that is not green.
        """
        wanted = [gate for gate in self.project.gates if not {"gates", gate.name} & self.skip]
        if not self.project.gates:
            yield Step("gates", "none").skipped("no gate is configured: nothing but the build was checked")
        for gate in self.project.gates:
            if gate not in wanted:
                yield Step("gate", gate.name).skipped("--skip")
        for gate in wanted:
            yield Step("gate", gate.name)
        evidence = each(self.ask, wanted, workers=self.workers)
        for found in evidence:
            step = Step("gate", found.gate)
            yield step.done(found.detail) if found.good else step.failed(found.detail)
        red = [f"{found.gate}: {found.detail}" for found in evidence if not found.good]
        if red:
            raise PrerequisiteError(
                "not green:\n  " + "\n  ".join(red), remedy="Mend it, or leave it out on purpose: --skip NAME."
            )
        return evidence

    def ask(self, gate: Gate) -> Evidence:
        """Ask one gate. Not being able to ask it is an answer too: not green."""
        try:
            good, detail, when = {
                Kind.COMMAND: self._command,
                Kind.HTTP: self._health,
                Kind.GITHUB: self._checks,
            }[gate.kind](gate)
        except ShiplaneError as error:
            good, detail, when = False, error.what, ""
        return Evidence(
            gate=gate.name,
            kind=gate.kind.value,
            good=good,
            detail=self.redact(detail),
            commit=self.commit,
            when=when or self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def _command(self, gate: Gate) -> tuple[bool, str, str]:
        import shlex

        self._run(shlex.split(gate.target), gate.timeout)
        return True, "passed", ""

    def _health(self, gate: Gate) -> tuple[bool, str, str]:
        """A health URL: outages and 5xx are waited for within the gate's time limit, redirects are not followed."""
        patience = Patience(clock=self.clock, spent=max(0.0, BUDGET - gate.timeout))
        session = Session(self.transport, None, patience, self.redact, deadline=max(gate.timeout, 0.1))
        response = session.patiently(Request(method="GET", url=gate.target), limit=_HEALTH_LIMIT)
        try:
            document = strictjson.loads(response.body)
        except ValueError:
            document = None
        good, detail = judge_health(response.status, document, gate)
        return good, detail, ""

    def _checks(self, gate: Gate) -> tuple[bool, str, str]:
        """A check on GitHub; a pending one is waited for as long as the gate says."""
        github, until = self.github(), self.clock.now() + gate.timeout
        while True:
            verdict, detail, when = judge_runs(github.runs(self.commit), gate, self.commit, self._now())
            if verdict is not Verdict.PENDING or self.clock.now() >= until:
                return verdict is Verdict.GREEN, detail, when
            self.clock.sleep(min(_POLL, max(0.0, until - self.clock.now())))

    def _run(self, argv: list[str], timeout: float) -> None:
        done = run(argv, env=self.env, cwd=self.root, timeout=timeout)
        if done.code != 0:
            output = self.redact((done.stdout + done.stderr).rstrip())
            indented = "\n".join(f"  | {line}" for line in output.splitlines())
            raise PrerequisiteError(f"{done.command} ended with {done.code}:\n{indented}", remedy="Mend it.")

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.wall(), timezone.utc)

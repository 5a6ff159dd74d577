"""Prerequisites of a release: the build passes, and every gate is green for this commit.

Children run without any credential of the release in their environment. What the build itself needs (NPM_TOKEN, a token
for a private package index) is left in place: it belongs to the project, and the build could not run without it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, TypedDict

from shiplane.config.checks.names import VARIABLES_CHECK
from shiplane.config.gate import Evidence, EvidenceJson, Gate
from shiplane.config.project_file import ProjectFile
from shiplane.config.project_folder import build_command
from shiplane.config.setting import Setting
from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Flow, Step, StepOutcome, StepState
from shiplane.core.redact import Redactor
from shiplane.core.system.parallel import map_stoppable
from shiplane.core.system.process import refuse_dumps
from shiplane.git.github import GitHub
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.retry_budget import Clock, SystemClock
from shiplane.release.gates_run import GateRunner
from shiplane.release.planning.decision import Pending


class Conditions(Protocol):
    """What has to hold before anything is written."""

    def require(self, pending: Pending = Pending.VERSION) -> Flow[PrerequisiteEvidence]:
        """Check what has to hold before that much is written.

        Raises:
            PrerequisiteError: It does not hold.
        """


@dataclass(frozen=True)
class NoConditions:
    """No conditions: for callers that write no tags, or have checked already."""

    def require(self, pending: Pending = Pending.VERSION) -> Flow[PrerequisiteEvidence]:
        """See :class:`Conditions`."""
        del pending
        yield from ()
        build = Step("build command", "none").skipped("no condition")
        return PrerequisiteEvidence(command=(), build=build, gates=(), skipped=())


class BuildCommandJson(TypedDict):
    """The build command."""

    command: Annotated[str | None, "It; null where there is none."]
    state: Annotated[str, StepState, "How it ended."]
    reason: Annotated[str, "Why."]


class PrerequisiteEvidenceJson(TypedDict):
    """What held before the release."""

    build: BuildCommandJson
    gates: Annotated[list[EvidenceJson], "What each gate answered."]
    skipped_gates: Annotated[list[str], "The gates that were left out by name."]


@dataclass(frozen=True, kw_only=True)
class PrerequisiteEvidence:
    """What was checked before a release.

    Attributes:
        command: The build command; empty if there is none.
        build: Whether it ran, and why not.
        gates: Each gate's answer.
        skipped: The gates that were skipped on purpose.
    """

    command: tuple[str, ...]
    build: StepOutcome
    gates: tuple[Evidence, ...]
    skipped: tuple[str, ...]

    @property
    def took_time(self) -> bool:
        """Whether anything ran or was asked, so that what was surveyed before may have changed."""
        return self.build.state is StepState.DONE or bool(self.gates)

    def to_json(self) -> PrerequisiteEvidenceJson:
        """The evidence as JSON values."""
        return {
            "build": {
                "command": shlex.join(self.command) or None,
                "state": self.build.state.value,
                "reason": self.build.reason,
            },
            "gates": [evidence.to_json() for evidence in self.gates],
            "skipped_gates": list(self.skipped),
        }


@dataclass(frozen=True, kw_only=True)
class Prerequisites:
    """The prerequisites of one commit.

    Attributes:
        root: The project's root, where commands run.
        project: Its build command and gates.
        commit: The full hash that gates are asked about.
        env: The environment of commands, without secrets.
        transport: Sends the requests to health URLs.
        github: Makes the client for GitHub's checks when a gate needs it.
        redact: Applied to all output.
        skip: Names of checks to skip: ``build``, ``gates``, or a gate's.
        clock: The clock.
        tell: Reports waiting.
        show: Shows the lines of commands while they run.
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
    tell: Callable[[str], None] = lambda _text: None
    show: Callable[[str, str], object] = lambda _line, _subject: None

    def require(self, pending: Pending = Pending.VERSION) -> Flow[PrerequisiteEvidence]:
        """Check what has to hold before that much is written.

        Moving a floating tag releases the version that it moves to: the gates are asked, but nothing is built. If
        nothing is to be written, nothing is checked.

        Raises:
            PrerequisiteError: The build failed, or a gate is not green.
        """
        build = yield from self.build("" if pending is Pending.VERSION else "published already; nothing to build")
        if pending is Pending.NOTHING:
            evidence, skipped = [], tuple(gate.name for gate in self.project.gates)
            yield Step("gates", ", ".join(skipped) or "none").skipped("nothing to write")
        else:
            evidence, skipped = (yield from self.gates()), self.skipped_gates
        return PrerequisiteEvidence(command=self.command.value, build=build, gates=tuple(evidence), skipped=skipped)

    @property
    def command(self) -> Setting[tuple[str, ...]]:
        """The build command with its source; empty if there is none."""
        return build_command(self.root, self.project)

    @property
    def skipped_gates(self) -> tuple[str, ...]:
        """The gates that are skipped, by name or all together."""
        return tuple(gate.name for gate in self.project.gates if {"gates", gate.name} & self.skip)

    def build(self, reason: str = "") -> Flow[StepOutcome]:
        """Run the build command: quiet if it passes, with all its output if it fails.

        Args:
            reason: Why it need not run; empty if it has to.

        Raises:
            PrerequisiteError: It failed, cannot be started, or did not end in time.
        """
        refuse_dumps()
        command = self.command
        step = Step("build command", shlex.join(command.value) or "none")
        yield step
        reason = "--skip build" if "build" in self.skip else reason
        if reason or not command.value:
            outcome = step.skipped(reason or command.source)
        else:
            needs = () if VARIABLES_CHECK in self.skip else self.project.build_env
            self._runner.run_build(command.value, self.project.build_timeout, needs)
            outcome = step.done(f"passed ({command.source})")
        yield outcome
        return outcome

    def gates(self) -> Flow[list[Evidence]]:
        """Ask every gate, as :meth:`asked_gates` does.

        Raises:
            PrerequisiteError: Naming each gate that is not green, and how to fix it.
        """
        evidence = yield from self.asked_gates()
        _require_green(evidence)
        return evidence

    def asked_gates(self) -> Flow[list[Evidence]]:
        """Ask every gate, side by side.

        Returns:
            Each answer, good or not, in the order of the project file.
        """
        refuse_dumps()
        if not self.project.gates:
            yield Step("gates", "none").skipped("none configured")
        for name in self.skipped_gates:
            yield Step("gate", name).skipped("--skip gates" if "gates" in self.skip else f"--skip {name}")
        gates = [gate for gate in self.project.gates if gate.name not in self.skipped_gates]
        for gate in gates:
            yield Step("gate", gate.name)
        evidence = map_stoppable(self._runner.ask, gates)
        for answer in evidence:
            step = Step("gate", answer.gate)
            yield step.done(answer.detail) if answer.good else step.failed(answer.detail)
        return evidence

    def ask(self, gate: Gate) -> Evidence:
        """Ask one gate; one that cannot be asked is not green."""
        return self._runner.ask(gate)

    @property
    def _runner(self) -> GateRunner:
        return GateRunner(
            root=self.root,
            commit=self.commit,
            env=self.env,
            transport=self.transport,
            github=self.github,
            redact=self.redact,
            clock=self.clock,
            tell=self.tell,
            show=self.show,
        )


def _require_green(evidence: list[Evidence]) -> None:
    red = [answer for answer in evidence if not answer.good]
    if red:
        lines = [f"  {answer.gate}: {answer.detail}\n    {answer.remedy}\n{answer.output}".rstrip() for answer in red]
        remedy = "All gates must be green. Skip one that does not apply with --skip NAME."
        raise PrerequisiteError("not green:\n" + "\n".join(lines), remedy=remedy)

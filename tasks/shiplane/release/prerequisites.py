"""What has to hold before a release: the build passes, and every gate is green for this very commit.

Children run without any credential of a release in their environment. What belongs to the build itself (NPM_TOKEN, a
token for a private package index) is left to it: it is the project's own, and the build could not run without.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypedDict

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
from shiplane.release.gates_run import CommandError, GateRunner
from shiplane.release.planning.decision import Pending


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
    """What held before a release.

    Attributes:
        command: The build command; empty where there is none.
        build: How that ended: done or skipped, and why.
        gates: What each gate answered.
        skipped: The gates that were left out on purpose.
    """

    command: tuple[str, ...]
    build: StepOutcome
    gates: tuple[Evidence, ...]
    skipped: tuple[str, ...]

    @property
    def took_time(self) -> bool:
        """Whether anything ran or was asked, so that what was seen before it may have changed."""
        return self.build.state is StepState.DONE or bool(self.gates)

    def to_json(self) -> PrerequisiteEvidenceJson:
        """The same as JSON values."""
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
        env: The environment of the children: without secrets.
        transport: Carries requests to health URLs.
        github: Makes the client for GitHub's checks when a gate needs it.
        redact: Applied to everything that is repeated.
        skip: Names of checks that are left out: ``build``, ``gates``, or a gate's.
        clock: Whose time it is.
        tell: Where waiting is announced.
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

    def all(self) -> Flow[PrerequisiteEvidence]:
        """Build, then every gate.

        Raises:
            PrerequisiteError: The build failed, or a gate is not green.
        """
        return self.before(Pending.VERSION)

    def before(self, pending: Pending) -> Flow[PrerequisiteEvidence]:
        """What has to hold before that much is written.

        Moving a floating tag is a release of the version that it moves to, so that the gates are asked, but nothing is
        built for it. Where nothing is to be written there is nothing to be held back.

        Raises:
            PrerequisiteError: The build failed, or a gate is not green.
        """
        build = yield from self.build("" if pending is Pending.VERSION else "nothing is built: it is published already")
        if pending is Pending.NOTHING:
            evidence, skipped = [], tuple(gate.name for gate in self.project.gates)
            yield Step("gates", ", ".join(skipped) or "none").skipped("nothing is to be written")
        else:
            evidence, skipped = (yield from self.gates()), self.left_out
        return PrerequisiteEvidence(command=self.command.value, build=build, gates=tuple(evidence), skipped=skipped)

    @property
    def command(self) -> Setting[tuple[str, ...]]:
        """The build command with its source; no words where there is none."""
        return build_command(self.root, self.project)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The gates that are skipped by name, or all together."""
        return tuple(gate.name for gate in self.project.gates if {"gates", gate.name} & self.skip)

    def build(self, spared: str = "") -> Flow[StepOutcome]:
        """Run the build command: quiet when it passes, with all that it wrote when it fails.

        Args:
            spared: Why it need not run; empty where it has to.

        Raises:
            PrerequisiteError: It failed, cannot be started, or did not end in time.
        """
        refuse_dumps()
        command = self.command
        step = Step("build command", shlex.join(command.value) or "none")
        yield step
        spared = "--skip build" if "build" in self.skip else spared
        if spared or not command.value:
            outcome = step.skipped(spared or command.source)
        else:
            try:
                self._asker.run(command.value, self.project.build_timeout)
            except CommandError as error:
                raise PrerequisiteError(f"{error.what}\n{error.output}".rstrip(), remedy=error.remedy) from error
            outcome = step.done(f"passed ({command.source})")
        yield outcome
        return outcome

    def gates(self) -> Flow[list[Evidence]]:
        """Ask every gate, side by side.

        Returns:
            What each answered, in the order of the project file.

        Raises:
            PrerequisiteError: Naming each that is not green, with what to do about it.
        """
        refuse_dumps()
        if not self.project.gates:
            yield Step("gates", "none").skipped("no gate is configured: nothing but the build was checked")
        for name in self.left_out:
            yield Step("gate", name).skipped("--skip gates" if "gates" in self.skip else f"--skip {name}")
        wanted = [gate for gate in self.project.gates if gate.name not in self.left_out]
        for gate in wanted:
            yield Step("gate", gate.name)
        evidence = map_stoppable(self._asker.ask, wanted)
        for found in evidence:
            step = Step("gate", found.gate)
            yield step.done(found.detail) if found.good else step.failed(found.detail)
        _require_green(evidence)
        return evidence

    def ask(self, gate: Gate) -> Evidence:
        """Ask one gate. Not being able to ask it is an answer too: not green."""
        return self._asker.ask(gate)

    @property
    def _asker(self) -> GateRunner:
        return GateRunner(
            root=self.root,
            commit=self.commit,
            env=self.env,
            transport=self.transport,
            github=self.github,
            redact=self.redact,
            clock=self.clock,
            tell=self.tell,
        )


def _require_green(evidence: list[Evidence]) -> None:
    red = [found for found in evidence if not found.good]
    if red:
        words = [f"  {found.gate}: {found.detail}\n    {found.remedy}\n{found.output}".rstrip() for found in red]
        remedy = "All gates have to be green. One that does not apply is left out by its name: --skip NAME."
        raise PrerequisiteError("not green:\n" + "\n".join(words), remedy=remedy)

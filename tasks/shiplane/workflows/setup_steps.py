"""The project's own steps in a workflow: what prepares a job for the build command and the gates, and the build."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from shiplane.config.gate import Gate, GateKind
from shiplane.config.keys.workflows import SetupStep
from shiplane.workflows.step_variables import Expressions, either_of, env_block, env_lines

NPM = SetupStep(name="Install the project's packages", run="npm ci")
_READING = "\n          GITHUB_TOKEN: ${{ github.token }} # can only read what the permissions above allow"
# Several words that mean the same to YAML without quotes: no scalar of another type, no comment, no mapping.
_PLAIN = re.compile(r"[A-Za-z][\w./=-]*(?: [\w'./=-]+)+", re.ASCII)


def with_npm(steps: Sequence[SetupStep]) -> tuple[SetupStep, ...]:
    """The steps, and one that installs npm's packages unless one of them does."""
    return (*steps, *([] if any(re.match(r"npm (?:ci|i|install)\b", step.run) for step in steps) else [NPM]))


def setup_lines(steps: Sequence[SetupStep], variables: Callable[[Iterable[str]], Expressions] = either_of) -> str:
    """The steps as items of a job's ``steps``, without a line break at the end; ``variables`` says what ``env`` is."""
    return "\n".join(line for step in steps for line in _lines(step, variables))


def build_command_lines(program: str, env: Expressions, *, dry_run: bool = False) -> str:
    """The step that runs the build command; in a dry run it may lack variables."""
    skip = " --skip variables" * (dry_run and bool(env))
    return f"      - name: Build command\n        run: {program} check.build{skip}{env_block(env)}"


def gates_env(gates: Sequence[Gate]) -> str:
    """The ``env`` of the step that asks the gates: the job's token for GitHub's, and what commands need."""
    names = dict.fromkeys(name for gate in gates for name in gate.env)
    token = any(gate.kind is GateKind.GITHUB for gate in gates)
    lines = _READING * token + env_lines(either_of(names), 10)
    return f"\n        env:{lines}" if lines else ""


def _lines(step: SetupStep, variables: Callable[[Iterable[str]], Expressions]) -> Iterator[str]:
    yield f"      - name: {_scalar(step.title)}"
    yield f"        uses: {step.uses}" if step.uses else f"        run: {_scalar(step.run)}"
    if step.inputs:
        yield "        with:"
        yield from (f"          {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in step.inputs.items())
    if step.env:
        yield env_block(variables(step.env)).removeprefix("\n")


def _scalar(text: str) -> str:
    """A text for YAML: plain where it can be, else in double quotes, whose escapes are JSON's."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

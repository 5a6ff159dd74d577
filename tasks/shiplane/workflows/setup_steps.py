"""The project's own steps in a workflow: what prepares a job for the build command and the gates, and the build."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from shiplane.config.keys.workflows import SetupStep
from shiplane.workflows.step_variables import Expressions, either_of, env_lines

NPM = SetupStep(name="Install the project's packages", run="npm ci")
# Several words that mean the same to YAML without quotes: no scalar of another type, no comment, no mapping.
_PLAIN = re.compile(r"[A-Za-z][\w./=-]*(?: [\w'./=-]+)+", re.ASCII)


def with_npm(steps: Sequence[SetupStep]) -> tuple[SetupStep, ...]:
    """The steps, and one that installs npm's packages unless one of them does."""
    return (*steps, *([] if any(re.match(r"npm (?:ci|i|install)\b", step.run) for step in steps) else [NPM]))


def setup_lines(steps: Sequence[SetupStep], variables: Callable[[Iterable[str]], Expressions] = either_of) -> str:
    """The steps as items of a job's ``steps``, without a line break at the end; ``variables`` says what ``env`` is."""
    return "\n".join(line for step in steps for line in _lines(step, variables))


def build_command_lines(program: str) -> str:
    """The step that runs the build command."""
    return f"      - name: Build command\n        run: {program} check.build"


def _lines(step: SetupStep, variables: Callable[[Iterable[str]], Expressions]) -> Iterator[str]:
    yield f"      - name: {_scalar(step.title)}"
    yield f"        uses: {step.uses}" if step.uses else f"        run: {_scalar(step.run)}"
    if step.inputs:
        yield "        with:"
        yield from (f"          {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in step.inputs.items())
    if step.env:
        yield "        env:" + env_lines(variables(step.env), 10)


def _scalar(text: str) -> str:
    """A text for YAML: plain where it can be, else in double quotes, whose escapes are JSON's."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)

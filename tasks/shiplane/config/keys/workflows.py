"""Settings of the publish workflows in the project file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from shiplane.config.keys.texts import LINE_FORM, VARIABLES
from shiplane.core.schema.tables import Key, OneOf, Table, keys_of
from shiplane.core.schema.values import Array, Boolean, Either, Named, Text
from shiplane.core.text import INVISIBLE

DEFAULT_ENVIRONMENT = "release"
_ENVIRONMENT = Text(
    pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    problem="is not a deployment environment name",
    remedy="Letters, digits, '.', '_' and '-', at most 100.",
)
# GitHub replaces expressions before it runs anything: what they stand for would be read as code.
_NO_EXPRESSION = r"(?![\s\S]*\$\{\{)"
_LINE = Text(
    pattern=_NO_EXPRESSION + LINE_FORM,
    problem="is empty, has control characters or an expression ${{ }}",
    remedy="One line. Put several commands into a script of the project.",
)
_TEXT = Text(
    pattern=rf"{_NO_EXPRESSION}(?:[^{INVISIBLE}]|\n)*",
    problem="has control characters or an expression ${{ }}",
)
_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ACTION = Text(
    pattern=rf"(?:{_NAME}/{_NAME}(?:/{_NAME})*@[0-9a-f]{{40}}(?: # [A-Za-z0-9._/-]{{1,80}})?|\.(?:/\.?{_NAME})+)",
    problem="is not an action pinned by its commit",
    remedy="Expected owner/name@<commit, 40 hex digits> # v1.2.3, or ./path of an action in this repository. "
    "A tag or branch can be moved to other code.",
)
_INPUT = Text(pattern="[A-Za-z_][A-Za-z0-9_-]{0,99}", problem="is not the name of an input")


@dataclass(frozen=True, kw_only=True)
class SetupStep:
    """A step that prepares the machine for the build command and the gates: an action, or a command.

    Attributes:
        uses: The action; empty for a command.
        run: The command; empty for an action.
    """

    uses: Annotated[
        str,
        Key("An action: owner/name@<commit, 40 hex digits> # v1.2.3, or ./path within this repository.", _ACTION),
    ] = ""
    inputs: Annotated[
        Mapping[str, str | bool],
        Key("The action's inputs.", Named(of=Either((_TEXT, Boolean())), names=_INPUT), "with"),
    ] = field(default_factory=dict)
    run: Annotated[str, Key("A command, run by bash in the project's root.", _LINE)] = ""
    name: Annotated[str, Key("Name of the step. Default: the action or the command.", _LINE)] = ""
    env: Annotated[
        tuple[str, ...],
        Key(
            "Variables that it needs: each is the repository's secret of that name, or else its variable.",
            VARIABLES,
        ),
    ] = ()

    @property
    def title(self) -> str:
        """What the step is called."""
        return self.name or (self.uses.partition("@")[0] or self.run)[:80]


def _setup_table(kind: str, description: str, *others: str) -> Table:
    def keys() -> dict[str, Key]:
        known = keys_of(SetupStep)
        return {kind: replace(known[kind], required=True), **{other: known[other] for other in others}}

    return Table(f"setup-{kind}", description, SetupStep, keys)


_SETUP = Array(
    of=OneOf(
        {
            "uses": _setup_table("uses", "An action.", "inputs", "name", "env"),
            "run": _setup_table("run", "A command.", "name", "env"),
        }
    ),
    most=50,
)


@dataclass(frozen=True, kw_only=True)
class WorkflowSettings:
    """How invoke workflow.write makes the publish workflows of GitHub Actions."""

    native: Annotated[
        bool,
        Key(
            "Whether each platform is built on its own runner, natively where GitHub has such a runner, and joined.",
            Boolean(),
        ),
    ] = False
    environment: Annotated[
        str,
        Key(
            "Deployment environment of the jobs with credentials: the place for secrets and required reviewers.",
            _ENVIRONMENT,
        ),
    ] = DEFAULT_ENVIRONMENT
    setup: Annotated[
        tuple[SetupStep, ...],
        Key("What prepares a job for the build command and the gates: actions and commands, in this order.", _SETUP),
    ] = ()
    check_setup: Annotated[
        tuple[SetupStep, ...],
        Key(
            "What prepares the job that publishes for the checks of staged images, such as installing a scanner: "
            "actions and commands, in this order, without the release's credentials.",
            _SETUP,
        ),
    ] = ()
    host_output: Annotated[
        bool,
        Key(
            "Whether images take files that the build command makes: then it runs, after setup, in each job that "
            "builds an image, in the same working tree.",
            Boolean(),
        ),
    ] = False
    pull_request: Annotated[
        bool,
        Key("Whether each pull request builds every image, without secrets, and pushes nothing.", Boolean()),
    ] = False


WORKFLOWS = Table.of(WorkflowSettings, "workflows")

"""Settings of the publish workflows in the project file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Boolean, Text

DEFAULT_ENVIRONMENT = "release"
_ENVIRONMENT = Text(
    pattern="[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    problem="is not a deployment environment name",
    remedy="Letters, digits, '.', '_' and '-', at most 100.",
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


WORKFLOWS = Table.of(WorkflowSettings, "workflows")

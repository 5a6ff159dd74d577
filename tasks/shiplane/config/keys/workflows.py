"""How the project wants its publish workflows, as the project file says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shiplane.config.keys.table import Table

DEFAULT_ENVIRONMENT = "release"
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class WorkflowSettings:
    """What ``workflow.write`` cannot tell from the lanes.

    Attributes:
        native: Whether each platform is built on a runner of its own kind, without emulation.
        environment: The deployment environment of the jobs that have credentials.
    """

    native: bool = False
    environment: str = DEFAULT_ENVIRONMENT


def parse_workflows(table: Table) -> WorkflowSettings:
    """Read ``[workflows]``.

    Raises:
        ConfigurationError: A key is unknown, or the environment has a name that a workflow could misread.
    """
    table.only("native", "environment")
    environment = table.get("environment", str)
    if environment is not None and not _ENVIRONMENT.fullmatch(environment):
        raise table.wrong("environment", "has to be letters, digits, '.', '_' and '-', at most 100")
    return WorkflowSettings(
        native=table.get("native", bool) or False,
        environment=DEFAULT_ENVIRONMENT if environment is None else environment,
    )

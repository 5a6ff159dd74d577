"""The project file that is proposed, as it will be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli

from shiplane.cli.workflows.remarks import remark_lines
from shiplane.config.keys.registries import check_names
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.init.proposal import Proposal

if TYPE_CHECKING:
    from shiplane.cli.run import Run


def checked(run: Run, proposal: Proposal, name: str) -> ProjectFile:
    """The proposed project file as it will be read; ``name`` is what it is called.

    Raises:
        ConfigurationError: What is published now cannot be one.
    """
    try:
        project = parse_project_file(tomli.loads(proposal.text), name)
        check_names(project.name, project.registries, run.env)
    except UsageError as error:
        raise ConfigurationError(
            f"what the workflows publish does not make a project file: {error.what}",
            remedy=f"{error.remedy} Write {name} by hand; init adds the rest. {_as_far_as_it_goes(proposal)}",
        ) from error
    return project


def _as_far_as_it_goes(proposal: Proposal) -> str:
    """A proposal that is none, with what could not be translated: often that is why."""
    lines = remark_lines(proposal.remarks)
    return "\n".join(["Proposed:\n", proposal.text, *(["not translated", *lines] if lines else [])])

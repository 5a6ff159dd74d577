"""Where a project's workflows are: GitHub reads those at the root of a repository alone.

All paths here are those in the repository. A project in a folder of it has that folder in the names of its files, with
dots for slashes, which no lane's name contains: ``services.api.docker-publish.yml``.
"""

from __future__ import annotations

import re

from shiplane.config.channel import Channel
from shiplane.config.lane import Lane
from shiplane.core.errors import ConfigurationError

FOLDER = ".github/workflows"
SHARED = f"{FOLDER}/release-lane.yml"
REQUIREMENTS = ".github/shiplane-requirements.txt"
# Nothing here is special in YAML, in GitHub's filter patterns, or in the name of a file.
_NAMEABLE = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", re.ASCII)


def path_of(lane: Lane, folder: str = "") -> str:
    """The path of the workflow of a lane, or of the group that it is the first of; the runbook's names.

    The built-in lanes have those that the runbook gives them.
    """
    name = "docker-publish" if lane.name == "main" else f"docker-{lane.name}-publish"
    return f"{FOLDER}/{prefix_of(folder)}{name}.yml"


def path_of_channel(channel: Channel, folder: str = "") -> str:
    """The path of a channel's workflow."""
    return f"{FOLDER}/{prefix_of(folder)}channel-{channel.name}.yml"


def path_of_pull_requests(folder: str = "") -> str:
    """The path of the workflow that pull requests start; no lane's has that name."""
    return f"{FOLDER}/{prefix_of(folder)}docker-pull-request.yml"


def shared_path(folder: str = "") -> str:
    """The path of the workflow that those of the lanes call."""
    return f"{FOLDER}/{prefix_of(folder)}release-lane.yml"


def prefix_of(folder: str) -> str:
    """What the names of a project's workflows begin with; nothing at the repository's root."""
    return f"{folder.strip('.').replace('/', '.')}." if folder else ""


def way_up(folder: str) -> str:
    """From the project's folder to the repository's root: ``../`` for each level."""
    return "../" * len(folder.split("/")) if folder else ""


def check_folder(folder: str) -> None:
    """Refuse a folder that a workflow cannot name.

    Raises:
        ConfigurationError: It contains a blank or another special character.
    """
    if folder and not _NAMEABLE.fullmatch(folder):
        raise ConfigurationError(
            f"workflows: the project's folder {folder[:120]!a} cannot be named in a workflow",
            remedy="Rename it: letters, digits, '.', '_' and '-'.",
        )

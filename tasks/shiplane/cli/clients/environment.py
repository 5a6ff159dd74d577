"""The secrets of the environment: which there are, and what is left for a child process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shiplane.config.build_settings import secret_variables
from shiplane.config.keys.announcements import webhook_variables
from shiplane.core.system.process import without_secrets
from shiplane.registry.http.proxies import proxy_passwords

if TYPE_CHECKING:
    from shiplane.config.project_file import ProjectFile
    from shiplane.registry.credentials import Credentials

# Our own variables and those that other tools use: whatever they hold must not be printed, wherever it turns up.
_SECRETS = ("GHCR_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


def secrets_of(env: Mapping[str, str]) -> list[str]:
    """Every secret of an environment that is one in every project."""
    return [*(env[name] for name in _SECRETS if env.get(name)), *proxy_passwords(env)]


def child_environment(env: Mapping[str, str], project: ProjectFile, credentials: Credentials) -> dict[str, str]:
    """The environment without its secrets, and without those of registries, builds and webhooks in the project file."""
    return without_secrets(env, also=private_variables(project, credentials))


def private_variables(project: ProjectFile, credentials: Credentials) -> list[str]:
    """The variables that hold a secret of this project: passwords of registries, build secrets, keys, webhooks."""
    build_secrets = secret_variables(lane.build for lane in project.lanes)
    signing = project.sign.withheld_variables if project.sign else ()
    return [*credentials.secret_variables(), *build_secrets, *webhook_variables(project.announcements), *signing]

"""``registries`` of the project file: which variables hold each registry's credential, and whether they may."""

from __future__ import annotations

from collections.abc import Mapping

from shiplane.config.keys.table import Table
from shiplane.core.errors import ConfigurationError
from shiplane.registry.credential_variables import CredentialVariables, foreign_owner

_REMEDY = (
    "Keep the registry's own user name and token in variables of their own: REGISTRY_USERNAME, REGISTRY_TOKEN, say."
)


def parse_registry(table: Table) -> CredentialVariables:
    """One registry's table."""
    table.only("username-env", "password-env", "token-host")
    return CredentialVariables(
        username_env=table.strings("username-env"),
        password_env=table.strings("password-env"),
        token_host=table.get("token-host", str) or "",
    )


def check_names(file: str, registries: Mapping[str, CredentialVariables], env: Mapping[str, str]) -> None:
    """Refuse a project file that names a variable for a registry which it does not belong to.

    Raises:
        ConfigurationError: Naming the key, the variable, and whose that is.
    """
    for registry, names in registries.items():
        for key, variables in (("username-env", names.username_env), ("password-env", names.password_env)):
            for variable in variables:
                if owner := foreign_owner(variable, registry, env):
                    raise ConfigurationError(
                        f'{file}: registries."{registry}".{key}: {variable} belongs to {owner}, '
                        f"and is never sent to {registry}",
                        remedy=_REMEDY,
                    )

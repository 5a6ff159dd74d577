"""``registries`` of the project file: which variables hold each registry's credential, and whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.tables import Table
from shiplane.core.schema.values import Named
from shiplane.registry.credential_variables import CredentialVariables, foreign_owner

Registries: TypeAlias = Mapping[str, CredentialVariables]
REGISTRIES = Named(
    of=Table.of(CredentialVariables, "registry", "Names of environment variables, in order; never a secret itself.")
)
_REMEDY = "Use separate variables for the registry's user name and token, e.g. REGISTRY_USERNAME and REGISTRY_TOKEN."


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

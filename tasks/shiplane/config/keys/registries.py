"""``registries`` and ``promotions`` of the project file: who logs in where, and from where to where versions go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from shiplane.config.keys.texts import IMAGES, REPOSITORY
from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Named
from shiplane.registry.credential_variables import CredentialVariables, foreign_owner
from shiplane.registry.oci.names import Repository

Registries: TypeAlias = Mapping[str, CredentialVariables]
REGISTRIES = Named(
    of=Table.of(CredentialVariables, "registry", "Names of environment variables, in order; never a secret itself.")
)


@dataclass(frozen=True, kw_only=True)
class PromotionRoute:
    """A way for verified versions from one repository to another, as from staging to production."""

    source: Annotated[Repository, Key("The repository that versions are promoted from.", REPOSITORY, "from")]
    images: Annotated[
        tuple[Repository, ...],
        Key(
            "The repository that they go to; of a list the first, and the others get the same bytes and tags.",
            IMAGES,
            "to",
        ),
    ]

    @property
    def target(self) -> Repository:
        """Where they go, and where the ledger is."""
        return self.images[0]


Promotions: TypeAlias = tuple[PromotionRoute, ...]
PROMOTIONS = Array(of=Table.of(PromotionRoute, "promotion"))
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

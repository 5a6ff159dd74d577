"""Choose a registry's credentials: a pair of environment variables, else ``docker login``, else none.

:mod:`shiplane.registry.credential_variables` decides which variables may go where. User name and token for ghcr.io
should come from the same pair; a mixed pair (allowed by the runbook on a local machine) is used, but marked as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError
from shiplane.core.host_names import GHCR_HOST
from shiplane.core.system.process import without_secrets
from shiplane.registry.credential_variables import CredentialVariables, default_variables, without_enterprise
from shiplane.registry.stored_login import AUTH_CONFIG, stored_login


@dataclass(frozen=True)
class CredentialSource:
    """One possible source of credentials.

    Attributes:
        source: The variables, or the store.
        verdict: Why it is used or not.
        belongs: Whether it is built in or from ``docker login``; what only the project file names is used for writing.
    """

    source: str
    verdict: str
    credential: Credential | None = None
    belongs: bool = True


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Finds credentials.

    Attributes:
        names: The configured variables of each registry.
    """

    env: Mapping[str, str]
    names: Mapping[str, CredentialVariables]

    def for_writing(self, registry: str) -> Credential | None:
        """Credentials for a command that writes, or None for anonymous access.

        Raises:
            AccessError: An invalid value, or a credential helper that fails.
        """
        # A helper may prompt, so it is asked only if needed.
        return self.from_environment(registry) or self._stored(registry).credential

    def for_reading(self, registry: str) -> Credential | None:
        """Credentials for a command that reads, once anonymous access is refused. Raises as :meth:`for_writing`."""
        return (
            _first(self._from_environment(registry, default_variables(registry, self.env)))
            or self._stored(registry).credential
        )

    def from_environment(self, registry: str) -> Credential | None:
        """Credentials from the environment, or None.

        Raises:
            AccessError: An invalid user name or token.
        """
        return _first(self.variables(registry))

    def variables(self, registry: str) -> list[CredentialSource]:
        """The pairs of variables in order of precedence. Raises as :meth:`from_environment`."""
        return self._from_environment(registry, self._names(registry))

    def candidates(self, registry: str) -> list[CredentialSource]:
        """Every source in order of precedence; the first with credentials wins. Raises as :meth:`for_writing`."""
        return [*self.variables(registry), self._stored(registry)]

    def _names(self, registry: str) -> CredentialVariables:
        named = self.names.get(registry, CredentialVariables())
        if not named.username_env and not named.password_env:
            named = default_variables(registry, self.env)
        return without_enterprise(named, registry, self.env)

    def login_variables(self, registry: str, pushes: bool) -> str:  # noqa: FBT001 -- a callback's second argument
        """The first pair of variables for a registry, as ``USER and TOKEN``; empty if there is none."""
        names = self._names(registry) if pushes else default_variables(registry, self.env)
        return next(
            (f"{user} and {token}" for user, token in zip(names.username_env, names.password_env, strict=False)), ""
        )

    def secret_variables(self) -> frozenset[str]:
        """Every variable that may hold a password, to be withheld from child processes."""
        groups = (default_variables(GHCR_HOST, {}), *self.names.values())
        return frozenset(name for names in groups for name in names.password_env)

    def _from_environment(self, registry: str, names: CredentialVariables) -> list[CredentialSource]:
        pairs = list(zip(names.username_env, names.password_env, strict=False))
        complete = [pair for pair in pairs if all(self.env.get(name) for name in pair)]
        mixed = [] if complete else self._mixed(names)
        sources = [self._pair(registry, *pair, note="") for pair in complete]
        sources += [self._pair(registry, *pair, note=", a mixed pair") for pair in mixed]
        missing = [
            CredentialSource(
                f"{user} + {token}", f"{' and '.join(n for n in (user, token) if not self.env.get(n))} not set"
            )
            for user, token in pairs
            if (user, token) not in complete + mixed
        ]
        return sources + missing

    def _mixed(self, names: CredentialVariables) -> list[tuple[str, str]]:
        """A user name from one pair and a token from another: allowed by the runbook's "or"."""
        user = next((name for name in names.username_env if self.env.get(name)), "")
        token = next((name for name in names.password_env if self.env.get(name)), "")
        return [(user, token)] if user and token else []

    def _pair(self, registry: str, user: str, token: str, *, note: str) -> CredentialSource:
        username, password = self.env[user], self.env[token]
        if not username.isprintable() or not username.strip() or ":" in username:
            raise AccessError(f"{user} is not a valid user name", remedy=f"Correct {user}.")
        if not password.isprintable() or not password.strip():
            raise AccessError(f"{token} contains spaces or control characters", remedy=f"Correct {token}.")
        source, defaults = f"{user} + {token}{note}", default_variables(registry, self.env)
        return CredentialSource(
            source,
            "used",
            Credential(registry=registry, username=username, password=password, source=source),
            belongs=user in defaults.username_env and token in defaults.password_env,
        )

    def _stored(self, registry: str) -> CredentialSource:
        """Credentials stored by ``docker login``."""
        login = stored_login(
            registry, without_secrets(self.env, also=self.secret_variables()), self.env.get(AUTH_CONFIG, "")
        )
        source = f"docker login ({login.source})"
        if login.problem:
            return CredentialSource(source, login.problem)
        return CredentialSource(
            source,
            "used",
            Credential(registry=registry, username=login.username, password=login.password, source=source),
        )


def _first(candidates: Iterable[CredentialSource]) -> Credential | None:
    return next((candidate.credential for candidate in candidates if candidate.credential), None)

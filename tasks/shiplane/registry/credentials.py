"""Which credential a registry gets: the environment's pair, else what ``docker login`` stored, else none.

Which variables may go where is the rule in :mod:`shiplane.registry.credential_variables`. The pair rule for ghcr.io (a
user name and a token from the same source) and its exception at the desk are the runbook's; a mixed pair is used, but
its source says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError
from shiplane.core.system.process import without_secrets
from shiplane.registry.credential_variables import GHCR_HOST, CredentialVariables, default_variables, without_enterprise
from shiplane.registry.stored_login import AUTH_CONFIG, stored_login


@dataclass(frozen=True)
class CredentialSource:
    """One place where a credential could have come from, and what came of it.

    Attributes:
        source: The variables, or the store.
        verdict: Why it is used or not.
        credential: What was found there, if anything usable was.
        belongs: Whether it is the registry's own, by the product's table or by ``docker login``: what only the project
            file names is for commands that write.
    """

    source: str
    verdict: str
    credential: Credential | None = None
    belongs: bool = True


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Where credentials are looked for.

    Attributes:
        env: The environment.
        names: The variables of each registry that the project configures.
    """

    env: Mapping[str, str]
    names: Mapping[str, CredentialVariables]

    def for_writing(self, registry: str) -> Credential | None:
        """The credential of a command that writes, or None for a stranger.

        Args:
            registry: Whose, as it stands in the image's name.

        Raises:
            AccessError: A half-set pair, or a credential helper that fails.
        """
        # Lazily: a helper may ask a person, and must not be asked for what is known.
        return self.from_environment(registry) or self._stored(registry).credential

    def for_reading(self, registry: str) -> Credential | None:
        """The registry's own: what a command that reads steps forward with where a stranger is refused, or None.

        Raises:
            AccessError: As :meth:`find`.
        """
        return (
            _first(self._from_environment(registry, default_variables(registry, self.env)))
            or self._stored(registry).credential
        )

    def from_environment(self, registry: str) -> Credential | None:
        """The credential that the environment names, or None.

        Raises:
            AccessError: A value that can be no user name or token.
        """
        return _first(self.variables(registry))

    def variables(self, registry: str) -> list[CredentialSource]:
        """The pairs of variables in their order, with what was found there.

        Raises:
            AccessError: As :meth:`named`.
        """
        return self._from_environment(registry, self._names(registry))

    def candidates(self, registry: str) -> list[CredentialSource]:
        """Every place in its order, with what was found there; the first credential wins.

        Raises:
            AccessError: As :meth:`find`.
        """
        return [*self.variables(registry), self._stored(registry)]

    def _names(self, registry: str) -> CredentialVariables:
        named = self.names.get(registry, CredentialVariables())
        if not named.username_env and not named.password_env:
            named = default_variables(registry, self.env)
        return without_enterprise(named, registry, self.env)

    def login_variables(self, registry: str, pushes: bool) -> str:  # noqa: FBT001 -- a callback's second argument
        """The first pair that a command would send there, as ``USER and TOKEN``; empty where it has none."""
        names = self._names(registry) if pushes else default_variables(registry, self.env)
        return next(
            (f"{user} and {token}" for user, token in zip(names.username_env, names.password_env, strict=False)), ""
        )

    def secret_variables(self) -> frozenset[str]:
        """Every variable that may hold a password, to be kept from children."""
        known = (default_variables(GHCR_HOST, {}), *self.names.values())
        return frozenset(name for names in known for name in names.password_env)

    def _from_environment(self, registry: str, names: CredentialVariables) -> list[CredentialSource]:
        pairs = list(zip(names.username_env, names.password_env, strict=False))
        whole = [pair for pair in pairs if all(self.env.get(name) for name in pair)]
        mixed = [] if whole else self._mixed(names)
        found = [self._pair(registry, *pair, note="") for pair in whole]
        found += [self._pair(registry, *pair, note=", a mixed pair") for pair in mixed]
        missing = [
            CredentialSource(
                f"{user} + {token}", f"{' and '.join(n for n in (user, token) if not self.env.get(n))} not set"
            )
            for user, token in pairs
            if (user, token) not in whole + mixed
        ]
        return found + missing

    def _mixed(self, names: CredentialVariables) -> list[tuple[str, str]]:
        """A user from one pair and a token from another: allowed at the desk, where the runbook says "or"."""
        user = next((name for name in names.username_env if self.env.get(name)), "")
        token = next((name for name in names.password_env if self.env.get(name)), "")
        return [(user, token)] if user and token else []

    def _pair(self, registry: str, user: str, token: str, *, note: str) -> CredentialSource:
        username, password = self.env[user], self.env[token]
        if not username.isprintable() or not username.strip() or ":" in username:
            raise AccessError(f"{user} is no user name", remedy=f"Set {user} anew.")
        if not password.isprintable() or not password.strip():
            raise AccessError(f"{token} holds blanks or control characters", remedy=f"Set {token} anew.")
        source, own = f"{user} + {token}{note}", default_variables(registry, self.env)
        return CredentialSource(
            source,
            "used",
            Credential(registry=registry, username=username, password=password, source=source),
            belongs=user in own.username_env and token in own.password_env,
        )

    def _stored(self, registry: str) -> CredentialSource:
        """What ``docker login`` left."""
        found = stored_login(
            registry, without_secrets(self.env, also=self.secret_variables()), self.env.get(AUTH_CONFIG, "")
        )
        source = f"docker login ({found.place})"
        if found.why_not:
            return CredentialSource(source, found.why_not)
        return CredentialSource(
            source,
            "used",
            Credential(registry=registry, username=found.username, password=found.password, source=source),
        )


def _first(candidates: Iterable[CredentialSource]) -> Credential | None:
    return next((candidate.credential for candidate in candidates if candidate.credential), None)

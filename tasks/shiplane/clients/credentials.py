"""Which credential a registry gets: the environment's pair, else what ``docker login`` stored, else none.

A credential of one registry is never offered to another. The pair rule for ghcr.io (a user name and a token from the
same source) and its exception at the desk are the runbook's; a mixed pair is used, but its source says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shiplane.clients.process import without_secrets
from shiplane.clients.stored import stored_login
from shiplane.model.credential import Credential
from shiplane.model.errors import AccessError
from shiplane.model.projectfile import RegistryNames

GHCR = RegistryNames(username_env=("GHCR_USERNAME", "GITHUB_ACTOR"), password_env=("GHCR_TOKEN", "GITHUB_TOKEN"))


@dataclass(frozen=True)
class Candidate:
    """One place where a credential could have come from, and what came of it."""

    source: str
    verdict: str
    credential: Credential | None = None


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Where credentials are looked for.

    Attributes:
        env: The environment.
        names: The variables of each registry that the project configures.
    """

    env: Mapping[str, str]
    names: Mapping[str, RegistryNames]

    def find(self, registry: str, *, loopback: bool = False) -> Credential | None:
        """The credential to use, or None for a stranger.

        Args:
            registry: Whose, as it stands in the image's name.
            loopback: The registry is on this machine: it may stand in for ghcr.io in a rehearsal.

        Raises:
            AccessError: A half-set pair, or a credential helper that fails.
        """
        # Lazily: a helper may ask a person, and must not be asked for what is known.
        return self.named(registry, loopback=loopback) or self._stored(registry).credential

    def named(self, registry: str, *, loopback: bool = False) -> Credential | None:
        """The credential that the environment names, or None.

        Raises:
            AccessError: A value that can be no user name or token.
        """
        found = self._from_environment(registry, self._names(registry, loopback=loopback))
        return next((candidate.credential for candidate in found if candidate.credential), None)

    def candidates(self, registry: str, *, loopback: bool = False) -> list[Candidate]:
        """Every place in its order, with what was found there; the first credential wins.

        Raises:
            AccessError: As :meth:`find`.
        """
        found = self._from_environment(registry, self._names(registry, loopback=loopback))
        return [*found, self._stored(registry)]

    def _names(self, registry: str, *, loopback: bool) -> RegistryNames:
        return self.names.get(registry) or (GHCR if registry == "ghcr.io" or loopback else RegistryNames())

    def secret_variables(self) -> frozenset[str]:
        """Every variable that may hold a password, to be kept from children."""
        return frozenset(name for names in (GHCR, *self.names.values()) for name in names.password_env)

    def _from_environment(self, registry: str, names: RegistryNames) -> list[Candidate]:
        pairs = list(zip(names.username_env, names.password_env, strict=False))
        whole = [pair for pair in pairs if all(self.env.get(name) for name in pair)]
        mixed = [] if whole else self._mixed(names)
        found = [self._pair(registry, *pair, note="") for pair in whole]
        found += [self._pair(registry, *pair, note=", a mixed pair") for pair in mixed]
        missing = [
            Candidate(f"{user} + {token}", f"{' and '.join(n for n in (user, token) if not self.env.get(n))} not set")
            for user, token in pairs
            if (user, token) not in whole + mixed
        ]
        return found + missing

    def _mixed(self, names: RegistryNames) -> list[tuple[str, str]]:
        """A user from one pair and a token from another: allowed at the desk, where the runbook says "or"."""
        user = next((name for name in names.username_env if self.env.get(name)), "")
        token = next((name for name in names.password_env if self.env.get(name)), "")
        return [(user, token)] if user and token else []

    def _pair(self, registry: str, user: str, token: str, *, note: str) -> Candidate:
        username, password = self.env[user], self.env[token]
        if not username.isprintable() or not username.strip() or ":" in username:
            raise AccessError(f"{user} is no user name", remedy=f"Set {user} anew.")
        if not password.isprintable() or not password.strip():
            raise AccessError(f"{token} holds blanks or control characters", remedy=f"Set {token} anew.")
        source = f"{user} + {token}{note}"
        return Candidate(
            source, "used", Credential(registry=registry, username=username, password=password, source=source)
        )

    def _stored(self, registry: str) -> Candidate:
        """What ``docker login`` left."""
        found = stored_login(registry, without_secrets(self.env, also=self.secret_variables()))
        source = f"docker login ({found.place})"
        if found.why_not:
            return Candidate(source, found.why_not)
        return Candidate(
            source,
            "used",
            Credential(registry=registry, username=found.username, password=found.password, source=source),
        )

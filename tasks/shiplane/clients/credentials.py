"""Which credential a registry gets: the environment's pair, else what ``docker login`` stored, else none.

A credential of one registry is never offered to another. The pair rule for ghcr.io (a user name and a token from the
same source) and its exception at the desk are the runbook's; a mixed pair is used, but its source says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
        return next((c.credential for c in self.candidates(registry, loopback=loopback) if c.credential), None)

    def candidates(self, registry: str, *, loopback: bool = False) -> list[Candidate]:
        """Every place in its order, with what was found there; the first credential wins.

        Raises:
            AccessError: As :meth:`find`.
        """
        names = self.names.get(registry) or (GHCR if registry == "ghcr.io" or loopback else RegistryNames())
        return [*self._from_environment(registry, names), self._stored(registry)]

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
        """What ``docker login`` left, by the docker SDK: the file, a credential helper, a store."""
        import docker.auth
        from docker.errors import DockerException

        source = str(docker_config_folder(self.env) / "config.json")
        try:
            config = docker.auth.load_config(config_path=source, credstore_env=dict(self.env))
            entry = config.resolve_authconfig(registry) or {}
        except (DockerException, ValueError, OSError) as error:
            raise AccessError(
                f"the login stored for {registry} cannot be read: {error}", remedy=f"See {source}."
            ) from error
        username, password = (
            entry.get("Username") or entry.get("username"),
            entry.get("Password") or entry.get("password"),
        )
        if not username or not password:
            return Candidate(source, f"no login for {registry} is stored there")
        credential = Credential(
            registry=registry, username=username, password=password, source=f"docker login ({source})"
        )
        return Candidate(source, "used", credential)


def docker_config_folder(env: Mapping[str, str]) -> Path:
    """Where docker keeps its configuration: ``DOCKER_CONFIG``, else ``~/.docker``."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or Path.home()) / ".docker")

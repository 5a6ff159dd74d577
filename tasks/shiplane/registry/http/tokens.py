"""Bearer tokens (distribution, docs/spec/auth/token.md), and which token services get credentials.

A registry names its token service in a challenge, which is foreign text. Credentials go only to the registry's own
host, a parent or subdomain of it, or a known or configured host, and only over TLS except on loopback.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from shiplane.core.host_names import is_loopback
from shiplane.registry.http.urls import parse_url
from shiplane.registry.oci.names import Repository

# Token services on unrelated hosts. Source: the realm in each registry's challenge.
_KNOWN_REALMS = {"docker.io": ("auth.docker.io",)}
# RFC 9110 section 11: a scheme stands alone, a parameter has a value, quoted or not.
_PART = re.compile(r'([a-zA-Z0-9_-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?', re.ASCII)
_SCHEMES = ("bearer", "basic")
_LONGEST = 8192
PULL = "pull"
PUSH = "pull,push"


def and_pull(actions: str, other: Repository) -> str:
    """These actions, and to pull from another repository: what a mount needs."""
    return f"{actions} repository:{other.path}:{PULL}"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A registry's response to a request without sufficient authorization."""

    scheme: str
    realm: str = ""
    service: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge:
        """Parse a ``WWW-Authenticate`` header; of several challenges choose Bearer before Basic."""
        challenges: list[tuple[str, dict[str, str]]] = [("", {})]
        for part in _PART.finditer(header[:_LONGEST]):
            name, quoted, plain = part.groups()
            if quoted is None and plain is None:
                challenges.append((name.lower(), {}))
            else:
                challenges[-1][1].setdefault(name.lower(), quoted or plain or "")
        supported = sorted(
            (challenge for challenge in challenges if challenge[0] in _SCHEMES),
            key=lambda challenge: _SCHEMES.index(challenge[0]),
        )
        scheme, parameters = supported[0] if supported else challenges[-1]
        return cls(scheme=scheme, realm=parameters.get("realm", ""), service=parameters.get("service", ""))

    @property
    def is_usable(self) -> bool:
        """Whether it says how to log in."""
        return self.scheme == "basic" or (self.scheme == "bearer" and bool(self.realm))

    def url_for(self, repository: Repository, actions: str) -> str:
        """The token request's URL. The scope is ours: GHCR's challenge has a placeholder (oras#1128)."""
        joint = "&" if urlsplit(self.realm).query else "?"
        scopes = [("scope", scope) for scope in f"repository:{repository.path}:{actions}".split(" ")]
        return self.realm + joint + urlencode([("service", self.service)] * bool(self.service) + scopes)


def realm_problem(realm: str, repository: Repository, configured: str = "") -> str:
    """Why credentials must not go to a realm, or nothing; ``configured`` is the project's ``token-host``."""
    target = parse_url(realm)
    if target is None:
        return f"its token service {realm[:120]!a} is not a plain URL"
    if target.scheme != "https" and not (repository.is_loopback and is_loopback(target.host)):
        return f"its token service {realm[:120]!a} does not use https"
    if not _related(target.host, repository) and target.host != configured:
        return f"its token service is on {target.host!r}, which does not belong to {repository.registry}"
    return ""


def _related(host: str, repository: Repository) -> bool:
    registry_host = repository.host.strip("[]")
    if host == registry_host or host in _KNOWN_REALMS.get(registry_host, ()):
        return True
    if is_loopback(host) and repository.is_loopback:
        return True
    numeric = registry_host.replace(".", "").isdecimal() or ":" in registry_host
    return not numeric and "." in host and (registry_host.endswith("." + host) or host.endswith("." + registry_host))


# GHCR's challenge, to save the request that provokes it. Source: ghcr.io's response to GET /v2/.
_KNOWN_CHALLENGES = {"ghcr.io": Challenge(scheme="bearer", realm="https://ghcr.io/token", service="ghcr.io")}


class TokenCache:
    """Authorization values of this process, by repository and actions; hold ``lock`` while getting and storing one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._values: dict[tuple[str, str], str] = {}
        self._challenges = dict(_KNOWN_CHALLENGES)

    def get(self, repository: Repository, actions: str) -> str | None:
        """A cached ``Authorization`` value, which may have expired; for reading also one that may write."""
        value = self._values.get((str(repository), actions))
        return self._values.get((str(repository), PUSH)) if value is None and actions == PULL else value

    def put(self, repository: Repository, actions: str, value: str) -> None:
        """Store a value."""
        self._values[str(repository), actions] = value

    def forget(self, repository: Repository, actions: str, value: str) -> None:
        """Drop a rejected value, unless another thread has renewed it already; and what would be taken in its place.

        Whatever ended a token has ended those of the same age as well: a second refusal would be taken for a denial.
        """
        with self.lock:
            keys = {(str(repository), actions), (str(repository), PUSH)}
            if value in map(self._values.get, keys):
                for key in keys:
                    self._values.pop(key, None)

    def forget_all(self) -> None:
        """Drop all values, after a change of credentials."""
        self._values.clear()

    def challenge(self, registry: str) -> Challenge | None:
        """The registry's last challenge, or its known one."""
        return self._challenges.get(registry)

    def learn(self, registry: str, challenge: Challenge) -> None:
        """Store a registry's challenge, unless it is unusable, as in a stray 401."""
        if challenge.is_usable:
            self._challenges[registry] = challenge

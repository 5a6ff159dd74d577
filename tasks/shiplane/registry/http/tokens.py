"""Bearer tokens as the distribution project defines them (its docs/spec/auth/token.md), and who may be asked for one.

A registry names its token service itself, in a challenge; so the place where a credential goes is foreign text. It is
sent only to the registry's own host, a parent or a child of it, or a host that is configured or known, and only over
TLS unless everything is on this machine.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from shiplane.core.host_names import is_loopback
from shiplane.registry.http.urls import parse_url
from shiplane.registry.oci.names import Repository

# Services that live on a host of another name. Source: the realm in each registry's own challenge.
_KNOWN_REALMS = {"docker.io": ("auth.docker.io",)}
# RFC 9110 section 11: a scheme is a word that stands alone, a parameter has a value, quoted or not.
_PART = re.compile(r'([a-zA-Z0-9_-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?', re.ASCII)
_SCHEMES = ("bearer", "basic")
_LONGEST = 8192
PULL = "pull"
PUSH = "pull,push"


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a registry answered to a request without (enough) authorization."""

    scheme: str
    realm: str = ""
    service: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge:
        """Read a ``WWW-Authenticate`` header: of several challenges the one we can meet best, Bearer before Basic."""
        found: list[tuple[str, dict[str, str]]] = [("", {})]
        for part in _PART.finditer(header[:_LONGEST]):
            name, quoted, plain = part.groups()
            if quoted is None and plain is None:
                found.append((name.lower(), {}))
            else:
                found[-1][1].setdefault(name.lower(), quoted or plain or "")
        known = sorted((one for one in found if one[0] in _SCHEMES), key=lambda one: _SCHEMES.index(one[0]))
        scheme, parameters = known[0] if known else found[-1]
        return cls(scheme=scheme, realm=parameters.get("realm", ""), service=parameters.get("service", ""))

    @property
    def is_usable(self) -> bool:
        """Whether it tells how to log in."""
        return self.scheme == "basic" or (self.scheme == "bearer" and bool(self.realm))

    def url_for(self, repository: Repository, actions: str) -> str:
        """Where to ask for a token. The scope is ours: GHCR's challenge holds a placeholder (oras#1128)."""
        joint = "&" if urlsplit(self.realm).query else "?"
        query = {"service": self.service, "scope": f"repository:{repository.path}:{actions}"}
        return self.realm + joint + urlencode({name: value for name, value in query.items() if value})


def realm_problem(realm: str, repository: Repository, configured: str = "") -> str:
    """Say why a credential for a repository must not go to a realm, or nothing when it may.

    Args:
        realm: The token service that the registry names.
        repository: Whose credential it would be.
        configured: The one further host that the project allows: ``token-host``.
    """
    place = parse_url(realm)
    if place is None:
        return f"its token service {realm[:120]!a} is no plain URL"
    if place.scheme != "https" and not (repository.is_loopback and is_loopback(place.host)):
        return f"its token service {realm[:120]!a} is not on https"
    if not _related(place.host, repository) and place.host != configured:
        return f"its token service is on {place.host!r}, a host that does not belong to {repository.registry}"
    return ""


def _related(host: str, repository: Repository) -> bool:
    own = repository.host.strip("[]")
    if host == own or host in _KNOWN_REALMS.get(own, ()):
        return True
    if is_loopback(host) and repository.is_loopback:
        return True
    numeric = own.replace(".", "").isdecimal() or ":" in own
    return not numeric and "." in host and (own.endswith("." + host) or host.endswith("." + own))


# GHCR's own, so that the request which only provokes it can be saved. Source: ghcr.io's answer to GET /v2/.
_KNOWN_CHALLENGES = {"ghcr.io": Challenge(scheme="bearer", realm="https://ghcr.io/token", service="ghcr.io")}


class TokenCache:
    """Authorization values for the life of a process, one for each repository and set of actions.

    Attributes:
        lock: To be held around looking up, fetching and keeping one.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._values: dict[tuple[str, str], str] = {}
        self._challenges = dict(_KNOWN_CHALLENGES)

    def get(self, repository: Repository, actions: str) -> str | None:
        """The value of an ``Authorization`` header that may still be good."""
        return self._values.get((str(repository), actions))

    def put(self, repository: Repository, actions: str, value: str) -> None:
        """Keep one."""
        self._values[str(repository), actions] = value

    def forget(self, repository: Repository, actions: str, value: str) -> None:
        """Drop one that the registry no longer takes, unless a parallel reader has renewed it already."""
        with self.lock:
            if self._values.get((str(repository), actions)) == value:
                del self._values[str(repository), actions]

    def forget_all(self) -> None:
        """Drop every one: they were given to somebody else."""
        self._values.clear()

    def challenge(self, registry: str) -> Challenge | None:
        """What this registry asked for last time, or is known to ask for."""
        return self._challenges.get(registry)

    def learn(self, registry: str, challenge: Challenge) -> None:
        """Remember a registry's challenge, if it is one: a stray 401 must not make us forget how to log in."""
        if challenge.is_usable:
            self._challenges[registry] = challenge

"""Who may do what in the in-memory registry: accounts, opaque tokens with a lifetime, challenges, GHCR's words."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from shiplane.registry.http.exchange import Request, Response

WRITE_PACKAGE = "permission_denied: write_package"
SCOPES = "permission_denied: The token provided does not match expected scopes."


def answer(status: int, document: object, **headers: str) -> Response:
    """A JSON answer; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(document).encode()
    return Response(status=status, headers={"content-type": "application/json", **named}, body=body)


def failure(status: int, code: str, message: str, **headers: str) -> Response:
    """An error as the distribution-spec writes it."""
    return answer(status, {"errors": [{"code": code, "message": message}]}, **headers)


@dataclass(frozen=True)
class Account:
    """A user of the registry. ``actions`` is what every repository grants: ``pull``, ``pull,push`` or nothing."""

    password: str
    actions: str = "pull,push"


@dataclass(frozen=True)
class Grant:
    """What a token stands for."""

    user: str
    repository: str
    actions: frozenset[str]
    until: float
    sources: frozenset[str] = frozenset()


@dataclass
class Access:
    """The token service and the gate of one registry.

    Attributes:
        accounts: By user name.
        anonymous: What is allowed without credentials: ``pull`` (a public package) or nothing.
        scheme: ``bearer``, ``basic``, or ``none`` for a registry that asks nobody.
        lifetime: Seconds that a token is good for.
        words: What a 403 for a push says.
        realm: Where the challenge sends clients; empty for ``/token`` on the registry's own host.
        grants: What each token stands for that still holds.
        given: Every token that was ever given out.
        closed: Repositories that no token for another one lets anybody read.
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    anonymous: str = "pull"
    scheme: str = "bearer"
    lifetime: float = 300.0
    words: str = WRITE_PACKAGE
    realm: str = ""
    grants: dict[str, Grant] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    issued: int = 0

    def token(self, request: Request, query: str, now: float) -> Response:
        """Answer ``GET /token``: an opaque token for what the account may do of what it asks for."""
        user = self._user(request)
        if user is None:
            return failure(403, "DENIED", "denied")
        (repository, wanted), *others = [
            scope.partition(":")[2].rsplit(":", 1) for scope in parse_qs(query).get("scope", [":"])
        ]
        sources = frozenset(name for name, _ in others if "pull" in self._allowed(user)) - self.closed
        granted = frozenset(wanted.split(",")) & self._allowed(user)
        if not granted:
            return failure(403, "DENIED", "denied") if user else failure(401, "UNAUTHORIZED", "authentication required")
        return answer(200, {"token": self._issue(Grant(user, repository, granted, now + self.lifetime, sources))})

    def _issue(self, grant: Grant) -> str:
        self.issued += 1
        token = "opaque_" + hashlib.sha256(f"token {self.issued}".encode()).hexdigest()[:40]
        self.grants[token] = grant
        self.given.add(token)
        return token

    def revoke(self) -> None:
        """End the life of every token given out so far."""
        self.grants.clear()

    def gate(self, request: Request, repository: str, action: str, realm: str, now: float) -> Response | None:
        """The refusal of a request to the registry itself, or None when it may pass."""
        if self.scheme == "none":
            return None
        challenge = f'Basic realm="{realm}"' if self.scheme == "basic" else self._bearer(repository, action, realm)
        allowed = self._granted(request, repository, now)
        if allowed is None:
            return failure(401, "UNAUTHORIZED", "authentication required", www_authenticate=challenge)
        # GET /v2/ asks who somebody is, not what they may do.
        if not repository or action in allowed:
            return None
        return failure(403, "DENIED", self.words)

    def may_mount(self, request: Request, source: str) -> bool:
        """Whether a request that may push may also take blobs from another repository."""
        grant = self.grants.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return source not in self.closed if grant is None else source in {*grant.sources, grant.repository}

    def _bearer(self, repository: str, action: str, realm: str) -> str:
        # GHCR's challenge on a generic endpoint names a placeholder (as observed).
        scope = f"repository:{repository or 'user/image'}:{action}"
        service = realm.partition("://")[2].partition("/")[0]
        return f'Bearer realm="{self.realm or realm}",service="{service}",scope="{scope}"'

    def _granted(self, request: Request, repository: str, now: float) -> frozenset[str] | None:
        """What the request's authorization allows; None when it is missing, unknown or too old."""
        if self.scheme == "basic":
            user = self._user(request)
            return self._allowed(user) or None if user is not None else None
        value = request.headers.get("Authorization", "")
        grant = self.grants.get(value.removeprefix("Bearer ")) if value.startswith("Bearer ") else None
        if grant is None or grant.until <= now or grant.repository != (repository or grant.repository):
            return None
        return grant.actions

    def _user(self, request: Request) -> str | None:
        """The account's name, empty without credentials, None for a wrong password or an unknown name."""
        value = request.headers.get("Authorization", "")
        if not value:
            return ""
        name, _, password = base64.b64decode(value.removeprefix("Basic ")).decode().partition(":")
        account = self.accounts.get(name)
        return name if account and account.password == password else None

    def _allowed(self, user: str) -> frozenset[str]:
        actions = self.accounts[user].actions if user else self.anonymous
        return frozenset(actions.split(",")) - {""}

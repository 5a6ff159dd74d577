"""What a registry may do wrong while a release is rehearsed: each fault as answers in place of the registry's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from shiplane.core.errors import AccessError, UnreachableError
from shiplane.registry.http.exchange import Request, Response, Transport

_TAG = re.compile(r"/manifests/([^:/]+)$")
# How many answers of the kind are given: enough to be noticed, fewer than the tries of a request.
_THROTTLED = 3
# Reads of a tag that show what was there before: the fourth is more than a second after the write.
_LATE = 4

Send: TypeAlias = Callable[[], Response]


class Disturbance(Protocol):
    """A fault under way, in one run: it sees every request.

    Attributes:
        met: Whether it has answered any request itself. A project without a second tag has none that could fail.
    """

    met: bool

    def answer(self, request: Request, send: Send) -> Response:
        """The answer to a request; ``send`` has the registry carry it out."""


@dataclass
class SecondTagUnavailable:
    """503 for each try to write the second tag: the first one stays, alone."""

    tags: list[str] = field(default_factory=list)
    met: bool = False

    def answer(self, request: Request, send: Send) -> Response:
        """See :class:`Disturbance`."""
        tag = _tag_of(request)
        if not tag or request.method != "PUT":
            return send()
        if tag not in self.tags:
            self.tags.append(tag)
        return _refusal(503, "UNAVAILABLE", "service unavailable") if [tag] == self.tags[1:2] else send()


@dataclass
class PushForbidden:
    """403 for each upload, in GHCR's words."""

    met: bool = False

    def answer(self, request: Request, send: Send) -> Response:
        """See :class:`Disturbance`."""
        if request.method == "POST" and "/blobs/uploads/" in request.url:
            return _refusal(403, "DENIED", "permission_denied: write_package")
        return send()


@dataclass
class Throttled:
    """429 for the first reads of manifests, with a time to wait."""

    left: int = _THROTTLED
    met: bool = False

    def answer(self, request: Request, send: Send) -> Response:
        """See :class:`Disturbance`."""
        if self.left and request.method == "GET" and "/manifests/" in request.url:
            self.left -= 1
            return _refusal(429, "TOOMANYREQUESTS", "allowed: 44000/minute", retry_after="2")
        return send()


@dataclass
class LateReads:
    """A tag that was written reads for some time as it did before, as on GHCR."""

    before: dict[str, Response] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    met: bool = False

    def answer(self, request: Request, send: Send) -> Response:
        """See :class:`Disturbance`."""
        if not _tag_of(request) or request.method not in ("GET", "PUT"):
            return send()
        if request.method == "GET" and self.pending.get(request.url):
            self.pending[request.url] -= 1
            return self.before.get(request.url) or _refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
        response = send()
        if request.method == "PUT":
            self.pending[request.url] = _LATE
        else:
            self.before[request.url] = response
        return response


@dataclass(frozen=True, kw_only=True)
class RegistryFault:
    """A fault that a command is rehearsed under.

    Attributes:
        name: What the registry does.
        begin: Makes it for one run.
        exit_code: Of the command under it.
        repair: What a person does before running it again; empty where the run gets over it.
        rolls_back: Whether the command is a rollback of one lane; else it is a release of all.
    """

    name: str
    begin: Callable[[], Disturbance]
    exit_code: int = 0
    repair: str = ""
    rolls_back: bool = False


_WAIT = "wait until the registry has recovered"

# The rollback comes last: it goes back to the version before.
FAULTS = (
    RegistryFault(
        name="403: push denied",
        begin=PushForbidden,
        exit_code=AccessError.exit_code,
        repair="log in with an account that may write the package",
    ),
    RegistryFault(
        name="503 at the second tag: only the first is public",
        begin=SecondTagUnavailable,
        exit_code=UnreachableError.exit_code,
        repair=_WAIT,
    ),
    RegistryFault(name="429: too many requests", begin=Throttled),
    RegistryFault(name="late reads: a new tag is visible only after seconds", begin=LateReads),
    RegistryFault(
        name="503 at the second tag of a rollback",
        begin=SecondTagUnavailable,
        exit_code=UnreachableError.exit_code,
        repair=_WAIT,
        rolls_back=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class DisturbedTransport:
    """A transport under a fault: see :class:`shiplane.registry.http.exchange.Transport`."""

    inner: Transport
    disturbance: Disturbance

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """Exchange one request for one response."""
        sent: list[Response] = []

        def send() -> Response:
            sent.append(self.inner.send(request, limit=limit, deadline=deadline))
            return sent[-1]

        response = self.disturbance.answer(request, send)
        self.disturbance.met |= not sent
        return response


def _tag_of(request: Request) -> str:
    """The tag that is read or written; empty for anything else."""
    match = _TAG.search(request.url)
    return match.group(1) if match else ""


def _refusal(status: int, code: str, message: str, **headers: str) -> Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers={"content-type": "application/json", **named}, body=body)

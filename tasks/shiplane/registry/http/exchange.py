"""One request and its response, and what carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

# What we read of an answer that reports a fault; the rest is noise or an attack.
ERROR_LIMIT = 64 * 1024


class TransportError(Exception):
    """No complete answer came: a reset, a timeout, a truncated body. Another try may succeed."""


class OversizedError(Exception):
    """The answer is larger than anything we would use. Another try is pointless."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent. The body is whole and in memory: only manifests are ever sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Response:
    """What came back: header names in lower case, the body complete (cut at 64 KiB where it reports a fault)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Transport(Protocol):
    """Whatever can carry a request to a registry."""

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """Exchange one request for one response.

        Args:
            request: Sent as it is.
            limit: The most bytes that a successful answer's body (2xx) may have.
            deadline: Seconds for the whole exchange, connection and body included.

        Raises:
            TransportError: No complete answer within the deadline.
            OversizedError: The body is longer than ``limit``, or the header longer than any that is read.
            MisconfiguredError: There can be none before this machine is set up differently.
        """

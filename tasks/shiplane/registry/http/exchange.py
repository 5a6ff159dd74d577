"""One request and its response, and what carries them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

# Bytes read of an error response; the rest is of no use.
ERROR_LIMIT = 64 * 1024


class TransportError(Exception):
    """No complete response: a reset, a timeout, a truncated body. A retry may succeed."""


class OversizedError(Exception):
    """The response is too large. A retry is pointless."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request; its body (a manifest or a small blob) is in memory."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response: header names in lower case, the body complete (of an error at most 64 KiB)."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Transport(Protocol):
    """Sends requests."""

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """Exchange one request for one response.

        Args:
            request: Sent unchanged.
            limit: The maximum size of a successful response's body (2xx) in bytes.
            deadline: Seconds for the whole exchange, connection and body included.

        Raises:
            TransportError: No complete response within the deadline.
            OversizedError: The body is longer than ``limit``, or the header is too long.
            MisconfiguredError: This machine's setup prevents a response.
        """

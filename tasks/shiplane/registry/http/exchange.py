"""One request and its response, and what carries them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

# Bytes read of an error response; the rest is of no use.
ERROR_LIMIT = 64 * 1024


class TransportError(Exception):
    """No complete response: a reset, a timeout, a truncated body. A retry may succeed."""


class OversizedError(Exception):
    """The response is too large. A retry is pointless."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A body that is sent while it is read: ``size`` bytes, which each call of ``open`` gives from the beginning."""

    size: int
    open: Callable[[], Iterator[bytes]]


class Download(Protocol):
    """A body that is read while it arrives; to be closed by its reader."""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, piece by piece.

        Raises:
            TransportError: They ended early, or stopped coming.
        """

    def close(self) -> None:
        """Give up the rest."""


@dataclass(frozen=True)
class Received:
    """A :class:`Download` that is in memory already."""

    content: bytes

    def __iter__(self) -> Iterator[bytes]:
        """See :class:`Download`."""
        yield self.content

    def close(self) -> None:
        """See :class:`Download`."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request; its body (a manifest or a small blob) is in memory.

    Attributes:
        upload: What is sent instead of ``body``.
        download: The size of the response's body in bytes if that is to be read while it arrives, else None.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    upload: Upload | None = None
    download: int | None = None

    @property
    def streamed(self) -> int | None:
        """How many bytes flow either way; None where both bodies are in memory."""
        return self.upload.size if self.upload else self.download


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response: header names in lower case, the body complete (of an error at most 64 KiB).

    ``download`` is a successful response's body instead, if the request asked for that.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    download: Download | None = None

    @property
    def media_type(self) -> str:
        """Lower case, without parameters (RFC 9110 section 8.3.1); empty where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


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

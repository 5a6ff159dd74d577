"""One HTTP exchange, bounded in bytes and time. Nothing here retries, redirects or authenticates: that is policy.

The :class:`Transport` protocol is the seam at which the tests put their in-memory registry.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from shiplane.clients.urls import place_of
from shiplane.model.image import is_loopback

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

# What we read of an answer that reports a fault; the rest is noise or an attack.
ERROR_LIMIT = 64 * 1024
_CHUNK = 64 * 1024
_OK, _REDIRECT = 200, 300


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
            OversizedError: The body is longer than ``limit``.
        """


class HttpTransport:
    """The real thing, on urllib3: pooled connections, TLS by the system's trust, proxies from the environment."""

    def __init__(self, env: Mapping[str, str], *, user_agent: str) -> None:
        self._env = env
        self._user_agent = user_agent
        self._pools: dict[str, PoolManager] = {}

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :meth:`Transport.send`."""
        import urllib3

        # What urllib and urllib3 read differently would be checked for one host and sent to another.
        if place_of(request.url) is None:
            raise TransportError(f"{request.url[:120]!a} is no plain URL")
        until = time.monotonic() + deadline
        line = _LINES.line = _Line()
        watchdog = threading.Timer(deadline, line.cut)
        # A signal may come before anything can cancel it, and then the process must not stay for its sake.
        watchdog.daemon = True
        watchdog.start()
        # identity: an encoded body would have to be inflated before its length and digest mean anything.
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        try:
            answer = self._pool(request.url).request(
                request.method,
                request.url,
                headers=headers,
                body=request.body or None,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=min(10.0, deadline), read=deadline),
            )
            response = _whole(answer, limit, until)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise TransportError("no answer within the time limit" if line.is_cut else _reason(error)) from error
        finally:
            watchdog.cancel()
        if line.is_cut:
            # What we cut ourselves ends like an answer that is complete: half a status line, half a chunk size.
            raise TransportError("no answer within the time limit")
        return response

    def _pool(self, url: str) -> PoolManager:
        proxy = self._proxy(url)
        if proxy not in self._pools:
            self._pools[proxy] = _pool_manager(proxy)
        return self._pools[proxy]

    def _proxy(self, url: str) -> str:
        """The proxy for a URL, by the environment's ``HTTPS_PROXY`` and ``NO_PROXY``; never one for loopback."""
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # missing in typeshed

        parts = urlsplit(url)
        low = {name.lower(): value for name, value in self._env.items() if name.lower().endswith("_proxy")}
        if is_loopback(parts.hostname or "") or proxy_bypass_environment(parts.netloc, {"no": low.get("no_proxy", "")}):
            return ""
        return low.get(f"{parts.scheme}_proxy") or low.get("all_proxy") or ""


class _Line:
    """The socket that one exchange goes over, so that a peer who drips bytes can be cut off.

    A time limit on each ``recv`` does not bound who sends a byte just before it runs out, in the headers as well.
    """

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.is_cut = False

    def cut(self) -> None:
        """End the exchange: whoever reads from the socket gets an error at once."""
        self.is_cut = True
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _Lines(threading.local):
    """The exchange that a thread is in."""

    line: _Line | None = None


_LINES = _Lines()


def _pool_manager(proxy: str) -> PoolManager:
    """Pools whose connections tell their thread's exchange which socket it is that they use."""
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(HTTPConnection):
        def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 -- handed on as they are
            super().request(*arguments, **named)
            _tell(self.sock)

    class Secure(HTTPSConnection):
        def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
            super().request(*arguments, **named)
            _tell(self.sock)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    manager = urllib3.ProxyManager(proxy, maxsize=16) if proxy else urllib3.PoolManager(maxsize=16)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


def _tell(connected: socket.socket | None) -> None:
    if _LINES.line is not None:
        _LINES.line.socket = connected
        if _LINES.line.is_cut:
            _LINES.line.cut()


def _whole(answer: BaseHTTPResponse, limit: int, until: float) -> Response:
    """Read the body to its end, but never past the limit or the deadline."""
    # By name, not by items(): a header that is given twice must be seen as both, not as its last.
    headers = {name.lower(): answer.headers[name] for name in answer.headers}
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    wanted = _OK <= answer.status < _REDIRECT
    try:
        if encoded and wanted:
            raise TransportError(
                f"the body is encoded as {headers['content-encoding'][:40]!a}, which was not asked for"
            )
        body = _body(answer, limit if wanted else ERROR_LIMIT, until, cut=not wanted)
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return Response(status=answer.status, headers=headers, body=b"" if encoded else body)


def _body(answer: BaseHTTPResponse, limit: int, until: float, *, cut: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    # read1 returns after one recv: a peer that drips a byte at a time meets the deadline, not our patience.
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            if cut:
                answer.close()  # or the rest of it would be there when the connection is used again
                break
            raise OversizedError(f"more than {limit} bytes")
        if time.monotonic() > until:
            raise TransportError("the answer did not end before the deadline")
    return b"".join(parts)[:limit]


def _reason(error: Exception) -> str:
    """A short word for what broke; urllib3's own text repeats pool objects and addresses."""
    name = type(error).__name__.removesuffix("Error")
    return {
        "ConnectTimeout": "no connection within the time limit",
        "ReadTimeout": "no answer within the time limit",
        "NewConnection": "the connection was refused or the host is unknown",
        "NameResolution": "the host name is unknown",
        "Protocol": "the connection broke",
        "IncompleteRead": "the answer was cut off",
        "SSL": f"TLS failed: {error}",
    }.get(name, f"{name}: {error}")

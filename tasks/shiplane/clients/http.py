"""One HTTP exchange, bounded in bytes and time. Nothing here retries, redirects or authenticates: that is policy.

The :class:`Transport` protocol is the seam at which the tests put their in-memory registry.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from shiplane.model.image import is_loopback

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

# What we read of an answer that reports a fault; the rest is noise or an attack.
ERROR_LIMIT = 64 * 1024
_CHUNK = 64 * 1024
_HTTP_ERROR = 400


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
            limit: The most bytes that a successful answer's body may have.
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

        until = time.monotonic() + deadline
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
            return _whole(answer, limit, until)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TransportError(_reason(error)) from error

    def _pool(self, url: str) -> PoolManager:
        proxy = self._proxy(url)
        if proxy not in self._pools:
            import urllib3

            self._pools[proxy] = urllib3.ProxyManager(proxy, maxsize=16) if proxy else urllib3.PoolManager(maxsize=16)
        return self._pools[proxy]

    def _proxy(self, url: str) -> str:
        """The proxy for a URL, by the environment's ``HTTPS_PROXY`` and ``NO_PROXY``; never one for loopback."""
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # missing in typeshed

        parts = urlsplit(url)
        low = {name.lower(): value for name, value in self._env.items() if name.lower().endswith("_proxy")}
        if is_loopback(parts.hostname or "") or proxy_bypass_environment(parts.netloc, {"no": low.get("no_proxy", "")}):
            return ""
        return low.get(f"{parts.scheme}_proxy") or low.get("all_proxy") or ""


def _whole(answer: BaseHTTPResponse, limit: int, until: float) -> Response:
    """Read the body to its end, but never past the limit or the deadline."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    try:
        if headers.get("content-encoding", "identity") != "identity":
            raise TransportError(
                f"the body is encoded as {headers['content-encoding'][:40]!r}, which was not asked for"
            )
        failed = answer.status >= _HTTP_ERROR
        body = _body(answer, ERROR_LIMIT if failed else limit, until, cut=failed)
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return Response(status=answer.status, headers=headers, body=body)


def _body(answer: BaseHTTPResponse, limit: int, until: float, *, cut: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    # read1 returns after one recv: a peer that drips a byte at a time meets the deadline, not our patience.
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            if cut:
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

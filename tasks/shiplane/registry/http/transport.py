"""One HTTP exchange, bounded in bytes and time, without retries, redirects or authentication.

Tests replace :class:`Transport` with an in-memory registry.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shiplane.core.errors import MisconfiguredError
from shiplane.core.text import one_line
from shiplane.registry.http.exchange import ERROR_LIMIT, OversizedError, Request, Response, TransportError
from shiplane.registry.http.proxies import Proxy, proxy_for
from shiplane.registry.http.trust import certificate_error, context_of, folders_of
from shiplane.registry.http.urls import parse_url

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from shiplane.registry.http.connections import ExchangeSocket

_CHUNK = 64 * 1024
# Seconds without a byte in a streamed exchange: a registry may move a large blob to its place before it answers.
_STALL = 180.0
_OK, _REDIRECT = 200, 300
_REFUSED, _FAILED = 400, 500
_WANTS_LOGIN = 407
# 408 and 429: the proxy may respond differently in a moment.
_PASSING = (408, 429)
_TOO_LATE = "no response within the time limit"
# http.client's error for a proxy's response to CONNECT.
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3}) ?(.*)", re.ASCII | re.DOTALL)
_LOGIN = "http://user:password@host:port"
_ASK_PROXY = "The proxy does not allow this connection: ask its operator, or exempt the host with NO_PROXY."


class HttpTransport:
    """Transport on urllib3: pooled connections, the system's and docker's certificates, the environment's proxies."""

    def __init__(self, env: Mapping[str, str], *, user_agent: str) -> None:
        self._env = env
        self._user_agent = user_agent
        self._pools: dict[tuple[str, tuple[Path, ...] | None], PoolManager] = {}
        self._lock = threading.Lock()

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :meth:`Transport.send`."""
        from shiplane.registry.http.connections import CURRENT, ExchangeSocket

        # If urllib and urllib3 parsed it differently, one host would be checked and another contacted.
        if parse_url(request.url) is None:
            raise TransportError(f"{request.url[:120]!a} is not a plain URL")
        # What is uploaded may be read from elsewhere meanwhile, by an exchange within this one.
        outer, exchange = CURRENT.exchange, ExchangeSocket(deadline)
        CURRENT.exchange = exchange
        exchange.start()
        response = None
        try:
            with self._errors_of(request.url, exchange):
                response = self._exchange(request, limit, exchange, deadline)
        finally:
            CURRENT.exchange = outer
            if response is None or response.download is None:
                exchange.release()
        return response

    @contextmanager
    def _errors_of(self, url: str, exchange: ExchangeSocket) -> Iterator[None]:
        """Turn what urllib3 raises into our errors."""
        import urllib3

        try:
            yield
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if exchange.is_cut:
                raise TransportError(_TOO_LATE) from error
            raise error_for(error, url, proxy_for(url, self._env)) from error
        if exchange.is_cut:
            # A response that we cut can look complete: half a status line, half a chunk size.
            raise TransportError(_TOO_LATE)

    def _exchange(self, request: Request, limit: int, exchange: ExchangeSocket, deadline: float) -> Response:
        # identity: length and digest are those of the body without encoding.
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        with closing(_body_of(request)) as body:
            answer = self._pool(request.url).request(
                request.method,
                request.url,
                headers=headers | ({"Content-Length": str(request.upload.size)} if request.upload else {}),
                body=body if request.upload else request.body or None,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
                timeout=deadline if request.streamed is None else min(deadline, _STALL),
            )
        if request.download is not None and _is_success(answer):
            arriving = _Arriving(answer, exchange, partial(self._errors_of, request.url, exchange))
            return Response(status=answer.status, headers=_headers(answer), download=arriving)
        return _read_response(answer, limit, exchange.until)

    def _pool(self, url: str) -> PoolManager:
        """The connections for a URL, by proxy and certificates."""
        from shiplane.registry.http.connections import pool_manager

        parts, proxy = urlsplit(url), proxy_for(url, self._env)
        folders = folders_of(parts.netloc, self._env) if parts.scheme == "https" else None
        key = (proxy.url if proxy else "", folders)
        # Locked, so that threads that start together share one pool, and read the certificates once.
        with self._lock:
            if key in self._pools:
                return self._pools[key]
            context = None if folders is None else context_of(folders, self._env)
            proxy_context = context_of((), self._env) if proxy and proxy.url.startswith("https") else None
            return self._pools.setdefault(key, pool_manager(proxy, context, proxy_context))


@dataclass(frozen=True)
class _Arriving:
    """A :class:`Download` on an open connection."""

    answer: BaseHTTPResponse
    exchange: ExchangeSocket
    errors: Callable[[], AbstractContextManager[None]]

    def __iter__(self) -> Iterator[bytes]:
        while True:
            # Not around the yield: what the reader does with a piece is none of this exchange's.
            with self.errors():
                piece = self.answer.read1(_CHUNK)
            if not piece:
                break
            yield piece
        self.answer.release_conn()

    def close(self) -> None:
        """See :meth:`Download.close`; a connection that was read to its end is back in its pool by then."""
        self.answer.close()
        self.exchange.release()


def _body_of(request: Request) -> Generator[bytes, None, None]:
    """What is uploaded, in a form that can be closed."""
    if request.upload:
        yield from request.upload.open()


def _headers(answer: BaseHTTPResponse) -> dict[str, str]:
    # By name, not by items(): a repeated header must be seen with both values.
    return {name.lower(): answer.headers[name] for name in answer.headers}


def _is_success(answer: BaseHTTPResponse) -> bool:
    return _OK <= answer.status < _REDIRECT


def _read_response(answer: BaseHTTPResponse, limit: int, until: float) -> Response:
    """Read the body to its end, within the limit and the deadline."""
    headers = _headers(answer)
    encoded = headers.get("content-encoding", "identity").lower() != "identity"
    is_success = _is_success(answer)
    try:
        if encoded and is_success:
            raise TransportError(
                f"the body is encoded as {headers['content-encoding'][:40]!a}, which was not requested"
            )
        body = _read_body(answer, limit if is_success else ERROR_LIMIT, until, cut=not is_success)
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return Response(status=answer.status, headers=headers, body=b"" if encoded else body)


def _read_body(answer: BaseHTTPResponse, limit: int, until: float, *, cut: bool) -> bytes:
    parts: list[bytes] = []
    size = 0
    # read1 returns after one recv, so that a peer that drips bytes meets the deadline.
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            if cut:
                answer.close()  # or a later response on this connection would begin with the rest
                break
            raise OversizedError(f"more than {limit} bytes")
        if time.monotonic() > until:
            raise TransportError("the response did not end before the deadline")
    return b"".join(parts)[:limit]


def error_for(error: Exception, url: str, proxy: Proxy | None) -> Exception:
    """Our error for urllib3's, whose messages repeat pool objects and addresses.

    Returns:
        A TransportError, after which a retry may succeed; else an OversizedError or a MisconfiguredError.
    """
    through = proxy if proxy and type(error).__name__ == "ProxyError" else None
    host = urlsplit(through.url if through else url).netloc
    for cause in _causes(error):
        if untrusted := certificate_error(cause, host):
            return untrusted
        if excess := _excess(cause):
            return OversizedError(excess)
        if through and (answer := _TUNNEL.fullmatch(str(cause))):
            return _proxy_error(through, int(answer[1]), answer[2])
    return TransportError(f"proxy {host}: {_reason(list(_causes(error))[1])}" if through else _reason(error))


def _causes(error: Exception) -> Iterator[Exception]:
    """An error and those wrapped in it."""
    yield error
    for inner in error.args:
        if isinstance(inner, Exception):
            yield from _causes(inner)


def _excess(cause: Exception) -> str:
    """Which of http.client's header limits was exceeded, or nothing."""
    from http.client import HTTPException, LineTooLong

    if isinstance(cause, LineTooLong):
        return "a header line of more than 65536 bytes"
    return "more than 100 header lines" if isinstance(cause, HTTPException) and "got more than" in str(cause) else ""


def _proxy_error(proxy: Proxy, status: int, reason: str) -> Exception:
    message = f"proxy {proxy.url} responded with HTTP {status} {one_line(reason)[:100]}".rstrip()
    if not _REFUSED <= status < _FAILED or status in _PASSING:
        return TransportError(message)
    login = f"Check the login in {proxy.name}." if proxy.authorization else f"Add the login to {proxy.name}: {_LOGIN}."
    remedy = login if status == _WANTS_LOGIN else _ASK_PROXY
    return MisconfiguredError(message, remedy=remedy)


def _reason(error: Exception) -> str:
    """A short reason."""
    name = type(error).__name__.removesuffix("Error")
    return {
        "ConnectTimeout": "no connection within the time limit",
        "ReadTimeout": _TOO_LATE,
        "NewConnection": "the connection was refused or the host is unknown",
        "NameResolution": "the host name is unknown",
        "Protocol": "the connection broke",
        "IncompleteRead": "the response was cut off",
        "SSL": f"TLS failed: {error}",
    }.get(name, f"{name}: {error}")

"""One HTTP exchange, bounded in bytes and time. Nothing here retries, redirects or authenticates: that is policy.

The :class:`Transport` protocol is the seam at which the tests put their in-memory registry.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shiplane.core.errors import MisconfiguredError
from shiplane.core.text import one_line
from shiplane.registry.http.exchange import ERROR_LIMIT, OversizedError, Request, Response, TransportError
from shiplane.registry.http.proxies import Proxy, proxy_for
from shiplane.registry.http.trust import certificate_fault, context_of, folders_of
from shiplane.registry.http.urls import parse_url

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from shiplane.registry.http.connections import ExchangeSocket

_CHUNK = 64 * 1024
_OK, _REDIRECT = 200, 300
_REFUSED, _FAILED = 400, 500
_WANTS_LOGIN = 407
# 408 and 429: a proxy that may answer otherwise in a moment.
_PASSING = (408, 429)
_TOO_LATE = "no answer within the time limit"
# What http.client makes of a proxy's answer to CONNECT.
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3}) ?(.*)", re.ASCII | re.DOTALL)
_LOGIN = "http://user:password@host:port"
_ASK_PROXY = "It does not let this connection through: ask who runs it, or except the host with NO_PROXY."


class HttpTransport:
    """The real thing, on urllib3: pooled connections, the system's trust and docker's, proxies from the environment."""

    def __init__(self, env: Mapping[str, str], *, user_agent: str) -> None:
        self._env = env
        self._user_agent = user_agent
        self._pools: dict[tuple[str, tuple[Path, ...] | None], PoolManager] = {}

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :meth:`Transport.send`."""
        import urllib3

        from shiplane.registry.http.connections import LINES, ExchangeSocket

        # What urllib and urllib3 read differently would be checked for one host and sent to another.
        if parse_url(request.url) is None:
            raise TransportError(f"{request.url[:120]!a} is no plain URL")
        line = LINES.line = ExchangeSocket(deadline)
        watchdog = threading.Timer(deadline, line.cut)
        # A signal may come before anything can cancel it, and then the process must not stay for its sake.
        watchdog.daemon = True
        watchdog.start()
        try:
            response = self._exchange(request, limit, line, deadline)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if line.is_cut:
                raise TransportError(_TOO_LATE) from error
            raise fault_of(error, request.url, proxy_for(request.url, self._env)) from error
        finally:
            watchdog.cancel()
            line.release()
        if line.is_cut:
            # What we cut ourselves ends like an answer that is complete: half a status line, half a chunk size.
            raise TransportError(_TOO_LATE)
        return response

    def _exchange(self, request: Request, limit: int, line: ExchangeSocket, deadline: float) -> Response:
        # identity: an encoded body would have to be inflated before its length and digest mean anything.
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        answer = self._pool(request.url).request(
            request.method,
            request.url,
            headers=headers,
            body=request.body or None,
            preload_content=False,
            decode_content=False,
            redirect=False,
            retries=False,
            timeout=deadline,
        )
        return _whole(answer, limit, line.until)

    def _pool(self, url: str) -> PoolManager:
        """The connections for a URL: those of one proxy, and with the certificates of its registry."""
        from shiplane.registry.http.connections import pool_manager

        parts, proxy = urlsplit(url), proxy_for(url, self._env)
        folders = folders_of(parts.netloc, self._env) if parts.scheme == "https" else None
        key = (proxy.url if proxy else "", folders)
        if key not in self._pools:
            context = None if folders is None else context_of(folders, self._env)
            own = context_of((), self._env) if proxy and proxy.url.startswith("https") else None
            self._pools[key] = pool_manager(proxy, context, own)
        return self._pools[key]


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


def fault_of(error: Exception, url: str, proxy: Proxy | None) -> Exception:
    """What broke, in our words; urllib3's own repeat pool objects and addresses.

    Returns:
        A TransportError, after which another try may succeed; else an OversizedError or a MisconfiguredError.
    """
    through = proxy if proxy and type(error).__name__ == "ProxyError" else None
    host = urlsplit(through.url if through else url).netloc
    for cause in _causes(error):
        if untrusted := certificate_fault(cause, host):
            return untrusted
        if excess := _excess(cause):
            return OversizedError(excess)
        if through and (answer := _TUNNEL.fullmatch(str(cause))):
            return _refused_by(through, int(answer[1]), answer[2])
    return TransportError(f"the proxy {host}: {_reason(list(_causes(error))[1])}" if through else _reason(error))


def _causes(error: Exception) -> Iterator[Exception]:
    """An error, and what urllib3 has wrapped into it."""
    yield error
    for inner in error.args:
        if isinstance(inner, Exception):
            yield from _causes(inner)


def _excess(cause: Exception) -> str:
    """What of a header is more than http.client reads of any."""
    from http.client import HTTPException, LineTooLong

    if isinstance(cause, LineTooLong):
        return "a header line of more than 65536 bytes"
    return "more than 100 header lines" if isinstance(cause, HTTPException) and "got more than" in str(cause) else ""


def _refused_by(proxy: Proxy, status: int, reason: str) -> Exception:
    what = f"the proxy {proxy.url} answered HTTP {status} {one_line(reason)[:100]}".rstrip()
    if not _REFUSED <= status < _FAILED or status in _PASSING:
        return TransportError(what)
    login = f"Check the login in {proxy.name}." if proxy.authorization else f"Give {proxy.name} its login: {_LOGIN}."
    remedy = login if status == _WANTS_LOGIN else _ASK_PROXY
    return MisconfiguredError(what, remedy=remedy)


def _reason(error: Exception) -> str:
    """A short word for what broke."""
    name = type(error).__name__.removesuffix("Error")
    return {
        "ConnectTimeout": "no connection within the time limit",
        "ReadTimeout": _TOO_LATE,
        "NewConnection": "the connection was refused or the host is unknown",
        "NameResolution": "the host name is unknown",
        "Protocol": "the connection broke",
        "IncompleteRead": "the answer was cut off",
        "SSL": f"TLS failed: {error}",
    }.get(name, f"{name}: {error}")

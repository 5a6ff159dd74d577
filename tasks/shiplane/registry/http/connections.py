"""The connections under the transport: urllib3's, but cut off in any state, and that wait for the final answer."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from shiplane.registry.http.proxies import Proxy

# Seconds for one address of a host; all of them together have the exchange's time.
_CONNECT = 10.0
_SWITCHING = 101
_FIRST_FINAL = 200


class ExchangeSocket:
    """The socket that one exchange goes over, so that a peer who drips bytes can be cut off.

    A time limit on each ``recv`` does not bound who sends a byte just before it runs out. The socket is known from the
    moment that it is connected: the answer of a proxy and the TLS handshake come before any request. It is held by a
    descriptor of our own, since the wrappers that TLS puts around it replace one another.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.is_cut = False
        self._held: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """The seconds that the exchange has left; not below 0."""
        return 0.0 if self.is_cut else max(0.0, self.until - time.monotonic())

    def watch(self, descriptor: int) -> None:
        """Hold another socket, or the same one again."""
        held = socket.socket(fileno=os.dup(descriptor))
        with self._lock:
            self._drop()
            self._held = held
            if self.is_cut:
                self._shut()

    def cut(self) -> None:
        """End the exchange: whoever reads from the socket gets an error at once."""
        with self._lock:
            self.is_cut = True
            self._shut()

    def release(self) -> None:
        """Let go of the socket; without that it would stay connected after its own end."""
        with self._lock:
            self._drop()

    def _shut(self) -> None:
        if self._held is not None:
            with suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


class _CurrentSocket(threading.local):
    """The exchange that a thread is in."""

    line: ExchangeSocket | None = None


LINES = _CurrentSocket()


class _FinalResponse(http.client.HTTPResponse):
    """One that passes over every informational answer (RFC 9110 section 15.2); http.client itself knows 100 alone."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc] # missing in typeshed
            if status == _SWITCHING:
                raise http.client.BadStatusLine("101: another protocol, which was not asked for")
            if status >= _FIRST_FINAL:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _PlainConnection(HTTPConnection):
    """A connection that tells its thread's exchange which socket it uses."""

    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 -- handed on as they are
        _watch(self.sock)
        super().request(*arguments, **named)


class _SecureConnection(HTTPSConnection):
    """The same with TLS."""

    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        _watch(self.sock)
        super().request(*arguments, **named)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def pool_manager(
    proxy: Proxy | None, context: ssl.SSLContext | None, proxy_context: ssl.SSLContext | None
) -> urllib3.PoolManager:
    """Pools of such connections.

    Args:
        proxy: What they go through, if anything.
        context: What servers have to prove; None where no TLS is spoken.
        proxy_context: What a proxy on https has to prove.
    """
    manager: urllib3.PoolManager
    if proxy is None:
        manager = urllib3.PoolManager(maxsize=16, ssl_context=context)
    else:
        login = {"proxy-authorization": proxy.authorization} if proxy.authorization else {}
        manager = urllib3.ProxyManager(
            proxy.url, proxy_headers=login, proxy_ssl_context=proxy_context, maxsize=16, ssl_context=context
        )
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return manager


def _connected(connection: HTTPConnection) -> socket.socket:
    """A socket to the first of a host's addresses that takes it; all of them together have the exchange's time.

    The name's resolution is bounded by the system's resolver alone (``resolv.conf(5)``: timeout, attempts).
    """
    host, port = connection._dns_host, connection.port  # noqa: SLF001 -- urllib3's own, for names with a final dot
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        fault = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, fault) from error
    reason: OSError = TimeoutError("no address of it took the connection in time")
    for family, kind, protocol, _, address in addresses:
        if seconds := min(_CONNECT, LINES.line.left if LINES.line else _CONNECT):
            try:
                return _socket_to(connection, (family, kind, protocol), address, seconds)
            except OSError as error:
                reason = error
    fault_class = ConnectTimeoutError if isinstance(reason, TimeoutError) else NewConnectionError
    raise fault_class(connection, f"Failed to establish a new connection: {reason}") from reason


def _socket_to(connection: HTTPConnection, kind: tuple[int, int, int], address: Any, seconds: float) -> socket.socket:  # noqa: ANN401 -- its form depends on the family
    made = socket.socket(*kind)
    try:
        for option in connection.socket_options or ():
            made.setsockopt(*option)
        made.settimeout(seconds)
        made.connect(address)
        _watch(made)
    except BaseException:
        made.close()
        raise
    return made


def _watch(connected: socket.socket | None) -> None:
    if LINES.line is not None and connected is not None:
        LINES.line.watch(connected.fileno())

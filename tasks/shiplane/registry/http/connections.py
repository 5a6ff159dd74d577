"""urllib3 connections that can be cut off in any state and that skip informational responses."""

from __future__ import annotations

import http.client
import logging
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

# Seconds for each address of a host, within the exchange's time limit.
_CONNECT = 10.0
_SWITCHING = 101
_FIRST_FINAL = 200


class ExchangeSocket:
    """The socket of one exchange, so that a peer that drips bytes can be cut off.

    A timeout on each ``recv`` does not bound a peer that sends a byte just before it. The socket is watched from its
    connection on: a proxy's response and the TLS handshake precede any request. It is held by our own descriptor,
    since TLS wrappers replace one another.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.is_cut = False
        self._watchdog = threading.Timer(seconds, self.cut)
        # After a signal it may never be cancelled, and must not keep the process alive.
        self._watchdog.daemon = True
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """The remaining seconds of the exchange, at least 0."""
        return 0.0 if self.is_cut else max(0.0, self.until - time.monotonic())

    def start(self) -> None:
        """Cut the exchange when its time is over."""
        self._watchdog.start()

    def watch(self, descriptor: int) -> None:
        """Watch another socket, or the same one again."""
        held = socket.socket(fileno=os.dup(descriptor))
        with self._lock:
            self._close()
            self._socket = held
            if self.is_cut:
                self._shut()

    def cut(self) -> None:
        """End the exchange: reads from the socket fail at once."""
        with self._lock:
            self.is_cut = True
            self._shut()

    def release(self) -> None:
        """Stop the time, and close our descriptor; otherwise the connection would stay open."""
        self._watchdog.cancel()
        with self._lock:
            self._close()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _CurrentSocket(threading.local):
    """The current exchange of a thread."""

    exchange: ExchangeSocket | None = None


CURRENT = _CurrentSocket()


class _WithoutPath(logging.Filter):
    """Takes paths and queries out of what urllib3 logs of our requests: the URL of a webhook is a secret.

    Its line for a request has scheme, host, port, method, path, version, status and length (connectionpool.py). With
    ``INVOKE_DEBUG`` it would be printed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if CURRENT.exchange is not None and isinstance(record.args, tuple):
            record.args = tuple("/..." if isinstance(each, str) and each[:1] == "/" else each for each in record.args)
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutPath())


class _FinalResponse(http.client.HTTPResponse):
    """Skips all informational responses (RFC 9110 section 15.2); http.client skips only 100."""

    # Python 3.13 prints a traceback for one that a signal interrupts before it has its file, when it is closed.
    fp: Any = None

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc] # missing in typeshed
            if status == _SWITCHING:
                raise http.client.BadStatusLine("101: switching to a protocol that was not requested")
            if status >= _FIRST_FINAL:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _PlainConnection(HTTPConnection):
    """A connection that registers its socket with the thread's exchange."""

    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def request(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 -- handed on as they are
        _watch(self.sock)
        super().request(*arguments, **named)


class _SecureConnection(HTTPSConnection):
    """The same over TLS."""

    response_class = _FinalResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self)

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
    """Pools of such connections; ``proxy_context`` is for a proxy on https."""
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


def _connect(connection: HTTPConnection) -> socket.socket:
    """Connect to the first reachable address of a host within the exchange's time limit.

    Name resolution is bounded by the system's resolver only (``resolv.conf(5)``: timeout, attempts).
    """
    host, port = connection._dns_host, connection.port  # noqa: SLF001 -- urllib3's own, for names with a final dot
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        fault = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, fault) from error
    reason: OSError = TimeoutError("no address accepted the connection in time")
    for family, kind, protocol, _, address in addresses:
        if seconds := min(_CONNECT, CURRENT.exchange.left if CURRENT.exchange else _CONNECT):
            try:
                return _socket_to(connection, (family, kind, protocol), address, seconds)
            except OSError as error:
                reason = error
    fault_class = ConnectTimeoutError if isinstance(reason, TimeoutError) else NewConnectionError
    raise fault_class(connection, f"Failed to establish a new connection: {reason}") from reason


def _socket_to(connection: HTTPConnection, kind: tuple[int, int, int], address: Any, seconds: float) -> socket.socket:  # noqa: ANN401 -- its form depends on the family
    sock = socket.socket(*kind)
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        sock.settimeout(seconds)
        sock.connect(address)
        _watch(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _watch(connected: socket.socket | None) -> None:
    if CURRENT.exchange is not None and connected is not None:
        CURRENT.exchange.watch(connected.fileno())

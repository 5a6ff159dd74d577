"""A proxy of a test's own on the loopback interface: it records its requests, and answers as the test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

from tests.faults.harness.server import Rude
from tests.faults.harness.serving import serving

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass
class Proxied:
    """A running proxy.

    Attributes:
        address: Its ``host:port``.
        heads: The head of each request that it got.
        answer: What it does instead of tunnelling.
        targets: Where it really leads, by the ``host:port`` that it is asked for.
    """

    address: str = ""
    heads: list[str] = field(default_factory=list)
    answer: Rude | None = None
    before: bytes = b""
    targets: Mapping[str, str] = field(default_factory=dict)


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    proxied: Proxied

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say of clients that hang up."""


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        proxied, connection = self.server.proxied, self.request
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536) or b"\r\n\r\n"
        proxied.heads.append(head.decode("latin-1"))
        if proxied.answer:
            with suppress(OSError):
                proxied.answer(connection)
            return
        host, _, port = proxied.targets[head.split()[1].decode()].rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            connection.sendall(proxied.before + ESTABLISHED)
            back = threading.Thread(target=_copy, args=(target, connection), daemon=True)
            back.start()
            _copy(connection, target)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(**attributes: object) -> Iterator[Proxied]:
    """Run one."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxied = Proxied(**attributes)  # type: ignore[arg-type]
    with serving(server) as address:
        server.proxied.address = address
        yield server.proxied

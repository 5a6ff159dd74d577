"""The in-memory registry behind a real socket, and answers that no decent server gives, byte by byte."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from shiplane.registry.http.exchange import Request, Response
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.serving import QuietHandler, QuietServer, serving

# Writes an answer by hand: gets the socket.
Rude = Callable[[socket.socket], None]
# Decides by the request whether to be rude; may have it carried out first, by calling what it is given.
Spoil = Callable[[Request, Callable[[], Response]], Rude | None]
NO_LIMIT = 1 << 40


@dataclass
class Served:
    """A running server: the address, and what to answer instead of the registry's answer (by ``METHOD path``).

    Attributes:
        spoil: The same for what depends on more than that.
    """

    memory: MemoryRegistry
    address: str
    rude: dict[str, Rude] = field(default_factory=dict)
    connections: int = 0
    spoil: Spoil = lambda _request, _carry_out: None

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"


@contextmanager
def serve(memory: MemoryRegistry) -> Iterator[Served]:
    """Serve a registry on a free port of the loopback interface; it takes that address for its host."""
    server = _Server(("127.0.0.1", 0), _Handler)
    memory.host = f"127.0.0.1:{server.server_address[1]}"
    server.served = Served(memory, memory.host)
    with serving(server):
        yield server.served


class _Server(QuietServer):
    served: Served


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; the second would wait 40 ms for an ACK
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.served.connections += 1

    def _serve(self) -> None:
        served = self.server.served
        headers = {name.title(): value for name, value in self.headers.items()}
        request = Request(method=self.command, url=served.url(self.path), headers=headers, body=self.read_body())

        def carry_out() -> Response:
            return served.memory.send(request, limit=NO_LIMIT, deadline=0)

        rude = served.rude.get(f"{self.command} {self.path.partition('?')[0]}") or served.spoil(request, carry_out)
        if rude:
            self.close_connection = True
            with suppress(OSError):
                rude(self.connection)
            return
        response = carry_out()
        self.answer(response.status, response.body, response.headers)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve


def raw(*pieces: bytes, pause: float = 0.0) -> Rude:
    """Send these bytes, with a pause before each but the first, and close."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)

    return send


def drip(head: bytes, byte: bytes, *, pause: float, seconds: float) -> Rude:
    """Send a head, then one byte after the other with pauses: alive, but never done."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.sendall(byte)
            time.sleep(pause)

    return send


def reset(*pieces: bytes) -> Rude:
    """Send these bytes and tear the connection down with a RST."""

    def send(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return send


def flood(head: bytes, chunk: bytes) -> Rude:
    """Send a head and then chunks without end (until the client hangs up)."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(4096):
            connection.sendall(chunk)

    return send

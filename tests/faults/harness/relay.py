"""A door before a real registry, on a socket of its own, at which each request can be met on its way there or back."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from tests.faults.harness.serving import QuietHandler, QuietServer, serving

if TYPE_CHECKING:
    from io import BufferedReader

_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}


class HangUpError(Exception):
    """Raised by a meeting: the client gets no (further) answer."""


@dataclass
class Passing:
    """One request on its way, and its answer as soon as there is one (``status`` 0: not yet).

    ``arrived`` is the status that the registry itself answered with, whatever the client is told.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    arrived: int = 0
    answer: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def ours(self) -> bool:
        """Whether shiplane sent it, and no builder."""
        return self.headers.get("user-agent", "").startswith("shiplane/")


# Called twice: before a request is passed on (what it fills in is the answer then), and before its answer is.
Meeting = Callable[[Passing], None]


@dataclass
class Relay:
    """A running door: where it is, what stands at it, and what has passed."""

    address: str
    upstream: str
    meet: Meeting = lambda _passing: None
    passed: list[Passing] = field(default_factory=list)


@contextmanager
def relay(upstream: str) -> Iterator[Relay]:
    """Open a door before a registry (``host:port``) for as long as the block lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.door = Relay(f"127.0.0.1:{server.server_address[1]}", upstream)
    with serving(server):
        yield server.door


class _Server(QuietServer):
    door: Relay


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Tell who speaks TLS that this is plain HTTP, in the form by which Go's clients know it; read on otherwise."""
        if cast("BufferedReader", self.rfile).peek(1)[:1] == b"\x16":
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.close_connection = True
            return
        super().handle_one_request()

    def _body(self, headers: dict[str, str]) -> bytes:
        """The whole body, as it was before it was cut into pieces."""
        if headers.get("transfer-encoding", "") != "chunked":
            return self.read_body()
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(parts)

    def _serve(self) -> None:
        door = self.server.door
        headers = {name.lower(): value for name, value in self.headers.items()}
        passing = Passing(self.command, self.path, headers, self._body(headers))
        try:
            door.meet(passing)
            if not passing.status:
                self._upstream(passing)
                door.passed.append(passing)
                door.meet(passing)
            self.answer(passing.status, passing.content, passing.answer)
        except (HangUpError, OSError):
            self.close_connection = True
            with suppress(OSError):
                self.connection.close()

    def _upstream(self, passing: Passing) -> None:
        connection = http.client.HTTPConnection(self.server.door.upstream, timeout=60)
        try:
            headers = {name: value for name, value in passing.headers.items() if name not in _HOP}
            connection.request(passing.method, passing.path, body=passing.body or None, headers=headers)
            answer = connection.getresponse()
            passing.content = answer.read()
            passing.answer = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in _HOP}
            passing.status = passing.arrived = answer.status
        finally:
            connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

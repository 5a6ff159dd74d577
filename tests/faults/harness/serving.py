"""A server of a test's own, in a thread, for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer


class QuietServer(ThreadingHTTPServer):
    """One that waits for no client, and says nothing of those that hang up: that is what tests make them do."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say."""


class QuietHandler(BaseHTTPRequestHandler):
    """One that keeps the tests' output quiet."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Nothing to say."""

    def read_body(self) -> bytes:
        """The body of the request, as long as its headers say."""
        return self.rfile.read(int(self.headers.get("content-length", "0")))

    def answer(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        """Send a whole answer; ``headers`` are in lower case where they have a ``content-length`` of their own."""
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serving(server: TCPServer) -> Iterator[str]:
    """Let it serve; gives its address as ``host:port``, and closes it in the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

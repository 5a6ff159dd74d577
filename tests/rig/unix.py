"""HTTP over a unix socket, which is how the rig's registries and engine are spoken to."""

from __future__ import annotations

import http.client
import socket


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection whose other end is a socket file."""

    def __init__(self, path: str, timeout: float = 60) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file instead of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def connection(address: str, timeout: float = 60) -> http.client.HTTPConnection:
    """A connection to `unix:PATH` or `HOST:PORT`."""
    if address.startswith("unix:"):
        return UnixConnection(address.removeprefix("unix:"), timeout)
    return http.client.HTTPConnection(address, timeout=timeout)


def answers(address: str, path: str) -> bool:
    """Whether anything answers an HTTP GET there, whatever it says."""
    asked = connection(address, timeout=2)
    try:
        asked.request("GET", path)
        asked.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()
    return True

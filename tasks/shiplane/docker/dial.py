"""Talking to an engine through the docker command, which reaches what the SDK does not: ``ssh://`` above all.

``docker system dial-stdio`` connects its standard input and output with the engine of the current context; it is what
docker itself runs at the other end of ssh (docker/cli, cli/command/system/dial_stdio.go). Each connection is one such
child, with the environment that children have who do not log in.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from typing import Any

import urllib3
from docker.transport import UnixHTTPAdapter
from urllib3.connection import HTTPConnection

_ARGV = ("docker", "system", "dial-stdio")
# Seconds for a child whose connection is closed.
_GRACE = 2.0


class UnixSocketAdapter(UnixHTTPAdapter):
    """The SDK's adapter for a socket of the file system, with connections of our own."""

    def __init__(self, env: Mapping[str, str], timeout: int) -> None:
        super().__init__("http+unix:///dialled", timeout)
        self._pool = _UnixPool("localhost", timeout=timeout, maxsize=10)
        self._pool.env = env

    def get_connection(self, url: object, proxies: object = None) -> Any:  # noqa: ANN401 -- the stubs want its own
        """The connections; there is one engine."""
        del url, proxies
        return self._pool


class _UnixConnection(HTTPConnection):
    env: Mapping[str, str]
    child: subprocess.Popen[bytes] | None = None

    def connect(self) -> None:
        client_end, child_end = socket.socketpair()
        with child_end:
            descriptor = child_end.fileno()
            self.child = subprocess.Popen(
                _ARGV,
                stdin=descriptor,
                stdout=descriptor,
                stderr=subprocess.DEVNULL,
                env=dict(self.env),
                start_new_session=True,
            )
        client_end.settimeout(self.timeout)
        self.sock = client_end

    def close(self) -> None:
        super().close()
        child, self.child = self.child, None
        if child is not None:
            child.terminate()
            try:
                child.wait(_GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


class _UnixPool(urllib3.HTTPConnectionPool):
    env: Mapping[str, str]

    def _new_conn(self) -> Any:  # noqa: ANN401 -- urllib3's own type has no public name
        connection = _UnixConnection("localhost", timeout=self.timeout.connect_timeout)
        connection.env = self.env
        return connection

"""Delays every byte between a client and a server, run as a process: a network with a round trip time.

Each direction takes half of the round trip. The kernel answers a TCP handshake on this machine at once, so a new
connection's first bytes wait one round trip more; a TLS handshake crosses like other bytes, and pays its own. Slow
start, loss and bandwidth are not modelled. A line on the control port, the round trip in seconds, sets it; the answer
is what was counted since the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

BLOCK = 1 << 16
# How many blocks of one direction are on their way at most: what is sent faster waits at the sender.
UNDERWAY = 256


@dataclass
class Counts:
    """What crossed: connections, and bytes from clients (`sent`) and to them (`received`)."""

    connections: int = 0
    sent: int = 0
    received: int = 0


@dataclass
class Link:
    """The network: its round trip in seconds, and what crossed it."""

    round_trip: float = 0.0
    counts: Counts = field(default_factory=Counts)

    def sent(self, size: int) -> None:
        """Count what a client sent."""
        self.counts.sent += size

    def received(self, size: int) -> None:
        """Count what a client received."""
        self.counts.received += size

    async def carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        count: Callable[[int], None],
        handshake: float = 0.0,
    ) -> None:
        """Carry one direction of a connection to its end; its first bytes wait for the handshake as well."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDERWAY)
        await asyncio.gather(
            self._enter(reader, underway, count, handshake), _leave(underway, writer), return_exceptions=True
        )

    async def _enter(
        self,
        reader: asyncio.StreamReader,
        underway: asyncio.Queue[tuple[float, bytes]],
        count: Callable[[int], None],
        handshake: float,
    ) -> None:
        loop, block = asyncio.get_running_loop(), b"x"
        while block:
            try:
                block = await reader.read(BLOCK)
            except ConnectionError:
                block = b""
            count(len(block))
            await underway.put((loop.time() + self.round_trip / 2 + handshake, block))

    async def accept(self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a client with the server at a port of this machine."""
        self.counts.connections += 1
        handshake = self.round_trip
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.carry(reader, forth, self.sent, handshake), self.carry(back, writer, self.received))
        for end in (forth, writer):
            end.close()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client of the control port, line by line."""
        while line := await reader.readline():
            counted, self.counts, self.round_trip = self.counts, Counts(), float(line)
            writer.write(json.dumps(asdict(counted)).encode() + b"\n")
            await writer.drain()
        writer.close()


async def _leave(underway: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    loop, block = asyncio.get_running_loop(), b"x"
    while block:
        due, block = await underway.get()
        await asyncio.sleep(max(0.0, due - loop.time()))
        with contextlib.suppress(ConnectionError):
            writer.write(block)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def listen(host: str, handler: Handler) -> tuple[asyncio.Server, int]:
    """A server on a free port."""
    server = await asyncio.start_server(handler, host, 0, backlog=512)
    return server, server.sockets[0].getsockname()[1]


def _door(link: Link, target: int) -> Handler:
    return lambda reader, writer: link.accept(target, reader, writer)


async def serve(path: Path) -> None:
    """Serve as the settings say (`host`, and `targets` by name); the file beside them gets the ports by name."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    link, ports, servers = Link(), {}, []
    doors = {name: (settings["host"], _door(link, target)) for name, target in settings["targets"].items()}
    for name, (host, handler) in {**doors, "control": ("127.0.0.1", link.control)}.items():
        server, ports[name] = await listen(host, handler)
        servers.append(server)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(ports), encoding="utf-8")
    partial.replace(path.with_suffix(".ports"))
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

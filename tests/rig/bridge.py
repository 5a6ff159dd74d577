"""Makes a BuildKit of its own out of the engine's, run as a process: `python -m tests.rig.bridge ENGINE SOCKET`.

The engine hands out its BuildKit's gRPC on `POST /grpc` after an upgrade to h2c. Behind this bridge buildx finds it on
a plain socket, as the `remote` driver wants it; and that driver, unlike the `docker` one, can push by digest.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

UPGRADE = b"POST /grpc HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
BLOCK = 1 << 16


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then say so to the other side."""
    with contextlib.suppress(ConnectionError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def upgrade(engine: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the engine on which gRPC can be spoken.

    Raises:
        ConnectionError: the engine does not offer it.
    """
    reader, writer = await asyncio.open_unix_connection(engine)
    writer.write(UPGRADE)
    answer = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise ConnectionError(f"the engine refused the upgrade: {answer!r}")
    return reader, writer


async def join(engine: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join one client with the engine until both have said all."""
    try:
        back, forth = await upgrade(engine)
        await asyncio.gather(copy(reader, forth), copy(back, writer))
        forth.close()
    finally:
        writer.close()


async def serve(engine: str, address: str) -> None:
    """Listen on a socket file for ever."""
    Path(address).unlink(missing_ok=True)
    server = await asyncio.start_unix_server(lambda r, w: join(engine, r, w), address)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))

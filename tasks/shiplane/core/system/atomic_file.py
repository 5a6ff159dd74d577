"""Small files that a user names: read with a limit, written whole or not at all.

Ours: the library for it, atomicwrites, has been unmaintained since 2022, and this is mkstemp and rename.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from shiplane.core.errors import UsageError


def read_limited(path: Path, limit: int, what: str, *, remedy: str) -> bytes:
    """Read a file.

    Args:
        path: Which.
        limit: The most bytes that it may have.
        what: The flag and the name as they were given, for messages.
        remedy: What to do where there is none, or a much larger one.

    Raises:
        UsageError: It is not there, no ordinary file, unreadable or too large.
    """
    try:
        # Not a pipe or a device: it would be waited for without end.
        if not path.is_file():
            raise UsageError(f"{what}: there is no such file", remedy=remedy)
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{what} cannot be read: {_why(error)}", remedy=remedy) from error
    if len(content) > limit:
        raise UsageError(f"{what} is larger than {limit} bytes", remedy=remedy)
    return content


def write_atomic(path: Path, body: bytes, mode: int = 0o600) -> None:
    """Write a file in one go: whoever looks, and a run that is killed, finds the old file or the new one.

    Raises:
        OSError, ValueError: It cannot be written there, and nothing was left there.
    """
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
        Path(partial).chmod(mode)
        Path(partial).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(partial).unlink()
        raise


def write_user_file(path: Path, body: bytes, what: str) -> None:
    """Write a file that the user named, as :func:`write_atomic` does.

    Raises:
        UsageError: It cannot be written there.
    """
    try:
        write_atomic(path, body)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{what} cannot be written: {_why(error)}", remedy="Name a file in a folder that exists."
        ) from error


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)

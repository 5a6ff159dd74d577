"""Small files named by the user: read with a size limit, written atomically.

Ours: the library for it, atomicwrites, has been unmaintained since 2022, and this is mkstemp and rename.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shiplane.core.errors import UsageError

# The descriptors of standard output and standard error.
_OUTPUTS = (1, 2)


def read_limited(path: Path, limit: int, label: str, *, remedy: str) -> bytes:
    """Read a regular file of at most ``limit`` bytes; messages call it ``label``, the flag and name as given.

    Raises:
        UsageError: It does not exist, is not a regular file, is unreadable or too large.
    """
    try:
        # Reading a pipe or a device could block forever.
        if not path.is_file():
            raise UsageError(f"{label}: no such file", remedy=remedy)
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{label} cannot be read: {_reason(error)}", remedy=remedy) from error
    if len(content) > limit:
        raise UsageError(f"{label} is larger than {limit} bytes", remedy=remedy)
    return content


def write_atomic(path: Path, body: bytes, mode: int = 0o600) -> None:
    """Replace a file atomically: readers, and a killed run, leave the old file or the new one.

    Raises:
        OSError, ValueError: It cannot be written; no partial file is left.
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


def write_user_file(path: Path, body: bytes, label: str, mode: int = 0o600) -> None:
    """Write a file named by the user with :func:`write_atomic`, through links to it.

    Raises:
        UsageError: It cannot be written.
    """
    with _explained(label):
        write_atomic(_replaceable(path), body, mode)


def require_replaceable(path: Path, label: str) -> None:
    """Prove that :func:`write_user_file` can write a file, and leave it as it is.

    Raises:
        UsageError: It cannot be written.
    """
    with _explained(label):
        real = _replaceable(path)
        descriptor, partial = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        os.close(descriptor)
        Path(partial).unlink()


@contextmanager
def _explained(label: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"{label} cannot be written: {_reason(error)}", remedy="Choose a file in an existing folder."
        ) from error


def _replaceable(path: Path) -> Path:
    """Where a file really is. A device or a pipe would be replaced by a file: ``/dev/null`` for everybody.

    So would the file that the output goes to, which ``/dev/stdout`` leads to: what was printed would be lost.
    """
    real = path.resolve()
    if real.exists() and not real.is_file():
        raise ValueError("it is no regular file")
    if real.exists() and any(_is_output(real, number) for number in _OUTPUTS):
        raise ValueError("the output of this command goes to it")
    return real


def _is_output(file: Path, number: int) -> bool:
    with suppress(OSError):  # of a stream that is closed
        return os.path.samestat(file.stat(), os.fstat(number))
    return False


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error)

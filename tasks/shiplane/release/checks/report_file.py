"""The report that a check writes: whether it is a new one, and its digest."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from shiplane.registry.oci.names import Digest

# Tells a file that was written from one that lay there before; None where there is none.
FileState: TypeAlias = "tuple[int, int, int] | None"
_BLOCK = 1024 * 1024
# Neither a link, whose target is not the project's to name, nor a pipe, which would be waited for.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def file_state(path: Path) -> FileState:
    """What changes whenever a file is written."""
    with suppress(OSError):
        status = path.lstat()
        return status.st_ino, status.st_size, status.st_ctime_ns
    return None


def digest_of_report(path: Path, before: FileState) -> Digest:
    """The digest of a report that was written meanwhile.

    Args:
        path: The file.
        before: Its state before the check.

    Raises:
        ValueError: There is none, it is no regular file, or it was there before.
    """
    if file_state(path) == before:
        raise ValueError("was not written")
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a regular file")
        sha256 = hashlib.sha256()
        while block := os.read(descriptor, _BLOCK):
            sha256.update(block)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    finally:
        os.close(descriptor)
    return Digest(f"sha256:{sha256.hexdigest()}")

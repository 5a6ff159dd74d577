"""The machine itself: who sits at it, and how much room its disks have."""

from __future__ import annotations

import getpass
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from shiplane.model.errors import PrerequisiteError


def desk() -> str:
    """``user@machine``."""
    user = "somebody"
    with suppress(KeyError, OSError):  # a container's user may have no name
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def free_bytes(folder: Path) -> int:
    """The bytes that this user can still write there.

    Raises:
        PrerequisiteError: The folder cannot be asked.
    """
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise PrerequisiteError(f"{folder} cannot be asked for its free space: {error.strerror or error}") from error

"""The machine itself: who sits at it, and how much room its disks have."""

from __future__ import annotations

import getpass
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from shiplane.core.errors import PrerequisiteError


def user_at_host() -> str:
    """``user@machine``."""
    user = "somebody"
    with suppress(KeyError, OSError):  # a container's user may have no name
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"


def process_space() -> str:
    """Where a process id means what it means here: this machine since it was started, and this namespace of it.

    Containers have process ids of their own, and may share a host's name. Without ``/proc`` the name has to do.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def free_bytes(folder: Path) -> int:
    """The bytes that this user can still write there.

    Raises:
        PrerequisiteError: The folder cannot be asked.
    """
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise PrerequisiteError(f"{folder} cannot be asked for its free space: {error.strerror or error}") from error

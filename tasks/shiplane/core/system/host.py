"""The local machine: its user, process namespace and free disk space."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
from collections.abc import Mapping
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
    """Identifies this boot and PID namespace, within which process ids can be compared.

    Containers have their own process ids and may share a host name. Without ``/proc`` the host name is used.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return socket.gethostname()


def free_bytes(folder: Path) -> int:
    """The free bytes of the folder's file system.

    Raises:
        PrerequisiteError: They cannot be determined.
    """
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise PrerequisiteError(f"cannot read the free space of {folder}: {error.strerror or error}") from error


def can_execute(program: str, env: Mapping[str, str], folder: Path) -> bool:
    """Whether a child in this environment and working folder would find a program.

    A name with a slash is a path from that folder; any other one is looked for in the folders of ``PATH``.
    """
    if "/" in program:
        return os.access(folder / program, os.X_OK) and not (folder / program).is_dir()
    return shutil.which(program, path=env.get("PATH", os.defpath)) is not None

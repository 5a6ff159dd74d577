"""Commands in a root, in namespaces for mounts and processes that end with them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fresh.roots import CERTIFICATES, CHECKOUT, NAMESPACES

# The root becomes the real one (pivot_root, for an engine's containers cannot be made in a chroot); the first process
# is a shell that waits, and so takes in what others leave behind.
ENTER = """\
set -e
mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/run" "$1/mnt"
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
cd "$1"
pivot_root . mnt
umount -l /mnt
shift
cd "$1"
shift
"$@"
exit $?
"""
PASSED = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_PROXY", "TERM")


def run(root: Path, command: Sequence[str], folder: Path = CHECKOUT) -> int:
    """Run a command in a root, shown as it goes; gives its exit code."""
    argv = ["unshare", *NAMESPACES, "sh", "-c", ENTER, "-", str(root), f"/{folder}", *command]
    sys.stdout.flush()
    return subprocess.run(argv, env=_environment(), stdin=subprocess.DEVNULL, check=False).returncode


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for base in PASSED for name in (base, base.upper()) if name in os.environ}
    if any((Path("/") / CERTIFICATES).glob("*.crt")):  # a network with an authority of its own; pip has its own list
        passed["PIP_CERT"] = "/etc/ssl/certs/ca-certificates.crt"
    return {**passed, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}

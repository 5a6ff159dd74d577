"""nginx, of the machine or from its package archive in a folder of its own: the front that a bench counts at.

A front in Python would take so much of the two processors that the peers, which open more connections, would pay for
it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.rig import archives, dependencies, machine, packages, recipes
from tests.rig.apt import Apt, unpack
from tests.rig.model import RigUnavailableError


@dataclass(frozen=True)
class Nginx:
    """The program, and where its libraries are ('' where the machine has them)."""

    program: str
    libraries: str = ""

    def environ(self) -> dict[str, str]:
        """What it has to be started with."""
        return {**os.environ, **({"LD_LIBRARY_PATH": self.libraries} if self.libraries else {})}


def nginx() -> Nginx:
    """The machine's own, else one that is downloaded once and kept.

    Raises:
        RigUnavailableError: This machine cannot have it.
    """
    if own := shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
        return Nginx(own)
    release = archives.release()
    recipe = hashlib.sha256(repr((release, machine.native(), Path(__file__).read_bytes())).encode()).hexdigest()[:12]
    home = packages.cache() / f"tools-nginx-{recipe}"
    with packages.locked(packages.cache() / "lock-nginx"):
        if not home.exists():
            _make(home, release)
        os.utime(home)  # in use: not one of those that are forgotten after two weeks
    return _unpacked(home)


def _unpacked(home: Path) -> Nginx:
    triplet = machine.native().triplet
    return Nginx(
        program=str(home / "root/usr/sbin/nginx"),
        libraries=":".join(str(home / "root" / folder / triplet) for folder in ("usr/lib", "lib")),
    )


def _make(home: Path, release: archives.Release) -> None:
    """Download nginx with all that it needs beside its place, and move it there when it is whole."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise RigUnavailableError("only root can take nginx from the packages of Debian or Ubuntu; or install it")
    print("nginx: downloading it, once", file=sys.stderr, flush=True)
    partial = home.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    apt = Apt(home=partial / "apt", processor=machine.native())
    status = dependencies.base(dependencies.STATUS.read_text(encoding="utf-8"))
    apt.prepare(status + dependencies.PRETENDED, recipes.pins(release))
    recipes.read_lists(apt, release, lambda _: None)
    for package in apt.fetch(["nginx"]):
        unpack(package, partial / "root")
    shutil.rmtree(apt.home)
    partial.rename(home)

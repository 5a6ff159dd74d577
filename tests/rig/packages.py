"""The tools of a rig, taken from Debian packages into a private folder that is kept between runs.

Nothing is installed: packages are downloaded with lists of our own and unpacked below the cache, so the machine's
own packages stay as they are and no package's start script (docker-registry has one) ever runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.model import RigUnavailableError
from tests.rig.processes import call

if TYPE_CHECKING:
    from collections.abc import Iterator

# Newer than bookworm's, and linked against nothing but a libc that bookworm has.
FORKY = ("docker.io", "docker-cli", "containerd", "docker-buildx", "tini-static", "crane", "oras")
# The engine wants iptables' place in the world (ip, nat) and runc; the libraries are theirs.
BOOKWORM = (
    *("runc", "docker-registry", "skopeo", "golang-github-containers-common", "qemu-user-static"),
    *("iptables", "iproute2", "libseccomp2", "libnftnl11", "libmnl0", "libxtables12", "libip4tc2", "libip6tc2"),
    *("libgpgme11", "libassuan0", "libdevmapper1.02.1", "libbpf1", "libelf1"),
)
BUSYBOX = ("amd64", "arm64")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# Of the 300 MB in this package one file is needed.
ONLY = {"qemu-user-static": "./usr/bin/qemu-aarch64-static"}


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """The unpacked packages (`root`), the commands for clients (`bin`), and the seed of the mirror (`images`)."""

    home: Path

    @property
    def root(self) -> Path:
        """The packages' files, as they would lie below `/`."""
        return self.home / "root"

    @property
    def bin(self) -> Path:
        """What a client's PATH needs: docker, crane, oras, skopeo; also iptables and ip."""
        return self.home / "bin"

    @property
    def images(self) -> Path:
        """The storage of a registry that holds the base images."""
        return self.home / "images"

    def tool(self, name: str) -> str:
        """Where a program is, for use in a command."""
        return str(next(self.root / d / name for d in PROGRAMS if (self.root / d / name).exists()))

    def busybox(self, architecture: str) -> Path:
        """The statically linked busybox of an architecture."""
        return self.home / "busybox" / architecture / "bin/busybox"

    def environ(self) -> dict[str, str]:
        """What the engine and its children need to find each other and their libraries."""
        path = ":".join([*(str(self.root / d) for d in PROGRAMS), str(self.bin), os.environ.get("PATH", "")])
        return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": str(self.root / LIBRARIES)}


PROGRAMS = ("usr/bin", "usr/sbin", "bin", "sbin")


def cache() -> Path:
    """Where downloads are kept between runs: `SHIPLANE_RIG_CACHE`, else the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("SHIPLANE_RIG_CACHE") or f"{base}/shiplane-rig")


def toolbox() -> Toolbox:
    """The tools, downloaded and unpacked when they are not there yet; one process does it, others wait.

    Raises:
        RigUnavailableError: this machine cannot have them.
    """
    tools = Toolbox(home=cache() / f"tools-{_recipe()}")
    with locked(cache() / "lock"):
        if not tools.home.exists():
            _require_debian()
            _make(tools)
        os.utime(tools.home)  # in use: not one of those that _forget takes
        _forget()
    return tools


def _recipe() -> str:
    """What decides over a toolbox' content, as a short name: another recipe, another toolbox."""
    images = Path(__file__).with_name("images.py").read_text(encoding="utf-8")
    text = repr((FORKY, BOOKWORM, BUSYBOX, ONLY, images))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _forget() -> None:
    """Remove the toolboxes that nobody has used for two weeks."""
    for old in cache().glob("tools-*"):
        if time.time() - old.stat().st_mtime > 14 * 86400:
            shutil.rmtree(old, ignore_errors=True)


def _require_debian() -> None:
    if platform.machine() != "x86_64" or shutil.which("apt-get") is None or os.geteuid() != 0:
        raise RigUnavailableError(
            "a rig of its own needs root on an amd64 Debian; elsewhere start Docker, with buildx, and it is used"
        )


def _make(tools: Toolbox) -> None:
    """Fill a toolbox beside its place and move it there when it is whole."""
    from tests.rig import images

    partial = Toolbox(home=tools.home.with_suffix(".partial"))
    shutil.rmtree(partial.home, ignore_errors=True)
    for folder in (partial.root, partial.bin, partial.images):
        folder.mkdir(parents=True)
    _download(partial)
    _wrap(partial.bin, tools)
    images.seed(partial)
    shutil.rmtree(partial.home / "apt")
    partial.home.rename(tools.home)


def mirror() -> str:
    """The Debian mirror this machine is set up for.

    Raises:
        RigUnavailableError: there is none; the machine is no Debian, or no ordinary one.
    """
    sources = Path("/etc/apt/sources.list.d/debian.sources")
    if sources.exists() and (found := re.search(r"^URIs:\s*(\S+)", sources.read_text("utf-8"), re.MULTILINE)):
        return found[1]
    plain = Path("/etc/apt/sources.list")
    lines = plain.read_text("utf-8") if plain.exists() else ""
    if found := re.search(r"^deb\s+(?:\[.*?]\s+)?(\S+/debian/?)\s", lines, re.MULTILINE):
        return found[1]
    raise RigUnavailableError("no Debian mirror in /etc/apt")


def _apt(tools: Toolbox) -> dict[str, str]:
    """An apt of our own: its lists, its sources, nothing of the machine's but keys and mirror."""
    apt = tools.home / "apt"
    (apt / "lists/partial").mkdir(parents=True)
    (apt / "archives/partial").mkdir(parents=True)
    key = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
    (apt / "sources.list").write_text(
        f"deb [arch=amd64,arm64 {key}] {mirror()} bookworm main\ndeb [arch=amd64 {key}] {mirror()} forky main\n",
        encoding="utf-8",
    )
    (apt / "apt.conf").write_text(APT_CONF.format(apt=apt), encoding="utf-8")
    return {**os.environ, "APT_CONFIG": str(apt / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive"}


APT_CONF = """\
Dir::Etc::SourceList "{apt}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "{apt}/lists";
Dir::Cache "{apt}";
Acquire::Retries "3";
Acquire::Languages "none";
APT::Architectures {{ "amd64"; "arm64"; }};
APT::Sandbox::User "root";
"""


def _download(tools: Toolbox) -> None:
    """Fetch the packages and unpack them, two at a time: unpacking is all processor."""
    env = _apt(tools)
    wanted = [*(f"{n}/forky" for n in FORKY), *(f"{n}/bookworm" for n in BOOKWORM)]
    wanted += [f"busybox-static:{a}/bookworm" for a in BUSYBOX]
    call(["apt-get", "update"], env)
    call(["sh", "-c", f'cd {shlex.quote(str(tools.home / "apt"))} && exec apt-get download "$@"', "-", *wanted], env)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda deb: _unpack(tools, deb), (tools.home / "apt").glob("*.deb")))


def _unpack(tools: Toolbox, deb: Path) -> None:
    name, _, architecture = deb.stem.split("_")
    target = tools.home / "busybox" / architecture if name == "busybox-static" else tools.root
    target.mkdir(parents=True, exist_ok=True)
    if only := ONLY.get(name):
        pipe = f"dpkg --fsys-tarfile {shlex.quote(str(deb))} | tar x -C {shlex.quote(str(target))} {only}"
        call(["sh", "-c", pipe])
    else:
        call(["dpkg", "-x", str(deb), str(target)])


def _wrap(folder: Path, tools: Toolbox) -> None:
    """Write the commands of `bin`: each finds its own libraries and leaves everybody else's alone."""
    libraries = shlex.quote(str(tools.root / LIBRARIES))
    policy = shlex.quote(str(tools.root / "etc/containers/policy.json"))
    library_path = f"LD_LIBRARY_PATH={libraries} "
    _script(folder, "skopeo", f"{library_path} exec {tools.root}/usr/bin/skopeo --policy {policy}")
    _script(folder, "ip", f"{library_path} exec {tools.root}/bin/ip")
    _script(
        folder,
        "iptables",
        f"{library_path} XTABLES_LIBDIR={libraries}/xtables exec {tools.root}/usr/sbin/iptables-nft",
    )
    for name in ("docker", "crane", "oras"):
        (folder / name).symlink_to(tools.root / "usr/bin" / name)


def _script(folder: Path, name: str, command: str) -> None:
    (folder / name).write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
    (folder / name).chmod(0o755)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock; the kernel lets go of it when we die."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

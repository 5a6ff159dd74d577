"""The tools of a rig, taken from the distribution's packages into a private folder that is kept between runs.

Nothing is installed: packages are downloaded by an apt of our own and unpacked below the cache, so the machine's own
packages stay as they are and no package's start script (docker-registry has one) ever runs.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shlex
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig import archives, dependencies, machine, recipes, wholeness
from tests.rig.apt import Apt, unpack
from tests.rig.machine import Processor
from tests.rig.model import RigError, RigUnavailableError
from tests.rig.processes import call

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("usr/bin", "usr/sbin", "bin", "sbin")
PLUGINS = "usr/libexec/docker/cli-plugins"
WEIGHT = "400 MB"


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """The unpacked packages (`root`), the commands for clients (`bin`), and the seed of the mirror (`images`)."""

    home: Path
    processor: Processor

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

    @property
    def libraries(self) -> str:
        """Where the programs' shared libraries are, as LD_LIBRARY_PATH wants it; packages use both folders."""
        return ":".join(str(self.root / folder / self.processor.triplet) for folder in ("usr/lib", "lib"))

    @property
    def lacking(self) -> list[str]:
        """What the distribution's archive does not have."""
        return (self.home / "lacking").read_text(encoding="utf-8").splitlines()

    def tool(self, *names: str) -> str:
        """Where a program is, for use in a command: the first of these that is there.

        Raises:
            RigError: none is.
        """
        for name in names:
            for folder in PROGRAMS:
                if (self.root / folder / name).exists():
                    return str(self.root / folder / name)
        raise RigError(f"the toolbox {self.home} has no {names[0]}")

    def busybox(self, architecture: str) -> Path:
        """Where the statically linked busybox of an architecture is, if it can be had; its file's name is its own."""
        return self.home / "busybox" / architecture / "busybox"

    def environ(self) -> dict[str, str]:
        """What the engine and its children need to find each other and their libraries."""
        path = ":".join([*(str(self.root / d) for d in PROGRAMS), str(self.bin), os.environ.get("PATH", "")])
        return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": self.libraries}


def cache() -> Path:
    """Where downloads are kept between runs: `SHIPLANE_RIG_CACHE`, else the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("SHIPLANE_RIG_CACHE") or f"{base}/shiplane-rig")


def toolbox() -> Toolbox:
    """The tools, downloaded and unpacked when they are not there yet; one process does it, others wait.

    Raises:
        RigUnavailableError: this machine cannot have them.
    """
    release, processor = archives.release(), machine.native()
    tools = Toolbox(home=cache() / f"tools-{_recipe(release, processor)}", processor=processor)
    with locked(cache() / "lock"):
        if not tools.home.exists():
            _require_apt()
            _make(tools, release)
        os.utime(tools.home)  # in use: not one of those that _forget takes
        _forget()
    return tools


@functools.cache
def _recipe(release: archives.Release, processor: Processor) -> str:
    """What decides over a toolbox' content, as a short name: another recipe, another toolbox.

    Read once, so that a rig is stopped with the tools that it was started with, whatever happens to the checkout.
    """
    modules = ("dependencies", "images", "packages", "recipes")
    texts = [Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8") for name in modules]
    return hashlib.sha256(repr((release, processor, texts)).encode()).hexdigest()[:12]


def _forget() -> None:
    """Remove the toolboxes that nobody has used for two weeks."""
    for old in cache().glob("tools-*"):
        if time.time() - old.stat().st_mtime > 14 * 86400:
            shutil.rmtree(old, ignore_errors=True)


def _require_apt() -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise RigUnavailableError("only root can make an engine, from the packages of Debian or Ubuntu")


def _tell(words: str) -> None:
    print(f"toolbox: {words}", file=sys.stderr, flush=True)


def _make(tools: Toolbox, release: archives.Release) -> None:
    """Fill a toolbox beside its place and move it there when it is whole.

    Raises:
        RigUnavailableError: it cannot be made here; what was begun is gone.
    """
    partial = Toolbox(home=tools.home.with_suffix(".partial"), processor=tools.processor)
    shutil.rmtree(partial.home, ignore_errors=True)
    began = time.monotonic()
    _tell(f"an engine and registries are made of {release}'s packages, once: {WEIGHT} in {tools.home}")
    try:
        _fill(partial, tools, release)
    except BaseException as fault:
        shutil.rmtree(partial.home, ignore_errors=True)
        if isinstance(fault, RigError) and not isinstance(fault, RigUnavailableError):
            raise RigUnavailableError(str(fault)) from fault
        raise
    partial.home.rename(tools.home)
    _tell(f"made in {time.monotonic() - began:.0f} s")


def _fill(partial: Toolbox, tools: Toolbox, release: archives.Release) -> None:
    from tests.rig import images

    for folder in (partial.root, partial.bin, partial.images):
        folder.mkdir(parents=True)
    status = dependencies.base(dependencies.STATUS.read_text(encoding="utf-8"))
    packages = _download(partial, release, status)
    _wrap(partial.bin, tools, partial)
    _tell("looking whether it is whole")
    _check(partial, packages, status)
    _tell("base images")
    images.seed(partial)
    shutil.rmtree(partial.home / "apt")


def _download(tools: Toolbox, release: archives.Release, status: str) -> list[Path]:
    """Fetch the packages and unpack them, two at a time: unpacking is all processor; gives the files."""
    apt = Apt(home=tools.home / "apt", processor=tools.processor)
    apt.prepare(status + dependencies.PRETENDED, recipes.pins(release))
    _tell("reading the package lists")
    recipes.read_lists(apt, release, _tell)
    choice = recipes.choose(apt, release)
    (tools.home / "lacking").write_text("".join(f"{name}\n" for name in choice.lacking), encoding="utf-8")
    if choice.lacking:
        _tell(f"left out, since no archive here has them: {', '.join(choice.lacking)}")
    _tell("downloading")
    packages = apt.fetch(choice.tools)
    _require_own_libc(packages, release)
    _tell(f"unpacking {len(packages)} packages")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda package: unpack(package, tools.root), packages))
    _emulator(tools, apt.download(choice.emulator)[0])
    for package in apt.download(*choice.busybox):
        _busybox(tools, package)
    return packages


def _require_own_libc(packages: list[Path], release: archives.Release) -> None:
    """A second libc beside the system's loader would crash whatever finds it."""
    if any(package.name.startswith("libc6_") for package in packages):
        raise RigUnavailableError(f"the tools need a newer libc than {release} has")


def _emulator(tools: Toolbox, package: Path) -> None:
    """Of the 300 MB in this package one file is needed."""
    name = machine.other(tools.processor).emulator
    listed = call(["dpkg-deb", "--contents", str(package)]).stdout
    static = f"{name}-static" if f"./usr/bin/{name}-static" in listed else name
    unpack(package, tools.root, f"./usr/bin/{static}")


def _busybox(tools: Toolbox, package: Path) -> None:
    architecture = package.stem.rpartition("_")[2]
    folder = tools.home / "unpacked" / architecture
    unpack(package, folder)
    found = next(file for file in (folder / "bin/busybox", folder / "usr/bin/busybox") if file.exists())
    tools.busybox(architecture).parent.mkdir(parents=True)
    found.rename(tools.busybox(architecture))
    shutil.rmtree(folder.parent)


def _check(tools: Toolbox, packages: list[Path], status: str) -> None:
    folders = [tools.root / folder for folder in (*PROGRAMS, PLUGINS)]
    env = {"LD_LIBRARY_PATH": tools.libraries, "PATH": os.environ.get("PATH", os.defpath)}
    installed = [fields["package"] for fields in archives.stanzas(status)]

    def owner(program: Path) -> str:
        path = f"./{program.relative_to(tools.root)}\n"
        holders = (file for file in packages if path in call(["dpkg-deb", "--contents", str(file)]).stdout)
        return next((file.name.partition("_")[0] for file in holders), "unknown")

    wholeness.check(wholeness.programs(folders), env, tools.root, wholeness.libraries(installed), owner)


def _wrap(folder: Path, tools: Toolbox, partial: Toolbox) -> None:
    """Write the commands of `bin`: each finds its own libraries and leaves everybody else's alone.

    They name the place of the finished toolbox (`tools`); what it holds is seen in the one being filled.
    """

    def place(*names: str) -> str:
        return shlex.quote(str(tools.root / Path(partial.tool(*names)).relative_to(partial.root)))

    libraries = f"LD_LIBRARY_PATH={shlex.quote(tools.libraries)} "
    extensions = ":".join(f"{part}/xtables" for part in tools.libraries.split(":"))
    policy = shlex.quote(str(tools.root / "etc/containers/policy.json"))
    _script(folder, "skopeo", f"{libraries} exec {place('skopeo')} --policy {policy}")
    _script(folder, "ip", f"{libraries} exec {place('ip')}")
    _script(folder, "iptables", f"{libraries} XTABLES_LIBDIR={shlex.quote(extensions)} exec {place('iptables-nft')}")
    for name in {"docker", "crane", "oras"} - set(partial.lacking):
        (folder / name).symlink_to(place(name))


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

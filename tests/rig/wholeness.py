"""Whether a toolbox is whole: each program finds its shared libraries, and starts.

A library may come from the toolbox or from a package that every system of the release has. What this machine has
besides does not count: another one lacks it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.rig.model import RigUnavailableError
from tests.rig.processes import call, output

# Each tool with words that end it at once, having been loaded and run.
STARTS = {
    "dockerd": ("--version",),
    "docker": ("--version",),
    "docker-buildx": ("version",),
    "containerd": ("--version",),
    "containerd-shim-runc-v2": ("-v",),
    "runc": ("--version",),
    "docker-registry": ("--version",),
    "skopeo": ("--version",),
    "ip": ("-V",),
    "iptables-nft": ("--version",),
    "tini-static": ("--version",),
    "tini": ("--version",),
    "crane": ("version",),
    "oras": ("version",),
    "cosign": ("version",),
    "notation": ("version",),
}


def check(
    programs: Sequence[Path], env: Mapping[str, str], root: Path, system: set[str], owner: Callable[[Path], str]
) -> None:
    """Look at the libraries of every program, and start those that the rig uses.

    Args:
        programs: Whatever can be run in the toolbox.
        env: With which the toolbox' programs are run.
        root: The folder of the packages' files.
        system: The names of the libraries that every system of the release has.
        owner: Tells the package of a program.

    Raises:
        RigUnavailableError: something is missing; it is named with the package that needs it.
    """
    with ThreadPoolExecutor(2) as pool:
        linked = list(pool.map(lambda program: absent(output(["ldd", str(program)], env), root, system), programs))
    broken = [
        f"{program.name} (package {owner(program)}) needs {', '.join(libraries)}"
        for program, libraries in zip(programs, linked, strict=True)
        if libraries
    ]
    if broken:
        raise RigUnavailableError("a toolbox that is not whole: " + "; ".join(broken))
    for program in programs:
        if program.name in STARTS:
            call([str(program), *STARTS[program.name]], {**os.environ, **env})


def absent(ldd: str, root: Path, system: set[str]) -> list[str]:
    """The libraries, and versions of them, that a program lacks by what `ldd` says of it."""
    lines = [line.strip() for line in ldd.splitlines()]
    return sorted({_name(line) for line in lines if "not found" in line or _by_chance(line, root, system)})


def _name(line: str) -> str:
    version = re.search(r"version `(\S+)' not found", line)
    return version[1] if version else line.split(maxsplit=1)[0]


def _by_chance(line: str, root: Path, system: set[str]) -> bool:
    """Whether a library was found that only this machine has."""
    resolved = re.match(r"(\S+) => (\S+) \(0x", line)
    return resolved is not None and not resolved[2].startswith(f"{root}/") and resolved[1] not in system


def programs(folders: Iterable[Path]) -> list[Path]:
    """The executables in these folders that a processor runs: neither scripts nor links."""
    files = (file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir()))
    return [file for file in files if file.is_file() and not file.is_symlink() and _is_elf(file)]


def _is_elf(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def libraries(packages: Iterable[str], info: Path = Path("/var/lib/dpkg/info")) -> set[str]:
    """The names of the shared libraries of installed packages, by dpkg's lists of their files."""
    wanted = set(packages)
    lists = (file for file in info.glob("*.list") if file.stem.partition(":")[0] in wanted)
    return {name for file in lists for name in _shared(file.read_text(encoding="utf-8"))}


def _shared(listed: str) -> Iterator[str]:
    yield from (line.rpartition("/")[2] for line in listed.splitlines() if ".so" in line)

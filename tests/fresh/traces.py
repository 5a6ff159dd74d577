"""What a run could leave behind on a machine, as plain sets that are compared before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from tests.rig import packages
from tests.rig.network import PREFIX
from tests.rig.processes import wait

FOLDERS = ("tmp", "var/tmp", "root", "home", "opt", "srv", "mnt", "media")
"""Where nothing is to be left in a root: what is not a package's, and no cache."""
CACHES = {"root/.cache", "tmp/pytest-of-root"}
"""The user's cache, and pytest's folders of its last three runs."""


@dataclass(frozen=True, kw_only=True)
class Traces:
    """The machine's bridges, control groups of bridges, mounts and handlers of foreign programs."""

    bridges: frozenset[str]
    groups: frozenset[str]
    mounts: frozenset[str]
    handlers: frozenset[str]


def look() -> Traces:
    """The traces as they are now, without those of rigs that run on this machine besides."""
    others = {note.name for note in (packages.cache() / "rigs").glob(f"{PREFIX}*")}
    return Traces(
        bridges=frozenset(_named(Path("/sys/class/net"), others)),
        groups=frozenset(_named(Path("/sys/fs/cgroup"), others)),
        mounts=frozenset(line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()),
        handlers=frozenset(path.name for path in Path("/proc/sys/fs/binfmt_misc").glob("*")),
    )


def _named(folder: Path, others: set[str]) -> Iterator[str]:
    for path in (*folder.glob(f"{PREFIX}*"), *folder.glob(f"*/{PREFIX}*")):
        if re.fullmatch(rf"{PREFIX}\d+", path.name) and path.name not in others:
            yield str(path)


def left(before: Traces, after: Traces) -> list[str]:
    """What is there after a run and was not before."""
    new = ((f.name, sorted(getattr(after, f.name) - getattr(before, f.name))) for f in fields(Traces))
    return [f"{name}: {what}" for name, names in new for what in names]


def since(before: Traces, retry_budget: float = 10) -> list[str]:
    """What is there now and was not before, and stays: a rig that begins besides has its bridge before its note."""
    wait(lambda: not left(before, look()), retry_budget)
    return left(before, look())


def processes(root: Path) -> list[str]:
    """The processes that still have a root as theirs."""
    return [f"process: {path.name}" for path in Path("/proc").iterdir() if path.name.isdigit() and _within(path, root)]


def rigs(root: Path) -> list[str]:
    """The rigs that a run in a root noted and did not take away."""
    return [f"rig: {note.name}" for note in sorted((root / "root/.cache/shiplane-rig/rigs").glob("*"))]


def _within(process: Path, root: Path) -> bool:
    try:
        return (process / "root").readlink().is_relative_to(root)
    except OSError:  # ended meanwhile
        return False


def files(root: Path) -> set[str]:
    """What lies in a root's folders that belong to no package, its caches aside."""
    paths = (path for folder in FOLDERS if (root / folder).is_dir() for path in (root / folder).iterdir())
    return {str(path.relative_to(root)) for path in paths} - CACHES

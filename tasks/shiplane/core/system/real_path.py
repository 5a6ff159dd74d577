"""Where a folder really is: links resolved, and, on Linux, whatever name it is mounted under."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})", re.ASCII)


@dataclass(frozen=True)
class _Place:
    """A folder of a file system, by the system's number of the device; of no device where the system does not tell."""

    device: str
    path: Path

    def has(self, other: _Place) -> bool:
        return self.device == other.device != "" and other.path.is_relative_to(self.path)


@dataclass(frozen=True)
class _Mount:
    """What of a file system is seen at which folder."""

    source: _Place
    point: Path


def is_within(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or something in it, by any name.

    ``/tmp`` may be the project's ``.tmp``, mounted, or be mounted itself somewhere below the project.
    """
    inner, outer, mounts = path.resolve(), folder.resolve(), list(_mounts())
    below = [mount.source for mount in mounts if mount.point.is_relative_to(outer)]
    there = _place(inner, mounts)
    return inner.is_relative_to(outer) or any(place.has(there) for place in (_place(outer, mounts), *below))


def _place(path: Path, mounts: Sequence[_Mount]) -> _Place:
    """Where on its device a path is; of two mounts at one point the later one is seen."""
    found = _Mount(_Place("", Path("/")), Path("/"))
    for mount in mounts:
        if path.is_relative_to(mount.point) and mount.point.is_relative_to(found.point):
            found = mount
    return _Place(found.source.device, found.source.path / path.relative_to(found.point))


def _mounts() -> Iterator[_Mount]:
    """What is mounted: each line is ``ID PARENT MAJOR:MINOR ROOT MOUNT-POINT ...`` with octal escapes (proc(5))."""
    with suppress(OSError):
        for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
            device, root, point = line.split(" ")[2:5]
            yield _Mount(_Place(device, Path(_unescaped(root))), Path(_unescaped(point)))


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)

"""Real location of a folder: links resolved and, on Linux, mounts as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})", re.ASCII)


@dataclass(frozen=True)
class _DevicePath:
    """A folder of a file system, identified by device number; empty if unknown."""

    device: str
    path: Path

    def has(self, other: _DevicePath) -> bool:
        return self.device == other.device != "" and other.path.is_relative_to(self.path)


@dataclass(frozen=True)
class _Mount:
    """A mount point and its source."""

    source: _DevicePath
    point: Path


def is_within(path: Path, folder: Path) -> bool:
    """Whether a path is the folder or inside it, under any name.

    ``/tmp`` may be a mount of the project's ``.tmp``, or be mounted below the project itself.
    """
    inner, outer, mounts = path.resolve(), folder.resolve(), list(_mounts())
    below = [mount.source for mount in mounts if mount.point.is_relative_to(outer)]
    target = _device_path(inner, mounts)
    return inner.is_relative_to(outer) or any(root.has(target) for root in (_device_path(outer, mounts), *below))


def _device_path(path: Path, mounts: Sequence[_Mount]) -> _DevicePath:
    """The path on its device; of two mounts at one point the later one counts."""
    nearest = _Mount(_DevicePath("", Path("/")), Path("/"))
    for mount in mounts:
        if path.is_relative_to(mount.point) and mount.point.is_relative_to(nearest.point):
            nearest = mount
    return _DevicePath(nearest.source.device, nearest.source.path / path.relative_to(nearest.point))


def _mounts() -> Iterator[_Mount]:
    """All mounts: lines of ``ID PARENT MAJOR:MINOR ROOT MOUNT-POINT ...`` with octal escapes (proc(5))."""
    with suppress(OSError):
        for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
            device, root, point = line.split(" ")[2:5]
            yield _Mount(_DevicePath(device, Path(_unescaped(root))), Path(_unescaped(point)))


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)

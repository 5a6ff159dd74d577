"""Where a folder really is: links resolved, and, on Linux, whatever name it is mounted under."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})", re.ASCII)


def is_within(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or something in it, by any name: ``/tmp`` may be the project's ``.tmp``, mounted."""
    inner, outer = path.resolve(), folder.resolve()
    if inner.is_relative_to(outer):
        return True
    (device, there), (other, here) = _on_device(inner), _on_device(outer)
    return device == other != "" and there.is_relative_to(here)


def _on_device(path: Path) -> tuple[str, Path]:
    """The device of a path, and where on that device it is; no device where the system does not tell.

    A line of the file is ``ID PARENT MAJOR:MINOR ROOT MOUNT-POINT ...`` with octal escapes (proc(5)); of two mounts at
    one point the later one is seen.
    """
    device, root, point = "", Path("/"), Path("/")
    with suppress(OSError):
        for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
            number, source, target = line.split(" ")[2:5]
            candidate = Path(_unescaped(target))
            if path.is_relative_to(candidate) and candidate.is_relative_to(point):
                device, root, point = number, Path(_unescaped(source)), candidate
    return device, root / path.relative_to(point)


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)

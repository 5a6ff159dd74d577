"""The files of ``stage`` on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from shiplane.model.errors import UsageError
from shiplane.model.staged import Staged, parse_staged

_LIMIT = 64 * 1024


def read_staged(folder: Path, names: Iterable[str]) -> dict[str, Staged]:
    """Read files of ``stage``, by the names that they were given by.

    Raises:
        UsageError: One is named twice, cannot be read, is too large, or is no such file.
    """
    found: dict[str, Staged] = {}
    for name in names:
        if name in found:
            raise UsageError(f"--staged {name} is given twice", remedy="Give each file once.")
        found[name] = parse_staged(_content(folder / name, name), name)
    return found


def _content(path: Path, name: str) -> bytes:
    try:
        # Not a pipe or a device: it would be waited for without end.
        if not path.is_file():
            raise UsageError(f"--staged {name}: there is no such file", remedy="Give a file that invoke stage wrote.")
        with path.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"--staged {name} cannot be read: {error}") from error
    if len(content) > _LIMIT:
        raise UsageError(f"--staged {name} is larger than {_LIMIT} bytes", remedy="invoke stage writes less than 2 KB.")
    return content


def check_output(path: Path) -> None:
    """Refuse a place that cannot be written to, before anything is built.

    Raises:
        UsageError: There is no such folder, it is not writable, or the path is a folder itself.
    """
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"--output {path}: no file can be written there", remedy="Name a file in a folder that exists."
        )


def write_staged(path: Path, staged: Staged) -> None:
    """Write a file of ``stage``: whole, or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(staged.to_json(), indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(f"--output {path} cannot be written: {error}") from error

"""Files of ``stage`` on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from shiplane.core.errors import UsageError
from shiplane.core.next_command import command
from shiplane.core.system.atomic_file import read_limited, write_user_file
from shiplane.release.staging.staged import Staged, parse_staged

_LIMIT = 64 * 1024


def read_staged(folder: Path, names: Iterable[str]) -> dict[str, Staged]:
    """Read files of ``stage``, by the names that were given; a folder stands for each ``*.json`` in it.

    Raises:
        UsageError: One is given twice, cannot be read, is too large, or is no such file.
    """
    staged: dict[str, Staged] = {}
    for name in chain.from_iterable(_files(folder, name) for name in names):
        if name in staged:
            raise UsageError(f"--staged {name} is given twice", remedy="Give each file once.")
        content = read_limited(
            folder / name, _LIMIT, f"--staged {name}", remedy=f"Give a file that {command('stage')} wrote."
        )
        staged[name] = parse_staged(content, name)
    return staged


def _files(folder: Path, name: str) -> list[str]:
    """The file of a name; of a folder each file in it.

    Raises:
        UsageError: A folder has none.
    """
    if not (folder / name).is_dir():
        return [name]
    files = sorted(str(Path(name) / path.name) for path in (folder / name).glob("*.json"))
    if not files:
        raise UsageError(
            f"--staged {name}: the folder has no *.json", remedy=f"Give files that {command('stage')} wrote."
        )
    return files


def check_output(path: Path) -> None:
    """Refuse an unwritable path before anything is built.

    Raises:
        UsageError: The folder does not exist or is not writable, or the path is a folder itself.
    """
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(
            f"--output {path}: no file can be written there", remedy="Name a file in a folder that exists."
        )


def write_staged(path: Path, staged: Staged) -> None:
    """Write a file of ``stage``: completely or not at all.

    Raises:
        UsageError: It cannot be written.
    """
    body = json.dumps(staged.to_json(), indent=2) + "\n"
    write_user_file(path, body.encode(), f"--output {path}")

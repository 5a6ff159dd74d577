"""Temporary folders of a run: readable by this user alone, gone afterwards, swept by the next run after a kill."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shiplane.model.errors import PrerequisiteError

_NAME = re.compile(r"shiplane-[a-z]+-([0-9]+)-\w+", re.ASCII)


@contextmanager
def scratch(kind: str) -> Iterator[Path]:
    """Yield a folder of our own; its name says whose it is, so that nobody sweeps what is in use.

    Args:
        kind: A lower-case word for what it holds, for whoever finds it.

    Raises:
        PrerequisiteError: There is no room for it, or no permission.
    """
    try:
        sweep(Path(tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=f"shiplane-{kind}-{os.getpid()}-"))
    except OSError as error:
        raise unwritable(error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unwritable(error: OSError) -> PrerequisiteError:
    """What to say when nothing can be written where temporary files go."""
    return PrerequisiteError(
        f"nothing can be written to the temporary folder: {error.strerror or error}",
        remedy="Make room in it, or name another one with TMPDIR.",
    )


def sweep(parent: Path) -> None:
    """Remove what runs have left behind that are dead."""
    for folder in parent.glob("shiplane-*"):
        found = _NAME.fullmatch(folder.name)
        with suppress(OSError):
            if found and folder.stat().st_uid == os.getuid() and not alive(int(found.group(1))):
                shutil.rmtree(folder, ignore_errors=True)


def alive(pid: int) -> bool:
    """Whether a process of this machine runs, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

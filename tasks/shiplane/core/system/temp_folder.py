"""Temporary folders of a run: private to this user, removed afterwards, or swept by the next run after a kill.

Never inside the project, since a build context could publish them: ``tempfile.gettempdir`` falls back to the working
folder where ``/tmp`` is read-only, and ``TMPDIR`` may name a folder of the project.

A folder is in use while its owner holds a lock on it (flock(2), released when the process ends). Process ids do not
help: containers may share the folder for temporary files but have their own process ids.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.real_path import is_within

# Exactly the folders created here, so that a user's own shiplane-something is kept. Up to 0.1.0 they had the owner's
# process id and no lock.
_NAME = re.compile(
    r"shiplane-(?:announce|build|index|layout|login|look|rehearsal|sign)-(?:(?P<pid>[0-9]+)-)?[a-z0-9_]{8}", re.ASCII
)
_PRIVATE = 0o700
# Attempts: a sweep may remove a new folder between its creation and its locking.
_TRIES = 100
# The user's choice, then the usual folders, then those writable even on a read-only file system.
_WISHES, _JOBS = ("TMPDIR", "TEMP", "TMP"), ("XDG_RUNTIME_DIR", "RUNNER_TEMP")
_COMMON, _IN_MEMORY = ("/tmp", "/var/tmp"), ("/dev/shm",)  # noqa: S108 -- what is made there is new, and 0700
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_REMEDY = "Free space in one of them, or set TMPDIR to a folder outside the project."


@contextmanager
def temp_folder(kind: str, env: Mapping[str, str], *, project: Path) -> Iterator[Path]:
    """Yield a private folder, locked against sweeping.

    Args:
        kind: A lower-case word for its contents, part of its name.
        env: Determines where temporary files go.
        project: It is never created in this folder.

    Raises:
        PrerequisiteError: No folder outside the project can be written.
    """
    folder, lock = _create(kind, env, project)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def temp_root(env: Mapping[str, str], *, project: Path) -> Path:
    """The first writable folder for temporary files outside the project.

    Raises:
        PrerequisiteError: There is none; lists each candidate with its problem.
    """
    with temp_folder("look", env, project=project) as folder:
        return folder.parent


def _create(kind: str, env: Mapping[str, str], project: Path) -> tuple[Path, int]:
    problems = []
    for parent in _candidates(env):
        if is_within(parent, project):
            problems.append(f"{parent}: inside the project")
            continue
        try:
            sweep(parent)
            return _create_locked(kind, parent)
        except OSError as error:
            problems.append(f"{parent}: {error.strerror or error}")
    raise PrerequisiteError(f"no folder for temporary files ({'; '.join(problems)})", remedy=_REMEDY)


def _candidates(env: Mapping[str, str]) -> list[Path]:
    """Candidate folders for temporary files, absolute and in order."""
    wishes, jobs = ([env[name] for name in names if env.get(name)] for names in (_WISHES, _JOBS))
    home = [f"{env['HOME']}/.cache"] if env.get("HOME") else []
    return list(dict.fromkeys(Path(path).absolute() for path in (*wishes, *_COMMON, *jobs, *_IN_MEMORY, *home)))


def is_temp_folder(path: Path) -> bool:
    """Whether a folder is one of ours, judged by its name."""
    return _NAME.fullmatch(path.name) is not None


def unwritable_error(error: OSError) -> PrerequisiteError:
    """The error for a failed write to the temporary folder."""
    return PrerequisiteError(
        f"the temporary folder cannot be written: {error.strerror or error}",
        remedy="Free space there, or set TMPDIR to another folder.",
    )


def _create_locked(kind: str, parent: Path) -> tuple[Path, int]:
    """Create a folder and lock it; where the file system has no locks, it is never swept."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=f"shiplane-{kind}-", dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(folder, _FOLDER)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists():
                return folder, lock
            os.close(lock)
    raise FileNotFoundError(f"each of {_TRIES} new folders was removed by another process")


def sweep(parent: Path) -> None:
    """Remove folders left behind by killed runs."""
    for folder in parent.glob("shiplane-*"):
        named = _NAME.fullmatch(folder.name)
        with suppress(OSError):
            if named and _is_ours(folder) and not (named["pid"] and is_alive(int(named["pid"]))):
                _remove_unlocked(folder)


def _is_ours(folder: Path) -> bool:
    """Whether a folder belongs to this user and has our mode."""
    status = folder.lstat()
    return status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == _PRIVATE


def _remove_unlocked(folder: Path) -> None:
    """Remove a folder that is not locked, holding the lock meanwhile."""
    lock = os.open(folder, _FOLDER)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def is_alive(pid: int) -> bool:
    """Whether a process runs, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

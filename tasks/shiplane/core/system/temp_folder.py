"""Temporary folders of a run: readable by this user alone, gone afterwards, swept by the next run after a kill.

None is ever within the project: what is there may be sent to a build, and published. The platform's own choice
(``tempfile.gettempdir``) falls back to the working folder where ``/tmp`` cannot be written, as in a container with a
read-only file system, and ``TMPDIR`` may name a folder of the project.

A folder is in use for as long as its owner holds a lock on it (flock(2): gone with the process, however it ends). The
id of a process says nothing: containers share a folder for temporary files and have process ids of their own.
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

# Exactly what is made here, with tempfile's eight characters and mode: a user's own shiplane-something is theirs. Up to
# 0.1.0 with the owner's process id, and without a lock.
_NAME = re.compile(r"shiplane-(?:build|index|login|look|rehearsal)-(?:(?P<pid>[0-9]+)-)?[a-z0-9_]{8}", re.ASCII)
_PRIVATE = 0o700
# Tries to have a folder of our own before a sweep takes it, in the moment between its making and its locking.
_TRIES = 100
# The user's wish, then what others use, then what can be written even in a container whose file system cannot.
_WISHES, _JOBS = ("TMPDIR", "TEMP", "TMP"), ("XDG_RUNTIME_DIR", "RUNNER_TEMP")
_COMMON, _IN_MEMORY = ("/tmp", "/var/tmp"), ("/dev/shm",)  # noqa: S108 -- what is made there is new, and 0700
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_REMEDY = "Make room in one of them, or name a folder outside of the project with TMPDIR."


@contextmanager
def temp_folder(kind: str, env: Mapping[str, str], *, project: Path) -> Iterator[Path]:
    """Yield a folder of our own, locked, so that nobody sweeps what is in use.

    Args:
        kind: A lower-case word for what it holds, for whoever finds it.
        env: Says where temporary files go.
        project: The folder that it must not be in.

    Raises:
        PrerequisiteError: There is no room for it outside of the project, or no permission.
    """
    folder, lock = _made(kind, env, project)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def temp_root(env: Mapping[str, str], *, project: Path) -> Path:
    """The first place for temporary files that can be written and is not within the project.

    Raises:
        PrerequisiteError: There is none, naming each place and what is wrong with it.
    """
    with temp_folder("look", env, project=project) as folder:
        return folder.parent


def _made(kind: str, env: Mapping[str, str], project: Path) -> tuple[Path, int]:
    problems = []
    for place in _places(env):
        if is_within(place, project):
            problems.append(f"{place}: within the project")
            continue
        try:
            sweep(place)
            return _locked(kind, place)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    raise PrerequisiteError(f"there is no place for temporary files ({'; '.join(problems)})", remedy=_REMEDY)


def _places(env: Mapping[str, str]) -> list[Path]:
    """Where temporary files can go, in their order; each once, and as an absolute path."""
    wishes, jobs = ([env[name] for name in names if env.get(name)] for names in (_WISHES, _JOBS))
    home = [f"{env['HOME']}/.cache"] if env.get("HOME") else []
    return list(dict.fromkeys(Path(path).absolute() for path in (*wishes, *_COMMON, *jobs, *_IN_MEMORY, *home)))


def is_temp_folder(path: Path) -> bool:
    """Whether a folder is one of ours, by its name."""
    return _NAME.fullmatch(path.name) is not None


def unwritable_error(error: OSError) -> PrerequisiteError:
    """What to say when nothing can be written where temporary files go."""
    return PrerequisiteError(
        f"nothing can be written to the temporary folder: {error.strerror or error}",
        remedy="Make room in it, or name another one with TMPDIR.",
    )


def _locked(kind: str, place: Path) -> tuple[Path, int]:
    """A new folder, and the open file that locks it; a file system without locks is one that nobody sweeps."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=f"shiplane-{kind}-", dir=place))
        with suppress(FileNotFoundError):
            lock = os.open(folder, _FOLDER)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists():
                return folder, lock
            os.close(lock)
    raise FileNotFoundError(f"each of {_TRIES} new folders was removed by somebody")


def sweep(parent: Path) -> None:
    """Remove what runs have left behind that are dead."""
    for folder in parent.glob("shiplane-*"):
        named = _NAME.fullmatch(folder.name)
        with suppress(OSError):
            if named and _is_ours(folder) and not (named["pid"] and is_alive(int(named["pid"]))):
                _sweep(folder)


def _is_ours(folder: Path) -> bool:
    """Whether a folder of such a name is this user's, and made as we make one."""
    facts = folder.lstat()
    return facts.st_uid == os.getuid() and stat.S_IMODE(facts.st_mode) == _PRIVATE


def _sweep(folder: Path) -> None:
    """Remove a folder that nobody has locked; under our lock, so that nobody begins to use it meanwhile."""
    lock = os.open(folder, _FOLDER)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine runs, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

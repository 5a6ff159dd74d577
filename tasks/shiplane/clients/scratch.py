"""Temporary folders of a run: readable by this user alone, gone afterwards, swept by the next run after a kill.

None is ever within the project: what is there may be sent to a build, and published. The platform's own choice
(``tempfile.gettempdir``) falls back to the working folder where ``/tmp`` cannot be written, as in a container with a
read-only file system, and ``TMPDIR`` may name a folder of the project.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from shiplane.clients.whereabouts import is_within
from shiplane.model.errors import PrerequisiteError

_NAME = re.compile(r"shiplane-[a-z]+-([0-9]+)-\w+", re.ASCII)
# The user's wish, then what others use, then what can be written even in a container whose file system cannot.
_WISHES, _JOBS = ("TMPDIR", "TEMP", "TMP"), ("XDG_RUNTIME_DIR", "RUNNER_TEMP")
_COMMON, _IN_MEMORY = ("/tmp", "/var/tmp"), ("/dev/shm",)  # noqa: S108 -- what is made there is new, and 0700
_REMEDY = "Make room in one of them, or name a folder outside of the project with TMPDIR."


@contextmanager
def scratch(kind: str, env: Mapping[str, str], *, project: Path) -> Iterator[Path]:
    """Yield a folder of our own; its name says whose it is, so that nobody sweeps what is in use.

    Args:
        kind: A lower-case word for what it holds, for whoever finds it.
        env: Says where temporary files go.
        project: The folder that it must not be in.

    Raises:
        PrerequisiteError: There is no room for it outside of the project, or no permission.
    """
    folder = _made(kind, env, project)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def temporary_folder(env: Mapping[str, str], *, project: Path) -> Path:
    """The first place for temporary files that can be written and is not within the project.

    Raises:
        PrerequisiteError: There is none, naming each place and what is wrong with it.
    """
    with scratch("look", env, project=project) as folder:
        return folder.parent


def _made(kind: str, env: Mapping[str, str], project: Path) -> Path:
    problems = []
    for place in _places(env):
        if is_within(place, project):
            problems.append(f"{place}: within the project")
            continue
        try:
            sweep(place)
            return Path(tempfile.mkdtemp(prefix=f"shiplane-{kind}-{os.getpid()}-", dir=place))
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    raise PrerequisiteError(f"there is no place for temporary files ({'; '.join(problems)})", remedy=_REMEDY)


def _places(env: Mapping[str, str]) -> list[Path]:
    """Where temporary files can go, in their order; each once, and as an absolute path."""
    wishes, jobs = ([env[name] for name in names if env.get(name)] for names in (_WISHES, _JOBS))
    home = [f"{env['HOME']}/.cache"] if env.get("HOME") else []
    return list(dict.fromkeys(Path(path).absolute() for path in (*wishes, *_COMMON, *jobs, *_IN_MEMORY, *home)))


def is_scratch(path: Path) -> bool:
    """Whether a folder is one of ours, by its name."""
    return _NAME.fullmatch(path.name) is not None


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

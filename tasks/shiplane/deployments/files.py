"""The project's own files: found by glob, read as bytes, and replaced as a whole or not at all.

Ours: what libraries write in one go is one file, and these are several, of which all change or none.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from shiplane.config.keys.deployments import Deployments, Pattern
from shiplane.core.errors import LostRaceError, PrerequisiteError, VerificationError
from shiplane.core.text import one_line
from shiplane.deployments.finder import DeploymentFile
from shiplane.deployments.tag_replacement import FileChange

LIMIT = 1024 * 1024
# Nobody's deployment files: git's own, and what package managers put there.
_PASSED_OVER = {".git", "node_modules", ".venv"}


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What globs led to.

    Attributes:
        files: Every file that was read, once, by its path.
        skipped: What was not read, each with the reason.
        unmatched: The globs that match nothing.
    """

    files: tuple[DeploymentFile, ...]
    skipped: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()


def collect(root: Path, deployments: Sequence[Deployments]) -> Collected:
    """Read every file that a glob matches. A link counts as what it leads to, and must not lead out of the project.

    Args:
        root: The project's root.
        deployments: The globs, with their patterns.
    """
    paths = list(_walk(root))
    patterns: dict[str, tuple[Pattern, ...]] = {}
    reasons: dict[str, str] = {}
    unmatched = []
    for entry in deployments:
        matching = [path for path in paths if _matches(path.split("/"), entry.files.split("/"))]
        unmatched += [] if matching else [entry.files]
        for path in matching:
            target = _inside(root, path)
            if target is None:
                reasons[path] = "leads out of the project"
            else:
                own = () if entry.pattern is None or entry.pattern in patterns.get(target, ()) else (entry.pattern,)
                patterns[target] = (*patterns.get(target, ()), *own)
    files = []
    for path in sorted(patterns):
        content = _content(root / path)
        if isinstance(content, str):
            reasons[path] = content
        else:
            files.append(DeploymentFile(path=path, content=content, patterns=patterns[path]))
    skipped = tuple(f"{one_line(path)}: {why}" for path, why in sorted(reasons.items()))
    return Collected(files=tuple(files), skipped=skipped, unmatched=tuple(unmatched))


def _walk(root: Path) -> Iterator[str]:
    """Every file below the root, relative to it; linked folders are not entered."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        below = Path(folder).relative_to(root)
        yield from ((below / name).as_posix() for name in sorted(names))


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path is one that a glob means; ``**`` stands for any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[place:], pattern[1:]) for place in range(len(parts) + 1)) or pattern == ["**"]
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _inside(root: Path, path: str) -> str | None:
    """The path of the file itself where this is a link to it; None where that is outside of the project."""
    try:
        return (root / path).resolve().relative_to(root.resolve()).as_posix()
    except (ValueError, OSError, RuntimeError):
        return None


def _content(path: Path) -> bytes | str:
    """A file's bytes, or why they are not read."""
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            return "is not a regular file"
        if kind.st_size > LIMIT:
            return f"is {kind.st_size} bytes large, more than {LIMIT}"
        with path.open("rb") as stream:
            content = stream.read(LIMIT + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "is binary" if b"\0" in content else content


def replace_all(root: Path, changes: Sequence[FileChange]) -> None:
    """Write every change, or none: each new file is complete on the disk before the first old one is replaced.

    Raises:
        LostRaceError: A file is not what it was when the change was made.
        PrerequisiteError: One cannot be written. The files are as they were.
        VerificationError: One, read back, is not what was written.
    """
    ready: list[tuple[Path, Path]] = []
    try:
        for change in changes:
            path = root / change.path
            _check(path, change)
            ready.append((path, _beside(path, change)))
        _replace(ready, changes)
        for change in changes:
            _read_back(root / change.path, change)
    finally:
        for _, new in ready:
            with suppress(OSError):
                new.unlink()


def _check(path: Path, change: FileChange) -> None:
    """Look once more before anything is written."""
    try:
        now = path.read_bytes()
        writable = bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK)
    except OSError as error:
        raise _unwritable(change, error.strerror or "it is gone") from error
    if now != change.before:
        raise LostRaceError(f"{change.path} was changed by another process", remedy="Run it again.")
    if not writable:
        raise _unwritable(change, "it is read-only")


def _beside(path: Path, change: FileChange) -> Path:
    """The new content in a file of its own in the same folder, with the old one's mode and owner."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(change, error.strerror) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            old = path.stat()
            stream.write(change.after)
            stream.flush()
            os.fchmod(stream.fileno(), stat.S_IMODE(old.st_mode))
            with suppress(PermissionError):
                os.fchown(stream.fileno(), old.st_uid, old.st_gid)
            os.fsync(stream.fileno())
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _unwritable(change, error.strerror) from error
    return Path(name)


def _replace(ready: Sequence[tuple[Path, Path]], changes: Sequence[FileChange]) -> None:
    done: list[tuple[Path, FileChange]] = []
    for (path, new), change in zip(ready, changes, strict=True):
        try:
            new.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            kept = [undone.path for written, undone in done if not _restored(written, undone)]
            raise _unwritable(change, error.strerror, kept) from error
        done.append((path, change))


def _restored(path: Path, change: FileChange) -> bool:
    """Put the old content back; whether that worked."""
    try:
        path.write_bytes(change.before)
    except OSError:
        return False
    return True


def _read_back(path: Path, change: FileChange) -> None:
    try:
        same = path.read_bytes() == change.after
    except OSError:
        same = False
    if not same:
        raise VerificationError(
            f"{one_line(change.path)} does not contain what was written",
            remedy="Find out what else writes it, then run it again.",
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(change: FileChange, reason: str | None, changed: Sequence[str] = ()) -> PrerequisiteError:
    names = ", ".join(map(one_line, changed))
    state = f"Already changed and not restored: {names}." if names else "No file was changed."
    return PrerequisiteError(
        f"{one_line(change.path)} cannot be written: {reason}",
        remedy=f"{state} Make it writable or free some space, then run it again.",
    )

"""Workflow files of GitHub Actions, and our templates for them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.file_change import FileChange
from shiplane.core.system.atomic_file import write_atomic


def template(name: str) -> str:
    """One of the package's templates."""
    return resources.files("shiplane").joinpath("templates", name).read_text("utf-8")


def origin() -> str | None:
    """Where this package was installed from, as pip recorded it (PEP 610); None if from an index, or not at all."""
    from importlib import metadata

    try:
        return metadata.distribution("shiplane").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, text.encode(), target.stat().st_mode & 0o777 if target.exists() else 0o644)
    except OSError as error:
        raise PrerequisiteError(f"{path} cannot be written: {error.strerror or error}") from error


def apply(root: Path, changes: Sequence[FileChange]) -> None:
    """Write or remove the files of changes: none, where one could not be or would be somewhere else.

    Raises:
        PrerequisiteError: One cannot be written or removed, or it or a folder of it is a link.
    """
    for change in changes:
        _check_place(root, change.path)
    for change in changes:
        write_change(root, change)


def write_change(root: Path, change: FileChange) -> None:
    """Write or remove the file of a change.

    Raises:
        PrerequisiteError: It cannot be written or removed.
    """
    if change.after is None:
        _remove(root, change.path)
    else:
        _write(root, change.path, change.after)


def _check_place(root: Path, path: str) -> None:
    target = Path(os.path.normpath(root / path))
    for place in (target, *target.parents):
        if place in (root, *root.parents):
            return
        wrong = "a link" if place.is_symlink() else "a file" if place != target and place.is_file() else ""
        if wrong:
            raise PrerequisiteError(
                f"{os.path.relpath(place, root)} is {wrong}",
                remedy=f"Replace it with a {'file' if place == target else 'folder'}, or set the project up by hand.",
            )


def _remove(root: Path, path: str) -> None:
    try:
        (root / path).unlink()
    except OSError as error:
        raise PrerequisiteError(f"{path} cannot be removed: {error.strerror or error}") from error

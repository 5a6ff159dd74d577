"""The workflows of GitHub Actions on disk, and our templates for them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.atomic_file import write_atomic


def template(name: str) -> str:
    """One of the package's templates."""
    return resources.files("shiplane").joinpath("templates", name).read_text("utf-8")


def write(root: Path, path: str, text: str) -> None:
    """Put a file in place at once: whoever looks sees the old one or the new one, never a part.

    Raises:
        PrerequisiteError: It cannot be written.
    """
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, text.encode(), 0o644)
    except OSError as error:
        raise PrerequisiteError(f"{path} cannot be written: {error.strerror or error}") from error


def remove(root: Path, path: str) -> None:
    """Take a file away.

    Raises:
        PrerequisiteError: It cannot be removed.
    """
    try:
        (root / path).unlink()
    except OSError as error:
        raise PrerequisiteError(f"{path} cannot be removed: {error.strerror or error}") from error

"""Plan files on disk, and the digests of the project's files that they contain."""

from __future__ import annotations

from pathlib import Path

from shiplane.core.next_command import command
from shiplane.core.system.atomic_file import read_limited, write_user_file
from shiplane.core.text import quoted
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.saved_plan import LIMIT, SavedPlan, parse


def read_plan(path: Path) -> SavedPlan:
    """Read a plan file.

    Raises:
        UsageError: It does not exist, is no regular file, too large, or no plan.
    """
    what = f"--plan {quoted(str(path))}"
    return parse(read_limited(path, LIMIT, what, remedy=f"Make one: {command('plan', '--save', 'FILE')}"), path.name)


def write_plan(path: Path, body: bytes) -> None:
    """Write a plan file.

    Raises:
        UsageError: It cannot be written there.
    """
    write_user_file(path, body, f"--save {quoted(str(path))}")


def dockerfile_digests(root: Path, paths: list[str]) -> dict[str, str]:
    """The digest of each of these files, or "missing"."""
    return {path: _digest(root / path) for path in paths}


def _digest(path: Path) -> str:
    try:
        return str(Digest.of(path.read_bytes()))
    except OSError:
        return "missing"

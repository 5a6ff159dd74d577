"""Plan files on disk: read with a limit, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from shiplane.model.errors import UsageError
from shiplane.model.image import Digest
from shiplane.model.planfile import LIMIT, SavedPlan, parse
from shiplane.model.redact import quoted


def read_plan(path: Path) -> SavedPlan:
    """Read a plan file.

    Raises:
        UsageError: It is not there, no ordinary file, too large, or no plan.
    """
    name = quoted(str(path))
    try:
        if not path.is_file():
            raise UsageError(f"there is no plan file {name}", remedy="Make one: invoke plan --save FILE")
        with path.open("rb") as stream:
            body = stream.read(LIMIT + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"the plan file {name} cannot be read: {error}") from error
    if len(body) > LIMIT:
        raise UsageError(f"{name} is no plan file: it is larger than {LIMIT} bytes")
    return parse(body, path.name)


def write_plan(path: Path, body: bytes) -> None:
    """Write a plan file in one go: a run that is killed leaves the old file or the new one.

    Raises:
        UsageError: It cannot be written there.
    """
    partial = ""
    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body)
        Path(partial).replace(path)
    except (OSError, ValueError) as error:
        if partial:
            with suppress(OSError):
                Path(partial).unlink()
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise UsageError(
            f"the plan cannot be saved as {quoted(str(path))}: {why}", remedy="Name a file in a folder that exists."
        ) from error


def dockerfile_digests(root: Path, paths: list[str]) -> dict[str, str]:
    """The digest of each of these files; of one that is not there it is said that it is missing."""
    return {path: _digest(root / path) for path in paths}


def _digest(path: Path) -> str:
    try:
        return str(Digest.of(path.read_bytes()))
    except OSError:
        return "missing"

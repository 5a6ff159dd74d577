"""``deployments`` of the project file: which files name the image, and where, if that cannot be seen by their shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

from shiplane.config.keys.table import Table
from shiplane.core.errors import UsageError
from shiplane.core.redact import quoted
from shiplane.registry.oci.names import DIGEST_FORM, TAG_FORM

FORMS = {
    "{tag@digest}": rf"(?P<pinned>(?P<tag>{TAG_FORM})(?:@(?P<digest>{DIGEST_FORM}))?)",
    "{tag}": rf"(?P<tag>{TAG_FORM})",
    "{digest}": rf"(?P<digest>{DIGEST_FORM})",
}
PLACEHOLDER = re.compile("|".join(map(re.escape, FORMS)))
_MAX_PATTERN = 200


@dataclass(frozen=True)
class Pattern:
    """A line as it looks, with ``{tag}``, ``{digest}`` or ``{tag@digest}`` where they stand.

    It is no regular expression, so that none can be written that takes for ever; blanks stand for any blanks.
    """

    text: str


@dataclass(frozen=True)
class Deployments:
    """Some of the project's deployment files.

    Attributes:
        files: A glob, relative to the project's root.
        pattern: Where they name the image, beside what is seen by its shape.
    """

    files: str
    pattern: Pattern | None = None


def parse_deployments(top: Table) -> tuple[Deployments, ...]:
    """Every entry of ``deployments``: a glob, or a table of a glob and a pattern.

    Raises:
        ConfigurationError: One leads out of the project, or is no pattern.
    """
    values: list[Any] = top.get("deployments", list) or []
    return tuple(
        _entry(Table({"deployments": value}, f"{top.place}: deployments[{n}]"), value) for n, value in enumerate(values)
    )


def _entry(place: Table, value: object) -> Deployments:
    if isinstance(value, str):
        return Deployments(place.checked("files", _glob, value))
    if not isinstance(value, dict):
        raise place.wrong("", "is neither a glob nor a table with files and pattern")
    table = Table(value, place.place)
    table.only("files", "pattern")
    files, pattern = table.get("files", str), table.get("pattern", str)
    if files is None:
        raise table.wrong("files", "is missing")
    found = table.checked("pattern", _pattern, pattern) if pattern is not None else None
    return Deployments(table.checked("files", _glob, files), found)


def _glob(text: str) -> str:
    """Check that a glob stays in the project."""
    path = PurePosixPath(text)
    parts = text.split("/")
    if not text.strip() or not text.isprintable() or "\\" in text or path.is_absolute() or text.startswith("~"):
        raise UsageError(f"{quoted(text, 80)} is no glob", remedy="Expected one like deploy/**/*.yml.")
    if ".git" in parts:
        raise UsageError(f"glob {quoted(text, 80)} is for .git, which is not read", remedy="Name files of the project.")
    if normpath(text).split("/")[0] == "..":
        raise UsageError(f"glob {quoted(text, 80)} leads out of the project", remedy="Give one relative to its root.")
    if ".." in parts:
        raise UsageError(f"glob {quoted(text, 80)} goes back up by ..", remedy="Write it without.")
    if any("**" in part and part != "**" for part in parts):
        raise UsageError(f"glob {quoted(text, 80)} has ** within a name", remedy="** stands for whole folders.")
    return text


def _pattern(text: str) -> Pattern:
    names = PLACEHOLDER.findall(text)
    if not text.isprintable() or len(text) > _MAX_PATTERN or sorted(names) not in _ALLOWED:
        raise UsageError(
            f"{quoted(text, 80)} is no pattern",
            remedy="One line as it looks in the file, with {tag@digest}, {tag} or {digest} (or both) where they stand.",
        )
    if not PLACEHOLDER.sub("", text).strip(" \t\"'"):
        raise UsageError(
            f"pattern {quoted(text, 80)} would match anything", remedy='Say what stands around it: image_tag = "{tag}".'
        )
    return Pattern(text)


_ALLOWED = [["{tag@digest}"], ["{tag}"], ["{digest}"], ["{digest}", "{tag}"]]

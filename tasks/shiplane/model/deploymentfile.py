"""``deployments`` of the project file: which files name the image, and where, if that cannot be seen by their shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

from shiplane.model.errors import UsageError
from shiplane.model.image import DIGEST_FORM, TAG_FORM
from shiplane.model.layout import Lines
from shiplane.model.mention import Mention, Part, Slot, digest_or_none
from shiplane.model.redact import quoted
from shiplane.model.table import Table

_FORMS = {
    "{tag@digest}": rf"(?P<pinned>(?P<tag>{TAG_FORM})(?:@(?P<digest>{DIGEST_FORM}))?)",
    "{tag}": rf"(?P<tag>{TAG_FORM})",
    "{digest}": rf"(?P<digest>{DIGEST_FORM})",
}
_PLACEHOLDER = re.compile("|".join(map(re.escape, _FORMS)))
_MAX_PATTERN = 200
_MAX_LINE = 4000


@dataclass(frozen=True)
class Pattern:
    """A line as it looks, with ``{tag}``, ``{digest}`` or ``{tag@digest}`` where they stand.

    It is no regular expression, so that none can be written that takes for ever; blanks stand for any blanks.
    """

    text: str

    @property
    def form(self) -> re.Pattern[str]:
        """The pattern for the machine."""
        pieces = re.split(rf"({_PLACEHOLDER.pattern}|[ \t]+)", self.text)
        return re.compile("".join(_FORMS.get(piece) or _literal(piece) for piece in pieces), re.ASCII)

    def mentions(self, text: str, lines: Lines) -> Iterator[Mention]:
        """What the text says at the places that look so."""
        form = self.form
        for start, end in zip(lines.starts, (*lines.starts[1:], len(text)), strict=True):
            for found in form.finditer(text, start, min(end, start + _MAX_LINE)):
                yield _mention(found, lines)


def _literal(piece: str) -> str:
    return r"[ \t]*" if piece.isspace() else re.escape(piece)


def _mention(found: re.Match[str], lines: Lines) -> Mention:
    parts = found.groupdict()
    whole = "pinned" in parts
    names = {"pinned": Part.PINNED} if whole else {"tag": Part.TAG, "digest": Part.DIGEST}
    slots = tuple(Slot(*found.span(name), part) for name, part in names.items() if name in parts)
    start = min(slot.start for slot in slots)
    digest = digest_or_none(parts.get("digest"))
    return Mention(line=lines.number(start), start=start, tag=parts.get("tag"), digest=digest, slots=slots)


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
    names = _PLACEHOLDER.findall(text)
    if not text.isprintable() or len(text) > _MAX_PATTERN or sorted(names) not in _ALLOWED:
        raise UsageError(
            f"{quoted(text, 80)} is no pattern",
            remedy="One line as it looks in the file, with {tag@digest}, {tag} or {digest} (or both) where they stand.",
        )
    if not _PLACEHOLDER.sub("", text).strip(" \t\"'"):
        raise UsageError(
            f"pattern {quoted(text, 80)} would match anything", remedy='Say what stands around it: image_tag = "{tag}".'
        )
    return Pattern(text)


_ALLOWED = [["{tag@digest}"], ["{tag}"], ["{digest}"], ["{digest}", "{tag}"]]

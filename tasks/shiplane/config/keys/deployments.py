"""``deployments`` of the project file: which files name the image, and where, if that cannot be seen by their shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Annotated

from shiplane.config.keys.texts import LINE_FORM
from shiplane.core.errors import UsageError
from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Array, Either, Text
from shiplane.core.text import INVISIBLE, quoted
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


def _glob(text: str) -> str:
    """Check that a glob stays in the project."""
    path = PurePosixPath(text)
    parts = text.split("/")
    if not re.fullmatch(LINE_FORM, text) or "\\" in text or path.is_absolute() or text.startswith("~"):
        raise UsageError(f"{quoted(text, 80)} is not a glob", remedy="Example: deploy/**/*.yml.")
    if ".git" in parts:
        raise UsageError(
            f"glob {quoted(text, 80)} matches .git, which is not read", remedy="Match files of the project."
        )
    if normpath(text).split("/")[0] == "..":
        raise UsageError(
            f"glob {quoted(text, 80)} leads out of the project", remedy="Make it relative to the project's root."
        )
    if ".." in parts:
        raise UsageError(f"glob {quoted(text, 80)} contains ..", remedy="Remove the .. from it.")
    if any("**" in part and part != "**" for part in parts):
        raise UsageError(f"glob {quoted(text, 80)} has ** within a name", remedy="** matches whole folders.")
    return text


def _pattern(text: str) -> Pattern:
    names = PLACEHOLDER.findall(text)
    if not re.fullmatch(LINE_FORM, text) or len(text) > _MAX_PATTERN or sorted(names) not in _ALLOWED:
        raise UsageError(
            f"{quoted(text, 80)} is not a pattern",
            remedy="A line as in the file, with placeholders {tag@digest}, {tag} or {digest} (or both of these).",
        )
    if not PLACEHOLDER.sub("", text).strip(" \t\"'"):
        raise UsageError(
            f"pattern {quoted(text, 80)} would match anything",
            remedy='Include the text around it: image_tag = "{tag}".',
        )
    return Pattern(text)


_ALLOWED = [["{tag@digest}"], ["{tag}"], ["{digest}"], ["{digest}", "{tag}"]]
_HOLE = r"\{(?:tag@digest|tag|digest)\}"
_GLOB = Text(
    pattern=rf"(?!/)(?!~)(?!(?:.*/)?(?:\.\.|\.git)(?:/|$))(?!.*[^/]\*\*)(?!.*\*\*[^/])(?! *$)[^\\{INVISIBLE}]+",
    parse=_glob,
    ref="glob",
)
_PATTERN = Text(
    pattern=rf"(?=.*{_HOLE})(?!.*\{{tag@digest\}}.*{_HOLE})(?!.*\{{(?:tag|digest)\}}.*\{{tag@digest\}})"
    r"(?!.*\{tag\}.*\{tag\})(?!.*\{digest\}.*\{digest\})"
    rf"(?=(?:{_HOLE}|[ \"'])*(?!{_HOLE})[^ \"']){LINE_FORM}",
    most=_MAX_PATTERN,
    parse=_pattern,
)


@dataclass(frozen=True)
class Deployments:
    """Deployment files, with a pattern for references of an unusual form."""

    files: Annotated[str, Key("Glob within the project; ** matches whole folders.", _GLOB)]
    pattern: Annotated[
        Pattern | None,
        Key(
            "A line as in the file, with placeholders {tag@digest}, {tag} or {digest} (or both of these); a blank "
            "matches any blanks. References that need no pattern are still found.",
            _PATTERN,
        ),
    ] = None


DEPLOYMENTS = Array(
    of=Either((replace(_GLOB, parse=lambda text: Deployments(_glob(text))), Table.of(Deployments, "deployment")))
)

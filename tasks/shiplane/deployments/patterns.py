"""Where a line matches a pattern of the project file, and the tag and digest there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shiplane.config.keys.deployments import FORMS, PLACEHOLDER, Pattern
from shiplane.deployments.image_use import Mention, Part, Slot, digest_or_none
from shiplane.deployments.positions import Lines

_MAX_LINE = 4000


def pattern_mentions(pattern: Pattern, text: str, lines: Lines) -> Iterator[Mention]:
    """Every match of a pattern."""
    form = _form(pattern)
    for start, end in zip(lines.starts, (*lines.starts[1:], len(text)), strict=True):
        for match in form.finditer(text, start, min(end, start + _MAX_LINE)):
            yield _mention(match, lines)


def _form(pattern: Pattern) -> re.Pattern[str]:
    """The pattern as a regular expression."""
    pieces = re.split(rf"({PLACEHOLDER.pattern}|[ \t]+)", pattern.text)
    return re.compile("".join(FORMS.get(piece) or _literal(piece) for piece in pieces), re.ASCII)


def _literal(piece: str) -> str:
    return r"[ \t]*" if piece.isspace() else re.escape(piece)


def _mention(match: re.Match[str], lines: Lines) -> Mention:
    parts = match.groupdict()
    whole = "pinned" in parts
    names = {"pinned": Part.PINNED} if whole else {"tag": Part.TAG, "digest": Part.DIGEST}
    slots = tuple(Slot(*match.span(name), part) for name, part in names.items() if name in parts)
    start = min(slot.start for slot in slots)
    digest = digest_or_none(parts.get("digest"))
    return Mention(line=lines.number(start), start=start, tag=parts.get("tag"), digest=digest, slots=slots)

"""The keys and values of YAML (and so of JSON), with their positions.

No YAML library: each of them gives values and loses the layout, or writes a layout of its own. Here nothing is loaded;
what is read is enough to tell which scalars stand together in one mapping. What is not understood (a value over several
lines, a complex key, a template's control line) is passed over, never guessed. The text of a block scalar is read as
YAML once more: that is how an Argo CD application holds the values of a chart.

Source: YAML 1.2.2, chapters 6 to 8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from shiplane.deployments.positions import Mapping, Scalar, lines_of

# An item of a list; a key, or the value, of a pair over several lines.
_DASHES = re.compile(r"(?:[-?:][ ]+)+", re.ASCII)
_KEY = re.compile(
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\[^\n])*)\"|'(?P<single>(?:[^'\n]|'')*)'"
    r"|(?P<plain>(?:[^\s\"'#&*!|>%@`{}\[\],:?-]|[:?-](?=\S))[^\n]*?))(?(plain)|[ \t]*):(?=[ \t\r]|$)"
)
_PROPERTIES = re.compile(r"(?:(?:&(?P<anchor>[^\s,\[\]{}]+)|![^\s,\[\]{}]*)(?:[ \t]+|(?=[\r\n,\]}]|$)))*")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\[\s\S])*\"|'(?:[^']|'')*'")
# What makes a quoted scalar more than the text between its quotes.
# An escaped slash, as some writers of JSON have every slash, is the slash itself.
_MEANS_MORE = {'"': re.compile(r"\\(?!/)|\n"), "'": re.compile(r"['\n]")}
_COMMENT = re.compile(r"(?:^|[ \t])#")
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_FLOW_PLAIN = re.compile(r"(?:[^\n\r{}\[\],:#]|:(?![\s{}\[\],]|\Z)|(?<=\S)#)+")
# How often the text may be read in vain for a brace that never closes.
_BUDGET = 2


@dataclass
class _Frame:
    """A brace or bracket that is open."""

    mapping: Mapping | None
    under: str
    key: str | None = None


@dataclass
class _Scanner:
    text: str
    found: list[Mapping] = field(default_factory=list)
    stack: list[Mapping] = field(default_factory=list)
    budget: int = 0

    def run(self) -> list[Mapping]:
        self.budget = _BUDGET * len(self.text)
        done = 0
        for start, line in lines_of(self.text):
            if start >= done:
                done = self._line(start, line.removesuffix("\r"))
        return self.found

    def _line(self, start: int, line: str) -> int:
        """Read a line; gives the position up to which the text has been read by it."""
        bare = line.lstrip("\ufeff ")
        column = len(line) - len(bare)
        if line.startswith(("---", "...")) and not line[3:4].strip():
            self.stack = []
        if not bare or bare.startswith(("#", "\t", "{{")) or self.budget <= 0:
            return start
        dashes = _DASHES.match(bare)
        offset = column + (dashes.end() if dashes else 0)
        if line[offset : offset + 1] in ("{", "["):
            return self._flow(start + offset, *self._parent(offset))
        key = _KEY.match(line, offset)
        if key is None or (key["plain"] and _COMMENT.search(key["plain"])):
            return start
        mapping = self._mapping(offset, new=dashes is not None)
        return self._value(mapping, _name(key), start + key.end())

    def _parent(self, column: int) -> tuple[str, str]:
        while self.stack and self.stack[-1].column >= column > 0:
            self.stack.pop()
        return (self.stack[-1].last, "") if self.stack else ("", "")

    def _mapping(self, column: int, *, new: bool) -> Mapping:
        """The mapping to which a key in this column belongs."""
        while self.stack and (self.stack[-1].column > column or (new and self.stack[-1].column == column)):
            self.stack.pop()
        if not self.stack or self.stack[-1].column < column:
            parent = self.stack[-1] if self.stack else Mapping()
            holder = parent.entries.get(parent.last)
            anchor = holder.anchor if holder and not new else ""
            self.stack.append(self._noted(Mapping(under=parent.last, above=parent.under, anchor=anchor, column=column)))
        return self.stack[-1]

    def _noted(self, mapping: Mapping) -> Mapping:
        self.found.append(mapping)
        return mapping

    def _value(self, mapping: Mapping, key: str, colon: int) -> int:
        """Read what stands after a key's colon."""
        end = self.text.find("\n", colon)
        line = self.text[colon : len(self.text) if end < 0 else end].removesuffix("\r")
        blank = len(line) - len(line.lstrip(" \t"))
        properties = _PROPERTIES.match(line, blank)
        assert properties is not None  # noqa: S101 -- it matches nothing, too
        rest, anchor = properties.end(), properties["anchor"] or ""
        if line[rest : rest + 1] in ("{", "[") and not line.startswith("{{", rest):
            mapping.add(key, Scalar(start=colon, end=colon, text=None, anchor=anchor))
            return self._flow(colon + rest, key, anchor, mapping.under)
        mapping.add(key, _scalar(line, rest, colon, anchor))
        return colon

    def _flow(self, start: int, under: str, anchor: str, above: str = "") -> int:
        """Read braces and brackets to the end of the outermost one; passes over what never ends."""
        known = len(self.found)
        end = self._brackets(start, under, anchor, above)
        if end is None:
            del self.found[known:]
            return start
        return end

    def _brackets(self, start: int, under: str, anchor: str, above: str) -> int | None:
        frames: list[_Frame] = []
        place = start
        while place < len(self.text):
            sign = self.text[place]
            if sign in "{[":
                fresh = Mapping(under=under, above=above, anchor=anchor, flow=True)
                mapping = self._noted(fresh) if sign == "{" else None
                frames.append(_Frame(mapping, under))
                place += 1
            elif sign in "}]":
                frames.pop()
                place += 1
                if not frames:
                    return place
            else:
                read = self._item(frames[-1], place)
                if read is None:
                    break
                place = read
            under, above, anchor = (frames[-1].key or frames[-1].under), frames[-1].under, ""
            blank = _BLANK.match(self.text, place)
            place = blank.end() if blank else place
        self.budget -= place - start
        return None

    def _item(self, frame: _Frame, place: int) -> int | None:
        """Read a comma, a colon or a scalar within braces or brackets; None where it is none of them."""
        sign = self.text[place]
        if sign == ",":
            frame.key = None
            return place + 1
        if sign == ":":
            return place + 1
        quoted = _QUOTED.match(self.text, place) if sign in "\"'" else None
        plain = None if sign in "\"'" else _FLOW_PLAIN.match(self.text, place)
        read = quoted or plain
        if read is None:
            self.budget -= len(self.text) - place
            return None
        if frame.mapping is not None:
            self._pair(frame, frame.mapping, read)
        return read.end()

    def _pair(self, frame: _Frame, mapping: Mapping, read: re.Match[str]) -> None:
        if frame.key is None:
            frame.key = read.group().strip().strip("\"'")
            mapping.quoted = read.group().startswith('"')
            # Until a value comes; where a mapping or a list comes instead, this is what is known of it.
            mapping.add(frame.key, Scalar(start=read.end(), end=read.end(), text=None))
            return
        line = read.group()
        properties = _PROPERTIES.match(line)
        rest, anchor = (properties.end(), properties["anchor"] or "") if properties else (0, "")
        mapping.entries[frame.key] = _scalar(line, rest, read.start(), anchor)


def _name(key: re.Match[str]) -> str:
    return next(found for found in (key["double"], key["single"], key["plain"]) if found is not None).rstrip()


def _scalar(line: str, place: int, offset: int, anchor: str) -> Scalar:
    """The scalar that begins at a place of a line, which itself begins at an offset of the text."""
    quoted = _QUOTED.match(line, place)
    if quoted:
        inner = quoted.group()[1:-1]
        quote = quoted.group()[0]
        means = None if _MEANS_MORE[quote].search(inner) else inner.replace("\\/", "/") if quote == '"' else inner
        start, end = offset + quoted.start() + 1, offset + quoted.end() - 1
        return Scalar(start=start, end=end, text=means, quote=quote, anchor=anchor)
    if line[place : place + 1] in ("|", ">", '"', "'"):
        return Scalar(start=offset + place, end=offset + place, text=None, anchor=anchor)
    comment = _COMMENT.search(line, max(place - 1, 0))
    content = line[place : comment.start() if comment else len(line)].rstrip()
    if not content:
        # Right after the colon or the anchor, where a value would be put.
        place = len(line[:place].rstrip())
    if content.startswith("*"):
        return Scalar(start=offset + place, end=offset + place + len(content), text=None, alias=content[1:].strip())
    return Scalar(start=offset + place, end=offset + place + len(content), text=content, anchor=anchor)


def mappings(text: str) -> list[Mapping]:
    """Every mapping of a YAML or JSON text, in the order of their beginnings."""
    return _Scanner(text).run()

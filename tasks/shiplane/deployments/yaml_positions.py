"""The keys and values of YAML, and so of JSON, with their positions.

PyYAML's events say where every key and value stands; nothing is composed, so no alias is expanded and no duplicate key
is lost. What it cannot parse is read again as a template, and then line by line; each mapping says when it was read so.
The text of a block scalar is read as YAML once more: that is how an Argo CD application holds the values of a chart.

Source: YAML 1.2.2, chapters 5 to 9; PyYAML 6.0.4 with libyaml 0.2.6, whose marks count characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shiplane.deployments.positions import Fallback, Mapping, Scalar, Section
from shiplane.deployments.yaml_fallback import read_lines, without_expressions

if TYPE_CHECKING:
    import yaml

# libyaml refuses deeper nesting; PyYAML's own parser takes time with the square of the depth.
_MAX_DEPTH = 1000
# Block scalars within block scalars: each is read once more than what holds it.
_MAX_NESTED = 3
# What PyYAML refuses (YAML 1.2.2 section 5.1), or takes for the end of a line as YAML 1.1 had it.
_REFUSED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
# Half of a surrogate pair, which JSON has (RFC 8259 section 7) and libyaml refuses.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]([0-9a-fA-F]{2})")
# Anchor and tag, before a value.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_COLON = re.compile(r"\s*:")


class _UnreadableError(Exception):
    """This is not YAML, or a template's, or nested too deeply."""


def mappings(text: str) -> list[Mapping]:
    """Every mapping and list of a YAML or JSON text, in the order of their beginnings."""
    readable = _SURROGATE.sub(r"\\u00\1", _REFUSED.sub("x", text))
    return list(_mappings(text, readable, Section(start=int(text.startswith("\ufeff")), end=len(text))))


def _mappings(text: str, readable: str, part: Section) -> Iterator[Mapping]:
    for each in _read(text, readable[part.start : part.end], part):
        if isinstance(each, Mapping):
            yield each
        elif each.depth <= _MAX_NESTED:
            yield from _mappings(text, readable, each)


def _read(text: str, readable: str, part: Section) -> list[Mapping | Section]:
    """What a part of the text holds; a part among it is to be read by itself."""
    with suppress(_UnreadableError):
        return _Reader(text, readable, part, part.fallback).read()
    bare = without_expressions(readable)
    if bare != readable:
        with suppress(_UnreadableError):
            return _Reader(text, bare, part, part.fallback or Fallback.TEMPLATE).read()
    return read_lines(text, bare, part)


def _parse(source: str) -> Iterator[yaml.Event]:
    import yaml

    try:
        yield from yaml.parse(source, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise _UnreadableError from error


@dataclass
class _Open:
    """A mapping that is not at its end yet, or a list, whose items have their numbers for keys."""

    mapping: Mapping
    is_list: bool
    key: str | None = None
    key_end: int = 0

    @property
    def expects_key(self) -> bool:
        """Whether what comes next is a key."""
        return self.key is None and not self.is_list

    @property
    def parents(self) -> tuple[str, str]:
        """The key below which the value just added stands, and the one above."""
        within = self.mapping
        return (within.parent_key, within.grandparent_key) if self.is_list else (within.last, within.parent_key)

    def begin(self, key: str, scalar: Scalar, *, column: int, end: int) -> None:
        """Note a key, whose value comes next."""
        self.key, self.key_end = key, end
        self.mapping.quoted = scalar.quote == '"'
        if not self.mapping.entries:
            self.mapping.column = column

    def add(self, value: Scalar) -> None:
        """Note a value, by the key before it."""
        self.mapping.add(str(len(self.mapping.entries)) if self.is_list else self.key or "", value)
        self.key = None


@dataclass
class _Reader:
    """Reads one part.

    Attributes:
        text: The whole text, as it stands in the file.
        source: The part in a form to parse, as long as it is.
        part: Where it stands in the text.
        fallback: How that form differs from the text.
    """

    text: str
    source: str
    part: Section
    fallback: Fallback | None
    result: list[Mapping | Section] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def read(self) -> list[Mapping | Section]:
        """The mappings, and the block scalars between them, in their order.

        Raises:
            _UnreadableError: It cannot be read so.
        """
        import yaml

        for event in _parse(self.source):
            if isinstance(event, yaml.CollectionStartEvent):
                self._open(event, is_list=isinstance(event, yaml.SequenceStartEvent))
            elif isinstance(event, yaml.CollectionEndEvent):
                self.stack.pop()
            elif isinstance(event, yaml.AliasEvent) and self.stack:
                start, end = _span(event)
                self._leaf(event, self._scalar(start, end, alias=event.anchor or ""), f"*{event.anchor}")
            elif isinstance(event, yaml.ScalarEvent) and self.stack:
                self._leaf(event, self._value(event, self.stack[-1]), event.value)
                if event.style in ("|", ">"):
                    self._block(*_span(event))
        return self.result

    def _open(self, event: yaml.CollectionStartEvent, *, is_list: bool) -> None:
        # A mapping as a key: the braces of a template, read as YAML.
        if len(self.stack) >= _MAX_DEPTH or (self.stack and self.stack[-1].expects_key):
            raise _UnreadableError
        parent_key, grandparent_key, anchor = self.part.parent_key, self.part.grandparent_key, event.anchor or ""
        if self.stack:
            start, _ = _span(event)
            self.stack[-1].add(self._scalar(start, start, anchor=anchor))
            parent_key, grandparent_key = self.stack[-1].parents
        flow = bool(event.flow_style)
        mapping = Mapping(
            parent_key=parent_key, grandparent_key=grandparent_key, anchor=anchor, flow=flow, fallback=self.fallback
        )
        self.result.append(mapping)
        self.stack.append(_Open(mapping, is_list))

    def _leaf(self, event: yaml.NodeEvent, scalar: Scalar, name: str) -> None:
        """Note a scalar or an alias, as a key or as a value."""
        within = self.stack[-1]
        if within.expects_key:
            within.begin(scalar.text or name, scalar, column=_column(event), end=_span(event)[1])
        else:
            within.add(scalar)

    def _value(self, event: yaml.ScalarEvent, within: _Open) -> Scalar:
        """A scalar; its text as it stands in the file where that is all there is to it."""
        start, end = _span(event)
        anchor, has_properties = event.anchor or "", bool(event.anchor or event.tag)
        quote = event.style if event.style in ('"', "'") else ""
        if event.style in ("|", ">"):
            return self._scalar(start, start, anchor=anchor)
        if not event.value and not quote:
            # Right after the colon or the anchor, where a value would be put.
            colon = None if has_properties or within.is_list else _COLON.match(self.source, within.key_end)
            place = colon.end() if colon else end
            return self._scalar(place, place, text="", anchor=anchor)
        if has_properties:
            start = _PROPERTIES.match(self.source, start).end()  # type: ignore[union-attr] # it matches nothing, too
        start, end = start + len(quote), end - len(quote)
        return self._scalar(start, end, text=self._text(start, end, event.value), quote=quote, anchor=anchor)

    def _text(self, start: int, end: int, value: str) -> str | None:
        """What stands between two positions; None where it means more than it says (an escape, several lines)."""
        written, text = self.source[start:end], self.text[self.part.start + start : self.part.start + end]
        if written == value:
            return text
        # An escaped slash, as some writers of JSON have every slash, is the slash itself.
        return text.replace("\\/", "/") if written.replace("\\/", "/") == value else None

    def _scalar(
        self, start: int, end: int, *, text: str | None = None, quote: str = "", anchor: str = "", alias: str = ""
    ) -> Scalar:
        shift = self.part.start
        return Scalar(start=shift + start, end=shift + end, text=text, quote=quote, anchor=anchor, alias=alias)

    def _block(self, start: int, end: int) -> None:
        """Leave the lines after the header of a block scalar to be read by themselves."""
        header_end, shift = self.source.find("\n", start, end), self.part.start
        if header_end >= 0:
            parent_key, grandparent_key = self.stack[-1].parents
            begin, depth = shift + header_end + 1, self.part.depth + 1
            part = Section(
                start=begin,
                end=shift + end,
                parent_key=parent_key,
                grandparent_key=grandparent_key,
                depth=depth,
                fallback=self.fallback,
            )
            self.result.append(part)


def _span(event: yaml.Event) -> tuple[int, int]:
    """Where an event begins and ends in what was parsed."""
    assert event.start_mark is not None  # noqa: S101 -- what is parsed has a beginning and an end
    assert event.end_mark is not None  # noqa: S101 -- as above
    return event.start_mark.index, event.end_mark.index


def _column(event: yaml.Event) -> int:
    assert event.start_mark is not None  # noqa: S101 -- as above
    return event.start_mark.column

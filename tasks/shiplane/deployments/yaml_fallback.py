"""What is no YAML, read all the same: a template without its expressions, and pairs of key and value line by line.

Far less is understood here than PyYAML does; what is not understood is passed over, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from shiplane.deployments.positions import Fallback, Mapping, Scalar, Section, lines_of

# Go templates and Jinja, ERB, envsubst.
_EXPRESSION = (
    r"\{\{(?:(?!\{\{|\}\})[\s\S])*\}\}|\{%(?:(?!\{%|%\})[\s\S])*%\}|\{#(?:(?!\{#|#\})[\s\S])*#\}"
    r"|<%(?:(?!<%|%>)[\s\S])*%>|\$\{[^{}\n]*\}"
)
_EXPRESSIONS = re.compile(_EXPRESSION)
_CONTROL_LINE = re.compile(rf"^[ \t]*(?:(?:{_EXPRESSION})[ \t]*)+(?=\r?$)", re.MULTILINE)
_SIGN = re.compile(r"[^\r\n]")
_LEAD = re.compile(r"[ \t]*(?:-[ ]+)*")
_KEY = re.compile(
    r"(?:(?P<quote>[\"'])(?P<quoted>(?:(?!(?P=quote))[^\\])*)(?P=quote)|(?P<plain>[^\s\"'#&*!|>%@`{}\[\],:?-]\S*?))"
    r"[ \t]*:(?=\s|$)"
)
_VALUE = re.compile(
    r"[ \t]*(?:(?P<quote>[\"'])(?P<quoted>(?:(?!(?P=quote))[^\\])*)(?P=quote)(?=[ \t\r]*(?:[,#/]|$))"
    r"|(?P<plain>[^\s\"'#&*!|>`{}\[\],]\S*(?:[ \t]+[^\s#]\S*)*)|(?P<empty>(?=$|\r$|[ \t]#)))"
)
# Braces or brackets that close in their line, and are not a template's.
_FLOW = re.compile(r"[ \t]*(?P<flow>[{\[](?![{%#]).*[}\]])")


def without_expressions(text: str) -> str:
    """A template without its expressions, and as long: letters stand for them, line feeds where nothing else stands.

    Spaces would not do: a block scalar must not begin with more of them than its text has (YAML 1.2.2, 8.1.1.1).
    """
    blank = _CONTROL_LINE.sub(lambda line: "\n" * len(line.group()), text)
    return _EXPRESSIONS.sub(lambda expression: _SIGN.sub("x", expression.group()), blank)


def read_lines(text: str, source: str, part: Section) -> list[Mapping | Section]:
    """The keys that have their value in the same line, by how far in they stand; braces in one line are parts.

    Args:
        text: The whole text.
        source: The part without a template's expressions.
        part: Where it stands in the text.
    """
    reader = _Lines(text, part)
    for start, line in lines_of(source):
        reader.read(part.start + start, line)
    return reader.result


@dataclass
class _Lines:
    text: str
    part: Section
    result: list[Mapping | Section] = field(default_factory=list)
    stack: list[Mapping] = field(default_factory=list)

    def read(self, start: int, line: str) -> None:
        """Read a line, which starts at a position of the text."""
        if line.startswith(("---", "...")):
            self.stack.clear()
        column = _LEAD.match(line).end()  # type: ignore[union-attr] # it matches nothing, too
        key, place = _KEY.match(line, column), column
        if key:
            self._descend(column, is_item="-" in line[:column])
            place = key.end()
            self.stack[-1].add(key["plain"] or key["quoted"] or "", self._value(line, place, start))
        flow = _FLOW.match(line, place)
        if flow:
            self._flow(*(start + position for position in flow.span("flow")))

    def _flow(self, start: int, end: int) -> None:
        # Braces that could not be parsed by themselves are not tried again.
        if (start, end) != (self.part.start, self.part.end):
            parent_key, grandparent_key = self._parents()
            depth = self.part.depth + 1
            part = Section(
                start=start,
                end=end,
                parent_key=parent_key,
                grandparent_key=grandparent_key,
                depth=depth,
                fallback=Fallback.LINES,
            )
            self.result.append(part)

    def _descend(self, column: int, *, is_item: bool) -> None:
        """Go to the mapping whose keys stand in a column, a new one where there is none."""
        while self.stack and (self.stack[-1].column > column or (is_item and self.stack[-1].column == column)):
            self.stack.pop()
        if not self.stack or self.stack[-1].column < column:
            parent_key, grandparent_key = self._parents()
            mapping = Mapping(
                parent_key=parent_key, grandparent_key=grandparent_key, column=column, fallback=Fallback.LINES
            )
            self.stack.append(mapping)
            self.result.append(mapping)

    def _parents(self) -> tuple[str, str]:
        return (
            (self.stack[-1].last, self.stack[-1].parent_key)
            if self.stack
            else (self.part.parent_key, self.part.grandparent_key)
        )

    def _value(self, line: str, place: int, start: int) -> Scalar:
        """What stands after a key's colon; no text where that is more than one plain or quoted value."""
        value = _VALUE.match(line, place)
        if value is None or value.lastgroup == "empty":
            return Scalar(start=start + place, end=start + place, text=None if value is None else "")
        begin, end = (start + position for position in value.span("plain" if value["plain"] else "quoted"))
        return Scalar(start=begin, end=end, text=self.text[begin:end], quote=value["quote"] or "")

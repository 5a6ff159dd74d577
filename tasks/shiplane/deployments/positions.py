"""Where keys and values stand in a text: what finding an image needs of a file's structure.

Positions are offsets into the text, so that a value can be replaced and everything around it stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

# KEY=VALUE of env files, compose's lists of variables, HCL, systemd units and shell scripts.
_ASSIGNMENT = re.compile(
    r"(?P<indent>[ \t]*)(?:-[ \t]+)?(?:export[ \t]+)?(?P<key>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*"
    r"(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s#\"',;]*))",
    re.ASCII,
)
# Where a group of assignments ends: a block opens or closes, a section begins.
_BORDER = re.compile(r"[ \t]*[}\])]|[ \t]*\[|[^\n]*[{\[(][ \t\r]*$", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """One value.

    Attributes:
        start: Where its content begins, inside of quotes.
        end: Where it ends.
        text: The content; None where it is more than what stands there (an escape, a block, a mapping).
        quote: The quotes around it, or nothing.
        anchor: The name by which others can refer to it.
        alias: The name to which it refers.
    """

    start: int
    end: int
    text: str | None
    quote: str = ""
    anchor: str = ""
    alias: str = ""


class Fallback(Enum):
    """How a file that is not YAML was read instead, as an identifier."""

    TEMPLATE = "template"
    LINES = "lines"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a text that is read by itself.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        parent_key: The key below which it stands.
        grandparent_key: The key below which that one stands.
        depth: Within how many other parts it stands.
        fallback: How what holds it was read where that is not YAML.
    """

    start: int
    end: int
    parent_key: str = ""
    grandparent_key: str = ""
    depth: int = 0
    fallback: Fallback | None = None


@dataclass(kw_only=True, eq=False)
class Mapping:
    """Keys that stand together, with their values.

    Attributes:
        parent_key: The key below which they stand; empty at the top.
        grandparent_key: The key below which that one stands.
        anchor: The name by which others can refer to all of them.
        flow: Whether they stand in braces.
        quoted: Whether their keys stand in double quotes.
        column: How far in they stand.
        duplicate_keys: Keys that stand there more than once.
        fallback: How they were read where the text is no YAML.
    """

    parent_key: str = ""
    grandparent_key: str = ""
    anchor: str = ""
    flow: bool = False
    quoted: bool = False
    column: int = 0
    fallback: Fallback | None = None
    entries: dict[str, Scalar] = field(default_factory=dict)
    duplicate_keys: set[str] = field(default_factory=set)
    last: str = ""

    def add(self, key: str, value: Scalar) -> None:
        """Note a key with its value."""
        if key in self.entries:
            self.duplicate_keys.add(key)
        self.entries[key] = value
        self.last = key


@dataclass(frozen=True)
class Lines:
    """The number of the line, from 1, that contains a position."""

    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Lines:
        """The lines of a text."""
        return cls((0, *(feed.end() for feed in re.finditer("\n", text))))

    def number(self, position: int) -> int:
        """The line's number."""
        return bisect_right(self.starts, position)


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Each line without its line feed, and where it begins."""
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def assignments(text: str) -> list[Mapping]:
    """The groups of ``KEY=VALUE`` lines: what stands equally far in within one block or section."""
    groups: list[Mapping] = []
    current: dict[str, Mapping] = {}
    for start, line in lines_of(text):
        match = _ASSIGNMENT.match(line)
        if _BORDER.match(line):
            current = {}
        elif match:
            indent = match["indent"]
            if indent not in current:
                current[indent] = Mapping(column=len(indent))
                groups.append(current[indent])
            current[indent].add(match["key"], _assigned(match, start))
    return groups


def _assigned(match: re.Match[str], start: int) -> Scalar:
    kind = next(name for name in ("double", "single", "plain") if match[name] is not None)
    text = None if "\\" in match[kind] else match[kind]
    quote = {"double": '"', "single": "'", "plain": ""}[kind]
    return Scalar(start=start + match.start(kind), end=start + match.end(kind), text=text, quote=quote)

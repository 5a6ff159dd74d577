"""The location of a value in a document, for error messages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.core.text import quoted

_BARE = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)  # toml.io: "Keys"
_NOUNS: dict[type, str] = {
    bool: "a boolean",
    dict: "a table",
    float: "a float",
    int: "an integer",
    list: "an array",
    str: "a string",
    type(None): "null",
}


@dataclass(frozen=True)
class Location:
    """A file and a dotted key in it; empty for the top of the file."""

    file: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.path}" if self.path else self.file

    def key(self, name: str) -> Location:
        """The location of a key of this table."""
        shown = name if _BARE.fullmatch(name) else f'"{quoted(name, 40)[1:-1]}"'
        return Location(self.file, f"{self.path}.{shown}" if self.path else shown)

    def item(self, number: int) -> Location:
        """The location of an item of this array."""
        return Location(self.file, f"{self.path}[{number}]")

    def error(self, problem: str, *, remedy: str = "") -> ConfigurationError:
        """The error for this value; the problem continues its name, as in "is a string"."""
        return ConfigurationError(f"{self} {problem}" if self.path else f"{self}: {problem}", remedy=remedy)

    def at_location(self, error: UsageError) -> ConfigurationError:
        """A parser's error, with this location."""
        return ConfigurationError(f"{self}: {error.what}", remedy=error.remedy)

    def type_error(self, expected: str, value: object) -> ConfigurationError:
        """The error for a value of the wrong type."""
        return self.error(f"is {_NOUNS.get(type(value), 'a date or time')}, expected {expected}")

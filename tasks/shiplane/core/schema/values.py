r"""What a value may be: each kind reads it strictly, and says the same as JSON Schema (draft 2020-12).

Whatever a kind says as a schema is enforced by its reader as well: a schema never refuses what a reader takes. Patterns
keep to what Python and ECMA 262 (JSON Schema's) understand alike: no flags, no names, no ``\d``, ``\s`` or ``\w``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from shiplane.core.errors import UsageError
from shiplane.core.schema.location import Location
from shiplane.core.text import quoted

Json = dict[str, Any]


class Value(Protocol):
    """One kind of value."""

    @property
    def noun(self) -> str:
        """What it is, for a complaint about something else."""

    @property
    def types(self) -> tuple[type, ...]:
        """What its values are in Python; a boolean is no integer."""

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401 -- JSON, and whatever it means
        """What a value means.

        Raises:
            ConfigurationError: It is of another kind; the place is named.
        """

    def schema(self, parts: Json) -> Json:
        """The same as JSON Schema; what has a name goes into ``parts``, for ``$defs``."""


def expect(kind: Value, value: object, location: Location) -> None:
    """Refuse a value of another type.

    Raises:
        ConfigurationError: It has one.
    """
    if type(value) not in kind.types:
        raise location.type_error(kind.noun, value)


def part(name: str, parts: Json, make: Callable[[], Json]) -> Json:
    """A reference to a named part of the schema, which is made once; without a name the part itself."""
    if not name:
        return make()
    if name not in parts:
        parts[name] = {}  # holds its place, before the parts that it refers to
        parts[name] = make()
    return {"$ref": f"#/$defs/{name}"}


def any_case(alternatives: str) -> str:
    """A pattern of words separated by ``|`` in whatever case: ECMA's patterns have no flags in them."""
    return "".join(f"[{sign.upper()}{sign.lower()}]" if sign.isalpha() else sign for sign in alternatives)


@dataclass(frozen=True, kw_only=True)
class Text:
    """A string.

    Attributes:
        pattern: What the whole of it has to match.
        problem: What to say of one that does not.
        remedy: What would be right.
        most: How long it may be; 0 for any length.
        parse: What it means; may refuse more than the pattern does, and has the first word, since it knows why.
        shown: Whether a complaint may repeat it: not where a password is easily put by mistake.
        ref: Its name in the schema, where it is used often.
        description: What it is, for the schema.
    """

    pattern: str = ""
    problem: str = "has a form that is not allowed here"
    remedy: str = ""
    most: int = 0
    parse: Callable[[str], Any] | None = None
    shown: bool = True
    ref: str = ""
    description: str = ""
    noun: ClassVar[str] = "a string"
    types: ClassVar[tuple[type, ...]] = (str,)

    def fits(self, text: str) -> bool:
        """Whether a text has this form."""
        return not (self.most and len(text) > self.most) and bool(re.fullmatch(self.pattern or r"[\s\S]*", text))

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What the text means."""
        expect(self, value, location)
        try:
            meaning = self.parse(value) if self.parse else value
            if not self.fits(value) and self.shown:
                raise UsageError(f"{quoted(value, 80)} {self.problem}", remedy=self.remedy)
        except UsageError as error:
            raise location.at_location(error) from error
        if not self.fits(value):
            raise location.error(self.problem, remedy=self.remedy)
        return meaning

    def schema(self, parts: Json) -> Json:
        """A string with its pattern. Python's ``$`` would match before a newline at the end."""
        pattern = {"pattern": f"^(?:{self.pattern})$(?!\\n)"} if self.pattern else {}
        length = {"maxLength": self.most} if self.most else {}
        description_key = {"description": self.description} if self.description else {}
        return part(self.ref, parts, lambda: {"type": "string", **length, **pattern, **description_key})


class Boolean:
    """True or false."""

    noun: ClassVar[str] = "a boolean"
    types: ClassVar[tuple[type, ...]] = (bool,)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """The value itself."""
        expect(self, value, location)
        return value

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """A boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number within bounds; NaN is within none. Whole ones may be written as 512.0, as JSON Schema has it.

    ``above`` goes before ``least``, and ``most`` before ``below``; without either it has no upper bound.
    """

    whole: bool = False
    least: int = 0
    above: int | None = None
    most: int | None = None
    below: int | None = 10_000_000
    types: ClassVar[tuple[type, ...]] = (int, float)

    @property
    def noun(self) -> str:
        """With its bounds."""
        lower = f"above {self.above}" if self.above is not None else f"from {self.least}"
        below = f" and below {self.below}" if self.below is not None else " on"
        upper = f" to {self.most}" if self.most is not None else below
        return f"{'a whole number' if self.whole else 'a number'} {lower}{upper}"

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """The number: an int where it is a whole one, else a float."""
        if type(value) not in self.types or not self._within(value) or (self.whole and value != int(value)):
            raise location.error(f"is {value!r:.40}, expected {self.noun}")
        return int(value) if self.whole else float(value)

    def _within(self, value: float) -> bool:
        lower = value >= self.least if self.above is None else value > self.above
        if self.most is not None:
            return lower and value <= self.most
        return lower and (self.below is None or value < self.below)

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """A number with its bounds."""
        lower = {"minimum": self.least} if self.above is None else {"exclusiveMinimum": self.above}
        upper = {"exclusiveMaximum": self.below} if self.most is None else {"maximum": self.most}
        bounds = {key: bound for key, bound in {**lower, **upper}.items() if bound is not None}
        return {"type": "integer" if self.whole else "number", **bounds}


class ScalarText:
    """A string, or a number or boolean, which becomes the text that JSON has for it."""

    noun: ClassVar[str] = "a string, a number or a boolean"
    types: ClassVar[tuple[type, ...]] = (str, int, float, bool)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """The text."""
        expect(self, value, location)
        return value if isinstance(value, str) else json.dumps(value)

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """One of three types."""
        return {"type": ["string", "number", "boolean"]}


class Null:
    """JSON's null: nothing is there."""

    noun: ClassVar[str] = "null"
    types: ClassVar[tuple[type, ...]] = (type(None),)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """Nothing."""
        expect(self, value, location)

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """The type of null."""
        return {"type": "null"}


class Anything:
    """Whatever JSON can say."""

    noun: ClassVar[str] = "anything"
    types: ClassVar[tuple[type, ...]] = (str, int, float, bool, list, dict, type(None))

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401, ARG002
        """The value itself."""
        return value

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """No rule."""
        return {}


@dataclass(frozen=True)
class Choice:
    """One of a few values, each with what it means."""

    meanings: tuple[tuple[str | bool | int, Any], ...]
    types: ClassVar[tuple[type, ...]] = (str, bool, int)

    @classmethod
    def of(cls, *values: str | bool | int) -> Choice:
        """Values that mean themselves."""
        return cls(tuple((value, value) for value in values))

    @property
    def noun(self) -> str:
        """All of them."""
        shown = [value if isinstance(value, str) else json.dumps(value) for value, _ in self.meanings]
        return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What the value means."""
        # By type as well: 0 is not false.
        meanings = [meaning for allowed, meaning in self.meanings if type(value) is type(allowed) and value == allowed]
        if not meanings:
            raise location.error(f"is {value!r:.40}, expected {self.noun}")
        return meanings[0]

    def schema(self, parts: Json) -> Json:  # noqa: ARG002
        """The values, or the one."""
        values = [value for value, _ in self.meanings]
        return {"const": values[0]} if len(values) == 1 else {"enum": values}


def _exceeded(count: int, least: int, most: int) -> str:
    """Which of two bounds a count is not within; a ``most`` of 0 is none."""
    if count < least:
        return f"at least {least}"
    return f"at most {most}" if most and count > most else ""


@dataclass(frozen=True, kw_only=True)
class Array:
    """Values of one kind; with ``unique`` no two may mean the same (the schema sees only those written alike).

    ``least`` and ``most`` say how many they may be; a ``most`` of 0 is none.
    """

    of: Value
    unique: bool = False
    least: int = 0
    most: int = 0
    noun: ClassVar[str] = "an array"
    types: ClassVar[tuple[type, ...]] = (list,)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """The meanings, in order."""
        expect(self, value, location)
        if bound := _exceeded(len(value), self.least, self.most):
            raise location.error(f"has {len(value)} items, expected {bound}")
        meanings: list[Any] = []
        for number, item in enumerate(value):
            meaning = self.of.read(item, location.item(number))
            if self.unique and meaning in meanings:
                raise location.error(f"names {meaning} twice", remedy="Name each once.")
            meanings.append(meaning)
        return tuple(meanings)

    def schema(self, parts: Json) -> Json:
        """An array of the kind's schema."""
        bounds = {"uniqueItems": self.unique, "minItems": self.least, "maxItems": self.most}
        kept = {key: bound for key, bound in bounds.items() if bound}
        return {"type": "array", **kept, "items": self.of.schema(parts)}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A table whose keys are names that the writer chooses; ``make`` is given what they mean, by name.

    ``least`` and ``most`` say how many they may be; a ``most`` of 0 is none.
    """

    of: Value
    names: Text | None = None
    least: int = 0
    most: int = 0
    make: Callable[[Json], Any] = dict
    noun: ClassVar[str] = "a table"
    types: ClassVar[tuple[type, ...]] = (dict,)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What is made of the meanings."""
        expect(self, value, location)
        if bound := _exceeded(len(value), self.least, self.most):
            raise location.error(f"has {len(value)} keys, expected {bound}")
        if self.names:
            for name in value:
                self.names.read(name, location.key(name))
        return self.make({name: self.of.read(item, location.key(name)) for name, item in value.items()})

    def schema(self, parts: Json) -> Json:
        """An object whose names have a form."""
        fit = self.names.schema(parts) if self.names else {}
        names = {"propertyNames": {key: rule for key, rule in fit.items() if key != "type"}} if fit else {}
        bounds = {"minProperties": self.least, "maxProperties": self.most}
        kept = {key: bound for key, bound in bounds.items() if bound}
        return {"type": "object", **kept, **names, "additionalProperties": self.of.schema(parts)}


@dataclass(frozen=True)
class Either:
    """A value of one of several kinds, which their types tell apart."""

    kinds: tuple[Value, ...]

    @property
    def noun(self) -> str:
        """All of them."""
        return " or ".join(kind.noun for kind in self.kinds)

    @property
    def types(self) -> tuple[type, ...]:
        """Those of all of them."""
        return tuple(kind for alternative in self.kinds for kind in alternative.types)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What the kind of its type makes of it."""
        expect(self, value, location)
        return next(kind for kind in self.kinds if type(value) in kind.types).read(value, location)

    def schema(self, parts: Json) -> Json:
        """Any of them."""
        return {"anyOf": [kind.schema(parts) for kind in self.kinds]}

"""Tables with known keys: a dataclass whose fields say what the keys are, or several tables of which one is meant.

.. code-block:: python

    @dataclass(frozen=True, kw_only=True)
    class ClaimSettings:
        \"\"\"Where claims are kept.\"\"\"

        remote: Annotated[str, Key("Name of the git remote.", REMOTE)] = "origin"

    CLAIM = Table.of(ClaimSettings, "claim")
    CLAIM.read({"remote": "upstream"}, Location("shiplane.toml", "claim"))  # ClaimSettings(remote="upstream")
    CLAIM.schema(parts)  # {"$ref": "#/$defs/claim"}, and the part with "remote", its pattern and its default
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property, partial
from typing import Any, ClassVar, get_type_hints

from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.location import Location
from shiplane.core.schema.values import Json, Value, expect, part


@dataclass(frozen=True)
class Key:
    """One key of a table.

    Attributes:
        description: For the schema, and so for editors.
        value: What may stand there.
        name: The key itself; from the field's name where it is empty.
        default: What the schema says is meant where it is missing; of a dataclass it is the field's own.
        required: Whether it may not be missing; of a dataclass what has no default.
        needs: Another key that has to be there beside it.
        inline: Whether it is no key itself, but a table whose keys stand among these.
    """

    description: str
    value: Value
    name: str = ""
    default: Any = None
    required: bool = False
    needs: str = ""
    inline: bool = False

    def schema(self, parts: Json) -> Json:
        """The value's schema with what is said of the key."""
        default = {} if self.default is None or self.default == "" else {"default": self.default}
        return {**self.value.schema(parts), "description": self.description, **default}


def keys_of(cls: type) -> dict[str, Key]:
    """The keys that a dataclass declares, by its attributes."""
    hints = get_type_hints(cls, include_extras=True)
    return {
        entry.name: _declared(key, entry.name, entry.default, required=_is_required(entry))
        for entry in fields(cls)
        for key in getattr(hints[entry.name], "__metadata__", ())
        if isinstance(key, Key)
    }


def _is_required(entry: Any) -> bool:  # noqa: ANN401 -- a dataclass's field
    return entry.default is MISSING and entry.default_factory is MISSING


def _declared(key: Key, attribute: str, default: object, *, required: bool) -> Key:
    plain = default if isinstance(default, (bool, int, float, str)) else None
    default_value = int(plain) if isinstance(plain, float) and plain.is_integer() else plain
    return replace(
        key,
        name=key.name or attribute.replace("_", "-"),
        default=default_value if key.default is None else key.default,
        required=required or key.required,
    )


@dataclass(frozen=True)
class Table:
    """A table with known keys.

    Attributes:
        ref: Its name in the schema; none for the document itself.
        description: What it is.
        make: Called with what the keys mean, by attribute.
        declare: Gives the keys by attribute, when they are first needed.
        partial: Whether what is missing is said elsewhere: then nothing is required, and reading gives a dict.
        one_key: Whether exactly one of its keys has to be there.
        open: Whether it may have other keys, of which nothing is said.
    """

    ref: str
    description: str
    make: Callable[..., Any]
    declare: Callable[[], Mapping[str, Key]]
    partial: bool = False
    one_key: bool = False
    open: bool = False
    noun: ClassVar[str] = "a table"
    types: ClassVar[tuple[type, ...]] = (dict,)

    @classmethod
    def of(cls, type_: type, ref: str, description: str = "", **options: bool) -> Table:
        """The table that a dataclass declares; it is described by the first line of its docstring."""
        return cls(ref, description or str(type_.__doc__).partition("\n")[0], type_, partial(keys_of, type_), **options)

    @cached_property
    def keys(self) -> dict[str, Key]:
        """Every key by attribute, those of inline tables too."""
        return dict(self.declare())

    @cached_property
    def keys_by_name(self) -> dict[str, Key]:
        """Every key by name, those of inline tables too."""
        keys_by_name: dict[str, Key] = {}
        for key in self.keys.values():
            keys_by_name |= key.value.keys_by_name if key.inline and isinstance(key.value, Table) else {key.name: key}
        return keys_by_name

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What the table means; for a partial one only what it says, by attribute."""
        expect(self, value, location)
        if not self.open:
            refuse_unknown(value, self.keys_by_name, location)
        values = self._read_keys(value, location)
        return values if self.partial else self.make(**values)

    def _read_keys(self, value: Json, location: Location) -> Json:
        self._check_presence(value, location)
        values = {}
        for attribute, key in self.keys.items():
            if isinstance(key.value, Table) and key.inline:
                values[attribute] = key.value._read_keys(value, location)  # noqa: SLF001 -- another of its kind
            elif key.name in value:
                values[attribute] = key.value.read(value[key.name], location.key(key.name))
        return values

    def _check_presence(self, value: Json, location: Location) -> None:
        if self.one_key and len(value) != 1:
            raise location.error(f"needs exactly one of {', '.join(self.keys_by_name)}")
        for key in self.keys.values():
            if key.required and not self.partial and key.name not in value:
                raise location.key(key.name).error("is missing")
            if key.needs and key.name in value and key.needs not in value:
                raise location.key(key.name).error(f"needs {key.needs} beside it")

    def schema(self, parts: Json) -> Json:
        """An object that has these keys and no others."""
        return part(self.ref, parts, lambda: self._schema(parts))

    def _schema(self, parts: Json) -> Json:
        required = [key.name for key in self.keys.values() if key.required and not self.partial]
        needs = {key.name: [key.needs] for key in self.keys_by_name.values() if key.needs}
        return {
            "type": "object",
            "description": self.description,
            "additionalProperties": self.open,
            **({"required": required} if required else {}),
            **({"minProperties": 1, "maxProperties": 1} if self.one_key else {}),
            **({"dependentRequired": needs} if needs else {}),
            "properties": {name: key.schema(parts) for name, key in self.keys_by_name.items()},
        }


@dataclass(frozen=True)
class OneOf:
    """A table of one of several forms: that of the key which it has, or of what stands at ``tag``."""

    tables: Mapping[str, Table]
    tag: str = ""
    noun: ClassVar[str] = "a table"
    types: ClassVar[tuple[type, ...]] = (dict,)

    def read(self, value: Any, location: Location) -> Any:  # noqa: ANN401
        """What the table of this form means."""
        expect(self, value, location)
        kinds = [kind for kind in self.tables if (value.get(self.tag) == kind if self.tag else kind in value)]
        if len(kinds) != 1:
            # A misspelt key is named before the one that it should be is missed.
            refuse_unknown(value, [name for table in self.tables.values() for name in table.keys_by_name], location)
            raise self._undecided(value, location, len(kinds))
        return self.tables[kinds[0]].read(value, location)

    def _undecided(self, value: Json, location: Location, count: int) -> ConfigurationError:
        kinds = ", ".join(self.tables)
        if not self.tag:
            return location.error(f"needs exactly one of {kinds}; it has {count}")
        if self.tag not in value:
            return location.error(f"needs {self.tag}, one of {kinds}")
        return location.key(self.tag).error(f"is {value[self.tag]!r:.40}, expected one of {kinds}")

    def schema(self, parts: Json) -> Json:
        """Exactly one of them."""
        return {"oneOf": [table.schema(parts) for table in self.tables.values()]}


def refuse_unknown(value: Json, known_keys: Iterable[str], location: Location) -> None:
    """Refuse every key but these.

    Raises:
        ConfigurationError: Naming the nearest known one.
    """
    names = tuple(dict.fromkeys(known_keys))
    for key in value:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(names)}."
            raise ConfigurationError(f"{location}: unknown key {key[:80]!r}", remedy=remedy)

"""``[matrix.NAME]``: lanes made from a list. It is a lane's table in which ``{key}`` stands for each of some values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any, ClassVar

from shiplane.config.placeholders import PLACEHOLDERS
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, OneOf, Table
from shiplane.core.schema.values import Array, Either, Json, Named, Text, Value
from shiplane.core.text import INVISIBLE

_MOST_LANES = 64
# What stands in braces for something else already, in one value of a lane or another.
_TAKEN = (*PLACEHOLDERS, "major", "minor", "patch", "tag", "branch")
_KEY = Text(
    pattern=rf"(?!(?:{'|'.join(_TAKEN)})$)[a-z][a-z0-9_-]{{0,30}}",
    problem="cannot be a key of values",
    remedy=f"Lower-case letters, digits, '-' and '_'; not {', '.join(_TAKEN)}, which stand for something else.",
)
_VALUE = Text(
    pattern=f"[^{{}}{INVISIBLE}]+",
    most=200,
    problem="cannot be a value of a matrix",
    remedy="At most 200 characters, without braces, control and invisible characters.",
)
_OWN_KEYS = {
    "lane": Key("The name of each lane, with every key of values in braces: app-py{python}.", Text(), "lane"),
    "values": Key(
        'What a lane is made for each of: { python = ["3.12", "3.13"] }; of several keys for each combination. In any '
        f"text of the lane {{python}} stands for the value. At most {_MOST_LANES} lanes.",
        Named(of=Array(of=_VALUE, unique=True, least=1, most=_MOST_LANES), names=_KEY, least=1),
        "values",
    ),
}


@dataclass(frozen=True)
class Matrix:
    """The table of a matrix; reading it gives what is said of each of its lanes, by the lane's name.

    Attributes:
        lane: The table of a lane.
        names: What a lane's name may be.
    """

    lane: Table
    names: Text
    noun: ClassVar[str] = "a table"
    types: ClassVar[tuple[type, ...]] = (dict,)

    def read(self, value: Any, location: Location) -> dict[str, Json]:  # noqa: ANN401
        """The fields of each lane, as a lane's own table gives them."""
        head = self._table.read(value, location)
        template, values = head["lane"], head["values"]
        fields = {key: entry for key, entry in value.items() if key not in _OWN_KEYS}
        lanes: dict[str, Json] = {}
        for chosen in _combinations(values, location.key("values")):
            name = self.names.read(_filled(template, chosen), location.key("lane"))
            if name in lanes:
                each = " and ".join(f"{{{key}}}" for key in values)
                raise location.key("lane").error(f"makes {name} twice", remedy=f"Name each lane by {each}.")
            lanes[name] = self.lane.read(_filled(fields, chosen), location)
        return lanes

    def schema(self, parts: Json) -> Json:
        """A lane's table in which a text may be anything, since it has its form only with the values in it."""
        return self._table.schema(parts)

    @cached_property
    def _table(self) -> Table:
        own = {name: replace(key, required=True) for name, key in _OWN_KEYS.items()}
        lane = {name: replace(key, value=_loose(key.value), required=False) for name, key in self.lane.keys.items()}
        return Table(
            "matrix",
            "Lanes made from a list: a lane's keys, with values in their texts. Default of dockerfile: Dockerfile, of "
            "git-tag: <matrix>-v{version}, one for all of them.",
            dict,
            lambda: {**own, **lane},
        )


def _loose(kind: Value) -> Value:
    """A kind of value whose texts may be anything, and which means no more than it says."""
    if isinstance(kind, Text):
        return Text(description=kind.description)
    if isinstance(kind, Array):
        return replace(kind, of=_loose(kind.of))
    if isinstance(kind, Named):
        return replace(kind, of=_loose(kind.of), make=dict)
    if isinstance(kind, Either):
        return Either(tuple(map(_loose, kind.kinds)))
    if isinstance(kind, OneOf):
        return OneOf({name: _loose_table(table) for name, table in kind.tables.items()}, kind.tag)
    return _loose_table(kind) if isinstance(kind, Table) else kind


def _loose_table(table: Table) -> Table:
    keys = {name: replace(key, value=_loose(key.value)) for name, key in table.keys.items()}
    return replace(table, ref="", make=dict, declare=lambda: keys)


def _combinations(values: Mapping[str, Sequence[str]], location: Location) -> Iterator[dict[str, str]]:
    count = prod(map(len, values.values()))
    if count > _MOST_LANES:
        raise location.error(f"make {count} lanes, expected at most {_MOST_LANES}", remedy="Make several matrices.")
    for chosen in product(*values.values()):
        yield dict(zip(values, chosen, strict=True))


def _filled(value: Any, chosen: Mapping[str, str]) -> Any:  # noqa: ANN401 -- JSON
    """A value with the chosen ones in its texts; a doubled pair of braces stays, for the placeholders of a release."""
    if isinstance(value, str):
        names = "|".join(map(re.escape, chosen))
        form = rf"\{{\{{(?:{names})\}}\}}|(?<!\$)\{{({names})\}}"
        return re.sub(form, lambda match: chosen[match[1]] if match[1] else match[0], value)
    if isinstance(value, list):
        return [_filled(item, chosen) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, chosen) for key, item in value.items()}
    return value

"""Schemas and readers of our own JSON documents, from the ``TypedDict`` types that the code makes them by.

A dataclass that is written by ``dataclasses.asdict`` serves as well. The type checker holds what is written to these
types, and schema and reader are made from them: nothing is described twice. A key's annotation says more than its type
where there is more to say::

    class LaneTagsJson(TypedDict):
        \"\"\"One lane's two tags.\"\"\"

        lane: Annotated[str, "The lane's name."]                 # a description
        do: Annotated[str, FloatingTagAction, "What is done."]   # one of an enumeration's values
        digest: Annotated[str, DIGEST]                           # a value with a form, and a name in the schema
        log: Annotated[list[str], {"most": 200}, "The lines."]   # bounds
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass, replace
from enum import Enum, EnumMeta
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Anything, Array, Boolean, Choice, Either, Json, Named, Null, Number, Text, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: dict[Any, Value] = {
    str: Text(),
    bool: Boolean(),
    int: Number(whole=True, below=None),
    float: Number(below=None),
    NoneType: Null(),
    Any: Anything(),
}


def document(hint: Any, *, urn: str, title: str, description: str = "") -> Json:  # noqa: ANN401 -- a type
    """The JSON Schema of a whole document."""
    parts: Json = {}
    value = value_of(hint)
    top = replace(value, ref="") if isinstance(value, Table) else value
    description_key = {"description": description} if description else {}
    return {"$schema": DIALECT, "$id": urn, "title": title, **top.schema(parts), **description_key, "$defs": parts}


@cache
def table_of(hint: Any) -> Table:  # noqa: ANN401
    """The table that a ``TypedDict`` or a dataclass declares: ``LaneTagsJson`` is ``lane-tags`` in the schema."""
    text = hint.__name__.removesuffix("Json")
    name = "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in text).removeprefix("-")
    return Table(name, str(hint.__doc__).partition("\n")[0], dict, partial(_keys, hint))


def _keys(hint: Any) -> dict[str, Key]:  # noqa: ANN401
    hints = get_type_hints(hint, include_extras=True)
    # dataclasses.asdict leaves nothing out.
    required = getattr(hint, "__required_keys__", hints)
    return {
        name: Key(_description(key_hint), value_of(key_hint), name, required=name in required)
        for name, key_hint in hints.items()
    }


def _description(hint: Any) -> str:  # noqa: ANN401
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, str)), "")


def value_of(hint: Any) -> Value:  # noqa: ANN401
    """What may stand where a type is declared."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if is_typeddict(hint) or is_dataclass(hint):
        return table_of(hint)
    if origin in (Union, UnionType):
        return Either(tuple(map(value_of, arguments)))
    if origin is list:
        return Array(of=value_of(arguments[0]))
    if origin is dict:
        names = value_of(arguments[0])
        return Named(of=value_of(arguments[1]), names=names if isinstance(names, Text) and names.pattern else None)
    return _KINDS[hint]


def _annotated(hint: Any, extras: tuple[Any, ...]) -> Value:  # noqa: ANN401
    value: Value | None = None
    for extra in extras:
        if isinstance(extra, EnumMeta):
            members: Iterable[Enum] = extra
            value = Choice.of(*(member.value for member in members))
        elif isinstance(extra, type):
            value = value_of(extra)
        elif isinstance(extra, dict):
            plain: Any = value_of(hint)
            value = replace(plain, **extra)
        elif not isinstance(extra, str):
            value = extra
    return value or value_of(hint)

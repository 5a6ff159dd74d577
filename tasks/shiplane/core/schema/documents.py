"""JSON Schemas of the documents that we write, from the ``TypedDict`` types that the code makes them by.

A dataclass that is written by ``dataclasses.asdict`` serves as well. The type checker holds what is written to these
types, and the schema is made from them: nothing is described twice. A key's annotation says more than its type where
there is more to say::

    class LaneTagsJson(TypedDict):
        \"\"\"One lane's two tags.\"\"\"

        lane: Annotated[str, "The lane's name."]                 # a description
        do: Annotated[str, FloatingTagAction, "What is done."]   # one of an enumeration's values
        digest: Annotated[str, DIGEST]                           # a value with a form, and a name in the schema
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from enum import Enum, EnumMeta
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from shiplane.core.schema.values import Json, part

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def document(hint: Any, *, urn: str, title: str, description: str = "") -> Json:  # noqa: ANN401 -- a type
    """The JSON Schema of a whole document."""
    parts: Json = {}
    top = _object(hint, parts) if _has_keys(hint) else schema_of(hint, parts)
    said = {"description": description} if description else {}
    return {"$schema": DIALECT, "$id": urn, "title": title, **top, **said, "$defs": parts}


def schema_of(hint: Any, parts: Json) -> Json:  # noqa: ANN401
    """The JSON Schema of a type; every ``TypedDict`` or dataclass in it becomes one of the parts."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:], parts)
    if _has_keys(hint):
        return part(_name(hint), parts, partial(_object, hint, parts))
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(one, parts) for one in arguments]}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], parts)}
    if origin is dict:
        names = {} if arguments[0] is str else {"propertyNames": schema_of(arguments[0], parts)}
        return {"type": "object", **names, "additionalProperties": schema_of(arguments[1], parts)}
    return {"type": _TYPES[hint]}


def _annotated(hint: Any, extras: tuple[Any, ...], parts: Json) -> Json:  # noqa: ANN401
    schema: Json = {}
    for extra in extras:
        if isinstance(extra, str):
            schema = {**(schema or schema_of(hint, parts)), "description": extra}
        elif isinstance(extra, EnumMeta):
            members: Iterable[Enum] = extra
            schema = {"enum": [member.value for member in members]}
        elif isinstance(extra, type):
            schema = schema_of(extra, parts)
        elif isinstance(extra, dict):
            schema = {**(schema or schema_of(hint, parts)), **extra}
        else:
            schema = extra.schema(parts)
    return schema


def _object(hint: Any, parts: Json) -> Json:  # noqa: ANN401
    hints = get_type_hints(hint, include_extras=True)
    return {
        "type": "object",
        "description": str(hint.__doc__).partition("\n")[0],
        "additionalProperties": False,
        # dataclasses.asdict leaves nothing out.
        "required": [key for key in hints if key in getattr(hint, "__required_keys__", hints)],
        "properties": {key: schema_of(one, parts) for key, one in hints.items()},
    }


def _has_keys(hint: object) -> bool:
    return is_typeddict(hint) or is_dataclass(hint)


def _name(hint: type) -> str:
    """``LaneTagsJson`` is ``lane-tags`` in the schema."""
    text = hint.__name__.removesuffix("Json")
    return "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in text).removeprefix("-")

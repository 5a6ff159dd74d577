"""The page about the project file's keys, from the types that read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from shiplane.config.running.project_schema import project_schema
from tests.pages.text import code, generated, plain, table

Node: TypeAlias = Mapping[str, Any]

_HEAD = """\
# Every key of the project file

{note}

The keys of `shiplane.toml`, or of `[tool.shiplane]` in `pyproject.toml`, table by table: what each takes, its default,
and what it does. [Configuration](configuration.md) explains them by an example. An editor that knows JSON Schema can
complete and check the file by [`project.schema.json`](../../tasks/shiplane/schema/project.schema.json).

## Top level
"""
# The pages are for people: of a type no more than what to write there.
_TYPES = {
    "string": "text",
    "boolean": "true or false",
    "number": "number",
    "integer": "whole number",
    "object": "table",
}
_NAME = "NAME"


def page() -> str:
    """The page, as Markdown."""
    schema = project_schema()
    sections = _sections(schema)
    lines = [_HEAD.format(note=generated("the types that read the file")), _keys(schema, schema["$defs"]), ""]
    for title, node in sections:
        lines += [f"## {title}\n", plain(node.get("description", "")), "", _keys(node, schema["$defs"]), ""]
    return "\n".join(lines)


def _sections(schema: Node) -> list[tuple[str, Node]]:
    """Every table below the top level, each kind once, where it is first met."""
    seen: dict[str, tuple[str, Node]] = {}
    waiting = [found for found in _tables(schema, "") if _is_table(schema, found)]
    while waiting:
        title, name = waiting.pop(0)
        node = schema["$defs"][name]
        if name not in seen:
            seen[name] = (title, node)
            waiting += [found for found in _tables(node, title.strip("[]")) if _is_table(schema, found)]
    return [(f"{title}{_kind(node)}", node) for title, node in seen.values()]


def _is_table(schema: Node, found: tuple[str, str]) -> bool:
    return "properties" in schema["$defs"].get(found[1], {})


def _kind(node: Node) -> str:
    """What tells one form of a table from its others: its required key, and what that is."""
    required = node.get("required", [])
    fixed = [f'{key} = "{value}"' for key in required if (value := node["properties"][key].get("const"))]
    return f" with {fixed[0]}" if fixed else f" with {required[0]}" if len(required) == 1 else ""


def _tables(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """What a table refers to, with how that is written there."""
    for key, value in node.get("properties", {}).items():
        yield from _referred(value, f"{path}.{key}".lstrip("."), array=False)


def _referred(node: Node, path: str, *, array: bool) -> Iterator[tuple[str, str]]:
    if "$ref" in node:
        yield (f"[[{path}]]" if array else f"[{path}]"), node["$ref"].rpartition("/")[2]
    for form in (*node.get("oneOf", ()), *node.get("anyOf", ())):
        yield from _referred(form, path, array=array)
    if isinstance(node.get("items"), dict):
        yield from _referred(node["items"], path, array=True)
    if isinstance(node.get("additionalProperties"), dict):
        yield from _referred(node["additionalProperties"], f"{path}.{_NAME}", array=array)


def _keys(node: Node, defs: Node) -> str:
    required = node.get("required", ())
    rows = [
        (
            code(key) + (", required" if key in required else ""),
            _type(value, defs),
            _default(value),
            plain(value.get("description", "")),
        )
        for key, value in node["properties"].items()
    ]
    return table(("key", "takes", "default", "does"), rows)


def _default(value: Node) -> str:
    return code(json.dumps(value["default"])) if "default" in value else ""


def _type(value: Node, defs: Node) -> str:
    """What to write for a value."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return "table" if "properties" in defs[name] else name.replace("-", " ")
    if forms := value.get("anyOf") or value.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(form, defs) for form in forms))
    if values := value.get("enum", [value["const"]] if "const" in value else []):
        return " or ".join(code(json.dumps(one)) for one in values)
    if value["type"] == "array":
        return f"list of {_type(value['items'], defs)}"
    return " or ".join(_TYPES[one] for one in ([value["type"]] if isinstance(value["type"], str) else value["type"]))

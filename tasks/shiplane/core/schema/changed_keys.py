"""Which keys differ between two versions of a project file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of the values that differ, those of tables one by one; a list is compared as a whole.

    A table that is there in one of them alone is one change, a table of such tables (``lanes``) one for each.
    """
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from ((key, *inner) for inner in changed_keys(old, new))
        elif _has_tables_alone(old or new) and (old is None or new is None):
            yield from ((key, inner) for inner in old or new or ())
        elif old != new:
            yield (key,)


def with_old(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The tables after, with what was at a path before."""
    key, *inner = path
    if inner:
        return {**after, key: with_old(before.get(key, {}), after.get(key, {}), tuple(inner))}
    kept = {name: value for name, value in after.items() if name != key}
    return {**kept, key: before[key]} if key in before else kept


def _has_tables_alone(value: Any) -> bool:  # noqa: ANN401 -- TOML
    return isinstance(value, dict) and bool(value) and all(isinstance(inner, dict) for inner in value.values())

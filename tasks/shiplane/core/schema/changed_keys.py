"""Which keys differ between two versions of a project file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of the values that differ, those of tables one by one; a list is compared as a whole.

    Of a table that is there in one of them alone, each of its values is a change.
    """
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        only = old or new
        if isinstance(old, dict) and isinstance(new, dict):
            yield from ((key, *inner) for inner in changed_keys(old, new))
        elif None in (old, new) and isinstance(only, dict) and only:
            yield from ((key, inner) for inner in only)
        elif old != new:
            yield (key,)


def with_old(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The tables after, with what was at a path before."""
    key, *inner = path
    if inner:
        return {**after, key: with_old(before.get(key, {}), after.get(key, {}), tuple(inner))}
    kept = {name: value for name, value in after.items() if name != key}
    return {**kept, key: before[key]} if key in before else kept

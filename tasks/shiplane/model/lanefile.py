"""Lanes as the project file names them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from shiplane.model.buildfile import BUILD_KEYS, parse_build
from shiplane.model.errors import UsageError
from shiplane.model.image import Tag, parse_tag
from shiplane.model.lane import BUILT_IN, Lane
from shiplane.model.table import Table


def parse_lanes(table: Table) -> tuple[Lane, ...]:
    """The built-in lanes, changed where the file names them.

    Where it has a lane of another name, the project is one of its own lanes: those that the file names, and no others.
    """
    built_in = {lane.name: lane for lane in BUILT_IN}
    own = {name: _lane(name, lane, built_in.get(name)) for name, lane in table.tables()}
    lanes = tuple(({**built_in, **own} if own.keys() <= built_in.keys() else own).values())
    caches = [lane.build.cache for lane in lanes if lane.build.cache]
    for cache in caches:
        if sum((cache.type, cache.place) == (other.type, other.place) for other in caches) > 1:
            raise table.wrong("", f"keep their cache in one place, {cache.place}: each would overwrite the other's")
    return lanes


def _lane(name: str, table: Table, base: Lane | None) -> Lane:
    table.only("dockerfile", "prefix", "floating", "git-tag", "publish-latest", "context", "smoke", *BUILD_KEYS)
    texts = {key: table.get(key, str) for key in ("dockerfile", "prefix", "git-tag", "context")}
    fields: dict[str, Any] = {key.replace("-", "_"): text for key, text in texts.items() if text is not None}
    for key in ("dockerfile", "context"):
        if key in fields:
            table.checked(key, inside, fields[key])
    floating, latest = table.get("floating", str), table.get("publish-latest", bool)
    fields |= {"floating": table.checked("floating", parse_tag, floating)} if floating is not None else {}
    fields |= {"publish_latest": latest} if latest is not None else {}
    return replace(base or _new_lane(name), build=parse_build(name, table), **fields)


def _new_lane(name: str) -> Lane:
    """What a lane of another name is when the file says nothing more; the lane itself judges the name."""
    return Lane(
        name=name,
        dockerfile=f"Dockerfile.{name}",
        prefix=f"{name}-",
        floating=Tag(f"{name}-latest"),
        git_tag=f"{name}-v{{version}}",
    )


def inside(path: str) -> str:
    """Check that a path stays in the project.

    Raises:
        UsageError: It leads out of it.
    """
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise UsageError(f"path {path[:80]!r} leads out of the project", remedy="Give a path relative to its root.")
    return path

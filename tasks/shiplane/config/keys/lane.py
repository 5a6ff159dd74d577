"""Lanes as the project file names them."""

from __future__ import annotations

from dataclasses import replace
from posixpath import normpath
from typing import Any

from shiplane.config.keys.build import BUILD_KEYS, parse_build
from shiplane.config.keys.table import Table
from shiplane.config.lane import BUILT_IN, Lane
from shiplane.core.errors import UsageError
from shiplane.core.redact import quoted
from shiplane.registry.oci.names import Tag, parse_tag


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
    """Check that a path stays in the project, whatever links there are in it.

    Raises:
        UsageError: It leads out of it; or where it leads depends on a link; or it is no path.
    """
    remedy, normal = "Give a path relative to the project's root.", normpath(path)
    if not path or "\0" in path:
        raise UsageError(f"{path[:80]!r} is no path", remedy=remedy)
    if path.startswith("/"):
        raise UsageError(f"path {path[:80]!r} is absolute", remedy=remedy)
    if normal.split("/")[0] == "..":
        raise UsageError(f"path {path[:80]!r} leads out of the project", remedy=remedy)
    if ".." in path.split("/"):
        raise UsageError(f"path {path[:80]!r} goes back up by ..", remedy=f"Write {quoted(normal)}.")
    return path

"""Lanes as the project file names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.keys.smoke import SMOKE
from shiplane.config.lane import BUILT_IN, NAME, Lane
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.core.schema.values import Json, Named

_SMOKE = Key("Smoke runs of this lane; keys that are not set are taken from [smoke].", SMOKE, "smoke")
# What the file says of each lane, by attribute; a built-in one has the rest already.
LANES = Named(
    of=Table(
        "lane", "An independent line of releases.", Lane, lambda: {**keys_of(Lane), "smoke": _SMOKE}, partial=True
    ),
    names=NAME,
)


def make_lanes(given: Mapping[str, Json], place: Location) -> tuple[Lane, ...]:
    """The built-in lanes, changed where the file names them.

    Where it has a lane of another name, the project is one of its own lanes: those that the file names, and no others.

    Raises:
        ConfigurationError: Two keep their cache in one place.
    """
    built_in = {lane.name: lane for lane in BUILT_IN}
    own = {name: _lane(built_in.get(name) or _new_lane(name), fields) for name, fields in given.items()}
    lanes = tuple(({**built_in, **own} if own.keys() <= built_in.keys() else own).values())
    caches = [lane.build.cache for lane in lanes if lane.build.cache]
    for cache in caches:
        if sum((cache.type, cache.place) == (other.type, other.place) for other in caches) > 1:
            raise place.error(f"use the same cache, {cache.place}: each would overwrite the other's")
    return lanes


def _lane(base: Lane, given: Json) -> Lane:
    fields = {key: value for key, value in given.items() if key not in ("build", "smoke")}
    build = replace(base.build, **given["build"])
    if build.cache and not build.cache.place:
        build = replace(build, cache=replace(build.cache, place=base.name))
    return replace(base, **fields, build=build)


def _new_lane(name: str) -> Lane:
    """What a lane of another name is when the file says nothing more."""
    return Lane(
        name=name,
        dockerfile=f"Dockerfile.{name}",
        prefix=f"{name}-",
        floating_templates=(FloatingTemplate(text=f"{name}-latest"),),
        git_tag=f"{name}-v{{version}}",
    )

"""Lanes as the project file names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.keys.smoke import SMOKE
from shiplane.config.lane import BUILT_IN, NAME, Lane
from shiplane.config.names.collisions import apart
from shiplane.config.names.version_tag import TagTemplate
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.core.schema.values import Json, Named, Text

_PREFIX = Key(
    "Short for a version tag without text after the version: tag = <prefix>v{version}. Empty, or ending in '-', '.' or "
    "'_'.",
    Text(
        pattern="(?:[a-z0-9][a-z0-9._-]{0,30}[._-])?",
        problem="is not a version tag prefix",
        remedy="Empty, or lower-case letters, digits, '.', '_' and '-', ending in '-', '.' or '_'.",
    ),
    "prefix",
)
_SMOKE = Key("Smoke runs of this lane; keys that are not set are taken from [smoke].", SMOKE, "smoke")
# What the file says of each lane, by attribute; a built-in one has the rest already.
LANES = Named(
    of=Table(
        "lane",
        "An independent line of releases.",
        Lane,
        lambda: {**keys_of(Lane), "prefix": _PREFIX, "smoke": _SMOKE},
        partial=True,
    ),
    names=NAME,
)


def make_lanes(given: Mapping[str, Json], place: Location) -> tuple[Lane, ...]:
    """The built-in lanes, changed where the file names them.

    Where it has a lane of another name, the project is one of its own lanes: those that the file names, and no others.

    Raises:
        ConfigurationError: Two could write one name, or keep their cache in one place.
    """
    built_in = {lane.name: lane for lane in BUILT_IN}
    own = {
        name: _lane(built_in.get(name) or _new_lane(name), fields, place.key(name)) for name, fields in given.items()
    }
    lanes = apart(({**built_in, **own} if own.keys() <= built_in.keys() else own).values())
    caches = [lane.build.cache for lane in lanes if lane.build.cache]
    for cache in caches:
        if sum((cache.type, cache.place) == (other.type, other.place) for other in caches) > 1:
            raise place.error(f"use the same cache, {cache.place}: each would overwrite the other's")
    return lanes


def _lane(base: Lane, given: Json, place: Location) -> Lane:
    fields = {key: value for key, value in given.items() if key not in ("build", "prefix", "smoke")}
    if "prefix" in given:
        if "version_template" in given:
            raise place.error("has both tag and prefix, which is short for one", remedy="Give one of them.")
        fields["version_template"] = TagTemplate(f"{given['prefix']}v")
    build = replace(base.build, **given["build"])
    if build.cache and not build.cache.place:
        build = replace(build, cache=replace(build.cache, place=base.name))
    return replace(base, **fields, build=build)


def _new_lane(name: str) -> Lane:
    """What a lane of another name is when the file says nothing more."""
    return Lane(
        name=name,
        dockerfile=f"Dockerfile.{name}",
        version_template=TagTemplate(f"{name}-v"),
        floating_templates=(FloatingTemplate(text=f"{name}-latest"),),
        git_tag=f"{name}-v{{version}}",
    )

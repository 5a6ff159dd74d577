"""Lanes as the project file names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from shiplane.config.checks.keys import CHECKS
from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.keys.matrix import Matrix
from shiplane.config.keys.parents import with_parents
from shiplane.config.keys.smoke import SMOKE
from shiplane.config.lane import BUILT_IN, NAME, Lane
from shiplane.config.names.collisions import apart
from shiplane.config.names.version_tag import TagTemplate
from shiplane.core.schema.location import Location
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.core.schema.values import Json, Named, Text
from shiplane.registry.oci.names import Repository

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
_FROM = Key(
    "A lane, configured or built in, from which this one has all that it does not say, except its names: tag, prefix, "
    "aliases, floating and git-tag are its own, with the defaults of a new lane. build-args, labels, annotations, "
    "secrets, smoke and checks add to those of that lane; a cache with a place of its own is not taken over.",
    NAME,
    "from",
)
_SMOKE = Key("Smoke runs of this lane; keys that are not set are taken from [smoke].", SMOKE, "smoke")
_CHECKS = Key("Checks of this lane's staged image, beside those of every lane.", CHECKS, "checks")
# Each pair of lanes is looked at for names that both could write.
_MOST_LANES = 64
# What the file says of a lane, by attribute; a built-in one has the rest already.
_LANE = Table(
    "lane",
    "An independent line of releases.",
    Lane,
    lambda: {"parent": _FROM, **keys_of(Lane), "prefix": _PREFIX, "smoke": _SMOKE, "checks": _CHECKS},
    partial=True,
)
LANES = Named(of=_LANE, names=NAME, most=_MOST_LANES)
MATRIX = Key(
    "Lanes made from a list of values, by the list's name.", Named(of=Matrix(_LANE, NAME), names=NAME), "matrix"
)
# What a lane has of its own; the rest another one may begin with.
_NAMES = ("version_template", "alias_templates", "floating_templates", "git_tag")
_OWN = ("name", *_NAMES, "build", "names", "reserved", "rivals")


def lane_tables(given: Mapping[str, Json], place: Location) -> dict[str, Json]:
    """What the file says of each lane, its own or a matrix's, with what that leaves to another lane.

    Args:
        given: What the file says.
        place: The file.

    Raises:
        ConfigurationError: Two lanes have one name, there are too many, or one begins from none or from itself.
    """
    tables = dict(given.get("lanes", {}))
    for matrix, lanes in given.get("matrix", {}).items():
        for name, said in lanes.items():
            if name in tables:
                raise place.key("matrix").key(matrix).error(f"makes {name}, which is another lane already")
            dockerfile = {} if "parent" in said else {"dockerfile": "Dockerfile"}
            tables[name] = {"git_tag": f"{matrix}-v{{version}}", **dockerfile, **said}
    if len(tables) > _MOST_LANES:
        raise place.error(f"has {len(tables)} lanes, expected at most {_MOST_LANES}")
    lanes = {**{name: _new_lane(name) for name in tables}, **{lane.name: lane for lane in BUILT_IN}}
    return with_parents(tables, {name: _inheritable(lane) for name, lane in lanes.items()}, place.key("lanes"))


def _inheritable(lane: Lane) -> Json:
    """What another lane may have of a lane before the file says anything."""
    return {entry.name: getattr(lane, entry.name) for entry in fields(lane) if entry.name not in _OWN}


def make_lanes(given: Mapping[str, Json], place: Location, images: Sequence[Repository] = ()) -> tuple[Lane, ...]:
    """The built-in lanes, changed where the file names them.

    Where it has a lane of another name, the project is one of its own lanes: those that the file names, and no others.

    Args:
        given: What the file says of each lane.
        place: Where it says so.
        images: The repositories of the lanes without their own.

    Raises:
        ConfigurationError: Two could write one name, or keep their cache in one place.
    """
    built_in = {lane.name: lane for lane in BUILT_IN}
    own = {name: _lane(built_in.get(name) or _new_lane(name), said, place.key(name)) for name, said in given.items()}
    lanes = apart(({**built_in, **own} if own.keys() <= built_in.keys() else own).values(), images)
    caches = [lane.build.cache for lane in lanes if lane.build.cache]
    for cache in caches:
        if sum((cache.type, cache.place) == (other.type, other.place) for other in caches) > 1:
            raise place.error(f"use the same cache, {cache.place}: each would overwrite the other's")
    return lanes


def _lane(base: Lane, given: Json, place: Location) -> Lane:
    own = {key: value for key, value in given.items() if key not in ("build", "checks", "parent", "prefix", "smoke")}
    if "prefix" in given:
        if "version_template" in given:
            raise place.error("has both tag and prefix, which is short for one", remedy="Give one of them.")
        own["version_template"] = TagTemplate(f"{given['prefix']}v")
    build = replace(base.build, **given["build"], asks_for_provenance=bool(given["build"].get("provenance")))
    if build.cache and not build.cache.place:
        build = replace(build, cache=replace(build.cache, place=base.name))
    return replace(base, **own, build=build)


def _new_lane(name: str) -> Lane:
    """What a lane of another name is when the file says nothing more."""
    return Lane(
        name=name,
        dockerfile=f"Dockerfile.{name}",
        version_template=TagTemplate(f"{name}-v"),
        floating_templates=(FloatingTemplate(text=f"{name}-latest"),),
        git_tag=f"{name}-v{{version}}",
    )

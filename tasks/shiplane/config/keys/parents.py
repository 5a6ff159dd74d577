"""Lanes that begin from another one: what the file says of each, with what it leaves to the lane that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shiplane.core.errors import did_you_mean
from shiplane.core.schema.location import Location
from shiplane.core.schema.values import Json
from shiplane.core.text import quoted

# What each lane has of its own: with another's names it would write the other's tags.
_OWN = ("parent", "version_template", "prefix", "alias_templates", "floating_templates", "git_tag")
# Of these a lane says what is different, each by what it is called.
_NAMED: Mapping[str, Callable[[Any], str]] = {
    "args": lambda arg: arg.name,
    "secrets": lambda secret: secret.id,
    "labels": lambda label: label[0],
    "annotations": lambda annotation: annotation[0],
}


def with_parents(given: Mapping[str, Json], defaults: Mapping[str, Json], place: Location) -> dict[str, Json]:
    """What the file says of each lane, completed by what is said of the lanes that they begin from.

    Args:
        given: What the file says of each lane, by attribute; ``parent`` is the lane that it begins from.
        defaults: What each lane is that exists, before the file says anything of it.
        place: Where the lanes are.

    Raises:
        ConfigurationError: There is no such lane, or a lane begins from itself.
    """

    def completed(name: str, line: tuple[str, ...]) -> Json:
        own = given.get(name, {"build": {}})
        parent = own.get("parent")
        if parent is None:
            return _merged(defaults[name], own)
        location = place.key(name).key("from")
        if parent in line:
            raise location.error(f"leads round in a circle: {' -> '.join((*line, parent))}")
        if parent not in defaults:
            raise location.error(f"names {quoted(parent, 40)}, which is no lane", remedy=_nearest(parent, defaults))
        return _merged(completed(parent, (*line, parent)), own)

    return {name: completed(name, (name,)) if "parent" in own else own for name, own in given.items()}


def _merged(parent: Json, own: Json) -> Json:
    """A lane's own over what it inherits."""
    inherited = {key: value for key, value in parent.items() if key not in _OWN}
    smokes = [fields["smoke"] for fields in (parent, own) if "smoke" in fields]
    merged: Json = {"smoke": {key: value for fields in smokes for key, value in fields.items()}} if smokes else {}
    if checks := _by_name(parent.get("checks", ()), own.get("checks", ()), lambda check: check.name):
        merged["checks"] = checks
    return {**inherited, **own, "build": _merged_build(parent.get("build", {}), own["build"]), **merged}


def _merged_build(parent: Json, own: Json) -> Json:
    """The build settings. Two lanes cannot keep their cache in one place, so one that is said is not inherited."""
    inherited = {key: value for key, value in parent.items() if key != "cache" or not value.place}
    merged = {key: _by_name(inherited.get(key, ()), own.get(key, ()), name) for key, name in _NAMED.items()}
    return {**inherited, **own, **{key: value for key, value in merged.items() if value}}


def _by_name(parent: Iterable[Any], own: Iterable[Any], name: Callable[[Any], str]) -> tuple[Any, ...]:
    return tuple({name(item): item for item in (*parent, *own)}.values())


def _nearest(name: str, known: Iterable[str]) -> str:
    return did_you_mean(name, known) or f"Lanes are {', '.join(known)}."

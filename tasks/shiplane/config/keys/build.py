"""A lane's build settings as the project file names them."""

from __future__ import annotations

import re
from collections.abc import Callable

from shiplane.config.build_settings import BuildArg, BuildSecret, BuildSettings, Cache
from shiplane.config.keys.table import Table
from shiplane.core.errors import UsageError
from shiplane.registry.oci.names import Repository, parse_tag

BUILD_KEYS = ("target", "build-args", "secrets", "cache", "provenance", "sbom")
# A stage's name, or its number (Dockerfile reference, "FROM").
_TARGET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_ARG = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
# What is no build arg whatever it holds: provenance shows build args to everybody who can pull the image.
_SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|KEYS?(_|$)", re.ASCII | re.IGNORECASE)
# buildx takes these as fields of comma-separated values.
_PATH = re.compile(r'[^",\x00-\x1f\x7f]{1,1024}')
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", re.ASCII)
_MODES = ("min", "max")
# A tag has 128; a platform's name goes behind it.
_MAX_TAG = 100
_CACHES = {"registry": "ref", "gha": "scope", "local": "path"}


def parse_build(lane: str, table: Table) -> BuildSettings:
    """The build settings among a lane's keys.

    Raises:
        ConfigurationError: One of them is wrong; a build arg that looks like a secret is.
    """
    target, sbom = table.get("target", str), table.get("sbom", bool)
    return BuildSettings(
        target="" if target is None else table.checked("target", _formed(_TARGET, "stage of a Dockerfile"), target),
        args=_args(table.table("build-args")),
        secrets=tuple(_secret(name, entry) for name, entry in table.table("secrets").tables()),
        cache=_cache(lane, table.table("cache")) if "cache" in table.fields else None,
        provenance=_provenance(table),
        sbom=bool(sbom),
    )


def _args(table: Table) -> tuple[BuildArg, ...]:
    found = []
    for name, value in table.fields.items():
        table.checked(name, _public, name)
        if isinstance(value, str):
            found.append(BuildArg(name=name, value=value))
        else:
            entry = table.either(name)
            entry.only("env")
            found.append(BuildArg(name=name, env=entry.checked("env", _public, entry.get("env", str) or "")))
    return tuple(found)


def _public(name: str) -> str:
    """The name of a build arg, or of the variable behind it.

    Raises:
        UsageError: It is none, or looks like a secret's.
    """
    _formed(_ARG, "name of a build arg or a variable")(name)
    if _SECRET.search(name):
        raise UsageError(
            f"{name} looks like a secret, and build args are public: the image's provenance and history show them",
            remedy='Use secrets = { some-id = { env = "..." } } and RUN --mount=type=secret,id=some-id.',
        )
    return name


def _secret(name: str, table: Table) -> BuildSecret:
    table.checked("", _formed(_ID, "id of a secret"), name)
    table.only("env", "file")
    env, file = table.get("env", str), table.get("file", str)
    if (env is None) == (file is None):
        raise table.wrong("", "needs exactly one of env, file")
    if env is not None:
        return BuildSecret(id=name, env=table.checked("env", _formed(_ARG, "name of a variable"), env))
    return BuildSecret(id=name, file=table.checked("file", _formed(_PATH, "path without comma or quote"), file or ""))


def _cache(lane: str, table: Table) -> Cache:
    kind = table.get("type", str) or ""
    if kind not in _CACHES:
        table.only("type", *_CACHES.values(), "mode")
        raise table.wrong("type", f"is {kind[:40]!a}, expected one of {', '.join(_CACHES)}")
    key = _CACHES[kind]
    table.only("type", key, "mode")
    place, mode = table.get(key, str), table.get("mode", str) or "min"
    if mode not in _MODES:
        raise table.wrong("mode", f"is {mode[:40]!a}, expected min or max")
    if kind == "gha" and place is None:
        place = lane
    if place is None:
        raise table.wrong("", f"of the type {kind} needs {key}")
    return Cache(type=kind, place=table.checked(key, _PLACE[kind], place), mode=mode)


def _reference(text: str) -> str:
    """A cache's reference: with a tag, since none would mean ``latest``."""
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        raise UsageError(f"{text[:80]!a} has no tag", remedy="Name one that is no lane's, as in ...:cache-main.")
    if len(tag) > _MAX_TAG:
        raise UsageError(f"the tag {tag[:80]!a} is {len(tag)} characters long", remedy=f"At most {_MAX_TAG}.")
    return f"{Repository.parse(name)}:{parse_tag(tag)}"


def _formed(form: re.Pattern[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise UsageError(f"{text[:80]!a} is no {what}")
        return text

    return check


_PLACE: dict[str, Callable[[str], str]] = {
    "registry": _reference,
    "gha": _formed(_SCOPE, "scope of a cache"),
    "local": _formed(_PATH, "path without comma or quote"),
}


def _provenance(table: Table) -> str:
    value = table.fields.get("provenance", "min")
    if value is False:
        return ""
    if value not in _MODES or not isinstance(value, str):
        raise table.wrong("provenance", f"is {value!r:.40}, expected min, max or false")
    return value

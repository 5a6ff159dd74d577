"""The project file: ``shiplane.toml``, or ``[tool.shiplane]`` in ``pyproject.toml``. Everything in it is optional.

Unknown keys are errors that name the nearest known one: a misspelt ``publish-latset`` must not pass as "no".
"""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shiplane.model.errors import ConfigurationError, UsageError
from shiplane.model.gate import Gate, Kind
from shiplane.model.image import Platform, Repository, Tag, parse_platforms, parse_tag
from shiplane.model.lane import BUILT_IN, Lane, check_disjoint

T = TypeVar("T")

DEFAULT_BUILD_TIMEOUT = 900.0
_MAX_NUMBER = 10**7
# What --skip means by these names; a gate of such a name could not be told apart.
RESERVED_CHECKS = ("access", "build", "gates")
_GATE_KINDS = tuple(kind.value for kind in Kind)
_GATE_KEYS = {
    Kind.COMMAND: ("timeout-seconds",),
    Kind.HTTP: ("timeout-seconds", "status", "field", "value"),
    Kind.GITHUB: ("timeout-seconds", "max-age-hours"),
}
_GATE_TIMEOUT = {Kind.COMMAND: 900.0, Kind.HTTP: 10.0, Kind.GITHUB: 0.0}


@dataclass(frozen=True, kw_only=True)
class RegistryNames:
    """The environment variables that hold a registry's credential, in order, and its token service's host."""

    username_env: tuple[str, ...] = ()
    password_env: tuple[str, ...] = ()
    token_host: str = ""


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """What the project says about itself.

    Attributes:
        name: Which file it was, for people to read.
        image: The repository of every lane, or None when it is derived.
        platforms: What every lane is built for; empty when it is the default.
        lanes: The built-in lanes and the project's own, checked to be disjoint.
        registries: Credential variables by registry.
        build: The build command, word by word; None for the default.
        build_timeout: Seconds for it.
        gates: What else must be green before a release.
    """

    name: str = ""
    image: Repository | None = None
    platforms: tuple[Platform, ...] = ()
    lanes: tuple[Lane, ...] = BUILT_IN
    registries: Mapping[str, RegistryNames] = field(default_factory=dict)
    build: tuple[str, ...] | None = None
    build_timeout: float = DEFAULT_BUILD_TIMEOUT
    gates: tuple[Gate, ...] = ()

    def lane(self, name: str) -> Lane:
        """One lane by its name.

        Raises:
            UsageError: There is no such lane.
        """
        known = {lane.name: lane for lane in self.lanes}
        if name not in known:
            raise UsageError(f"there is no lane {name[:40]!r}", remedy=f"Known lanes: {', '.join(known)}.")
        return known[name]


def parse_project_file(document: Mapping[str, Any], name: str) -> ProjectFile:
    """Check a parsed project file.

    Raises:
        ConfigurationError: A key is unknown, or a value has the wrong type or form; the key and the file are named.
    """
    top = _Table(document, name)
    top.only("image", "platforms", "lanes", "registries", "build", "build-timeout-seconds", "gates")
    image, platforms = top.get("image", str), top.strings("platforms")
    lanes = _lanes(top.table("lanes"))
    check_disjoint(lanes)
    return ProjectFile(
        name=name,
        image=top.checked("image", Repository.parse, image) if image is not None else None,
        platforms=top.checked("platforms", parse_platforms, ",".join(platforms)) if platforms else (),
        lanes=lanes,
        registries={host: _registry(table) for host, table in top.table("registries").tables()},
        build=_command(top, "build"),
        build_timeout=top.number("build-timeout-seconds", above=0.0) or DEFAULT_BUILD_TIMEOUT,
        gates=_gates(top),
    )


def _command(table: _Table, key: str) -> tuple[str, ...] | None:
    """A command as a shell would split it, but without the shell: ``sh -c "..."`` where one is wanted."""
    text = table.get(key, str)
    if text is None:
        return None
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise table.wrong(key, f"is no command: {error}") from error
    if not words:
        raise table.wrong(key, "is empty")
    return words


def _gates(top: _Table) -> tuple[Gate, ...]:
    gates = tuple(_gate(table) for table in top.list_of_tables("gates"))
    names = [gate.name for gate in gates]
    for name in names:
        if names.count(name) > 1:
            raise top.wrong("gates", f"have the name {name[:40]!a} twice")
        if name in RESERVED_CHECKS:
            raise top.wrong("gates", f"have the name {name!a}, which --skip understands as something else")
    return gates


def _gate(table: _Table) -> Gate:
    kinds = [kind for kind in Kind if kind.value in table.fields]
    if len(kinds) != 1:
        # A misspelt kind is named before it is missed.
        table.only("name", *_GATE_KINDS, *(key for keys in _GATE_KEYS.values() for key in keys))
        raise table.wrong("", f"needs exactly one of {', '.join(_GATE_KINDS)}; it has {len(kinds)}")
    kind = kinds[0]
    table.only("name", kind.value, *_GATE_KEYS[kind])
    target, field_name, value = _target(table, kind), table.get("field", str) or "", table.word("value")
    if value is not None and not field_name:
        raise table.wrong("value", "is given without field: nothing says where it should stand")
    timeout = table.number("timeout-seconds", above=None if kind is Kind.GITHUB else 0.0)
    return Gate(
        name=_gate_name(table, target),
        kind=kind,
        target=target,
        timeout=_GATE_TIMEOUT[kind] if timeout is None else timeout,
        status=_status(table),
        field=field_name,
        value=value,
        max_age_hours=table.number("max-age-hours", above=0.0),
    )


def _target(table: _Table, kind: Kind) -> str:
    target = table.get(kind.value, str) or ""
    if not target.strip() or not target.isprintable():
        raise table.wrong(kind.value, "is empty, or has control characters")
    if kind is Kind.COMMAND:
        _command(table, kind.value)
    if kind is Kind.HTTP:
        parts = urlsplit(table.checked(kind.value, _url, target))
        if parts.username is not None or parts.password is not None:
            raise table.wrong(kind.value, "has a user name or a password in it, which a file must not hold")
    return target


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or " " in text:
        raise UsageError("that is no http or https URL", remedy="Expected one like https://example.org/health.")
    return text


def _gate_name(table: _Table, target: str) -> str:
    name = table.get("name", str)
    if name is not None and (not name.strip() or not name.isprintable()):
        raise table.wrong("name", "is empty, or has control characters")
    return name or target[:80]


def _status(table: _Table) -> int:
    status = table.get("status", int)
    if status is not None and not 100 <= status <= 599:  # noqa: PLR2004 -- RFC 9110 section 15
        raise table.wrong("status", f"is {status!r:.40}, which is no HTTP status")
    return 200 if status is None else status


def _lanes(table: _Table) -> tuple[Lane, ...]:
    """The built-in lanes, changed where the file names them, then the file's own."""
    built_in = {lane.name: lane for lane in BUILT_IN}
    own = {name: _lane(name, lane, built_in.get(name)) for name, lane in table.tables()}
    return tuple({**built_in, **own}.values())


def _lane(name: str, table: _Table, base: Lane | None) -> Lane:
    table.only("dockerfile", "prefix", "floating", "git-tag", "publish-latest", "context")
    texts = {key: table.get(key, str) for key in ("dockerfile", "prefix", "git-tag", "context")}
    fields: dict[str, Any] = {key.replace("-", "_"): text for key, text in texts.items() if text is not None}
    for key in ("dockerfile", "context"):
        if key in fields:
            table.checked(key, _inside, fields[key])
    floating, latest = table.get("floating", str), table.get("publish-latest", bool)
    fields |= {"floating": table.checked("floating", parse_tag, floating)} if floating is not None else {}
    fields |= {"publish_latest": latest} if latest is not None else {}
    return replace(base or _new_lane(name), **fields)


def _new_lane(name: str) -> Lane:
    """What a lane of another name is when the file says nothing more; the lane itself judges the name."""
    return Lane(
        name=name,
        dockerfile=f"Dockerfile.{name}",
        prefix=f"{name}-",
        floating=Tag(f"{name}-latest"),
        git_tag=f"{name}-v{{version}}",
    )


def _registry(table: _Table) -> RegistryNames:
    table.only("username-env", "password-env", "token-host")
    return RegistryNames(
        username_env=table.strings("username-env"),
        password_env=table.strings("password-env"),
        token_host=table.get("token-host", str) or "",
    )


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\0" in path:
        raise UsageError(f"path {path[:80]!r} leads out of the project", remedy="Give a path relative to its root.")
    return path


@dataclass(frozen=True)
class _Table:
    """A table of the file that knows where it stands, so that each complaint can say so."""

    fields: Mapping[str, Any]
    place: str

    def only(self, *known: str) -> None:
        for key in self.fields:
            if key not in known:
                raise ConfigurationError(f"{self.place}: unknown key {key[:80]!r}", remedy=_nearest(key, known))

    def get(self, key: str, kind: type[T]) -> T | None:
        value = self.fields.get(key)
        if value is not None and type(value) is not kind:
            raise self.wrong(key, f"is {type(value).__name__}, expected {kind.__name__}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        values: list[Any] = self.get(key, list) or []
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "has something other than strings")
        return tuple(values)

    def number(self, key: str, *, above: float | None = None) -> float | None:
        """A number from 0 on, or above something; NaN is neither."""
        value = self.fields.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not 0 <= value < _MAX_NUMBER or (above is not None and value <= above):
            wanted = "from 0 on" if above is None else f"above {above:g}"
            raise self.wrong(key, f"is {value!r:.40}, expected a number {wanted}")
        return float(value)

    def word(self, key: str) -> str | None:
        """A text, or a number or truth value as JSON spells it."""
        value = self.fields.get(key)
        if value is not None and type(value) not in (str, int, float, bool):
            raise self.wrong(key, f"is {type(value).__name__}, expected a text, a number, true or false")
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def list_of_tables(self, key: str) -> list[_Table]:
        values: list[Any] = self.get(key, list) or []
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(key, "has something other than tables")
        return [_Table(value, f"{self.place}: {key}[{place}]") for place, value in enumerate(values)]

    def table(self, key: str) -> _Table:
        return _Table(self.get(key, dict) or {}, f"{self.place}: {key}")

    def tables(self) -> Iterable[tuple[str, _Table]]:
        for key in self.fields:
            if self.get(key, dict) is not None:
                yield key, _Table(self.fields[key], f"{self.place}.{key[:40]}")

    def checked(self, key: str, parse: Any, value: str) -> Any:  # noqa: ANN401 -- whatever the parser gives
        try:
            return parse(value)
        except UsageError as error:
            raise ConfigurationError(f"{self.place}: {key}: {error.what}", remedy=error.remedy) from error

    def wrong(self, key: str, problem: str) -> ConfigurationError:
        return ConfigurationError(" ".join(filter(None, (f"{self.place}:", key[:80], problem))))


def _nearest(key: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."

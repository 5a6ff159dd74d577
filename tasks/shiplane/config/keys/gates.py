"""Commands and gates as the project file names them."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from shiplane.config.gate import Gate, GateKind
from shiplane.config.keys.table import Table
from shiplane.core.errors import UsageError

# What --skip means by these names; a gate of such a name could not be told apart.
RESERVED_CHECKS = ("access", "build", "gates", "smoke")
_GATE_KINDS = tuple(kind.value for kind in GateKind)
_GATE_KEYS = {
    GateKind.COMMAND: ("timeout-seconds",),
    GateKind.HTTP: ("timeout-seconds", "status", "field", "value"),
    GateKind.GITHUB: ("timeout-seconds", "max-age-hours"),
}
_GATE_TIMEOUT = {GateKind.COMMAND: 900.0, GateKind.HTTP: 10.0, GateKind.GITHUB: 0.0}


def parse_command(table: Table, key: str) -> tuple[str, ...] | None:
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


def parse_gates(top: Table) -> tuple[Gate, ...]:
    """Every gate.

    Raises:
        ConfigurationError: One is wrong, or two have one name.
    """
    gates = tuple(_gate(table) for table in top.list_of_tables("gates"))
    names = [gate.name for gate in gates]
    for name in names:
        if names.count(name) > 1:
            raise top.wrong("gates", f"have the name {name[:40]!a} twice")
        if name in RESERVED_CHECKS:
            raise top.wrong("gates", f"have the name {name!a}, which --skip understands as something else")
    return gates


def _gate(table: Table) -> Gate:
    kinds = [kind for kind in GateKind if kind.value in table.fields]
    if len(kinds) != 1:
        # A misspelt kind is named before it is missed.
        table.only("name", *_GATE_KINDS, *(key for keys in _GATE_KEYS.values() for key in keys))
        raise table.wrong("", f"needs exactly one of {', '.join(_GATE_KINDS)}; it has {len(kinds)}")
    kind = kinds[0]
    table.only("name", kind.value, *_GATE_KEYS[kind])
    target, field_name, value = _target(table, kind), table.get("field", str) or "", table.word("value")
    if value is not None and not field_name:
        raise table.wrong("value", "is given without field: nothing says where it should stand")
    timeout = table.number("timeout-seconds", above=None if kind is GateKind.GITHUB else 0.0)
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


def _target(table: Table, kind: GateKind) -> str:
    target = table.get(kind.value, str) or ""
    if not target.strip() or not target.isprintable():
        raise table.wrong(kind.value, "is empty, or has control characters")
    if kind is GateKind.COMMAND:
        parse_command(table, kind.value)
    if kind is GateKind.HTTP:
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


def _gate_name(table: Table, target: str) -> str:
    name = table.get("name", str)
    if name is not None and (not name.strip() or not name.isprintable()):
        raise table.wrong("name", "is empty, or has control characters")
    return name or target[:80]


def _status(table: Table) -> int:
    status = table.get("status", int)
    if status is not None and not 100 <= status <= 599:  # noqa: PLR2004 -- RFC 9110 section 15
        raise table.wrong("status", f"is {status!r:.40}, which is no HTTP status")
    return 200 if status is None else status

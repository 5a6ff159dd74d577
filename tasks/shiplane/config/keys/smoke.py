"""Smoke runs as the project file names them: ``[smoke]`` for every lane, ``[lanes.X.smoke]`` for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from shiplane.config.keys.gates import parse_command
from shiplane.config.keys.table import Table
from shiplane.config.smoke import DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT, DEFAULT_UP, NETWORKS, Smoke
from shiplane.registry.oci.names import parse_platforms

_KEYS = ("enabled", "command", "timeout-seconds", "up-seconds", "env", "platforms", "network", "memory-mb")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# What the engine itself refuses below: it could not start a container.
_MIN_MEMORY_MB = 6


def parse_smokes(top: Table, lanes: Iterable[str]) -> dict[str, Smoke]:
    """The smoke runs by lane; a lane without one is not there.

    A lane's table says only what is different from ``[smoke]``. They are on where one of the two is there.

    Raises:
        ConfigurationError: A key or value is wrong.
    """
    shared, own = top.table("smoke"), dict(top.table("lanes").tables())
    found = {}
    _smoke(shared)
    for lane in lanes:
        table = own.get(lane, Table({}, ""))
        if "smoke" not in top.fields and "smoke" not in table.fields:
            continue
        below = table.table("smoke")
        smoke = _smoke(Table({**shared.fields, **below.fields}, below.place if below.fields else shared.place))
        if smoke:
            found[lane] = smoke
    return found


def _smoke(table: Table) -> Smoke | None:
    table.only(*_KEYS)
    platforms, network = table.strings("platforms"), table.get("network", str)
    if network is not None and network not in NETWORKS:
        raise table.wrong("network", f"is {network!r:.40}, expected one of {', '.join(NETWORKS)}")
    smoke = Smoke(
        command=parse_command(table, "command") or (),
        timeout=table.number("timeout-seconds", above=0.0) or DEFAULT_TIMEOUT,
        up=table.number("up-seconds", above=0.0) or DEFAULT_UP,
        env=_env(table.table("env")),
        platforms=table.checked("platforms", parse_platforms, ",".join(platforms)) if platforms else (),
        network=network or NETWORKS[0],
        memory_mb=_memory(table),
    )
    return None if table.get("enabled", bool) is False else smoke


def _env(table: Table) -> Mapping[str, str]:
    for name in table.fields:
        value = table.get(name, str)
        if not _VARIABLE.fullmatch(name) or value is None or "\0" in value:
            raise table.wrong(name, "is no environment variable")
    return dict(table.fields)


def _memory(table: Table) -> int:
    memory = table.get("memory-mb", int)
    if memory is not None and not _MIN_MEMORY_MB <= memory < 10**7:
        raise table.wrong("memory-mb", f"is {memory!r:.40}, expected at least {_MIN_MEMORY_MB}")
    return memory or DEFAULT_MEMORY_MB

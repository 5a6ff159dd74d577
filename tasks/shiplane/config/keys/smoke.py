"""Smoke runs as the project file names them: ``[smoke]`` for every lane, ``[lanes.X.smoke]`` for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from shiplane.config.smoke import Smoke
from shiplane.core.schema.tables import Key, Table, keys_of
from shiplane.core.schema.values import Boolean, Json

# How each lane's image is tried; a lane that is not there is not.
Smokes: TypeAlias = Mapping[str, Smoke]
_ENABLED = Key(
    "Whether smoke runs are done; false turns them off for a lane or for all.", Boolean(), "enabled", default=True
)
SMOKE = Table(
    "smoke",
    "How a staged image is tested before it is tagged: a container, by digest, on each platform that the engine "
    "can run. Enabled if this table exists.",
    Smoke,
    lambda: {"enabled": _ENABLED, **keys_of(Smoke)},
    partial=True,
)


def make_smokes(shared: Json | None, given: Mapping[str, Json], lanes: Iterable[str]) -> dict[str, Smoke]:
    """The smoke runs by lane; a lane without one is not there.

    A lane's table says only what is different from ``[smoke]``. They are on where one of the two is there.

    Args:
        shared: What ``[smoke]`` says; None where it is not there.
        given: What the file says of each lane, its table ``smoke`` among it.
        lanes: The names of all lanes.
    """
    smokes = {}
    for lane in lanes:
        own = given.get(lane, {}).get("smoke")
        fields = {**(shared or {}), **(own or {})}
        if fields.pop("enabled", shared is not None or own is not None):
            smokes[lane] = Smoke(**fields)
    return smokes

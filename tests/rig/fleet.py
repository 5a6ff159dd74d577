"""A builder of two nodes, one for each platform: what a fleet of native machines looks like to buildx.

The second node is a second engine; one BuildKit cannot be two nodes ("job ID exists").
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig import engine, lifecycle, machine, packages, processes
from tests.rig.model import RigUnavailableError

if TYPE_CHECKING:
    from tests.rig.model import Rig

SECOND = "engine2"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The two-node builder of a rig; `stop(rig.folder)` ends it with the rig."""

    builder: str
    env: dict[str, str]
    """The rig's environment with this builder as the chosen one."""


def start_fleet(rig: Rig, builder: str = "fleet") -> Fleet:
    """Start a second engine in a rig and make a builder of both; gives the one that is there when it was made before.

    Raises:
        RigUnavailableError: the rig's engine is the machine's own.
    """
    if rig.hosted:
        raise RigUnavailableError("a hosted rig has one engine only")
    with packages.locked(rig.folder / ".lock"):
        if SECOND not in processes.running(rig.folder):
            _second(rig)
            _builder(rig, builder)
    return Fleet(builder=builder, env={**rig.env, "BUILDX_BUILDER": builder})


def _second(rig: Rig) -> None:
    """Start the second engine, with the first one's mirror."""
    first = json.loads((rig.folder / engine.NAME / "daemon.json").read_text(encoding="utf-8"))
    mirror = first["registry-mirrors"][0].removeprefix("http://")
    tools = packages.toolbox()
    bridge = lifecycle.claim(rig.folder, tools, SECOND)
    engine.start(tools, rig.folder, _sockets(rig), bridge, mirror, SECOND)


def _builder(rig: Rig, builder: str) -> None:
    """Join both engines' BuildKits to one builder, each for its platform alone."""
    first = f"unix://{_sockets(rig)}/{engine.NAME}-buildkit.sock"
    native = machine.native()
    second = lifecycle.buildkit(rig.folder, _sockets(rig), SECOND)
    nodes = {native.platform: first, machine.other(native).platform: second}
    for number, (platform, address) in enumerate(nodes.items()):
        joined = ["--append"] if number else []
        create = ["docker", "buildx", "create", *joined, "--name", builder, "--driver", "remote"]
        processes.call([*create, "--platform", platform, address], {**os.environ, **rig.env})


def _sockets(rig: Rig) -> Path:
    return Path((rig.folder / "sockets").read_text(encoding="utf-8"))

"""A real Docker engine, a builder for two platforms and real registries, on a machine that has nothing.

`start()` gives a `Rig`; a client that takes its `env` finds engine, builder and tools. `stop(folder)` ends all of it.
Where Docker runs already it is used, unless `SHIPLANE_RIG_FORCE=1` says otherwise. From a shell:
`python -m tests.rig up | down | run -- COMMAND`.
"""

from __future__ import annotations

from tests.rig.fleet import Fleet, start_fleet
from tests.rig.hosted import engine_present
from tests.rig.lifecycle import at_hand, only_platform, prepare, running, start, stop
from tests.rig.model import Account, Rig, RigError, RigUnavailableError, load

__all__ = [
    "Account",
    "Fleet",
    "Rig",
    "RigError",
    "RigUnavailableError",
    "at_hand",
    "engine_present",
    "load",
    "only_platform",
    "prepare",
    "running",
    "start",
    "start_fleet",
    "stop",
]

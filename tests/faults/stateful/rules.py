"""The table of everything that can happen, and histories made of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.faults.harness.faults import F
from tests.faults.stateful import people, releasing, strangers
from tests.faults.stateful.world import COMMITS, LANES, PRE_RELEASES, RELEASES, World

_Choices: TypeAlias = dict[str, Sequence[Any]]


@dataclass(frozen=True)
class Rule:
    """One thing that can happen, and what its arguments are chosen from."""

    run: Callable[..., None]
    choices: _Choices


_LANE: _Choices = {"lane": tuple(LANES)}
_VERSION = _LANE | {"version": RELEASES}
_LATEST: _Choices = {"latest": ("yes", "no")}
_COMMIT: _Choices = {"commit": COMMITS}
# A release of one lane, or of all: one that moves the floating tags, and one that may.
_MOVING: _Choices = {"lane": (*LANES, "all"), "version": RELEASES} | _COMMIT
_RELEASE: _Choices = {"lane": (*LANES, "all"), "version": RELEASES} | _LATEST | _COMMIT
_EVENT: _Choices = {"event": tuple(range(40))}
_REQUEST: _Choices = {"skip": tuple(range(30))}
RULES: dict[str, Rule] = {
    "publish": Rule(releasing.publish, _RELEASE),
    "pre-release": Rule(releasing.publish, _RELEASE | {"version": PRE_RELEASES}),
    "backport": Rule(releasing.backport, _LANE | _LATEST | _COMMIT),
    "again": Rule(releasing.again, _RELEASE),
    "crash": Rule(releasing.crash, _RELEASE | _EVENT | {"hurry": (True, False)}),
    "token expiry": Rule(releasing.expiry, _MOVING | _EVENT),
    "throttle storm": Rule(releasing.storm, _MOVING | _REQUEST | {"times": (1, 3, 30)}),
    "outage": Rule(releasing.outage, _MOVING | _REQUEST | {"kind": tuple(F), "applied": (False, True)}),
    "lag": Rule(releasing.lag, {"seconds": (0.0, 3.0, 30.0)}),
    "foreign version": Rule(strangers.overwritten, _VERSION),
    "foreign floating tag": Rule(strangers.dragged, _LANE | {"version": (*RELEASES, *PRE_RELEASES)}),
    "claimed elsewhere": Rule(strangers.claimed_elsewhere, _VERSION | _COMMIT),
    "plan": Rule(people.foreseen, _VERSION | _LATEST | _COMMIT),
    "verify": Rule(people.verified, _LANE),
    "rollback": Rule(people.rolled_back, _LANE | {"to": ("", "", "", *RELEASES), "mark": (True, False)}),
    "mark": Rule(people.marking, _VERSION | {"action": ("mark",)}),
    "unmark": Rule(people.marking, _VERSION | {"action": ("unmark",)}),
    "ledger set back": Rule(strangers.set_back, _LANE),
    "ledger tampered": Rule(strangers.tampered, _VERSION | _COMMIT),
}


def apply(world: World, name: str, arguments: Mapping[str, Any]) -> None:
    """One step of the history."""
    world.did.append(f"{name} {dict(arguments)}")
    RULES[name].run(world, **arguments)


def story(seed: int, steps: int) -> World:
    """So many steps, chosen by a seed.

    Raises:
        AssertionError: A step did not end as the model says; with everything that was done.
    """
    chosen = random.Random(seed)
    world = World(claimed=bool(seed % 2))
    for _ in range(steps):
        name = chosen.choice(tuple(RULES))
        arguments = {key: chosen.choice(values) for key, values in RULES[name].choices.items()}
        try:
            apply(world, name, arguments)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}\n" + "\n".join(world.did)) from error
    return world

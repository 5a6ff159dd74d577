"""Whether a step has come to what it must, and has broken nothing on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.plan import Plan
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.invariants import Case, violations
from tests.faults.stateful.expectations import Expected, expected
from tests.faults.stateful.world import World


def attempt(
    world: World,
    plan: Plan,
    faults: Sequence[Fault] = (),
    *,
    after: int = -1,
    act: Callable[[], None] | None = None,
) -> int:
    """Release, and judge.

    Args:
        world: Where.
        plan: What.
        faults: What disturbs it.
        after: After how many events something happens to it; -1 for never.
        act: What happens; None for a crash.

    Returns:
        The exit code, -1 for a crash.
    """
    before, wanted = world.tags, expected(world, plan)
    wire = Faulty(world.registry, faults, world.clock)
    code = driven(world.releaser(wire).publish(plan, world), after, act)
    world.ends[code] += 1
    judged(world, before, [wire], recorded=code == 0)
    disturbed = bool(wire.met) or code < 0
    assert disturbed or code == wanted.code, f"exit {code}, expected {wanted.code}"
    # A registry that calls absent what is there changes what is decided; the invariants hold all the same.
    if not any(fault.kind is F.NOT_FOUND for fault in faults):
        _arrived(world, before, wanted, complete=code == 0, possible=wanted.code == 0)
    if code == 0 and not wire.met:
        assert all(world.tags[tag] == digest for tag, digest in wanted.tags.items() if digest)
    return code


def _arrived(world: World, before: Mapping[str, str], wanted: Expected, *, complete: bool, possible: bool) -> None:
    """Each tag is what it was, or what it was to become, and that where the run said that all is well."""
    now = world.tags
    for tag in {tag for tag in (*before, *now) if not tag.startswith("ledger-")}:
        was, here = before.get(tag), now.get(tag)
        new = wanted.tags.get(tag) if possible else None
        became = new is not None and (here == new or (new == "" and here not in {None, was}))
        moved = f"{tag}: {was} -> {here}, expected {new}"
        assert became or (here == was and not (complete and new is not None)), moved
        assert here in world.facts or here == was, f"{tag} is at what nobody made"


def judged(
    world: World, before: Mapping[str, str], wires: Sequence[Faulty], *, lowers: bool = False, recorded: bool = False
) -> None:
    """Every invariant over one step."""
    case = Case(
        world.registry,
        seen=[wire.log for wire in wires],
        initial=dict(before),
        lowers=lowers,
        recorded=recorded,
    )
    broken = violations(case)
    assert not broken, "\n".join(broken)
    world.registry.log.clear()
    world.clock.sleeps.clear()


def only(world: World, before: Mapping[str, str], changes: Mapping[str, str], lane: Lane) -> None:
    """Nothing has changed but this, and the lane's ledger."""
    now = {tag: digest for tag, digest in world.tags.items() if tag != lane.ledger}
    assert now == {**{tag: digest for tag, digest in before.items() if tag != lane.ledger}, **changes}


def driven(flow: Flow[Any], after: int = -1, act: Callable[[], None] | None = None) -> int:
    """Run a flow; gives its exit code, -1 where it was closed after so many events."""
    try:
        for number, _ in enumerate(flow):
            if number == after:
                if act is None:
                    flow.close()
                    return -1
                act()
    except ShiplaneError as error:
        return error.exit_code
    return 0

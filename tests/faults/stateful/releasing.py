"""What can happen to a release: it is given again, it crashes, the registry is ill."""

from __future__ import annotations

from shiplane.config.version import Version
from tests.faults.harness.faults import F, Fault
from tests.faults.harness.memory import Lag
from tests.faults.stateful.expectations import expected, version_of
from tests.faults.stateful.judging import attempt
from tests.faults.stateful.world import LANES, RELEASES, World, plan_of
from tests.lanes import widest


def publish(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """A release of one lane, or of all."""
    attempt(world, plan_of(lane, version, latest, commit))


def backport(world: World, lane: str, latest: str, commit: str) -> None:
    """A release below what the floating tag stands for."""
    here = world.tags.get(widest(LANES[lane]), "")
    current = version_of(world, LANES[lane], here) if here else None
    lower = [version for version in RELEASES if current and Version.parse(version) < current]
    if lower:
        attempt(world, plan_of(lane, lower[-1], latest, commit))
        assert world.tags[widest(LANES[lane])] == here, "a backport moved the floating tag"


def again(world: World, lane: str, version: str, latest: str, commit: str) -> None:
    """The same release twice: the second writes nothing."""
    plan = plan_of(lane, version, latest, commit)
    if attempt(world, plan) == 0:
        before, built = world.tags, world.builds
        assert attempt(world, plan) == 0
        assert (world.tags, world.builds) == (before, built)


def crash(
    world: World,
    lane: str,
    version: str,
    latest: str,
    commit: str,
    event: int,
    hurry: bool,  # noqa: FBT001
) -> None:
    """A release that ends after some event, as by SIGKILL; with the claim it may be run again at once."""
    plan = plan_of(lane, version, latest, commit)
    if attempt(world, plan, after=event) < 0 and world.claimed and hurry and expected(world, plan).code == 0:
        assert attempt(world, plan) == 0
    world.settle()


def expiry(world: World, lane: str, version: str, commit: str, event: int) -> None:
    """Every token ends in the middle of a release."""
    attempt(world, plan_of(lane, version, "yes", commit), after=event, act=world.registry.access.revoke)


def storm(world: World, lane: str, version: str, commit: str, skip: int, times: int) -> None:
    """The registry asks for patience, once or for long."""
    fault = Fault(F.TOO_MANY, skip=skip, times=times, headers={"retry-after": "7"})
    attempt(world, plan_of(lane, version, "yes", commit), [fault])
    world.settle()


def outage(world: World, lane: str, version: str, commit: str, skip: int, kind: F, applied: bool) -> None:  # noqa: FBT001
    """One request meets a fault; or it is carried out, and its answer suffers."""
    attempt(world, plan_of(lane, version, "yes", commit), [Fault(kind, skip=skip, applied=applied)])
    world.settle()


def lag(world: World, seconds: float) -> None:
    """From now on reads lag writes."""
    world.registry.lag = Lag(seconds=seconds)

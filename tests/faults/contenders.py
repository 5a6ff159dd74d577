"""Who races whom: contenders, and the scenarios made of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from shiplane.flows.claim import Claiming
from shiplane.flows.publish import Publisher
from shiplane.model.image import Digest
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.step import Flow
from tests.faults.images import COMMIT, push_image
from tests.faults.memory import MemoryRegistry
from tests.faults.races import Contender, Runner, Scenario
from tests.faults.release import PATH, a_plan, a_registry

OTHER = "b" * 40


@dataclass(frozen=True)
class Publishing:
    """A contender that publishes. ``build`` stands for the bytes: builds of the same name have the same."""

    version: str = "0.2.1"
    lanes: Sequence[str] = ("main",)
    latest: str = "no"
    commit: str = COMMIT
    build: str = "one"

    @property
    def plan(self) -> Plan:
        return _plan(self.version, tuple(self.lanes), self.latest, self.commit)

    def prepare(self, registry: MemoryRegistry) -> None:
        """Put what it will stage where it will lie: content without a name is in nobody's way."""
        for lane in self.plan.lanes:
            self._push(registry, lane)

    def __call__(self, runner: Runner) -> Flow[Any]:
        registry, patience = runner.client()
        claims = runner.world.claims
        claiming = Claiming(claims=claims, by=f"runner {runner.number}") if claims is not None else None
        publisher = Publisher(
            registry=registry, patience=patience, stager=lambda: self, probe=False, workers=1, claiming=claiming
        )
        return publisher.publish(self.plan)

    def stage(self, _plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.flows.publish.Stager`: it was staged by ``prepare``."""
        return {lane.lane.name: self.digest(lane) for lane in lanes}

    def digest(self, lane: LanePlan) -> Digest:
        return _digest(self, lane)

    def _push(self, registry: MemoryRegistry, lane: LanePlan) -> Digest:
        version, salt = str(lane.version.value), f"{lane.lane.name} {self.build}"
        return push_image(registry, PATH, revision=self.commit, version=version, salt=salt).digest


@cache
def _plan(version: str, lanes: tuple[str, ...], latest: str, commit: str) -> Plan:
    return a_plan(version, lanes, latest, commit)


@cache
def _digest(publishing: Publishing, lane: LanePlan) -> Digest:
    return publishing._push(a_registry(), lane)


SAME = Publishing(build="one")
BEFORE = (Publishing("0.2.0", ("main", "standalone"), "yes"),)


def scenario(first: Contender, second: Contender, before: Sequence[Contender] = BEFORE, **more: bool) -> Scenario:
    """Two contenders in a repository that has one release of both lanes already."""
    return Scenario(first, second, before, **more)


SCENARIOS: dict[str, Scenario] = {
    "same version, same bytes": scenario(SAME, SAME),
    "same version, other bytes of the same commit": scenario(SAME, Publishing(build="two")),
    "same version, another commit": scenario(SAME, Publishing(build="two", commit=OTHER)),
    "same version, same bytes, both float": scenario(Publishing(latest="yes"), Publishing(latest="yes")),
    "same version, other bytes, both float": scenario(
        Publishing(latest="yes"), Publishing(latest="yes", build="two", commit=OTHER)
    ),
    "two versions": scenario(Publishing(latest="yes"), Publishing("0.3.0", latest="yes", build="two", commit=OTHER)),
    "release and pre-release": scenario(
        Publishing(latest="yes"), Publishing("0.3.0-rc.1", latest="yes", build="two", commit=OTHER)
    ),
    "two lanes": scenario(
        Publishing(latest="yes"), Publishing(lanes=("standalone",), latest="yes", build="two", commit=OTHER)
    ),
    "all lanes, and one of them with other bytes": scenario(
        Publishing(lanes=("main", "standalone")), Publishing(lanes=("standalone",), build="two")
    ),
    "the first release of a repository, twice": scenario(
        Publishing(latest="yes"), Publishing("0.3.0", latest="yes", build="two", commit=OTHER), before=()
    ),
    # Further ones go here, a line each, as soon as their flows exist; a contender takes a Runner and gives a flow:
    # release and rollback (lowers=True), two rollbacks (lowers=True), publish and mark.
}

"""Who races whom: contenders, and the scenarios made of two of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from shiplane.clients.patience import Patience
from shiplane.clients.registry import Registry
from shiplane.flows.claim import Claiming
from shiplane.flows.ledgers import Ledgers, Scribe
from shiplane.flows.marking import Marker
from shiplane.flows.publish import Publisher
from shiplane.flows.rollback import Rollback, Wish
from shiplane.model.image import Digest, Platform
from shiplane.model.lane import MAIN
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.step import Flow
from shiplane.model.version import Version
from tests.faults.images import COMMIT, PLATFORMS, push_image
from tests.faults.memory import MemoryRegistry
from tests.faults.races import Contender, Runner, Scenario
from tests.faults.release import AIONIS, PATH, a_plan, a_registry

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
            registry=registry,
            patience=patience,
            stager=lambda: self,
            probe=False,
            workers=1,
            claiming=claiming,
            ledgers=ledgers_of(runner, registry, patience),
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


@dataclass(frozen=True)
class RollingBack:
    """A contender that rolls the main lane back."""

    to: str = ""
    mark: bool = True

    def prepare(self, registry: MemoryRegistry) -> None:
        """Nothing: what it goes back to was published before."""

    def __call__(self, runner: Runner) -> Flow[Any]:
        registry, patience = runner.client()
        rollback = Rollback(
            registry=registry,
            repository=AIONIS,
            patience=patience,
            platforms=tuple(map(Platform.parse, PLATFORMS)),
            ledgers=ledgers_of(runner, registry, patience),
            commit_of=lambda _lane, _version: None,
            workers=1,
        )
        to = Version.parse(self.to) if self.to else None
        return rollback.run(Wish(lane=MAIN, to=to, reason="crashes", mark=self.mark))


@dataclass(frozen=True)
class Marking:
    """A contender that marks a version of the main lane."""

    version: str

    def prepare(self, registry: MemoryRegistry) -> None:
        """Nothing: what it marks is published before, or by the other one."""

    def __call__(self, runner: Runner) -> Flow[Any]:
        registry, patience = runner.client()
        ledgers = ledgers_of(runner, registry, patience)
        assert ledgers
        marker = Marker(registry=registry, repository=AIONIS, ledgers=ledgers)
        return marker.mark(MAIN, Version.parse(self.version), "crashes")


def ledgers_of(runner: Runner, registry: Registry, patience: Patience) -> Ledgers | None:
    """Where a runner records; its entries' words are its own, and the same in each order, so that states are equal."""
    if not runner.world.recorded:
        return None
    words = itertools.count()
    scribe = Scribe(who=f"runner {runner.name}", clock=patience.clock, word=lambda: f"{runner.name} {next(words)}")
    return Ledgers(registry=registry, repository=AIONIS, patience=patience, scribe=scribe, workers=1)


@cache
def _plan(version: str, lanes: tuple[str, ...], latest: str, commit: str) -> Plan:
    return a_plan(version, lanes, latest, commit)


@cache
def _digest(publishing: Publishing, lane: LanePlan) -> Digest:
    return publishing._push(a_registry(), lane)


SAME = Publishing(build="one")
NEXT = Publishing("0.2.2", latest="yes", build="next")
BEFORE = (Publishing("0.2.0", ("main", "standalone"), "yes"),)
BOTH_BEFORE = (*BEFORE, Publishing(latest="yes"))
THREE_BEFORE = (*BOTH_BEFORE, Publishing("0.2.2", latest="yes", build="three"))


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
    "release and rollback": scenario(NEXT, RollingBack(), BOTH_BEFORE, lowers=True),
    "two rollbacks": scenario(RollingBack(), RollingBack(), BOTH_BEFORE, lowers=True),
    "two rollbacks to different versions": scenario(
        RollingBack(to="0.2.0"), RollingBack(to="0.2.1"), THREE_BEFORE, lowers=True
    ),
    "release and mark of that version": scenario(Publishing(latest="yes"), Marking("0.2.1")),
    "release of a version that is there already, and mark of it": scenario(
        NEXT, Marking("0.2.2"), (*BOTH_BEFORE, Publishing("0.2.2", latest="no", build="next"))
    ),
    "rollback and mark of where it goes": scenario(RollingBack(), Marking("0.2.0"), BOTH_BEFORE, lowers=True),
    "rollback and mark of what it leaves": scenario(RollingBack(), Marking("0.2.1"), BOTH_BEFORE, lowers=True),
}
"""With a ledger, as the product releases."""

ALL = SCENARIOS | {
    f"{name}, no ledger": replace(SCENARIOS[name], recorded=False)
    for name in ("same version, other bytes of the same commit", "two versions", "release and rollback")
}
"""And with ``ledger = false``: what then nobody can see."""

"""The registry of a history, and what is known of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.ledger.recorder import EntryAuthor
from shiplane.registry.http.exchange import Transport
from shiplane.release.claiming import ReleaseClaims
from tests.faults.harness.claims import MemoryClaims
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.images import push_image
from tests.faults.harness.invariants import entries_of, marks_of
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import PATH, USER, a_client, a_plan, a_registry

LANES = {lane.name: lane for lane in BUILT_IN}
RELEASES = ("0.1.0", "0.1.9", "0.2.0", "0.2.1", "0.2.10", "0.3.0", "0.10.0", "1.0.0", "1.0.1", "1.1.0", "2.0.0")
PRE_RELEASES = ("0.2.1-rc.1", "0.3.0-rc.1", "1.0.0-rc.2")
COMMITS = ("a" * 40, "b" * 40)
STRANGER = "f" * 40
SETTLED = 60.0  # nobody starts anew within the time that a registry needs to come to itself


@dataclass(frozen=True)
class Fact:
    """What a digest is: its commit, and the version that it calls itself."""

    commit: str
    version: str


@dataclass
class World:
    """The registry, and what the model knows of it.

    Attributes:
        claimed: Whether versions are claimed.
        facts: Of every digest that ever got a name, or was claimed.
        did: What was done so far, for the one who reads a failure.
        ends: How often a release ended with each exit code; -1 is a crash.
    """

    claimed: bool = False
    registry: MemoryRegistry = field(default_factory=a_registry)
    claims: MemoryClaims = field(default_factory=MemoryClaims)
    facts: dict[str, Fact] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    ends: Counter[int] = field(default_factory=Counter)
    builds: int = 0
    words: Iterator[int] = field(default_factory=itertools.count)

    @property
    def clock(self) -> VirtualClock:
        assert isinstance(self.registry.clock, VirtualClock)
        return self.registry.clock

    @property
    def tags(self) -> dict[str, str]:
        return self.registry.tags(PATH)

    def releaser(self, transport: Transport) -> Releaser:
        """A process of its own; its entries' words are numbers, so that a history is reproducible."""
        registry = a_client(transport, self.clock)
        claiming = ReleaseClaims(claims=self.claims, by="the model") if self.claimed else None
        author = EntryAuthor(who=USER.username, clock=self.clock, make_id=lambda: str(next(self.words)))
        return Releaser(registry=registry, claiming=claiming, probe=False).recording(author)

    def recorded(self, lane: Lane) -> list[dict[str, Any]]:
        """What the lane's ledger says."""
        return entries_of(self.registry.shelf(PATH), lane)

    def published(self, lane: Lane, tag: str) -> str:
        """What a version was published as, by the record; nothing where there is none."""
        found = [entry["to"] for entry in self.recorded(lane) if entry["action"] == "publish" and entry["tag"] == tag]
        return found[-1] if found else ""

    def marks(self, lane: Lane) -> frozenset[str]:
        return marks_of(self.recorded(lane))

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> dict[str, Any]:
        """See :class:`shiplane.release.publish.Stager`; no two builds have the same bytes."""
        self.builds += 1
        made = {}
        for lane_plan in lanes:
            version = str(lane_plan.version.value)
            salt = f"{lane_plan.lane.name} {self.builds}"
            raw = push_image(self.registry, PATH, revision=plan.commit, version=version, salt=salt)
            self.facts[str(raw.digest)] = Fact(plan.commit, version)
            made[lane_plan.lane.name] = raw.digest
        return made

    def settle(self) -> None:
        """Let the time pass that a registry's readers may need."""
        self.clock.pass_by(SETTLED)


@cache
def plan_of(lane: str, version: str, latest: str, commit: str) -> Plan:
    """One lane's release, or every lane's (``all``)."""
    return a_plan(version, tuple(LANES) if lane == "all" else (lane,), latest, commit)

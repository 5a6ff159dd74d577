"""Who races whom: contenders, and the scenarios made of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from shiplane.config.lane import BUILT_IN, MAIN, Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.version import Version
from shiplane.core.progress import Flow
from shiplane.registry.oci.names import Digest
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.images import COMMIT, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.races import Contender, Scenario
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import PATH, a_plan, a_registry, to_images
from tests.faults.harness.several_tags import SEVERAL

OTHER = "b" * 40


@dataclass(frozen=True)
class Publishing:
    """A contender that publishes. ``build`` stands for the bytes: builds of the same name have the same."""

    version: str = "0.2.1"
    lanes: Sequence[str] = ("main",)
    latest: str = "no"
    commit: str = COMMIT
    build: str = "one"
    configured: tuple[Lane, ...] = BUILT_IN

    @property
    def plan(self) -> Plan:
        return _plan(self.version, tuple(self.lanes), self.latest, self.commit, self.configured)

    def prepare(self, registry: MemoryRegistry) -> None:
        """Put what it will stage where it will lie: content without a name is in nobody's way."""
        for lane in self.plan.lanes:
            self._push(registry, lane)

    def __call__(self, releaser: Releaser) -> Flow[Any]:
        return releaser.publish(to_images(self.plan, releaser.registry.repository), self)

    def stage(self, _plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.release.publish.Stager`: it was staged by ``prepare``."""
        return {lane_plan.lane.name: self.digest(lane_plan) for lane_plan in lanes}

    def digest(self, lane_plan: LanePlan) -> Digest:
        return _digest(self, lane_plan)

    def _push(self, registry: MemoryRegistry, lane_plan: LanePlan) -> Digest:
        version, salt = str(lane_plan.version.value), f"{lane_plan.lane.name} {self.build}"
        return push_image(registry, PATH, revision=self.commit, version=version, salt=salt).digest


@dataclass(frozen=True)
class RollingBack:
    """A contender that rolls the main lane back."""

    to: str = ""
    mark: bool = True

    def prepare(self, registry: MemoryRegistry) -> None:
        """Nothing: what it goes back to was published before."""

    def __call__(self, releaser: Releaser) -> Flow[Any]:
        to = Version.parse(self.to) if self.to else None
        return releaser.roll_back(RollbackRequest(lane=MAIN, to=to, reason="crashes", mark=self.mark))


@dataclass(frozen=True)
class Marking:
    """A contender that marks a version of the main lane."""

    version: str

    def prepare(self, registry: MemoryRegistry) -> None:
        """Nothing: what it marks is published before, or by the other one."""

    def __call__(self, releaser: Releaser) -> Flow[Any]:
        return releaser.marker().mark(MAIN, Version.parse(self.version), "crashes")


@cache
def _plan(version: str, lanes: tuple[str, ...], latest: str, commit: str, configured: tuple[Lane, ...]) -> Plan:
    return a_plan(version, lanes, latest, commit, configured)


@cache
def _digest(publishing: Publishing, lane_plan: LanePlan) -> Digest:
    return publishing._push(a_registry(), lane_plan)


SAME = Publishing(build="one")
NEXT = Publishing("0.2.2", latest="yes", build="next")
BEFORE = (Publishing("0.2.0", ("main", "standalone"), "yes"),)
BOTH_BEFORE = (*BEFORE, Publishing(latest="yes"))
THREE_BEFORE = (*BOTH_BEFORE, Publishing("0.2.2", latest="yes", build="three"))
NOTHING_BELOW, TAKEN_AWAY = 6, 7
"""How a race may end besides: nothing was left to go back to, or what a release had just written was taken away."""


def _of_ranges(version: str, build: str, commit: str = COMMIT) -> Publishing:
    return Publishing(version, latest="yes", commit=commit, build=build, configured=(SEVERAL,))


def scenario(
    first: Contender,
    second: Contender,
    before: Sequence[Contender] = BEFORE,
    *,
    lowers: bool = False,
    breaks: Sequence[str] = (),
    unclaimed: Sequence[str] = (),
    besides: Sequence[int] = (),
    configured: Sequence[Lane] = BUILT_IN,
) -> Scenario:
    """Two contenders in a repository that has one release of both lanes already."""
    return Scenario(
        first,
        second,
        before,
        lowers=lowers,
        breaks=frozenset(breaks),
        unclaimed=frozenset(unclaimed),
        besides=frozenset(besides),
        configured=tuple(configured),
    )


# The window is one request wide: between the last look at a name and its PUT another publisher may write it. A version
# tag's is closed by the claim; a floating tag's is not, nor can anybody keep a version from being marked in it.
SCENARIOS: dict[str, Scenario] = {
    "same version, same bytes": scenario(SAME, SAME),
    "same version, other bytes of the same commit": scenario(SAME, Publishing(build="two"), unclaimed=["I1"]),
    "same version, another commit": scenario(SAME, Publishing(build="two", commit=OTHER), unclaimed=["I1"]),
    "same version, same bytes, both float": scenario(Publishing(latest="yes"), Publishing(latest="yes")),
    "same version, other bytes, both float": scenario(
        Publishing(latest="yes"), Publishing(latest="yes", build="two", commit=OTHER), unclaimed=["I1", "I3"]
    ),
    "two versions": scenario(
        Publishing(latest="yes"), Publishing("0.3.0", latest="yes", build="two", commit=OTHER), breaks=["I4", "I15"]
    ),
    "release and pre-release": scenario(
        Publishing(latest="yes"), Publishing("0.3.0-rc.1", latest="yes", build="two", commit=OTHER)
    ),
    "two lanes": scenario(
        Publishing(latest="yes"), Publishing(lanes=("standalone",), latest="yes", build="two", commit=OTHER)
    ),
    "all lanes, and one of them with other bytes": scenario(
        Publishing(lanes=("main", "standalone")), Publishing(lanes=("standalone",), build="two"), unclaimed=["I1"]
    ),
    "the first release of a repository, twice": scenario(
        Publishing(latest="yes"),
        Publishing("0.3.0", latest="yes", build="two", commit=OTHER),
        before=(),
        breaks=["I4", "I15"],
    ),
    "release and rollback": scenario(NEXT, RollingBack(), BOTH_BEFORE, lowers=True, besides=[TAKEN_AWAY]),
    "two rollbacks": scenario(RollingBack(), RollingBack(), BOTH_BEFORE, lowers=True, besides=[NOTHING_BELOW]),
    "two rollbacks to different versions": scenario(
        RollingBack(to="0.2.0"), RollingBack(to="0.2.1"), THREE_BEFORE, lowers=True
    ),
    "release and mark of that version": scenario(Publishing(latest="yes"), Marking("0.2.1"), breaks=["I3"]),
    "release of a version that is there already, and mark of it": scenario(
        NEXT, Marking("0.2.2"), (*BOTH_BEFORE, Publishing("0.2.2", latest="no", build="next")), breaks=["I3"]
    ),
    "rollback and mark of where it goes": scenario(
        RollingBack(), Marking("0.2.0"), BOTH_BEFORE, lowers=True, breaks=["I3"], besides=[NOTHING_BELOW]
    ),
    "rollback and mark of what it leaves": scenario(RollingBack(), Marking("0.2.1"), BOTH_BEFORE, lowers=True),
}
"""With a ledger, as the product releases."""
RANGES = "two versions of one major version, three floating tags"
"""Two publishers of 1.2.1 and 1.3.0 after 1.2.0: both move ``v1`` and ``latest``, and each a minor version's own."""
SEVERAL_TAGS = {
    RANGES: scenario(
        _of_ranges("1.2.1", "one"),
        _of_ranges("1.3.0", "two", OTHER),
        before=(_of_ranges("1.2.0", "before"),),
        breaks=["I4", "I15"],
        configured=[SEVERAL],
    ),
}


def unrecorded(name: str) -> Scenario:
    """A scenario with ``ledger = false``: what then nobody can see, and nothing to contradict."""
    known = SCENARIOS[name]
    return replace(known, recorded=False, breaks=known.breaks - {"I15"})


ALL = SCENARIOS | {
    f"{name}, no ledger": unrecorded(name)
    for name in ("same version, other bytes of the same commit", "two versions", "release and rollback")
}

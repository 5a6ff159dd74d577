"""Stage on a builder of several nodes: each platform on its own node, by digest, then joined by shiplane.

Given all platforms at once, buildx would join the nodes' images itself and push the index under ``<name>:latest``,
since a name without a tag becomes that (build/build.go; seen with 0.29). For one platform it joins nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from shiplane.config.plan import LanePlan, Plan, all_platforms
from shiplane.core.errors import ShiplaneError
from shiplane.core.system.parallel import map_stoppable
from shiplane.docker.bake import staging
from shiplane.docker.builders import Builder, Node
from shiplane.docker.buildx import Buildx
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.staging.join import IndexJoiner

_Staged = dict[Platform, dict[str, Digest]]


@dataclass(frozen=True, kw_only=True)
class MultiNodeStager:
    """Stages with one bake for each platform and the lanes that have it; different nodes build side by side."""

    buildx: Buildx
    builder: Builder
    joiner: IndexJoiner
    tell: Callable[[str], None]

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.release.publish.Stager`."""
        faults: list[ShiplaneError] = []

        def build(platforms: list[Platform], stop: Event) -> _Staged:
            try:
                return {platform: self._bake(plan, lanes, platform, stop) for platform in platforms}
            except ShiplaneError as error:
                # The other nodes' work is useless without this one's.
                faults.append(error)
                stop.set()
                return {}

        staged: _Staged = {}
        for answer in map_stoppable(build, self._by_node(all_platforms(lanes))):
            staged |= answer
        if faults:
            raise faults[0]
        return {name: self._joined(plan, lane_plan, staged) for lane_plan in lanes for name in (lane_plan.lane.name,)}

    def _by_node(self, platforms: Sequence[Platform]) -> list[list[Platform]]:
        """The platforms of each node, which builds them one after the other."""
        shares: dict[str, list[Platform]] = {}
        for platform in platforms:
            node = self.builder.node_for(platform)
            assert node is not None  # noqa: S101 -- a builder that was chosen has nodes
            shares.setdefault(node.name, []).append(platform)
            self.tell(f"{platform}: {_build_mode(self.builder, node, platform)}")
        return list(shares.values())

    def _bake(self, plan: Plan, lanes: Sequence[LanePlan], platform: Platform, stop: Event) -> dict[str, Digest]:
        builds = staging(plan, [lane for lane in lanes if platform in lane.platforms.value], [platform])
        return self.buildx.bake(builds, self.builder, stop=stop, mark=f"{platform} ")

    def _joined(self, plan: Plan, lane_plan: LanePlan, staged: _Staged) -> Digest:
        parts = [
            PartialIndex(platforms=(platform,), digest=staged[platform][lane_plan.lane.name])
            for platform in lane_plan.platforms.value
        ]
        return self.joiner.join(plan, lane_plan, parts)


def _build_mode(builder: Builder, node: Node, platform: Platform) -> str:
    better = builder.better_node(platform)
    instead = f"; node {better.name} has it natively, but buildx was not told so: see check.tools" if better else ""
    return f"built by node {node.name} of {builder.name} {builder.build_mode(platform).value}{instead}"

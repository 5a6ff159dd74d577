"""Build a plan's lanes with buildx, for a release or a dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.progress import Flow, Step
from shiplane.docker.bake import local_name, staging, trial
from shiplane.docker.builders import Builder
from shiplane.docker.buildx import Buildx
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.names import Digest, Platform
from shiplane.release.staging.join import IndexJoiner
from shiplane.release.staging.multi_node import MultiNodeStager


def stager_for(buildx: Buildx, builder: Builder, joiner: IndexJoiner) -> BuildxStager | MultiNodeStager:
    """The stager for this builder."""
    if len(builder.nodes) > 1:
        return MultiNodeStager(buildx=buildx, builder=builder, joiner=joiner, tell=buildx.tell)
    return BuildxStager(buildx=buildx, builder=builder)


@dataclass(frozen=True, kw_only=True)
class JoiningStager:
    """Joins what was staged elsewhere; builds nothing.

    Attributes:
        joiner: Joins the parts.
        parts: The parts of each lane's image, checked against the plan.
    """

    joiner: IndexJoiner
    parts: Mapping[str, Sequence[PartialIndex]]
    tell: Callable[[str], None]

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.release.publish.Stager`."""
        return {name: self._join(plan, lane_plan, name) for lane_plan in lanes for name in (lane_plan.lane.name,)}

    def _join(self, plan: Plan, lane_plan: LanePlan, name: str) -> Digest:
        staged = [f"{', '.join(map(str, part.platforms))} ({part.digest.short})" for part in self.parts[name]]
        self.tell(f"{name}: staged elsewhere, not built here: {'; '.join(staged)}")
        return self.joiner.join(plan, lane_plan, self.parts[name])


@dataclass(frozen=True, kw_only=True)
class BuildxStager:
    """Stages with one bake for all lanes, pushed by digest."""

    buildx: Buildx
    builder: Builder

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.release.publish.Stager`."""
        return self.buildx.bake(staging(plan, lanes), self.builder)


def dry_run(plan: Plan, buildx: Buildx, native: Platform, *, requested: str | None, every: bool) -> Flow[list[str]]:
    """Build without publishing: one platform of each lane is loaded, the others are built if requested.

    Args:
        plan: What a release would build.
        buildx: Builds it.
        native: The engine's platform.
        requested: The requested builder, if any.
        every: Whether all platforms are built, or only the loaded ones.

    Returns:
        The local names of the images.
    """
    builds = trial(plan, native, every=every)
    platforms = list(dict.fromkeys(platform for build in builds for platform in build.platforms))
    step = Step("builder", requested or "the current one")
    yield step
    builder = buildx.builder(requested, platforms, by_digest=False)
    yield step.done(f"{builder.name} ({builder.driver})")
    step = Step(
        "build",
        f"{', '.join(lane_plan.lane.name for lane_plan in plan.lanes)} for {', '.join(map(str, platforms))}",
    )
    yield step
    buildx.bake(builds, builder)
    names = [local_name(plan, lane) for lane in plan.lanes]
    yield step.done(f"loaded {', '.join(names)}")
    yield Step("push", ", ".join(map(str, plan.primaries))).skipped("dry run: nothing was pushed")
    return names


def joiner_for(registry: RegistryClient) -> IndexJoiner:
    """Joins what was staged apart, in the repositories of a client."""
    return IndexJoiner(registry=registry)

"""Building a plan's lanes with buildx, for real or for trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.clients.buildx import Builder, Buildx
from shiplane.model.bake import local_name, staging, trial
from shiplane.model.image import Digest, Platform
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.step import Flow, Step


@dataclass(frozen=True, kw_only=True)
class BuildxStager:
    """Stages with one bake for all lanes, pushed by digest."""

    buildx: Buildx
    builder: Builder

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.flows.publish.Stager`."""
        return self.buildx.bake(staging(plan, lanes), self.builder)


def dry_run(plan: Plan, buildx: Buildx, native: Platform, *, wanted: str | None, every: bool) -> Flow[list[str]]:
    """Build without publishing: the engine's own platform is loaded, the others are built where asked for.

    Args:
        plan: What a release would build.
        buildx: Builds it.
        native: The engine's platform: loaded if the plan has it, so that the image can be run; else the first.
        wanted: The builder asked for.
        every: Whether all platforms are built, or only the one that is loaded.

    Returns:
        The local names of the images.
    """
    platforms = plan.platforms.value
    first = native if native in platforms else platforms[0]
    others = [platform for platform in platforms if platform != first] if every else []
    step = Step("builder", wanted or "the current one")
    yield step
    builder = buildx.builder(wanted, [first, *others], by_digest=False)
    yield step.done(f"{builder.name} ({builder.driver})")
    step = Step(
        "build", f"{', '.join(lane.lane.name for lane in plan.lanes)} for {', '.join(map(str, [first, *others]))}"
    )
    yield step
    buildx.bake(trial(plan, first, others), builder)
    names = [local_name(plan, lane) for lane in plan.lanes]
    yield step.done(f"loaded {', '.join(names)}")
    yield Step("push", str(plan.repository)).skipped("dry run: nothing was pushed")
    return names

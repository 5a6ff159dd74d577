"""Read a plan's tags once more after a run that failed: what is public now."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.config.plan import Plan
from shiplane.core.system.parallel import map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused
from shiplane.registry.oci.names import Tag


def plan_tags_now(registry: RegistryClient, plan: Plan) -> list[str]:
    """A line for each version tag and floating tag of a plan. Never raises: not knowing is one of the answers."""
    return tags_now(registry, [tag for lane_plan in plan.lanes for tag in lane_plan.image_tags])


def tags_now(registry: RegistryClient, tags: Sequence[Tag]) -> list[str]:
    """A line for each tag as it is now. Never raises."""
    answers = map_parallel(registry.get_manifest, tags)
    return [f"{registry.repository}:{tag} {_describe(answer)}" for tag, answer in zip(tags, answers, strict=True)]


def _describe(answer: LookupResult) -> str:
    if isinstance(answer, Present):
        return f"is {answer.digest}"
    if isinstance(answer, Absent):
        return "does not exist"
    return (
        "cannot be read with this credential" if isinstance(answer, Refused) else f"could not be read ({answer.reason})"
    )

"""Read a plan's tags once more after a run that failed: what is public now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.system.parallel import map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused
from shiplane.registry.oci.names import Repository, Tag

# The tags of a lane that are shown.
TagsOf: TypeAlias = Callable[[LanePlan], Sequence[Tag]]


def plan_tags_now(
    connect: Callable[[Repository], RegistryClient],
    plan: Plan,
    tags_of: TagsOf,
) -> list[str]:
    """A line for each tag that a plan writes. Never raises: not knowing is one of the answers.

    Args:
        connect: Makes the client of a repository.
        plan: What was to be published.
        tags_of: The tags of a lane.
    """
    tags: dict[Repository, list[Tag]] = {}
    for lane_plan in plan.lanes:
        for image in lane_plan.images.value:
            tags.setdefault(image, []).extend(tags_of(lane_plan))
    return [line for image, names in tags.items() for line in tags_now(connect(image), names)]


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

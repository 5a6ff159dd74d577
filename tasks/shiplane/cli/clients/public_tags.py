"""Read a plan's tags once more after a run that failed: what is public now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shiplane.config.plan import Plan
from shiplane.core.system.parallel import map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused
from shiplane.registry.oci.names import Repository, Tag


def plan_tags_now(connect: Callable[[Repository], RegistryClient], plan: Plan) -> list[str]:
    """A line for each version tag and floating tag of a plan. Never raises: not knowing is one of the answers."""
    tags: dict[Repository, list[Tag]] = {}
    for lane_plan in plan.lanes:
        for image in lane_plan.images.value:
            tags.setdefault(image, []).extend(lane_plan.image_tags)
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

"""What is public after a run that did not end well: the plan's names, read once more."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.config.plan import Plan
from shiplane.core.system.parallel import map_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused
from shiplane.registry.oci.names import Tag


def public_names(registry: RegistryClient, plan: Plan) -> list[str]:
    """A line for each version and floating tag of a plan. Never raises: not knowing is one of the answers."""
    return names_now(registry, [name for lane_plan in plan.lanes for name in (lane_plan.tag, lane_plan.lane.floating)])


def names_now(registry: RegistryClient, names: Sequence[Tag]) -> list[str]:
    """A line for each name, as it is now. Never raises."""
    answers = map_parallel(registry.get_manifest, names)
    return [f"{registry.repository}:{name} {_words(answer)}" for name, answer in zip(names, answers, strict=True)]


def _words(answer: LookupResult) -> str:
    if isinstance(answer, Present):
        return f"is {answer.digest}"
    if isinstance(answer, Absent):
        return "does not exist"
    return "cannot be read by us" if isinstance(answer, Refused) else f"could not be read ({answer.reason})"

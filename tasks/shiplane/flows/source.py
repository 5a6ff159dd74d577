"""The first step of a release: the source is what it says it is. A published image names a commit; it must be true."""

from __future__ import annotations

from collections.abc import Callable

from shiplane.model.errors import PrerequisiteError
from shiplane.model.plan import LanePlan, Plan
from shiplane.model.settings import Checkout
from shiplane.model.step import Flow, Step

_SHOWN = 5


def check_source(plan: Plan, checkout: Checkout, commit_of_tag: Callable[[str], str | None]) -> Flow[None]:
    """Refuse a dirty tree, and a version whose git tag stands at another commit.

    Args:
        plan: What is to be released.
        checkout: Git's facts.
        commit_of_tag: Finds the commit of a git tag.

    Raises:
        PrerequisiteError: One of the two.
    """
    step = Step("resolve", ", ".join(lane.tag for lane in plan.lanes))
    yield step
    if checkout.changes:
        listed = ", ".join(checkout.changes[:_SHOWN]) + (", ..." if len(checkout.changes) > _SHOWN else "")
        raise PrerequisiteError(
            f"the working tree differs from commit {plan.commit[:12]}: {listed}",
            remedy="Commit or stash the changes; what is published must be what is committed.",
        )
    words = [_check_tag(plan, lane, commit_of_tag) for lane in plan.lanes]
    yield step.done(f"commit {plan.commit[:12]}, clean" + "".join(words))


def _check_tag(plan: Plan, lane: LanePlan, commit_of_tag: Callable[[str], str | None]) -> str:
    """Compare a version's git tag with the commit; returns a word where there is no such tag."""
    if lane.version.value.is_snapshot:
        return ""
    git_tag = lane.lane.git_tag_of(lane.version.value)
    commit = commit_of_tag(git_tag)
    if commit is not None and commit != plan.commit:
        raise PrerequisiteError(
            f"git tag {git_tag} stands at {commit[:12]}, but HEAD is {plan.commit[:12]}",
            remedy=f"git checkout {git_tag}, or release another version.",
        )
    return "" if commit else f"; no git tag {git_tag} in this checkout"

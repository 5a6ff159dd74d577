"""The first step of a release: the source is what it says it is. A published image names a commit; it must be true."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shiplane.config.plan import LanePlan, Plan
from shiplane.config.settings import Checkout
from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Flow, Step

_SHOWN = 5
_COMMIT = "Commit or stash the changes; what is published must be what is committed."
_MADE = (
    "Where the build command made it: commit it, or name it in .gitignore. What is published must be what is committed."
)


def check_source(plan: Plan, checkout: Checkout, commit_of_tag: Callable[[str], str | None]) -> Flow[None]:
    """Refuse a dirty or incomplete tree, and a version whose git tag stands at another commit.

    Args:
        plan: What is to be released.
        checkout: Git's facts, the files compared.
        commit_of_tag: Finds the commit of a git tag.

    Raises:
        PrerequisiteError: One of these.
    """
    step = Step("resolve", ", ".join(lane.tag for lane in plan.lanes))
    yield step
    require_committed(checkout, plan.commit, remedy=_COMMIT)
    words = [_check_tag(plan, lane, commit_of_tag) for lane in plan.lanes]
    yield step.done(f"commit {plan.commit[:12]}, clean" + "".join(words))


def check_again(plan: Plan, checkout: Checkout) -> Flow[None]:
    """Refuse a source that has changed since it was checked: the build command may write what it likes.

    Raises:
        PrerequisiteError: It has.
    """
    step = Step("source", "once more")
    yield step
    require_committed(checkout, plan.commit, remedy=_MADE)
    yield step.done(f"commit {plan.commit[:12]}, still clean")


def require_committed(checkout: Checkout, commit: str, *, remedy: str) -> None:
    """Refuse a checkout that is not what a commit holds.

    Args:
        checkout: Git's facts, the files compared.
        commit: The full hash that is to be released.
        remedy: What to do about changes.

    Raises:
        PrerequisiteError: HEAD is another commit; part of it was never checked out; or something differs.
    """
    if checkout.commit != commit:
        raise PrerequisiteError(
            f"HEAD is {checkout.commit[:12]} by now, and commit {commit[:12]} was to be released",
            remedy="Run it again when nobody moves HEAD: no build command, no hook, nobody at work.",
        )
    if checkout.lacking:
        what = "; ".join(f"{lacking.what}: {_listed(lacking.paths)}" for lacking in checkout.lacking)
        commands = dict.fromkeys(lacking.remedy for lacking in checkout.lacking)
        raise PrerequisiteError(
            f"the checkout of commit {commit[:12]} is incomplete: {what}", remedy=f"Run: {'; '.join(commands)}"
        )
    if checkout.changes:
        raise PrerequisiteError(
            f"the working tree differs from commit {commit[:12]}: {_listed(checkout.changes)}", remedy=remedy
        )


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")


def _check_tag(plan: Plan, lane_plan: LanePlan, commit_of_tag: Callable[[str], str | None]) -> str:
    """Compare a version's git tag with the commit; returns a word where there is no such tag."""
    if lane_plan.version.value.is_snapshot:
        return ""
    git_tag = lane_plan.lane.git_tag_of(lane_plan.version.value)
    commit = commit_of_tag(git_tag)
    if commit is not None and commit != plan.commit:
        raise PrerequisiteError(
            f"git tag {git_tag} stands at {commit[:12]}, but HEAD is {plan.commit[:12]}",
            remedy=f"git checkout {git_tag}, or release another version.",
        )
    return "" if commit else f"; no git tag {git_tag} in this checkout"

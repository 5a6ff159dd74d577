"""Check the source of a release: the image will name a commit, and has to be built from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout
from shiplane.config.version import Version
from shiplane.config.version_file import FileVersion
from shiplane.core.errors import PrerequisiteError, RefusedError
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line, quoted

_SHOWN = 5
_COMMIT = "Commit or stash the changes: only committed files are published."
_GENERATED = "If the build command generated it, commit it or add it to .gitignore: only committed files are published."


def check_source(plan: Plan, checkout: Checkout, commit_of_tag: Callable[[str], str | None]) -> Flow[None]:
    """Refuse a dirty or incomplete tree, and a version whose git tag is at another commit or whose file has another.

    Args:
        plan: What is to be released.
        checkout: Git's facts, with the files compared.
        commit_of_tag: Finds the commit of a git tag.

    Raises:
        PrerequisiteError: A dirty or incomplete tree, or a git tag at another commit.
        RefusedError: The version file has another version.
    """
    step = Step("resolve", ", ".join(lane.tag for lane in plan.lanes))
    yield step
    require_committed(checkout, plan.commit, remedy=_COMMIT)
    for lane in plan.lanes:
        check_version_file(lane.lane, lane.version, lane.version_file)
    notes = [_check_tag(plan, lane, commit_of_tag) for lane in plan.lanes]
    yield step.done(f"commit {plan.commit[:12]}, clean" + "".join(notes))


def check_version_file(lane: Lane, version: Setting[Version], file: FileVersion | None) -> None:
    """Refuse a version that is not the one in the lane's version file.

    Raises:
        RefusedError: Naming both, and the file.
    """
    if file is not None and not file.agrees(version.value):
        raise RefusedError(
            f"{version.source} gives lane {lane.name} version {version.value}, but {file.path} of the commit has "
            f"{quoted(file.text, 80)}",
            remedy=f"Write {version.value} into {file.path}, commit it and release that commit; or release "
            f"{one_line(file.text)[:80]}.",
        )


def check_again(plan: Plan, checkout: Checkout) -> Flow[None]:
    """Refuse a source that has changed since it was checked, as by the build command.

    Raises:
        PrerequisiteError: It has.
    """
    step = Step("source", "checked again")
    yield step
    require_committed(checkout, plan.commit, remedy=_GENERATED)
    yield step.done(f"commit {plan.commit[:12]}, still clean")


def require_committed(checkout: Checkout, commit: str, *, remedy: str) -> None:
    """Refuse a checkout that differs from its commit.

    Args:
        checkout: Git's facts, with the files compared.
        commit: The full hash that is to be released.
        remedy: What to do about changes.

    Raises:
        PrerequisiteError: HEAD is another commit, part of it was not checked out, or something differs.
    """
    if checkout.commit != commit:
        raise PrerequisiteError(
            f"HEAD has moved to {checkout.commit[:12]}, and commit {commit[:12]} was to be released",
            remedy="Run it again when nothing moves HEAD: a build command, a hook, somebody at work.",
        )
    if checkout.lacking:
        missing = "; ".join(f"{lacking.what}: {_first_paths(lacking.paths)}" for lacking in checkout.lacking)
        commands = dict.fromkeys(lacking.remedy for lacking in checkout.lacking)
        raise PrerequisiteError(
            f"the checkout of commit {commit[:12]} is incomplete: {missing}", remedy=f"Run: {'; '.join(commands)}"
        )
    if checkout.changes:
        raise PrerequisiteError(
            f"the working tree differs from commit {commit[:12]}: {_first_paths(checkout.changes)}", remedy=remedy
        )


def _first_paths(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")


def _check_tag(plan: Plan, lane_plan: LanePlan, commit_of_tag: Callable[[str], str | None]) -> str:
    """Compare a version's git tag with the commit; returns a note if there is no such tag."""
    if lane_plan.version.value.is_snapshot:
        return ""
    git_tag = lane_plan.lane.git_tag_of(lane_plan.version.value)
    commit = commit_of_tag(git_tag)
    if commit is not None and commit != plan.commit:
        raise PrerequisiteError(
            f"git tag {git_tag} is at {commit[:12]}, but HEAD is {plan.commit[:12]}",
            remedy=f"git checkout {git_tag}, or release another version.",
        )
    return "" if commit else f"; no git tag {git_tag} in this checkout"

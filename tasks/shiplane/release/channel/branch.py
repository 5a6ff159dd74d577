"""Whether a commit is of the branch that a channel follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from shiplane.core.errors import PrerequisiteError
from shiplane.core.progress import Flow, Step
from shiplane.core.text import quoted
from shiplane.git.ancestry import Descent

if TYPE_CHECKING:
    from shiplane.config.channel import Channel
    from shiplane.release.channel.forward import IsAncestor

_HEADS = "refs/heads/"


def check_branch(
    channel: Channel,
    commit: str,
    env: Mapping[str, str],
    branch_end: Callable[[str], tuple[str, str] | None],
    is_ancestor: IsAncestor,
    *,
    reset: bool = False,
) -> Flow[None]:
    """Refuse a commit that is not of the channel's branch.

    In GitHub Actions the run has to be one of the branch (``GITHUB_REF``). Wherever the clone knows the branch, its
    remote's before its own, the commit has to be in its history: what is not pushed may still be rewritten.

    Args:
        channel: The channel.
        commit: The full hash of HEAD.
        env: The environment.
        branch_end: The ref and the commit of a branch's end, as the clone knows it.
        is_ancestor: Asks git.
        reset: Whether the channel's tag may leave its commit: then no other than the branch's newest may replace it.

    Raises:
        PrerequisiteError: It is not, or that cannot be told.
    """
    step = Step("branch", channel.branch)
    yield step
    ref, end = env.get("GITHUB_REF", ""), branch_end(channel.branch)
    if ref and ref != f"{_HEADS}{channel.branch}":
        raise PrerequisiteError(
            f"channel {channel.name} follows branch {channel.branch}, and this run is of {quoted(ref, 80)}",
            remedy=f"Run it on a push to {channel.branch}.",
        )
    if end is None and not ref:
        raise PrerequisiteError(
            f"channel {channel.name} follows branch {channel.branch}, which this clone does not know",
            remedy=f"git fetch origin {channel.branch}:refs/remotes/origin/{channel.branch}",
        )
    if reset and (end is None or end[1] != commit):
        raise PrerequisiteError(
            f"--reset is for the newest commit of {channel.branch}, and {commit[:12]} is not the end of it here",
            remedy=f"git fetch origin, then check out the end of {channel.branch}.",
        )
    if end:
        _check_contained(channel, commit, *end, is_ancestor)
    yield step.done(f"commit {commit[:12]} is in {end[0]}" if end else f"this run is of {ref}")


def _check_contained(channel: Channel, commit: str, ref: str, end: str, is_ancestor: IsAncestor) -> None:
    answer = is_ancestor(commit, end)
    if answer.descent is Descent.NO:
        raise PrerequisiteError(
            f"commit {commit[:12]} is not in {ref}, which ends at {end[:12]}; channel {channel.name} follows it",
            remedy=f"Push it first, or git fetch if it is pushed; or check out a commit of {channel.branch}.",
        )
    if answer.descent is Descent.UNKNOWN:
        raise PrerequisiteError(
            f"whether commit {commit[:12]} is in {ref} cannot be told: {answer.reason}",
            remedy=f"Complete the history, then run it again: {answer.remedy}",
        )

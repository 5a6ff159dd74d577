"""Whether a channel's tag may move: only to a descendant of the commit that it is at. Pure but for asking git."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from shiplane.core.errors import PrerequisiteError, RefusedError
from shiplane.core.next_command import command
from shiplane.core.text import one_line
from shiplane.git.ancestry import Ancestry, Descent

if TYPE_CHECKING:
    from shiplane.verify.audit.channel import ChannelTag

# Whether the first commit is the second or in its history.
IsAncestor: TypeAlias = Callable[[str, str], Ancestry]
# What the ledger says of a move that did not go forward.
REWRITTEN = "the branch's history was rewritten (--reset)"


@dataclass(frozen=True, kw_only=True)
class ForwardOnly:
    """The rule for one run.

    Attributes:
        commit: The full hash of the commit that is published.
        is_ancestor: Asks git.
        reset: Whether the user says that the tag's commit is no longer of the branch: a tag may then leave it.
    """

    commit: str
    is_ancestor: IsAncestor
    reset: bool = False

    def check(self, state: ChannelTag) -> bool:
        """Refuse a move that is not forward from every commit that the tag is at.

        Returns:
            Whether it is forward; False where it is not, and the user says that this is meant.

        Raises:
            RefusedError: It is not.
            PrerequisiteError: The history here cannot tell.
        """
        if not state.commits and state.digest:
            return self._leave(state, f"{state.tag} is at {state.digest}, whose image names no commit")
        # Each is asked about: one that cannot be told must not hide behind another that may be left.
        forward = [self._check_from(state, commit) for commit in state.commits]
        return all(forward)

    def is_certain(self, old: str, new: str) -> bool:
        """Whether one commit certainly descends from another one."""
        return self.is_ancestor(old, new).descent is Descent.YES

    def _check_from(self, state: ChannelTag, commit: str) -> bool:
        answer = self.is_ancestor(commit, self.commit)
        if answer.descent is Descent.YES:
            return True
        here, there = self.commit[:12], one_line(commit)[:12]
        if answer.descent is Descent.UNKNOWN:
            raise PrerequisiteError(
                f"{state.tag} is at commit {there}; whether {here} descends from it cannot be told: {answer.reason}",
                remedy=f"Complete the history, then run it again: {answer.remedy}" if answer.remedy else _LABEL,
            )
        if self.is_certain(self.commit, commit):
            raise RefusedError(
                f"{state.tag} is at commit {commit}, which is newer: it has {self.commit} in its history",
                remedy=f"{state.tag} only moves forward. Publish the newest commit of {state.channel.branch}.",
            )
        return self._leave(
            state,
            f"{state.tag} is at commit {commit}, which is not in the history of {self.commit}: "
            f"{state.channel.branch} was force-pushed since, or this is an older commit of it",
        )

    def _leave(self, state: ChannelTag, why: str) -> bool:
        if self.reset:
            return False
        again = command("publish", "--channel", state.channel.name, "--reset")
        raise RefusedError(
            why, remedy=f"See {command('status')}. If {state.tag} is to follow the branch as it is now: {again}"
        )


_LABEL = f"Find out who moved the tag: {command('status')}"

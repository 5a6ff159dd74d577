"""Whether one commit is an ancestor of another, believed only where the history here is whole.

``git merge-base --is-ancestor`` says no in silence where the history is cut off: in a shallow clone, in a whole clone
after one ``git fetch --depth``, and (before Git 2.45) where a commit's object is missing. So its yes is taken as it is,
and a no only after every commit behind the newer one could be read. Grafts and replaced objects, which exist on this
machine alone, are not followed, and the commit graph, a cache, is not asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from shiplane.core.text import one_line, quoted
from shiplane.git.plumbing import Plumbing

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_REAL_HISTORY = {"GIT_GRAFT_FILE": os.devnull}
_SETTINGS = {"core.commitGraph": "false", "advice.graftFileDeprecated": "false"}


class Descent(Enum):
    """Whether a commit descends from another one."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ancestry:
    """An answer.

    Attributes:
        descent: Yes, no, or that the history here cannot tell.
        reason: Why it cannot tell; else empty.
        remedy: The command that completes the history, where there is one; else empty.
    """

    descent: Descent
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class History:
    """The history of the repository that a folder belongs to.

    Attributes:
        folder: Where git runs.
        env: The environment.
        remote: Which remote completes the history.
    """

    folder: Path
    env: Mapping[str, str]
    remote: str = "origin"

    def is_ancestor(self, old: str, new: str) -> Ancestry:
        """Whether ``old`` is ``new`` or in its history.

        Args:
            old: A commit's full hash, as anybody may have written it down.
            new: The full hash of the commit whose history is asked.

        Raises:
            PrerequisiteError: git is not installed, or times out.
        """
        for commit in (old, new):
            if not _COMMIT.fullmatch(commit):
                return Ancestry(Descent.UNKNOWN, f"{quoted(commit, 80)} is not a commit's full hash")
        # Exit 0 is a path from one to the other, which no missing commit can feign.
        if self._read.run("merge-base", "--is-ancestor", old, new).code == 0:
            return Ancestry(Descent.YES)
        return self._unknown(new) or Ancestry(Descent.NO)

    def branch_end(self, branch: str) -> tuple[str, str] | None:
        """Where a branch ends, as this clone knows it: the ref and the commit.

        Returns:
            The remote's branch as it was last fetched, else the local one; None where there is neither.

        Raises:
            PrerequisiteError: git is not installed, or times out.
        """
        for ref in (f"refs/remotes/{self.remote}/{branch}", f"refs/heads/{branch}"):
            answer = self._read.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
            if answer.code == 0:
                return ref, answer.stdout.strip()
        return None

    def _unknown(self, new: str) -> Ancestry | None:
        """Why a no would prove nothing; None where all that is behind the commit could be read."""
        if self._read.run("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
            return Ancestry(
                Descent.UNKNOWN,
                "the history of this clone is cut off (a shallow clone)",
                f"git fetch --unshallow {self.remote}",
            )
        if self._read.run("cat-file", "-e", f"{new}^{{commit}}").code != 0:
            return Ancestry(Descent.UNKNOWN, f"this clone has no commit {new[:12]}", f"git fetch {self.remote}")
        walk = self._read.run("rev-list", "--quiet", new)
        if walk.code == 0:
            return None
        reason = f"the history of this clone is incomplete: {one_line(walk.stderr)[:200]}"
        return Ancestry(Descent.UNKNOWN, reason, f"git fetch --refetch {self.remote}")

    @property
    def _read(self) -> Plumbing:
        return Plumbing(folder=self.folder, env=self.env, extra_env=_REAL_HISTORY, settings=_SETTINGS)

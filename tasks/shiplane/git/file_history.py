"""When files were last committed, by whom, and what they were then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiplane.git.plumbing import Plumbing

_FORMAT = "--format=%H%x00%cs%x00%an"
# git-log(1) runs converters of the user's where it compares files.
_PLAIN_DIFF = ("--no-ext-diff", "--no-textconv")


@dataclass(frozen=True)
class LastChange:
    """The commit that last changed a file, its day (YYYY-MM-DD) and its author's name."""

    commit: str
    day: str
    author: str


@dataclass(frozen=True, kw_only=True)
class FileHistory:
    """The history of files, by their paths from a folder of the repository.

    Attributes:
        folder: Where git runs.
        env: The environment.
    """

    folder: Path
    env: Mapping[str, str]

    def last_change(self, paths: Sequence[str], line: str = "") -> LastChange | None:
        """The last commit that changed one of some files; with ``line`` one that changed a line that has this.

        None where there is none, or where the history here is cut off and cannot tell.

        Raises:
            PrerequisiteError: git is not installed.
        """
        if self._git.run("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
            return None
        changing = ["-G", line] if line else []
        answer = self._git.run("log", "--max-count=1", _FORMAT, *_PLAIN_DIFF, *changing, "HEAD", "--", *paths)
        commit, _, rest = answer.stdout.strip().partition("\0")
        day, _, author = rest.partition("\0")
        return LastChange(commit, day, author) if answer.code == 0 and commit else None

    def text(self, commit: str, path: str) -> str | None:
        """What a file was in a commit; None where it was not there.

        Raises:
            PrerequisiteError: git is not installed.
        """
        answer = self._git.run("cat-file", "blob", f"{commit}:./{path}")
        return answer.stdout if answer.code == 0 else None

    @property
    def _git(self) -> Plumbing:
        return Plumbing(folder=self.folder, env=self.env, extra_env={"GIT_LITERAL_PATHSPECS": "1"})

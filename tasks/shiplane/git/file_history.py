"""When files were last committed, by whom, and what they were then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
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
        """
        if self._output("rev-parse", "--is-shallow-repository") != "false\n":
            return None
        changing = ["-G", line] if line else []
        written = self._output("log", "--max-count=1", _FORMAT, *_PLAIN_DIFF, *changing, "HEAD", "--", *paths)
        if not written:
            return None
        commit, day, author = written.strip().split("\0", maxsplit=2)
        return LastChange(commit, day, author)

    def text(self, commit: str, path: str) -> str | None:
        """What a file was in a commit; None where it was not there."""
        return self._output("cat-file", "blob", f"{commit}:./{path}")

    def _output(self, *words: str) -> str | None:
        """What git says; None where it fails or is not installed: this is nice to know, and no more."""
        git = Plumbing(folder=self.folder, env=self.env, extra_env={"GIT_LITERAL_PATHSPECS": "1"})
        with suppress(PrerequisiteError):
            return git.output(*words)
        return None

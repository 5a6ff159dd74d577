"""What git knows of the project. Read with plumbing commands, whose output is made for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shiplane.clients.process import Finished, run, without_secrets
from shiplane.model.errors import PrerequisiteError
from shiplane.model.moment import stamp
from shiplane.model.redact import one_line
from shiplane.model.settings import Checkout


@dataclass(frozen=True, kw_only=True)
class Git:
    """The repository that a folder belongs to."""

    folder: Path
    env: Mapping[str, str]

    def checkout(self) -> Checkout | None:
        """The facts that settings come from, or None where there is no repository or no commit.

        Raises:
            PrerequisiteError: git is not installed, or refuses this repository.
        """
        head = self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head.code != 0:
            if "dubious ownership" in head.stderr:
                raise PrerequisiteError(
                    f"git refuses {self.folder}: it belongs to somebody else",
                    remedy=f"git config --global --add safe.directory {self.folder}",
                )
            return None
        commit = head.stdout.strip()
        return Checkout(
            commit=commit,
            committed_at=self._committed_at(),
            tags=tuple(self._lines("tag", "--points-at", "HEAD")),
            changes=self._changes(),
            remote=self._git("config", "--get", "remote.origin.url").stdout.strip(),
        )

    def version(self) -> str:
        """What git calls itself.

        Raises:
            PrerequisiteError: git is not installed.
        """
        return self._git("version").stdout.strip()

    def commit_of_tag(self, tag: str) -> str | None:
        """The commit that a git tag stands at, or None when this repository has no such tag."""
        found = self._git("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        return found.stdout.strip() if found.code == 0 else None

    def overlooks(self, path: Path) -> bool:
        """Whether a file at this path would leave the tree as clean as it is: outside of it, ignored, or git's own."""
        top = Path(self._git("rev-parse", "--show-toplevel").stdout.rstrip("\n")).resolve()
        try:
            inside = path.resolve().relative_to(top)
        except ValueError:
            return True
        return ".git" in inside.parts or self._git("check-ignore", "--quiet", "--", str(path.resolve())).code == 0

    def tags(self) -> list[str]:
        """Every git tag of this repository."""
        return self._lines("for-each-ref", "--format=%(refname:strip=2)", "refs/tags")

    def make_tag(self, tag: str, message: str) -> str:
        """Make an annotated git tag at HEAD, signed where the user's configuration says so.

        Returns:
            The hash of the tag itself.

        Raises:
            PrerequisiteError: git refuses: no identity, no key to sign with, a tag of that name.
        """
        made = self._git("tag", "--annotate", "--message", message, tag, "HEAD")
        if made.code != 0:
            raise PrerequisiteError(f"git tag {tag} could not be made: {one_line(made.stderr)[:400]}")
        return self._git("rev-parse", "--verify", f"refs/tags/{tag}").stdout.strip()

    def drop_tag(self, tag: str, made: str) -> None:
        """Take back a git tag of our own that went nowhere; one that is by now another's stays."""
        self._git("update-ref", "-d", f"refs/tags/{tag}", made)

    def _committed_at(self) -> str:
        seconds = int(self._lines("show", "--no-patch", "--format=%ct", "HEAD")[0])
        return stamp(seconds)

    def _changes(self) -> tuple[str, ...]:
        """Paths in NUL-separated porcelain format: ``XY path``; a rename's second path is part of the change."""
        entries = self._git("status", "--porcelain=v1", "-z", "--no-renames").stdout.split("\0")
        return tuple(entry[3:] for entry in entries if entry)

    def _lines(self, *arguments: str) -> list[str]:
        return self._git(*arguments).stdout.splitlines()

    def _git(self, *arguments: str) -> Finished:
        # No prompt, no optional lock: looking must neither wait for a person nor disturb one who works.
        env = {**without_secrets(self.env), "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        return run(["git", *arguments], env=env, cwd=self.folder)

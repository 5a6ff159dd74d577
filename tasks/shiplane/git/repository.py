"""What git knows of the project. Read with plumbing commands, whose output is made for programs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shiplane.config.settings import Checkout, github_slug
from shiplane.core.errors import ConfigurationError, PrerequisiteError
from shiplane.core.system.process import ProcessResult, run, without_secrets
from shiplane.core.text import one_line
from shiplane.core.timestamps import rfc3339
from shiplane.git.plumbing import Plumbing, failure, git_environment
from shiplane.git.worktree import differences, printable_path

# A blob with content of its own, executable or not: a link is 120000, a submodule 160000 (git-fast-import(1)).
_FILE_MODE = "100"
_LARGEST_FILE = 1024 * 1024
# What git says in a folder that belongs to no repository.
_OUTSIDE = "not a git repository (or any"
# A line of ``git remote --verbose``; of a partial clone it goes on with the filter.
_REMOTE = re.compile(r"[^\t]*\t(.*) \((?:fetch|push)\)")


@dataclass(frozen=True, kw_only=True)
class Git:
    """The repository that a folder belongs to."""

    folder: Path
    env: Mapping[str, str]

    def checkout(self) -> Checkout | None:
        """The facts that settings come from, or None where there is no repository or no commit.

        Whether the files are those of the commit is another question: see :meth:`compared`.

        Raises:
            PrerequisiteError: git is not installed, refuses this repository, or fails.
        """
        asked = self._asked()
        return asked[0] if asked else None

    def compare_worktree(self) -> Checkout | None:
        """The same, with what of the files differs from the commit. Raises as :meth:`checkout`; also for a file."""
        asked = self._asked()
        if asked is None:
            return None
        checkout, top = asked
        result = differences(replace(self._read, folder=top), checkout.commit)
        return replace(checkout, changes=result.changes, lacking=result.lacking)

    def _asked(self) -> tuple[Checkout, Path] | None:
        """The facts, and the top of the work tree. Raises as :meth:`checkout`."""
        # One command for the commit and its time: they are of the same moment.
        head = self._read.run("rev-list", "--max-count=1", "--timestamp", "HEAD")
        if head.code != 0:
            self._check_empty(head)
            return None
        top = self._checked_top()
        seconds, commit = head.stdout.split()
        tags = tuple(self._tags_of(commit))
        return Checkout(commit=commit, committed_at=rfc3339(int(seconds)), tags=tags, remote=self._remote()), top

    def _remote(self) -> str:
        """The URL of ``origin`` as it is configured; if only ``url.*.insteadOf`` makes it one of GitHub's, that one."""
        configured = self._read.run("config", "--get", "remote.origin.url").stdout.strip()
        if not configured or github_slug(configured):
            return configured
        rewritten = self._read.run("remote", "get-url", "origin").stdout.strip()
        return rewritten if github_slug(rewritten) else configured

    def remote_urls(self) -> list[str]:
        """Every URL of every remote, as git uses it."""
        lines = self._read.run("remote", "--verbose").stdout.splitlines()
        return [match[1] for line in lines if (match := _REMOTE.match(line))]

    def version(self) -> str:
        """What git calls itself.

        Raises:
            PrerequisiteError: git is not installed.
        """
        return self._read.run("version").stdout.strip()

    def commit_of_tag(self, tag: str) -> str | None:
        """The commit that a git tag stands at, or None when this repository has no such tag.

        Raises:
            PrerequisiteError: git fails, or the tag stands at something else.
        """
        if self._read.run("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}").code != 0:
            return None
        return self._read.output("rev-parse", "--verify", f"refs/tags/{tag}^{{commit}}").strip()

    def leaves_tree_clean(self, path: Path) -> bool:
        """Whether a file at this path would leave the tree as clean as it is: outside of it, ignored, or git's own.

        Ignored is what a ``.gitignore`` of the project says, as where trees are compared. Where there is no repository,
        there is no tree.
        """
        if _OUTSIDE in self._read.run("rev-parse", "--show-toplevel").stderr:
            return True
        top, file = self._top().resolve(), path.resolve()
        if not file.is_relative_to(top) or ".git" in file.relative_to(top).parts:
            return True
        answer = self._read.run("check-ignore", "--verbose", "-z", "--stdin", given=f"{file}\0")
        source, _, pattern, *_ = [*answer.stdout.split("\0"), "", "", ""]
        return answer.code == 0 and Path(source).name == ".gitignore" and not pattern.startswith("!")

    def ignored_paths(self) -> tuple[str, ...]:
        """What lies in the folder that a ``.gitignore`` of the project names: paths from it, a folder's with a slash.

        Raises:
            PrerequisiteError: git fails.
        """
        flags = ("--others", "--ignored", "--directory", "-z", "--exclude-per-directory=.gitignore")
        return tuple(printable_path(path) for path in self._read.records("ls-files", *flags))

    def tracked_files(self) -> tuple[str, ...]:
        """Every file of the folder that git tracks, by its path from it; no links, no submodules.

        Raises:
            PrerequisiteError: git fails.
        """
        entries = (entry.partition("\t") for entry in self._read.records("ls-files", "--stage", "-z"))
        return tuple(dict.fromkeys(path for kind, _, path in entries if kind.startswith("100")))

    def committed_file(self, commit: str, path: str) -> str | None:
        """The text of a file as a commit has it; None where it has none there, or the path leads out of the repository.

        Args:
            commit: Its hash.
            path: Of the file, from this folder.

        Raises:
            ConfigurationError: It is a link, a folder or a submodule, too large, or not UTF-8.
            PrerequisiteError: git fails.
        """
        prefix = self._read.output("rev-parse", "--show-prefix").rstrip("\n")
        full_path = posixpath.normpath(posixpath.join(prefix, path))
        if full_path.split("/")[0] == "..":
            return None
        entries = self._read.records("ls-tree", "--full-tree", "-z", "--long", commit, "--", full_path)
        if not entries:
            return None
        mode, _, digest, size = entries[0].partition("\t")[0].split()
        if not mode.startswith(_FILE_MODE) or int(size) > _LARGEST_FILE:
            raise ConfigurationError(
                f"{path} is not a file of at most {_LARGEST_FILE} bytes in commit {commit[:12]}",
                remedy="Name the file itself, where it is a link to one.",
            )
        content = self._read.output("cat-file", "blob", digest).encode(errors="surrogateescape")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{path} is not UTF-8: {error.reason}") from error

    def message(self, commit: str) -> str:
        """The message of a commit."""
        return self._read.output("cat-file", "commit", commit).partition("\n\n")[2]

    def tags(self) -> list[str]:
        """Every git tag of this repository."""
        return self._read.output("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").splitlines()

    def default_branch(self) -> str:
        """The branch that ``origin`` calls its own, as the clone remembers it; else the one that is checked out."""
        for ref in ("refs/remotes/origin/HEAD", "HEAD"):
            answer = self._read.run("symbolic-ref", "--short", "--quiet", ref)
            if answer.code == 0:
                return answer.stdout.strip().removeprefix("origin/")
        return "main"

    def create_tag(self, tag: str, message: str) -> str:
        """Make an annotated git tag at HEAD, signed where the user's configuration says so.

        Returns:
            The hash of the tag itself.

        Raises:
            PrerequisiteError: git refuses: no identity, no key to sign with, a tag of that name.
        """
        result = self._write("tag", "--annotate", "--message", message, tag, "HEAD")
        if result.code != 0:
            raise PrerequisiteError(f"git tag {tag} could not be made: {one_line(result.stderr)[:400]}")
        return self._read.output("rev-parse", "--verify", f"refs/tags/{tag}").strip()

    def delete_tag(self, tag: str, digest: str) -> None:
        """Take back a git tag of our own that went nowhere; one that is by now another's stays."""
        self._write("update-ref", "-d", f"refs/tags/{tag}", digest)

    @property
    def _read(self) -> Plumbing:
        return Plumbing(folder=self.folder, env=self.env)

    def _check_empty(self, listed: ProcessResult) -> None:
        """See that where HEAD's commit cannot be listed there is no repository, or nothing was committed yet.

        Raises:
            PrerequisiteError: git fails: that is neither.
        """
        if _OUTSIDE in listed.stderr:
            return
        # Quietly: 1 where HEAD names a branch without a commit.
        if self._read.run("rev-parse", "--verify", "--quiet", "HEAD").code != 1:
            raise failure(self.folder, "rev-list", listed)

    def _top(self) -> Path:
        return Path(self._read.output("rev-parse", "--show-toplevel").rstrip("\n"))

    def _checked_top(self) -> Path:
        """The top of the work tree, if git speaks of these files and not of others: core.worktree may lead it anywhere.

        Raises:
            PrerequisiteError: Its work tree does not hold this folder, or the folder's own .git is no repository.
        """
        top, folder = self._top().resolve(), self.folder.resolve()
        if not folder.is_relative_to(top) or ((folder / ".git").exists() and folder != top):
            raise PrerequisiteError(
                f"git takes {top} for the work tree of {folder}",
                remedy="See git rev-parse --show-toplevel there, and git config --get core.worktree.",
            )
        return top

    def _tags_of(self, commit: str) -> list[str]:
        """The tags that lead to a commit, of a tag of a tag too, where ``--points-at`` sees one step alone."""
        leads_to = {}
        # Exit code 1 where there is none; the line of what a tag object leads to follows its own.
        for line in self._read.run("show-ref", "--tags", "--dereference").stdout.splitlines():
            target, _, ref = line.partition(" ")
            leads_to[ref.removeprefix("refs/tags/").removesuffix("^{}")] = target
        return [tag for tag, target in leads_to.items() if target == commit]

    def _write(self, *words: str) -> ProcessResult:
        """A command with the user's own settings, hooks and signing key."""
        return run(["git", *words], env=git_environment(without_secrets(self.env)), cwd=self.folder)

"""Read a repository with git's plumbing commands, independent of the user's settings.

Settings may hide changes (fsmonitor, untrackedCache), convert files (autocrlf), run programs (hooks) or add output
(showSignature, color.ui); variables such as GIT_DIR and GIT_INDEX_FILE, set by git for its hooks, select another
repository. None of them may affect a release. Settings for identity and remotes stay: safe.directory, credentials,
insteadOf.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.process import ProcessResult, run, without_secrets
from shiplane.core.text import one_line

# `git rev-parse --local-env-vars` and git(1): what names another repository, index, work tree or history, and what
# changes how paths are read. GIT_CONFIG_COUNT and GIT_CONFIG_PARAMETERS stay: a container's safe.directory is there.
REDIRECTING_VARIABLES = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "PREFIX", "NAMESPACE", "IMPLICIT_WORK_TREE"),
        *("OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES", "SHALLOW_FILE", "GRAFT_FILE", "REPLACE_REF_BASE"),
        *("CONFIG", "INTERNAL_SUPER_PREFIX", "DEFAULT_HASH", "ATTR_SOURCE", "EXTERNAL_DIFF", "DIFF_OPTS"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
    )
)
# No prompt: nobody sits at a child of ours. No replaced object: the commit is what it is for everybody else.
SAFE = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_NO_REPLACE_OBJECTS": "1"}
# No lock that a person at work would meet, no dialling for an object, no attributes of this machine.
_READING = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ATTR_NOSYSTEM": "1"}
PLAIN = {"color.ui": "false", "color.advice": "false", "color.push": "false", "color.remote": "false"} | {
    "color.transport": "false",
    "i18n.commitEncoding": "utf-8",
    "i18n.logOutputEncoding": "utf-8",
}
_COMMITTED = {
    **PLAIN,
    "column.ui": "never",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.eol": "lf",
    "core.excludesFile": os.devnull,
    "core.fileMode": "true",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.sparseCheckout": "false",
    "core.splitIndex": "false",
    "core.symlinks": "true",
    "core.untrackedCache": "false",
    "index.sparse": "false",
    "log.showSignature": "false",
    "submodule.recurse": "false",
}
_TIMEOUT = 600.0


def git_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment for git in the repository of its working folder."""
    return {**{name: value for name, value in env.items() if name not in REDIRECTING_VARIABLES}, **SAFE}


def git_command(settings: Mapping[str, str]) -> list[str]:
    """A git command line that overrides these settings (git(1), -c)."""
    return ["git", "--no-pager", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]


@dataclass(frozen=True, kw_only=True)
class Plumbing:
    """Runs plumbing commands in the repository of a folder.

    Attributes:
        folder: Where git runs.
        env: The environment; what is secret in it and what leads elsewhere is left out.
        extra_env: Variables of our own: an index beside the user's.
        settings: Further ones.
    """

    folder: Path
    env: Mapping[str, str]
    extra_env: Mapping[str, str] | None = None
    settings: Mapping[str, str] | None = None

    def run(self, *words: str, given: str = "") -> ProcessResult:
        """Run a command, whatever its exit code. Output and ``given`` keep every byte (surrogateescape).

        Raises:
            PrerequisiteError: git is not installed, or times out.
        """
        env = {**git_environment(without_secrets(self.env)), **_READING, **(self.extra_env or {})}
        argv = [*git_command({**_COMMITTED, **(self.settings or {})}), *words]
        return run(argv, env=env, cwd=self.folder, given=given, timeout=_TIMEOUT, exact=True)

    def output(self, *words: str, given: str = "") -> str:
        """The output of a command.

        Raises:
            PrerequisiteError: It failed, with git's message.
        """
        answer = self.run(*words, given=given)
        if answer.code != 0:
            raise failure(self.folder, words[0], answer)
        return answer.stdout

    def records(self, *words: str, given: str = "") -> list[str]:
        """The NUL-separated records of a command's output. Raises as :meth:`output`."""
        return [record for record in self.output(*words, given=given).split("\0") if record]


def failure(folder: Path, command: str, answer: ProcessResult) -> PrerequisiteError:
    """The error for a failed git command."""
    if "dubious ownership" in answer.stderr:
        return PrerequisiteError(
            f"git refuses {folder}: it belongs to somebody else",
            remedy=f"git config --global --add safe.directory {folder}",
        )
    message = one_line(answer.stderr or answer.stdout)[:400] or "nothing"
    return PrerequisiteError(
        f"git {command} failed in {folder} (exit {answer.code}): {message}",
        remedy="See what git status says there: what it cannot read, nobody can release.",
    )

"""The remote repository, by git's own transport. Children that reach it log in: with the user's own, none of ours.

git's words are foreign text, and a remote's URL may hold a token: everything goes through the redactor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import AccessError, PrerequisiteError, RefusedError, ShiplaneError, UnreachableError
from shiplane.core.redact import Redactor
from shiplane.core.system.process import ProcessResult, run
from shiplane.core.text import one_line
from shiplane.git.plumbing import PLAIN, Plumbing, git_command, git_environment
from shiplane.git.remote_url import secrets_of, without_credentials

_TIMEOUT = 120.0
# A credential helper of git (gh, or a workflow's own) reads these; nothing of a registry's is any of its business.
GIT_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
# Nothing that the user's configuration would push along.
_PUSH_ONLY = ("--no-follow-tags", "--recurse-submodules=no")
# A record of ours is no push of the user's work: neither hooks made for that nor its signature have to do with it. An
# empty push option takes back those of the configuration (git-config(1), push.pushOption).
_NO_OPTIONS, _RECORDS = ("-c", "push.pushOption="), ("--no-verify", "--no-signed")
# A record needs no identity of a person: who claims is part of its text.
_RECORDER = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "shiplane"), ("EMAIL", "shiplane@localhost"))
}
_DENIED = (
    "authentication failed",
    "could not read username",
    "could not read password",
    "permission denied",
    "permission to",
    "access denied",
    "error: 403",
    "error: 401",
    "invalid username",
)
# How git ends a push where the remote, or the way to it, is what failed; with a hook here it says the first alone.
_PUSH_FAILED, _BY_THE_REMOTE = "error: failed to push some refs", ("rejected]", "[remote failure]")
# Where a push cannot even be begun as the repository here is configured.
_CONFIGURED = ("the receiving end does not support", "can't be combined", "failed to sign")
_MESSAGE_LIMIT = 4000


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One remote of a repository.

    Attributes:
        folder: The repository.
        env: The environment without secrets.
        login: Those variables with which git may log in, and no others.
        redact: Learns what the remote's URL hides.
        name: Which remote.
    """

    folder: Path
    env: Mapping[str, str]
    login: Mapping[str, str]
    redact: Redactor
    name: str = "origin"

    def url(self) -> str:
        """Where it is, without a password.

        Raises:
            PrerequisiteError: There is no such remote.
        """
        urls = [self._git("remote", "get-url", *kind, self.name) for kind in ((), ("--push",))]
        if urls[0].code != 0:
            raise PrerequisiteError(
                f"there is no git remote {self.name!r}", remedy=f"git remote add {self.name} <URL of the repository>"
            )
        for secret in (secret for answer in urls for secret in secrets_of(answer.stdout.strip())):
            self.redact.add(secret)
        return without_credentials(urls[-1].stdout.strip())

    def has_commit(self, commit: str) -> bool:
        """Whether a branch of the remote, as it is now, holds a commit.

        Raises:
            AccessError, UnreachableError: The remote could not be asked.
            PrerequisiteError: The history here is cut off where it would show that.
        """
        # Our memory of a branch may be older than its end: only what the remote still shows counts.
        heads = self._ls_remote("--heads", self.name)
        if commit in heads.values():
            return True
        self._run_remote("fetch", "--quiet", "--no-tags", self.name)
        # A clone of a single branch fetches no other one by itself.
        if missing_branches := self._missing_branches(heads):
            self._run_remote("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", self.name, *missing_branches)
        revisions = [commit, *(f"^{head}" for head in heads.values())]
        missing = self._local.output(
            "rev-list", "--max-count=1", "--ignore-missing", "--stdin", given="\n".join(revisions)
        )
        if missing and self._local.output("rev-parse", "--is-shallow-repository").strip() == "true":
            raise PrerequisiteError(
                f"whether a branch of {self.name} has commit {commit[:12]} cannot be told: "
                "the history of this clone is cut off",
                remedy=f"Fetch all of it: git fetch --unshallow {self.name}",
            )
        return not missing

    def tags(self) -> dict[str, str]:
        """Every git tag of the remote with the hash that it points at; for an annotated one the tag's own.

        Raises:
            AccessError, UnreachableError: The remote could not be asked.
        """
        listed = self._ls_remote("--tags", "--refs", self.name)
        return {ref.removeprefix("refs/tags/"): digest for ref, digest in listed.items()}

    def create(self, refs: Mapping[str, str], *, dry_run: bool = False, record: bool = False) -> str:
        """Push refs, only if the remote has none of these names: all of them or none.

        Args:
            refs: What each is to point at, by the ref's full name.
            dry_run: Ask the remote for everything that a push needs, and send nothing.
            record: They are records of ours, and no work of the user's: hooks, signatures and options for a push of
                that do not apply.

        Returns:
            Nothing when git says that it was done, else git's words: then what is there has to be read.

        Raises:
            PrerequisiteError: git took too long.
        """
        # An empty expected value means "must not exist" (git-push(1), --force-with-lease).
        leases = [f"--force-with-lease={ref}:" for ref in refs]
        options = [*(["--atomic"] if len(refs) > 1 else []), *(["--dry-run"] if dry_run else [])]
        pairs = [f"{source}:{ref}" for ref, source in refs.items()]
        config = ["-c", f"remote.{self.name}.mirror=false", *(_NO_OPTIONS if record else ())]
        arguments = [
            "push",
            "--porcelain",
            *_PUSH_ONLY,
            *options,
            *(_RECORDS if record else ()),
            *leases,
            self.name,
            *pairs,
        ]
        answer = self._git(*config, *arguments, env=self.login)
        return "" if answer.code == 0 else self._message(answer)

    def refs(self, *names: str) -> dict[str, str]:
        """Those of these refs that the remote has, with the hash that each points at.

        Raises:
            AccessError, UnreachableError: The remote could not be asked.
        """
        return {ref: digest for ref, digest in self._ls_remote(self.name, *names).items() if ref in names}

    def write_record(self, text: str) -> str:
        """Put a text into the repository here, as the message of a commit without parents and files.

        Returns:
            The commit's hash. Nothing points at it until it is pushed.

        Raises:
            PrerequisiteError: git refuses.
        """
        tree = self._git("mktree")
        commit = self._git("commit-tree", tree.stdout.strip() or "HEAD^{tree}", given=text + "\n", env=_RECORDER)
        if commit.code != 0:
            raise PrerequisiteError(f"git could not write a record: {self._message(commit)}")
        return commit.stdout.strip()

    def read_record(self, ref: str, commit: str) -> str:
        """The text of a record that a ref of the remote points at.

        Raises:
            ValueError: It is no commit.
            AccessError, UnreachableError: It could not be fetched.
        """
        if self._git("cat-file", "-e", commit).code != 0:
            self._run_remote("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", self.name, ref)
        content = self._git("cat-file", "commit", commit)
        if content.code != 0:
            raise ValueError(f"{commit[:12]} is no commit")
        return content.stdout.partition("\n\n")[2]

    def error_for(self, message: str) -> ShiplaneError:
        """The error that git's words stand for."""
        lower, message = message.lower(), message[:400]
        if _is_local_failure(lower):
            return PrerequisiteError(
                f"git refused to push, and nothing was pushed: {message}",
                remedy="See this repository's hooks (git rev-parse --git-path hooks) and git's configuration.",
            )
        remedy = "git's own login is used, not the registry's: check it with git push --dry-run."
        if "remote rejected" in lower or "hook declined" in lower:
            return RefusedError(f"the remote refused: {message}", remedy="Look at the repository's rules for tags.")
        if any(sign in lower for sign in _DENIED):
            return AccessError(f"{self.name} denied git access: {message}", remedy=remedy)
        return UnreachableError(
            f"{self.name} gave no usable response: {message}", remedy="Check the network and the URL."
        )

    def _ls_remote(self, *arguments: str) -> dict[str, str]:
        """The hash of each ref that the remote lists, by the ref's full name."""
        lines = self._run_remote("ls-remote", *arguments).splitlines()
        return {ref: digest for digest, ref in (line.split("\t", 1) for line in lines if "\t" in line)}

    def _run_remote(self, *arguments: str) -> str:
        answer = self._git(*arguments, env=self.login)
        if answer.code != 0:
            raise self.error_for(self._message(answer))
        return answer.stdout

    def _message(self, answer: ProcessResult) -> str:
        """What git wrote that says why: its hints left out."""
        lines = (answer.stderr + "\n" + answer.stdout).splitlines()
        return one_line(self.redact(" ".join(line for line in lines if line and not line.startswith("hint:"))))[
            -_MESSAGE_LIMIT:
        ]

    def _missing_branches(self, heads: Mapping[str, str]) -> list[str]:
        """The branches whose ends are not in the repository here."""
        answers = self._local.output("cat-file", "--batch-check", given="\n".join(heads.values())).splitlines()
        return [ref for ref, answer in zip(heads, answers, strict=True) if answer.endswith(" missing")]

    @property
    def _local(self) -> Plumbing:
        return Plumbing(folder=self.folder, env=self.env)

    def _git(self, *arguments: str, given: str = "", env: Mapping[str, str] | None = None) -> ProcessResult:
        # How the remote is reached is the user's: what they have for asking (GIT_ASKPASS), their proxies and rewrites.
        full_env = git_environment({**self.env, **(env or {})})
        return run([*git_command(PLAIN), *arguments], env=full_env, cwd=self.folder, given=given, timeout=_TIMEOUT)


def _is_local_failure(lower: str) -> bool:
    """Whether a push ended before the remote had a say: by a hook here, or by git's configuration."""
    failed_locally = _PUSH_FAILED in lower and not any(sign in lower for sign in _BY_THE_REMOTE)
    return failed_locally or any(sign in lower for sign in _CONFIGURED)

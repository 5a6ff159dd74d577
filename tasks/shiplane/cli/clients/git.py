"""Git as a run uses it: the remote, the claims that it keeps, and files that are no change of the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.core.system.host import user_at_host
from shiplane.core.text import quoted
from shiplane.git.remote import GIT_TOKENS, Remote

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.settings import Checkout
    from shiplane.git.ancestry import History
    from shiplane.release.claiming import ReleaseClaims


def remote_of(run: Run, name: str = "origin") -> Remote:
    """A git remote, with git's own login and nothing of the registry's: git has no business with that."""
    git_env = {name: value for name, value in run.child_env.items() if not name.startswith("GHCR_")}
    login = {name: run.env[name] for name in GIT_TOKENS if run.env.get(name)}
    return Remote(folder=run.root, env=git_env, login=login, redact=run.redact, name=name)


def history_of(run: Run) -> History:
    """What the project's repository knows of its commits."""
    from shiplane.git.ancestry import History

    return History(folder=run.root, env=run.git.env)


def claiming_of(run: Run) -> ReleaseClaims | None:
    """How this run claims the versions that it writes; None where the project does not ask for it.

    Raises:
        PrerequisiteError: There is no such remote.
    """
    from shiplane.git.claim_store import GitClaims
    from shiplane.release.claiming import ReleaseClaims

    settings = run.project.claim
    if settings is None:
        return None
    remote = remote_of(run, settings.remote)
    run.console.tell(f"versions are claimed on {remote.url()}, under {settings.prefix}")
    return ReleaseClaims(claims=GitClaims(remote=remote, prefix=settings.prefix), by=_claimant(run))


def _claimant(run: Run) -> str:
    """Who claims: the workflow's run, or the user and the machine. All readers of the repository can see it."""
    parts = [run.env.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    if all(parts):
        return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}"
    return user_at_host()


def check_output_path(run: Run, file: str, example: str) -> None:
    """Refuse to write a file where it would be a change of the tree.

    Args:
        run: Where it runs.
        file: Relative to where the user stands.
        example: A flag with a better place.

    Raises:
        UsageError: It is inside the checkout, and no .gitignore matches it.
    """
    if not run.git.leaves_tree_clean(run.folder / file):
        raise UsageError(
            f"{quoted(file)} is inside the checkout and git does not ignore it: it would make the tree dirty, "
            "and a dirty tree cannot be released",
            remedy=f"Write it outside the checkout, e.g. {example}, or where the project's .gitignore ignores it.",
        )


def compared_again(run: Run) -> Checkout:
    """Git's facts as they are now; a plan implies a commit.

    Raises:
        PrerequisiteError: There is none any more.
    """
    checkout = run.git.compare_worktree()
    if checkout is None:
        raise PrerequisiteError(
            "the git repository disappeared during the run", remedy="Run the command in a git checkout."
        )
    return checkout

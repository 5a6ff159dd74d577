"""GitHub's API as a run uses it: for gates, and for the releases of git tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.config.checks.names import GITHUB_RELEASE_CHECK
from shiplane.config.lane import groups_of
from shiplane.core.errors import UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.git.github import GitHub
    from shiplane.registry.http.retry_budget import RetryBudget
    from shiplane.release.announcing.github_release import GitHubReleaser

# Seconds for all retries: GitHub's are none of the registry's.
_BUDGET = 120.0


def github_of(run: Run, asking: str, retry_budget: RetryBudget | None = None) -> GitHub:
    """The client for this project's repository on GitHub.

    Args:
        run: The run.
        asking: What needs it, for an error.
        retry_budget: Its budget; without one that of the registries.

    Raises:
        UsageError: Nothing says which repository that is.
    """
    from shiplane.config.settings import Flags
    from shiplane.git.github import TOKEN_VARIABLES, GitHub, api_of

    slug = run.resolver(Flags()).slug()
    if slug is None:
        raise UsageError(
            f"{asking}, but the GitHub repository is unknown",
            remedy="Set GITHUB_REPOSITORY=owner/name; on an Enterprise server also GITHUB_SERVER_URL=https://HOST.",
        )
    return GitHub(
        transport=run.transport(),
        retry_budget=retry_budget or run.registries.retry_budget,
        redact=run.redact,
        slug=slug.value,
        api=api_of(run.env),
        token=next((run.env[name] for name in TOKEN_VARIABLES if run.env.get(name)), ""),
    )


def github_releaser_of(run: Run, skip: Sequence[str]) -> GitHubReleaser | None:
    """What makes the releases on GitHub; None where the project or this run wants none.

    Raises:
        UsageError: Nothing says which repository that is.
    """
    from shiplane.git.github_releases import GitHubReleases
    from shiplane.registry.http.retry_budget import RetryBudget
    from shiplane.release.announcing.github_release import GitHubReleaser

    settings = run.project.github_release
    if settings is None:
        return None
    if GITHUB_RELEASE_CHECK in skip:
        run.console.tell(f"--skip {GITHUB_RELEASE_CHECK}: no release on GitHub is made")
        return None
    limits = run.project.limits
    budget = RetryBudget(
        budget=min(_BUDGET, limits.retry_seconds),
        tries=limits.tries,
        max_wait=limits.wait_seconds,
        tell=run.console.tell,
        count_down=run.console.show_wait,
    )
    github = github_of(run, "github-release is configured", budget)
    return GitHubReleaser(
        releases=GitHubReleases(github=github), settings=settings, groups=groups_of(run.project.lanes)
    )

"""Whether a release may become what GitHub shows as the latest one: only forward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.git.github_releases import GitHubRelease


def full_releases(lane: Lane, releases: Iterable[GitHubRelease]) -> dict[Version, GitHubRelease]:
    """The published full releases of a lane's git tags, by version."""
    versions = {lane.version_of_git_tag(release.tag): release for release in releases if release.is_full}
    return {version: release for version, release in versions.items() if version and not version.is_prerelease}


def previous_tag(lane: Lane, version: Version, releases: Iterable[GitHubRelease]) -> str | None:
    """The git tag of the release before a version: for a full release the last full one."""
    published = {lane.version_of_git_tag(release.tag): release.tag for release in releases if not release.draft}
    earlier = [
        other for other in published if other and other < version and (version.is_prerelease or not other.is_prerelease)
    ]
    return published[max(earlier)] if earlier else None


def reason_against(
    lane: Lane,
    version: Version,
    groups: Sequence[Sequence[Lane]],
    releases: Iterable[GitHubRelease],
    latest: GitHubRelease | None,
) -> str:
    """Why a release does not become the latest one; nothing if it does.

    Lanes with git tags of their own have versions that cannot be compared: the ones that come first in the project file
    go before the others. A release whose git tag is no lane's was made for something else.

    Args:
        lane: The first lane of the git tag.
        version: Its version.
        groups: The project's lanes by git tag, in the order of the project file.
        releases: Those on GitHub.
        latest: What GitHub shows as the latest one, if anything.
    """
    if version.is_prerelease:
        return "a pre-release"
    newest = max(full_releases(lane, releases), default=version)
    if newest > version:
        return f"{lane.git_tag_of(newest)} is newer"
    if latest is None:
        return ""
    other = lane.version_of_git_tag(latest.tag)
    if other is not None:
        return f"{latest.tag} is newer" if other > version else ""
    ranks = [number for number, (first, *_) in enumerate(groups) if first.version_of_git_tag(latest.tag)]
    (own,) = (number for number, (first, *_) in enumerate(groups) if first.git_tag == lane.git_tag)
    return "" if ranks and own < ranks[0] else f"{latest.tag} is"

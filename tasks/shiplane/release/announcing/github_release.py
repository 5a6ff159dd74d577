"""The releases on GitHub that a run makes or completes, after all tags are written. The images are public by then.

A release is made only for a git tag that GitHub has, at the commit that was released: GitHub would make a missing one,
on its default branch. One that is there is kept: in its text only our parts are added or replaced. Nothing on GitHub
can be written on a condition, so what was written is read again a little later: of two runs at once the one that was
overwritten writes again. (One that reads, and writes only after the other has looked again, can still overwrite it.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.keys.github_release import GitHubReleaseSettings
from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.version import Version
from shiplane.core.errors import AccessError, LostRaceError, PrerequisiteError, ShiplaneError, UnreachableError
from shiplane.core.progress import Flow, Step
from shiplane.git.github import TOKEN_VARIABLES
from shiplane.git.github_releases import LONGEST_BODY, WRITE_CONTENTS, GitHubRelease, GitHubReleases
from shiplane.release.announcing.github_result import GitHubAction, GitHubReleaseResult, PlannedGitHubReleaseJson
from shiplane.release.announcing.latest_release import full_releases, previous_tag, reason_against
from shiplane.release.announcing.release_body import complete, has_parts, part_of, with_notes
from shiplane.release.result import LaneResult

if TYPE_CHECKING:
    from shiplane.release.publish import ReleaseResult

_STEP = "github release"
_WITHOUT = "--skip github-release releases without it."
# Seconds until what was written is read once more, for a run that read before and writes after it.
_SETTLING = 2.0
_WRITES = 5


@dataclass(frozen=True, kw_only=True)
class GitTagLanes:
    """A git tag, and the lanes of this run that it releases, with one version."""

    tag: str
    lanes: tuple[LanePlan, ...]

    @property
    def lane(self) -> Lane:
        """The first of them, which reads the git tags of all."""
        return self.lanes[0].lane

    @property
    def version(self) -> Version:
        """Their version."""
        return self.lanes[0].version.value


def git_tags_of(plan: Plan) -> list[GitTagLanes]:
    """The git tags of a release, each with its lanes; a snapshot has none."""
    tags: dict[str, list[LanePlan]] = {}
    for lane in plan.lanes:
        if not lane.version.value.is_snapshot:
            tags.setdefault(lane.lane.git_tag_of(lane.version.value), []).append(lane)
    return [GitTagLanes(tag=tag, lanes=tuple(lanes)) for tag, lanes in tags.items()]


def planned_releases(plan: Plan, settings: GitHubReleaseSettings | None) -> list[PlannedGitHubReleaseJson]:
    """The releases on GitHub that a release would make; none where that is not configured."""
    if settings is None:
        return []
    return [
        {
            "git_tag": tagged.tag,
            "lanes": [lane.lane.name for lane in tagged.lanes],
            "draft": settings.draft,
            "prerelease": tagged.version.is_prerelease,
            "generate_notes": settings.generate_notes,
        }
        for tagged in git_tags_of(plan)
    ]


@dataclass(frozen=True, kw_only=True)
class GitHubReleaser:
    """Makes the releases on GitHub of a run.

    Attributes:
        releases: The client.
        settings: How they are made.
        groups: The project's lanes by git tag, in the order of the project file.
    """

    releases: GitHubReleases
    settings: GitHubReleaseSettings
    groups: Sequence[Sequence[Lane]]

    def check(self, plan: Plan) -> Flow[None]:
        """See, before anything is built, that the releases can be made.

        Raises:
            AccessError: There is no token, or it may not write contents.
            PrerequisiteError: GitHub does not have the git tag, or has it at another commit.
        """
        for tagged in git_tags_of(plan):
            step = Step(_STEP, tagged.tag)
            yield step
            try:
                self._require_tag(tagged.tag, plan.commit)
                self.releases.check_write_access(tagged.tag)
            except UnreachableError as error:
                yield step.skipped(f"GitHub could not be asked, and will be again after the tags: {error.passing}")
            else:
                yield step.done(f"can be made: GitHub has the git tag at commit {plan.commit[:12]}")

    def publish(self, plan: Plan, lanes: Sequence[LaneResult]) -> Flow[tuple[GitHubReleaseResult, ...]]:
        """Make or complete each release. One that fails is part of the result: what it is about is published."""
        results = []
        for tagged in git_tags_of(plan):
            own = [lane for lane in lanes if lane.plan in tagged.lanes]
            step = Step(_STEP, tagged.tag)
            yield step
            try:
                result = self._publish(tagged, plan.commit, [(lane.plan.lane.name, part_of(lane)) for lane in own])
            except ShiplaneError as error:
                result = GitHubReleaseResult(tag=tagged.tag, action=GitHubAction.FAILED, error=error)
                yield step.failed(error.what)
            else:
                made = result.action is not GitHubAction.UNCHANGED
                yield step.done(result.description) if made else step.unchanged(result.description)
            results.append(result)
        return tuple(results)

    def _require_tag(self, tag: str, commit: str) -> None:
        """Raise what a release of a git tag would be refused for."""
        if not self.releases.github.token:
            remedy = f"Set {' or '.join(TOKEN_VARIABLES)} to {WRITE_CONTENTS}. {_WITHOUT}"
            raise AccessError(f"the release {tag} on GitHub needs a token, and none is set", remedy=remedy)
        found = self.releases.commit_of_tag(tag)
        if found is None:
            raise PrerequisiteError(
                f"GitHub has no git tag {tag}: it would make one on its default branch",
                remedy=f"Push it first: git push origin refs/tags/{tag}. {_WITHOUT}",
            )
        if found != commit:
            raise PrerequisiteError(
                f"GitHub has git tag {tag} at commit {found[:12]}, and not at {commit[:12]}, which is released",
                remedy=f"See both: git ls-remote origin {tag}, git show {tag}. {_WITHOUT}",
            )

    def _publish(self, tagged: GitTagLanes, commit: str, parts: Sequence[tuple[str, str]]) -> GitHubReleaseResult:
        self._require_tag(tagged.tag, commit)
        releases = self.releases.newest()
        found = self._find(tagged.tag, releases)
        if found is None:
            return self._make(tagged, parts, releases)
        changed = self._complete(found, parts)
        return self._result(found, GitHubAction.COMPLETED if changed else GitHubAction.UNCHANGED)

    def _find(self, tag: str, releases: Iterable[GitHubRelease] | None = None) -> GitHubRelease | None:
        """The release of a git tag: the published one, else the first draft."""
        if published := self.releases.by_tag(tag):
            return published
        listed = self.releases.newest() if releases is None else releases
        return min((release for release in listed if release.tag == tag), key=_by_number, default=None)

    def _make(
        self, tagged: GitTagLanes, parts: Sequence[tuple[str, str]], releases: Sequence[GitHubRelease]
    ) -> GitHubReleaseResult:
        against = self._reason_against(tagged, releases)
        release, made = self.releases.create(
            {
                "tag_name": tagged.tag,
                "name": tagged.tag,
                "body": with_notes(complete("", parts), self._notes(tagged, releases), LONGEST_BODY),
                "draft": self.settings.draft,
                "prerelease": tagged.version.is_prerelease,
                "make_latest": "false" if against else "true",
            },
            lambda: self._find(tagged.tag),
        )
        self._complete(release, parts, written=made)
        if made and not against:
            self._keep_latest_forward(tagged.lane)
        return self._result(release, GitHubAction.MADE if made else GitHubAction.COMPLETED, against if made else "")

    def _reason_against(self, tagged: GitTagLanes, releases: Sequence[GitHubRelease]) -> str:
        if self.settings.draft:
            return "a draft"
        if not self.settings.latest:
            return "latest = false"
        return reason_against(tagged.lane, tagged.version, self.groups, releases, self.releases.latest())

    def _notes(self, tagged: GitTagLanes, releases: Sequence[GitHubRelease]) -> str:
        if not self.settings.generate_notes:
            return ""
        return self.releases.notes(tagged.tag, previous_tag(tagged.lane, tagged.version, releases))

    def _complete(self, release: GitHubRelease, parts: Sequence[tuple[str, str]], *, written: bool = False) -> bool:
        """Write the parts until they stay there; gives whether any was missing.

        Args:
            release: As it was found or made.
            parts: Of this run's lanes.
            written: Whether this run has just written them.

        Raises:
            LostRaceError: Others wrote at the same time, again and again, or deleted it.
        """
        changed = False
        for _ in range(_WRITES):
            if written:
                self.releases.github.retry_budget.pause(_SETTLING, f"{release.tag} on GitHub is read again")
            current = self.releases.by_number(release.number)
            if current is None:
                raise LostRaceError(f"somebody deleted the release {release.tag} on GitHub meanwhile")
            if has_parts(current.body, parts):
                return changed
            self._write(current, complete(current.body, parts))
            changed = written = True
        raise LostRaceError(f"the release {release.tag} on GitHub does not keep its images: others write it, too")

    def _write(self, release: GitHubRelease, body: str) -> None:
        if len(body) > LONGEST_BODY:
            raise PrerequisiteError(
                f"the text of the release {release.tag} on GitHub has no room for its images: it would be longer than "
                f"{LONGEST_BODY} characters",
                remedy=f"Shorten it on GitHub: {release.url}",
            )
        # Said in any case: GitHub may take a change for a wish to make it the latest one (octokit/octokit.net#2756).
        latest = self.releases.latest()
        is_latest = latest is not None and latest.number == release.number
        self.releases.update(release.number, {"body": body, "make_latest": "true" if is_latest else "false"})

    def _keep_latest_forward(self, lane: Lane) -> None:
        """Take the mark of the latest release on to a higher one that another run made at the same time."""
        full, latest = full_releases(lane, self.releases.newest()), self.releases.latest()
        newest = max(full, default=None)
        version = lane.version_of_git_tag(latest.tag) if latest else None
        if newest is not None and version is not None and version < newest:
            self.releases.update(full[newest].number, {"make_latest": "true"})

    def _result(self, release: GitHubRelease, action: GitHubAction, against: str = "") -> GitHubReleaseResult:
        return GitHubReleaseResult(
            tag=release.tag,
            action=action,
            url=release.url,
            draft=release.draft,
            prerelease=release.prerelease,
            not_latest=against,
        )


def with_github_releases(
    github: GitHubReleaser | None, plan: Plan, release: Flow[ReleaseResult]
) -> Flow[tuple[ReleaseResult, tuple[GitHubReleaseResult, ...]]]:
    """A release, and then the releases on GitHub, if any are wanted; whether those can be made is seen before it.

    Raises:
        ShiplaneError: As :meth:`GitHubReleaser.check` and the release do; nothing once that is done.
    """
    if github:
        yield from github.check(plan)
    released = yield from release
    on_github = (yield from github.publish(plan, released.lanes)) if github else ()
    return released, on_github


def _by_number(release: GitHubRelease) -> int:
    return release.number

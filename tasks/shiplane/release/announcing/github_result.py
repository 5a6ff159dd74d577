"""What became of the release on GitHub of a git tag."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypedDict

from shiplane.core.errors import ShiplaneError


class GitHubAction(Enum):
    """What a run did to a release on GitHub."""

    MADE = "made"
    COMPLETED = "completed"
    UNCHANGED = "unchanged"
    FAILED = "failed"


class PlannedGitHubReleaseJson(TypedDict):
    """A release on GitHub that would be made, or completed where it is there."""

    git_tag: Annotated[str, "The git tag."]
    lanes: Annotated[list[str], "The lanes whose images it names."]
    draft: Annotated[bool, "Whether it would be made as a draft."]
    prerelease: Annotated[bool, "Whether it would be marked as a pre-release."]
    generate_notes: Annotated[bool, "Whether GitHub's generated notes would follow the images."]


class GitHubReleaseJson(TypedDict):
    """The release on GitHub of a git tag."""

    git_tag: Annotated[str, "The git tag."]
    action: Annotated[str, GitHubAction, "What this run did to it."]
    url: Annotated[str, "Its page; empty if it was not made."]
    draft: Annotated[bool, "Whether it is a draft."]
    prerelease: Annotated[bool, "Whether it is marked as a pre-release."]
    not_latest: Annotated[str, "Why this run did not make it GitHub's latest release; empty if it did, or made none."]
    error: Annotated[str | None, "Why it could not be made or completed; null if it was."]


@dataclass(frozen=True, kw_only=True)
class GitHubReleaseResult:
    """What became of the release of a git tag; the fields are those of :class:`GitHubReleaseJson`."""

    tag: str
    action: GitHubAction
    url: str = ""
    draft: bool = False
    prerelease: bool = False
    not_latest: str = ""
    error: ShiplaneError | None = None

    @property
    def description(self) -> str:
        """What was done, for display."""
        done = {
            GitHubAction.MADE: "made" + (" as a draft" if self.draft else ""),
            GitHubAction.COMPLETED: "images added to its text",
            GitHubAction.UNCHANGED: "has the images in its text",
            GitHubAction.FAILED: f"failed: {self.error.what if self.error else ''}",
        }[self.action]
        draft = "; it is a draft" if self.draft and self.action is not GitHubAction.MADE else ""
        reason = f" (not GitHub's latest release: {self.not_latest})" if self.not_latest and not self.draft else ""
        return f"{done}{draft}{reason}{self.url and f', {self.url}'}"

    def to_json(self) -> GitHubReleaseJson:
        """The result as JSON values."""
        return {
            "git_tag": self.tag,
            "action": self.action.value,
            "url": self.url,
            "draft": self.draft,
            "prerelease": self.prerelease,
            "not_latest": self.not_latest,
            "error": self.error.what if self.error else None,
        }

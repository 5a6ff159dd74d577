"""What follows the tags, as parts of the JSON documents of tasks."""

from __future__ import annotations

from typing import Annotated, TypedDict

from shiplane.config.keys.announcements import PlannedAnnouncementJson
from shiplane.release.announcing.announcements import AnnouncementJson
from shiplane.release.announcing.github_result import GitHubReleaseJson, PlannedGitHubReleaseJson


class PlannedFollowingJson(TypedDict):
    """What would follow the tags of a release."""

    github_releases: Annotated[
        list[PlannedGitHubReleaseJson], "The releases on GitHub that would be made or completed; empty if none are."
    ]
    announcements: Annotated[list[PlannedAnnouncementJson], "The announcements that would be made at the end."]


class FollowingJson(TypedDict):
    """What followed the tags of a release."""

    github_releases: Annotated[
        list[GitHubReleaseJson], "The releases on GitHub of the git tags; empty if none are configured."
    ]
    announcements: Annotated[list[AnnouncementJson], "What became of each announcement."]


class AnnouncedJson(TypedDict, total=False):
    """What followed a rollback."""

    announcements: Annotated[list[AnnouncementJson], "What became of each announcement; a dry run makes none."]

"""``github-release`` of the project file: whether a release is shown on GitHub, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from shiplane.core.schema.tables import Key, Table
from shiplane.core.schema.values import Boolean, Either


@dataclass(frozen=True, kw_only=True)
class GitHubReleaseSettings:
    """How the release on GitHub is made that a git tag gets when its images are published."""

    draft: Annotated[bool, Key("Whether it is made as a draft, for somebody to publish.", Boolean())] = False
    generate_notes: Annotated[
        bool,
        Key(
            "Whether GitHub's generated notes follow the images: what was merged since the lane's release before.",
            Boolean(),
        ),
    ] = False
    latest: Annotated[
        bool,
        Key("Whether it may become what GitHub shows as the latest release, if that is forward.", Boolean()),
    ] = True

    def __str__(self) -> str:
        notes = " with generated notes" if self.generate_notes else ""
        return f"{'a draft' if self.draft else 'published'}{notes}"


GITHUB_RELEASE = Either((Boolean(), Table.of(GitHubReleaseSettings, "github-release")))

"""Which release comes before a version, and which may be GitHub's latest: by values."""

from __future__ import annotations

import pytest

from shiplane.config.lane import BUILT_IN, MAIN, groups_of
from shiplane.config.version import Version
from shiplane.git.github_releases import GitHubRelease
from shiplane.release.announcing.latest_release import previous_tag, reason_against

OTHERS = ("standalone-v3.0.0", "v8", "docker-vX", "v9.0.0")


def releases(*tags: str, drafts: tuple[str, ...] = (), marked: tuple[str, ...] = ()) -> list[GitHubRelease]:
    return [
        GitHubRelease(number=number, tag=tag, body="", draft=tag in drafts, prerelease=tag in marked)
        for number, tag in enumerate((*tags, *drafts, *marked, *OTHERS))
    ]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0.0", None),
        ("1.0.1", "docker-v1.0.0"),
        ("2.0.0-rc.2", "docker-v2.0.0-rc.1"),
        ("2.0.0", "docker-v1.1.0"),
        ("9.0.0", "docker-v2.1.0"),
    ],
)
def test_the_release_before_is_the_next_lower_one_of_the_lane(version: str, expected: str | None) -> None:
    known = releases(
        *("docker-v1.0.0", "docker-v2.1.0", "docker-v1.1.0", "docker-v2.0.0-rc.1"), drafts=("docker-v1.9.0",)
    )
    assert previous_tag(MAIN, Version.parse(version), known) == expected


@pytest.mark.parametrize(
    ("version", "known", "latest", "reason"),
    [
        ("1.0.0", releases(), None, ""),
        ("1.0.0-rc.1", releases(), None, "a pre-release"),
        ("1.0.0", releases(drafts=("docker-v2.0.0",), marked=("docker-v3.0.0",)), None, ""),
        ("1.0.0", releases("docker-v1.0.1"), None, "docker-v1.0.1 is newer"),
        ("1.0.1", releases("docker-v1.0.0"), "docker-v1.0.0", ""),
        ("1.0.0", releases(), "docker-v1.0.0", ""),
        ("1.0.0", releases(), "docker-v1.0.1", "docker-v1.0.1 is newer"),
        ("1.0.0", releases(), "standalone-v9.0.0", ""),
        ("1.0.0", releases(), "v9.0.0", "v9.0.0 is"),
    ],
)
def test_a_release_becomes_the_latest_only_forward(
    version: str, known: list[GitHubRelease], latest: str | None, reason: str
) -> None:
    shown = GitHubRelease(number=1, tag=latest, body="") if latest else None
    assert reason_against(MAIN, Version.parse(version), groups_of(BUILT_IN), known, shown) == reason


def test_a_later_lane_does_not_take_the_latest_release_from_an_earlier_one() -> None:
    shown, (_, standalone) = GitHubRelease(number=1, tag="docker-v0.1.0", body=""), BUILT_IN
    against = reason_against(standalone, Version.parse("9.0.0"), groups_of(BUILT_IN), [], shown)
    assert against == "docker-v0.1.0 is"

"""The doctor's rows about what a project file adds to its lanes: what builds are given, and deployment files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.lane import BUILT_IN, MAIN, Lane
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.settings import Checkout, Resolver
from shiplane.core.errors import UsageError
from shiplane.core.finding import Finding
from shiplane.core.progress import StepState
from shiplane.deployments.files import Collected
from shiplane.deployments.finder import DeploymentFile
from shiplane.doctor.config import ConfigChecks
from tests.faults.harness.scene import AIONIS

HEAD = Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z")
BOTH = frozenset(lane.dockerfile for lane in BUILT_IN)
BUILD = {"build-args": {"CHANNEL": "stable"}, "secrets": {"npm": {"env": "NPM_TOKEN"}}}
GIVEN = parse_project_file({"lanes": {"main": BUILD, "standalone": BUILD}}, "shiplane.toml")
READ = DeploymentFile(path="a.yml", content=b"")


def rows(
    project: ProjectFile,
    files: frozenset[str] = BOTH,
    collected: Collected | None = None,
    lacking: str = "",
    tag: str = "",
    slug: str = "",
) -> dict[str, Finding]:
    """The rows, by name."""
    resolver = Resolver(
        env={"IMAGE_REPO": str(AIONIS), "TAG": tag, "GITHUB_REPOSITORY": slug},
        project=project,
        checkout=HEAD,
        dockerfiles=files,
        committed={"VERSION": "0.2.1"}.get,
    )

    def check_build(lane: Lane) -> None:
        if lane.name == lacking:
            raise UsageError(f"lane {lane.name}: NPM_TOKEN is not set")

    looked = ConfigChecks(
        project=lambda: project,
        checkout=lambda: HEAD,
        resolver=lambda: resolver,
        check_build=check_build,
        collect=lambda: collected or Collected(files=()),
    )
    return {row.name: row for row in looked.check()}


def test_what_a_build_is_given_is_told_where_there_is_something_to_build() -> None:
    found = rows(GIVEN, files=frozenset({"Dockerfile"}))
    words = "is given --build-arg CHANNEL=stable --secret id=npm,env=NPM_TOKEN --provenance mode=min"
    assert found["config: main build"].reason == words
    assert "config: standalone build" not in found
    assert "config: main build" not in rows(ProjectFile())


def test_platforms_are_told_once_unless_lanes_have_their_own() -> None:
    assert rows(ProjectFile())["config: platforms"].reason == "linux/amd64, linux/arm64 (default)"
    own = parse_project_file({"lanes": {"main": {"platforms": ["linux/arm/v7"]}}}, "shiplane.toml")
    told = "main: linux/arm/v7 (shiplane.toml: lanes.main.platforms); standalone: linux/amd64, linux/arm64 (default)"
    assert rows(own)["config: platforms"].reason == told


@pytest.mark.parametrize(
    ("floating", "words"),
    [
        ("next", "next does not move by default (lane main)"),
        (
            ["latest", "v{major}", "v{major}.{minor}"],
            "latest, v{major}, v{major}.{minor} do not move by default (lane main)",
        ),
    ],
)
def test_every_floating_tag_of_a_lane_is_shown(floating: object, words: str) -> None:
    told = parse_project_file({"lanes": {"main": {"floating": floating}}}, "shiplane.toml")
    assert rows(told)["config: main"].reason == f"Dockerfile; {words}"


def test_a_lane_without_floating_tags_is_shown_as_such() -> None:
    bare = replace(GIVEN, lanes=(replace(MAIN, floating_templates=()),))
    assert rows(bare)["config: main"].reason == "Dockerfile; no floating tags"


def test_what_a_build_would_lack_fails_its_row_alone() -> None:
    found = rows(GIVEN, lacking="main")
    assert found["config: main build"].reason == "lane main: NPM_TOKEN is not set"
    assert (found["config: main build"].exit_code, found["config: standalone build"].exit_code) == (2, 0)


@pytest.mark.parametrize(
    ("settings", "slug", "reason"),
    [
        (True, "acme/app", "published for docker-vX.Y.Z, standalone-vX.Y.Z in acme/app (GITHUB_REPOSITORY)"),
        (
            {"draft": True, "generate-notes": True},
            "a/b",
            "a draft with generated notes for docker-vX.Y.Z, standalone-vX.Y.Z in a/b (GITHUB_REPOSITORY)",
        ),
        (True, "", "the GitHub repository is unknown"),
    ],
)
def test_releases_on_github_are_told_with_their_repository(settings: object, slug: str, reason: str) -> None:
    row = rows(parse_project_file({"github-release": settings}, "shiplane.toml"), slug=slug)["config: github release"]
    assert (row.reason, row.state is StepState.DONE) == (reason, bool(slug))


def test_announcements_are_told_without_urls_and_a_variable_that_is_not_set_is_a_warning() -> None:
    tables = [
        {"webhook-env": "CHAT", "on": ["release", "rollback"]},
        {"webhook": "https://hooks.example/secret", "name": "chat"},
        {"command": "sh announce.sh"},
    ]
    found = rows(parse_project_file({"announce": tables}, "shiplane.toml"))
    assert {
        name.removeprefix("config: announce "): (row.reason, row.remedy) for name, row in found.items() if "ann" in name
    } == {
        "CHAT": ("webhook in CHAT, of release and rollback", "CHAT is not set."),
        "chat": ("webhook on hooks.example, of release", ""),
        "sh announce.sh": ("command: sh announce.sh, of release", ""),
    }


def test_deployment_files_are_counted_and_what_was_not_read_is_a_warning() -> None:
    project = parse_project_file({"deployments": ["*.yml"]}, "shiplane.toml")
    row = rows(project, collected=Collected(files=(READ,)))["config: deployments"]
    assert (row.reason, row.is_warning) == ("1 file read", False)
    partly = Collected(files=(READ, READ), skipped=("b.yml: too large",), unmatched=("c/*.yml",))
    row = rows(project, collected=partly)["config: deployments"]
    assert (row.reason, row.is_warning) == ("2 files read", True)
    assert row.remedy.splitlines() == ["No file matches c/*.yml.", "Not read: b.yml: too large."]
    assert "config: deployments" not in rows(GIVEN)


@pytest.mark.parametrize(
    ("tag", "code", "reason"),
    [
        ("", 0, "VERSION has 0.2.1"),
        ("0.2.1", 0, "VERSION has 0.2.1"),
        (f"0.0.0-{HEAD.commit[:12]}", 0, "VERSION has 0.2.1"),
        ("0.2.2", 5, "TAG gives lane main version 0.2.2, but VERSION of the commit has '0.2.1'"),
    ],
)
def test_the_version_in_a_file_is_a_row_that_fails_where_another_is_to_be_released(
    tag: str, code: int, reason: str
) -> None:
    told = parse_project_file({"version-file": "VERSION"}, "shiplane.toml")
    row = rows(told, tag=tag)["config: main version file"]
    assert (row.reason, row.exit_code) == (reason, code)
    assert rows(told)["config: main version"].reason == "0.2.1 (VERSION)"
    assert "config: main version file" not in rows(ProjectFile())

from __future__ import annotations

from typing import Any

import pytest

from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from tests.lanes import widest


def parse(**document: object) -> ProjectFile:
    return parse_project_file(document, "shiplane.toml")


def test_an_empty_file_means_the_built_in_lanes() -> None:
    assert parse().lanes == BUILT_IN


def test_naming_a_built_in_lane_changes_only_what_is_named() -> None:
    main = parse(lanes={"main": {"publish-latest": True}}).lane("main")
    assert (main.publish_latest, main.dockerfile, main.git_tag) == (True, "Dockerfile", "docker-v{version}")


def test_a_project_of_its_own_lanes_has_no_other() -> None:
    assert [lane.name for lane in parse(lanes={"api": {}, "web": {}}).lanes] == ["api", "web"]
    assert [lane.name for lane in parse(lanes={"api": {}, "main": {}}).lanes] == ["api", "main"]
    assert parse(lanes={"main": {"publish-latest": False}}).lanes == parse(lanes={}).lanes == BUILT_IN


def test_which_lanes_the_file_names_is_known() -> None:
    assert parse(lanes={"api": {}, "main": {}}).named == {"api", "main"}
    assert parse().named == frozenset()


def test_another_lane_gets_names_of_its_own_when_it_says_nothing() -> None:
    worker = parse(lanes={"worker": {}}).lane("worker")
    assert (
        worker.dockerfile,
        str(worker.version_template),
        widest(worker),
        worker.git_tag,
        worker.publish_latest,
    ) == (
        "Dockerfile.worker",
        "worker-v{version}",
        "worker-latest",
        "worker-v{version}",
        False,
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"imgae": "x"}, "unknown key 'imgae'"),
        ({"lanes": {"main": {"publish-latset": True}}}, "unknown key 'publish-latset'"),
        ({"image": 5}, "image is an integer, expected a string"),
        ({"image": True}, "image is a boolean, expected a string"),
        ({"image": "ghcr.io"}, "image: image 'ghcr.io'"),
        ({"image": "ghcr.io/Cognary/Aionis"}, "upper case"),
        ({"platforms": "linux/amd64"}, "platforms is a string, expected an array"),
        ({"platforms": ["linux/amd64", 5]}, "platforms[1] is an integer, expected a string"),
        ({"platforms": ["linux/amd63"]}, "is not a platform"),
        ({"platforms": ["linux/amd64", "linux/amd64/v1"]}, "twice"),
        ({"lanes": []}, "lanes is an array, expected a table"),
        ({"lanes": {"main": "Dockerfile"}}, "lanes.main is a string, expected a table"),
        (
            {"lanes": {"main": {"publish-latest": 1}}},
            "shiplane.toml: lanes.main.publish-latest is an integer, expected a boolean",
        ),
        ({"lanes": {"main": {"dockerfile": "../Dockerfile"}}}, "leads out of the project"),
        ({"lanes": {"main": {"dockerfile": "/etc/passwd"}}}, "is absolute"),
        ({"lanes": {"main": {"dockerfile": ""}}}, "'' is not a path"),
        ({"lanes": {"main": {"dockerfile": "a\0b"}}}, "is not a path"),
        ({"lanes": {"main": {"dockerfile": "docker/../web/../Dockerfile"}}}, "contains .."),
        ({"lanes": {"main": {"context": "web/.."}}}, "contains .."),
        ({"lanes": {"main": {"context": "a/../../b"}}}, "leads out of the project"),
        ({"deployments": ["deploy/../../x.yml"]}, "leads out of the project"),
        ({"deployments": ["deploy/../x.yml"]}, "contains .."),
        ({"deployments": [".git/config"]}, "matches .git, which is not read"),
        ({"lanes": {"--json": {}}}, "is not a lane name"),
        ({"lanes": {"Worker": {}}}, "lanes.Worker: 'Worker' is not a lane name"),
        ({"lanes": {"x": {"prefix": "(.*)"}}}, "lanes.x.prefix: '(.*)' is not a version tag prefix"),
        ({"lanes": {"x": {"prefix": "x"}}}, "is not a version tag prefix"),
        ({"lanes": {"x": {"git-tag": "x-v"}}}, "is not a git tag form"),
        ({"lanes": {"x": {"git-tag": "{version}-{version}"}}}, "is not a git tag form"),
        ({"lanes": {"x": {"floating": "a b"}}}, "is not a floating tag"),
        ({"lanes": {"main": {}, "x": {"floating": "latest"}}}, "overlap"),
        ({"lanes": {"main": {}, "x": {"prefix": ""}}}, "overlap"),
        ({"lanes": {"main": {}, "x": {"git-tag": "docker-v1{version}"}}}, "overlap"),
        ({"lanes": {"x": {"tag": "v{version}", "prefix": ""}}}, "lanes.x has both tag and prefix"),
        ({"lanes": {"main": {}, "x": {"floating": "v1.2.3"}}}, "can be read as a version"),
        (
            {"lanes": {"main": {"cache": {"type": "registry", "ref": f"ghcr.io/a/b:{'c' * 101}"}}}},
            "101 characters long",
        ),
        ({"registries": {"ghcr.io": {"password": "secret"}}}, "unknown key 'password'"),
        ({"registries": {"ghcr.io": {"password-env": "GHCR_TOKEN"}}}, 'registries."ghcr.io".password-env is a string'),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_file(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(**document)
    assert complaint in caught.value.what
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.what


@pytest.mark.parametrize(
    ("path", "straight"),
    [("docker/../web/../docker/web.Dockerfile", "docker/web.Dockerfile"), ("web/..", "."), ("./a//../b", "b")],
)
def test_a_path_that_goes_back_up_within_the_project_is_answered_with_the_straight_one(
    path: str, straight: str
) -> None:
    # Not taken for the straight one: behind a link, the folder above is another.
    with pytest.raises(ConfigurationError) as caught:
        parse(lanes={"main": {"context": path}})
    assert caught.value.remedy == f"Use '{straight}'."


def test_a_misspelt_key_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(lanes={"main": {"publish-latset": True}})
    assert caught.value.remedy == "Did you mean 'publish-latest'?"


def test_a_registry_names_variables_and_never_a_secret() -> None:
    names = parse(registries={"reg.example": {"username-env": ["U"], "password-env": ["P"]}}).registries["reg.example"]
    assert (names.username_env, names.password_env) == (("U",), ("P",))


@pytest.mark.parametrize("text", ["standalone-v0.2.8", "standalone-latest", "ledger-standalone"])
def test_another_lane_s_tag_is_recognised_and_its_lane_named(text: str) -> None:
    project = ProjectFile()
    with pytest.raises(
        UsageError, match=f"{text}' is not a version of lane main: it belongs to lane standalone"
    ) as caught:
        project.version_of(MAIN, text)
    assert caught.value.remedy == "Use --lane standalone."


def test_another_lane_s_version_tag_is_not_read_as_a_pre_release() -> None:
    values = {"lane": "py{python}", "tag": "v{version}-py{python}", "values": {"python": ["3.13", "3.14"]}}
    project = parse(matrix={"python": values})
    first, second = project.lanes
    for read in (project.version_of, project.published_version):
        with pytest.raises(
            UsageError, match=r"'v1\.0\.0-py3\.14' is not a version of lane py3\.13: it belongs"
        ) as caught:
            read(first, "v1.0.0-py3.14")
        assert caught.value.remedy == "Use --lane py3.14."
        assert read(second, "v1.0.0-py3.14") == read(first, "v1.0.0-py3.13") == read(first, "v1.0.0")
        assert str(read(first, "1.0.0-py.3")) == "1.0.0-py.3"


@pytest.mark.parametrize("text", ["edge", f"sha-{'0123abcd' * 5}"])
def test_a_channel_s_tag_is_recognised_and_its_channel_named(text: str) -> None:
    project = parse(channels={"edge": {"branch": "main", "lanes": ["main"]}})
    for read in (project.version_of, project.published_version):
        with pytest.raises(UsageError, match="it is a tag of channel edge, which follows branch main") as caught:
            read(project.lane("main"), text)
        assert caught.value.remedy.startswith("Expected ")
        with pytest.raises(UsageError) as caught:
            read(project.lane("main"), "nightly")
        assert "channel" not in str(caught.value)


@pytest.mark.parametrize("text", ["latest", "nightly", "v1"])
def test_what_is_no_lane_s_version_is_told_with_the_forms_that_are(text: str) -> None:
    project = ProjectFile()
    assert project.version_of(STANDALONE, "v0.2.8") == Version.parse("0.2.8")
    with pytest.raises(UsageError, match="is not a version of lane main") as caught:
        project.version_of(MAIN, text)
    assert "docker-v0.2.1" in caught.value.remedy


def test_a_git_tag_of_the_other_lane_is_recognised_too() -> None:
    with pytest.raises(UsageError, match="it belongs to lane main"):
        ProjectFile().version_of(STANDALONE, "docker-v0.2.1")


@pytest.mark.parametrize("key", ["source", "revision", "version", "created"])
@pytest.mark.parametrize("table", ["labels", "annotations"])
def test_what_a_release_says_of_itself_cannot_be_configured(table: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"org.opencontainers.image.{key} is set by every release"):
        parse(lanes={"main": {table: {f"org.opencontainers.image.{key}": "x"}}})

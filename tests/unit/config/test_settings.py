from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.build_settings import BuildSettings, Cache
from shiplane.config.lane import MAIN, STANDALONE
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.settings import Checkout, Flags, Resolver, github_slug, public_slug
from shiplane.config.version import Version
from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.registry.oci.names import Platform, Repository
from shiplane.release.planning.planner import check_caches, check_dockerfiles, check_versions, make_plan

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HERE = Checkout(commit=COMMIT, committed_at="2026-02-28T12:00:00Z", remote="https://github.com/Cognary/Aionis.git")
FILE = ProjectFile(
    name="shiplane.toml",
    images=(Repository.parse("ghcr.io/cognary/from-file"),),
    platforms=(Platform("linux", "riscv64"),),
)
BOTH = frozenset({"Dockerfile", "Dockerfile.standalone"})


@pytest.mark.parametrize(
    ("resolver", "value", "source"),
    [
        (
            Resolver(
                flags=Flags(image="ghcr.io/a/flag"), env={"IMAGE_REPO": "ghcr.io/a/env"}, project=FILE, checkout=HERE
            ),
            "ghcr.io/a/flag",
            "--image",
        ),
        (
            Resolver(env={"IMAGE_REPO": "ghcr.io/a/env"}, project=FILE, checkout=HERE),
            "ghcr.io/a/env",
            "IMAGE_REPO",
        ),
        (Resolver(project=FILE, checkout=HERE), "ghcr.io/cognary/from-file", "shiplane.toml: image"),
        (
            Resolver(env={"GITHUB_REPOSITORY": "Fork/Aionis"}, checkout=HERE),
            "ghcr.io/fork/aionis",
            "GITHUB_REPOSITORY",
        ),
        (Resolver(checkout=HERE), "ghcr.io/cognary/aionis", "git remote origin"),
        (Resolver(env={"IMAGE_REPO": ""}, checkout=HERE), "ghcr.io/cognary/aionis", "git remote origin"),
    ],
)
def test_the_image_comes_from_flag_then_environment_then_file_then_git(
    resolver: Resolver, value: str, source: str
) -> None:
    assert (str(resolver.image().value), resolver.image().source) == (value, source)


PRIMARY, MIRROR, OTHER = "ghcr.io/cognary/aionis", "docker.io/acme/app", "quay.io/acme/app"


@pytest.mark.parametrize(
    ("file", "given", "images", "source"),
    [
        ({"image": PRIMARY}, None, [PRIMARY], "shiplane.toml: image"),
        ({"image": [PRIMARY, MIRROR]}, None, [PRIMARY, MIRROR], "shiplane.toml: image"),
        ({"image": PRIMARY, "lanes": {"main": {"image": MIRROR}}}, None, [MIRROR], "shiplane.toml: lanes.main.image"),
        ({"lanes": {"main": {"image": [MIRROR, OTHER]}}}, None, [MIRROR, OTHER], "shiplane.toml: lanes.main.image"),
        # One that is given is all there is, for every lane.
        ({"image": [PRIMARY, MIRROR], "lanes": {"main": {"image": MIRROR}}}, OTHER, [OTHER], "--image"),
        ({}, f"{OTHER},{MIRROR}", [OTHER, MIRROR], "--image"),
        ({}, None, [PRIMARY], "git remote origin"),
    ],
)
def test_a_lane_has_one_repository_or_several(
    file: dict[str, Any], given: str | None, images: list[str], source: str
) -> None:
    project = parse_project_file(file, "shiplane.toml")
    resolver = Resolver(project=project, flags=Flags(image=given), checkout=HERE)
    setting = resolver.images(project.lane("main"))
    assert ([str(image) for image in setting.value], setting.source) == (images, source)
    assert str(resolver.image(project.lane("main")).value) == images[0]
    lane_plan = make_plan(replace(resolver, flags=Flags(image=given, lanes=("main",), tag="0.2.1"))).lanes[0]
    assert [str(lane_plan.repository), *map(str, lane_plan.mirrors)] == images


def test_lanes_of_one_plan_have_their_own_primary_repositories_or_the_given_one() -> None:
    file = {"image": PRIMARY, "lanes": {"standalone": {"image": [MIRROR, PRIMARY]}}}
    project = parse_project_file(file, "shiplane.toml")
    resolver = Resolver(project=project, checkout=HERE, flags=Flags(tag="0.2.1"), dockerfiles=BOTH)
    plan = make_plan(resolver)
    main, standalone = plan.lanes
    assert list(map(str, plan.primaries)) == [PRIMARY, MIRROR]
    assert [plan.where(main), plan.where(standalone)] == [f" in {PRIMARY}", f" in {MIRROR}"]
    (lane_plan,) = make_plan(replace(resolver, flags=Flags(tag="0.2.1", lanes=("standalone",)))).lanes
    assert [str(image) for image in lane_plan.images.value] == [MIRROR, PRIMARY]
    together = make_plan(replace(resolver, flags=Flags(tag="0.2.1", image=OTHER)))
    assert ([str(primary) for primary in together.primaries], len(together.lanes)) == ([OTHER], 2)
    assert together.where(together.lanes[0]) == ""


def test_floating_tags_that_no_lane_has_are_not_asked_for() -> None:
    file: dict[str, Any] = {"lanes": {"main": {"floating": False, "publish-latest": True}}}
    resolver = Resolver(project=parse_project_file(file, "shiplane.toml"), checkout=HERE, dockerfiles=BOTH)
    with pytest.raises(UsageError, match="--latest: no floating tag can move, since main has none"):
        make_plan(replace(resolver, flags=Flags(tag="0.2.1", latest="yes", lanes=("main",))))
    assert len(make_plan(replace(resolver, flags=Flags(tag="0.2.1", latest="yes"))).lanes) == 2
    for latest in ("no", None):
        assert make_plan(replace(resolver, flags=Flags(tag="0.2.1", latest=latest, lanes=("main",)))).lanes


@pytest.mark.parametrize(
    "text", [f"{PRIMARY},", f"{PRIMARY}, {MIRROR}", f"{PRIMARY},{PRIMARY}", f"{PRIMARY},{MIRROR}:x"]
)
def test_a_list_of_repositories_is_refused_where_it_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        Resolver(flags=Flags(image=text)).images()


def test_without_anything_that_names_an_image_the_answer_is_what_to_set() -> None:
    with pytest.raises(UsageError, match="the image repository is unknown") as caught:
        Resolver().image()
    assert "IMAGE_REPO" in caught.value.remedy


@pytest.mark.parametrize(
    ("remote", "slug"),
    [
        ("https://github.com/cognary/aionis", "cognary/aionis"),
        ("https://github.com/cognary/aionis.git", "cognary/aionis"),
        ("https://user:ghp_secret@github.com/cognary/aionis.git", "cognary/aionis"),
        ("git@github.com:cognary/aionis.git", "cognary/aionis"),
        ("ssh://git@github.com/cognary/aionis.git", "cognary/aionis"),
        ("ssh://git@github.com:22/cognary/aionis.git", "cognary/aionis"),
        ("ssh://git@ssh.github.com:443/cognary/aionis.git", "cognary/aionis"),
        ("ssh://git@ssh.github.com/cognary/aionis", "cognary/aionis"),
        ("git@ssh.github.com:cognary/aionis.git", "cognary/aionis"),
        ("org-1234567@github.com:cognary/aionis.git", "cognary/aionis"),
        ("ssh://org-1234567@github.com/cognary/aionis.git", "cognary/aionis"),
        ("github.com:cognary/aionis.git", "cognary/aionis"),
        ("git@github.com:/cognary/aionis.git", "cognary/aionis"),
        ("git+ssh://git@github.com/cognary/aionis.git", "cognary/aionis"),
        ("https://github.com:443/cognary/aionis.git/", "cognary/aionis"),
        ("https://GitHub.com/cognary/aionis.git", "cognary/aionis"),
        ("git@GitHub.com:cognary/aionis.git", "cognary/aionis"),
        ("https://gitlab.com/cognary/aionis.git", None),
        ("https://ssh.github.com/cognary/aionis.git", None),
        ("https://github.com:cognary/aionis.git", None),
        ("https://github.com:8443/cognary/aionis.git", None),
        ("ssh://git@github.com:443/cognary/aionis.git", None),
        ("ssh://git@ssh.github.com.evil.tld:443/cognary/aionis.git", None),
        ("ssh://git@evil.github.com/cognary/aionis.git", None),
        ("git@github.com:443/cognary/aionis.git", None),
        ("git@github.com/cognary/aionis.git", None),
        ("git@githubXcom:cognary/aionis.git", None),
        ("https://github.com.evil.tld/cognary/aionis.git", None),
        ("/srv/git/aionis.git", None),
        ("", None),
    ],
)
def test_only_a_remote_on_github_names_the_repository_and_no_secret_of_it_is_kept(
    remote: str, slug: str | None
) -> None:
    found = Resolver(checkout=Checkout(commit=COMMIT, committed_at="", remote=remote)).slug()
    assert (found.value if found else None) == slug


GROUP = parse_project_file(
    {
        "lanes": {
            "main": {"tag": "{version}", "git-tag": "{version}"},
            "alpine": {"tag": "{version}-alpine", "git-tag": "{version}"},
            "tool": {},
        }
    },
    "shiplane.toml",
)
PUSHED = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "1.2.3"}


@pytest.mark.parametrize(
    ("flags", "env", "names"),
    [
        (Flags(), {}, ["main", "alpine", "tool"]),
        (Flags(), PUSHED, ["main", "alpine"]),
        (Flags(), {**PUSHED, "GITHUB_REF_NAME": "tool-v1.2.3"}, ["tool"]),
        (Flags(), {**PUSHED, "GITHUB_REF_NAME": "1.2.3-alpine"}, ["main", "alpine", "tool"]),
        (Flags(), {**PUSHED, "GITHUB_REF_TYPE": "branch"}, ["main", "alpine", "tool"]),
        (Flags(lanes=("tool",)), PUSHED, ["tool"]),
        (Flags(tag="1.2.4"), PUSHED, ["main", "alpine", "tool"]),
        (Flags(), {**PUSHED, "TAG": "1.2.4"}, ["main", "alpine", "tool"]),
    ],
)
def test_a_git_tag_that_started_the_run_releases_its_group(flags: Flags, env: dict[str, str], names: list[str]) -> None:
    assert [lane.name for lane in Resolver(flags=flags, env=env, project=GROUP).released_lanes()] == names


OWN_PLATFORMS = parse_project_file(
    {"platforms": ["linux/riscv64"], "lanes": {"main": {"platforms": ["linux/arm/v7"]}}}, "shiplane.toml"
)


@pytest.mark.parametrize(
    ("flags", "env", "project", "expected", "source"),
    [
        (Flags(platforms="linux/amd64"), {"PLATFORMS": "linux/arm64"}, FILE, ["linux/amd64"], "--platforms"),
        (Flags(), {"PLATFORMS": "linux/arm64/v8"}, FILE, ["linux/arm64"], "PLATFORMS"),
        (Flags(), {}, FILE, ["linux/riscv64"], "shiplane.toml: platforms"),
        (Flags(), {"PLATFORMS": ""}, ProjectFile(), ["linux/amd64", "linux/arm64"], "default"),
        (Flags(), {}, OWN_PLATFORMS, ["linux/arm/v7"], "shiplane.toml: lanes.main.platforms"),
        (Flags(), {"PLATFORMS": "all"}, OWN_PLATFORMS, ["linux/arm/v7"], "shiplane.toml: lanes.main.platforms"),
        (
            Flags(platforms="all"),
            {"PLATFORMS": "linux/amd64"},
            ProjectFile(),
            ["linux/amd64", "linux/arm64"],
            "default",
        ),
        (Flags(), {"PLATFORMS": "linux/amd64"}, OWN_PLATFORMS, ["linux/amd64"], "PLATFORMS"),
        (Flags(platforms="linux/arm64"), {}, OWN_PLATFORMS, ["linux/arm64"], "--platforms"),
    ],
)
def test_platforms_remember_where_they_came_from(
    flags: Flags, env: dict[str, str], project: ProjectFile, expected: list[str], source: str
) -> None:
    found = Resolver(flags=flags, env=env, project=project).platforms(project.lane("main"))
    assert ([str(platform) for platform in found.value], found.source) == (expected, source)


def test_a_lane_without_platforms_has_the_projects() -> None:
    found = Resolver(project=OWN_PLATFORMS).platforms(STANDALONE)
    assert (list(map(str, found.value)), found.source) == (["linux/riscv64"], "shiplane.toml: platforms")


def test_a_version_that_is_there_already_is_named_as_another_tool_may_have_tagged_it() -> None:
    named = Resolver(flags=Flags(tag="standalone-0.2.1"), env={"TAG": "v9.9.9"}).published(STANDALONE)
    assert named
    assert (named.value, named.source) == (Version.parse("0.2.1"), "--tag")
    assert Resolver().published(STANDALONE) is None
    with pytest.raises(UsageError, match=r"--tag: .* is not a version of lane standalone"):
        Resolver(flags=Flags(tag="standalone-0.2.1")).version(STANDALONE)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", "yes", "YES"])
def test_every_usual_spelling_of_yes_moves_the_floating_tag(word: str) -> None:
    assert Resolver(env={"PUBLISH_LATEST": word}).latest(MAIN).value is True


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "NO"])
def test_every_usual_spelling_of_no_leaves_it(word: str) -> None:
    assert Resolver(env={"PUBLISH_LATEST": word}).latest(STANDALONE).value is False


@pytest.mark.parametrize("word", ["maybe", "on", "2", " true", "yes ", "ja", "\n"])
def test_any_other_word_is_an_error_that_names_the_variable(word: str) -> None:
    with pytest.raises(UsageError, match="PUBLISH_LATEST"):
        Resolver(env={"PUBLISH_LATEST": word}).latest(MAIN)


def test_when_nobody_says_main_stays_and_standalone_moves() -> None:
    assert [Resolver().latest(lane).value for lane in (MAIN, STANDALONE)] == [False, True]


@pytest.mark.parametrize(
    ("flags", "env", "tags", "version", "source"),
    [
        (Flags(tag="0.3.0"), {"TAG": "v0.2.1"}, ("docker-v0.1.0",), "0.3.0", "--tag"),
        (Flags(), {"TAG": "v0.2.1"}, ("docker-v0.1.0",), "0.2.1", "TAG"),
        (Flags(), {"TAG": "docker-v0.2.1"}, (), "0.2.1", "TAG"),
        (Flags(), {}, ("docker-v0.2.1",), "0.2.1", "git tag docker-v0.2.1 at HEAD"),
        (Flags(), {}, ("standalone-v0.9.0", "docker-v0.2.1", "v7"), "0.2.1", "git tag docker-v0.2.1 at HEAD"),
        (
            Flags(),
            {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "docker-v0.2.2"},
            ("docker-v0.2.1", "docker-v0.2.2"),
            "0.2.2",
            "git tag docker-v0.2.2 (GITHUB_REF_NAME)",
        ),
        (
            Flags(),
            {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "docker-v0.2.2"},
            (),
            "0.0.0-0123456789ab",
            "HEAD",
        ),
        (
            Flags(),
            {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "standalone-v0.2.2"},
            (),
            "0.0.0-0123456789ab",
            "HEAD",
        ),
    ],
)
def test_the_version_comes_from_flag_then_tag_then_the_lanes_own_git_tag(
    flags: Flags, env: dict[str, str], tags: tuple[str, ...], version: str, source: str
) -> None:
    checkout = Checkout(commit=COMMIT, committed_at="", tags=tags)
    found = Resolver(flags=flags, env=env, checkout=checkout).version(MAIN)
    assert (str(found.value), found.source) == (version, source)


def test_two_git_tags_of_one_lane_at_head_are_not_guessed_between() -> None:
    checkout = Checkout(commit=COMMIT, committed_at="", tags=("docker-v0.2.1", "docker-v0.2.2"))
    with pytest.raises(UsageError, match=r"docker-v0\.2\.1, docker-v0\.2\.2"):
        Resolver(checkout=checkout).version(MAIN)


@pytest.mark.parametrize("text", ["standalone-v0.2.1", "latest", "v1", "0.2.1+build", "0.2.1\n", "v\uff10.2.1"])
def test_what_names_no_version_of_the_lane_is_refused_with_its_source(text: str) -> None:
    with pytest.raises(UsageError, match="TAG: "):
        Resolver(env={"TAG": text}, checkout=HERE).version(MAIN)


@pytest.mark.parametrize(
    ("flags", "dockerfiles", "lanes"),
    [
        (Flags(), BOTH, ["main", "standalone"]),
        (Flags(), frozenset({"Dockerfile"}), ["main"]),
        (Flags(), frozenset[str](), ["main", "standalone"]),
        (Flags(lanes=("standalone",)), frozenset({"Dockerfile"}), ["standalone"]),
    ],
)
def test_without_a_lane_those_with_a_dockerfile_are_meant(
    flags: Flags, dockerfiles: frozenset[str], lanes: list[str]
) -> None:
    assert [lane.name for lane in Resolver(flags=flags, dockerfiles=dockerfiles).lanes()] == lanes


@pytest.mark.parametrize(
    ("named", "lanes"), [({"api": {}}, ["api"]), ({"standalone": {}}, ["main", "standalone"]), ({}, ["main"])]
)
def test_a_lane_that_the_file_names_is_released_or_refused_and_never_left_out(
    named: dict[str, object], lanes: list[str]
) -> None:
    project = parse_project_file({"lanes": named}, "shiplane.toml")
    resolver = Resolver(project=project, dockerfiles=frozenset({"Dockerfile"}))
    assert [lane.name for lane in resolver.lanes()] == lanes


@pytest.mark.parametrize("lanes", [("mian",), ("main", "main"), ("",), ("--json",)])
def test_an_unknown_or_doubled_lane_is_refused(lanes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        Resolver(flags=Flags(lanes=lanes)).lanes()


def test_a_plan_names_everything_that_an_image_will_say_of_itself() -> None:
    plan = make_plan(Resolver(env={"TAG": "v0.2.1"}, checkout=HERE, flags=Flags(lanes=("main",))))
    assert plan.labels(plan.lanes[0]) == {
        "org.opencontainers.image.source": "https://github.com/Cognary/Aionis",
        "org.opencontainers.image.revision": COMMIT,
        "org.opencontainers.image.version": "0.2.1",
        "org.opencontainers.image.created": "2026-02-28T12:00:00Z",
    }


def test_one_version_names_a_tag_in_each_lane() -> None:
    plan = make_plan(Resolver(flags=Flags(tag="0.2.1"), checkout=HERE, dockerfiles=BOTH))
    assert [lane.tag for lane in plan.lanes] == ["v0.2.1", "standalone-v0.2.1"]


def test_outside_of_a_repository_a_version_has_to_be_given() -> None:
    with pytest.raises(UsageError, match="no version given, and this folder is not a git repository") as caught:
        Resolver().version(MAIN)
    assert caught.value.remedy == "Add --tag X.Y.Z."
    assert str(Resolver(flags=Flags(tag="0.2.1")).version(MAIN).value) == "0.2.1"


@pytest.mark.parametrize(
    ("cache", "platforms", "refused"),
    [
        ("ghcr.io/cognary/aionis:cache-main", "linux/amd64", False),
        ("ghcr.io/cognary/aionis:latest", "linux/amd64", True),
        ("ghcr.io/cognary/aionis:ledger-standalone", "linux/amd64", True),
        ("ghcr.io/cognary/aionis:standalone-v0.1.0", "linux/amd64", True),
        ("ghcr.io/cognary/aionis:v0.1.0", "linux/amd64", True),
        ("ghcr.io/cognary/cache:latest", "linux/amd64", False),
        # Each platform has a cache of its own beside it, whose tag is a pre-release where this one is a version.
        ("ghcr.io/cognary/aionis:v0.1.0-x", "linux/arm64", True),
    ],
)
def test_a_cache_is_kept_under_no_name_of_an_image(cache: str, platforms: str, *, refused: bool) -> None:
    project = parse_project_file({"lanes": {"main": {"cache": {"type": "registry", "ref": cache}}}}, "shiplane.toml")
    flags = Flags(tag="0.2.1", image="ghcr.io/cognary/aionis", platforms=platforms)
    plan = make_plan(Resolver(flags=flags, project=project, checkout=HERE))
    if not refused:
        check_caches(plan, project.lanes)
        return
    with pytest.raises(UsageError, match=f"lane main keeps its cache under {cache}") as caught:
        check_caches(plan, project.lanes)
    assert caught.value.remedy == "Give it a tag of its own, as ghcr.io/cognary/aionis:cache-main."


@pytest.mark.parametrize(("tag", "refused"), [("edge", True), (f"sha-{'0' * 40}", True), ("edge-cache", False)])
def test_a_cache_is_kept_under_no_tag_of_a_channel(tag: str, *, refused: bool) -> None:
    cache = {"type": "registry", "ref": f"ghcr.io/cognary/aionis:{tag}"}
    channels = {"edge": {"branch": "main", "lanes": ["main"]}}
    project = parse_project_file({"lanes": {"main": {"cache": cache}}, "channels": channels}, "shiplane.toml")
    flags = Flags(tag="0.2.1", lanes=("main",), image="ghcr.io/cognary/aionis")
    plan = make_plan(Resolver(flags=flags, project=project, checkout=HERE))
    with pytest.raises(UsageError, match="which is an image's tag") if refused else nullcontext():
        check_caches(plan, project.lanes, project.channels)


def test_outside_of_a_repository_there_is_no_plan() -> None:
    with pytest.raises(PrerequisiteError, match="this folder is not a git repository"):
        make_plan(Resolver(flags=Flags(tag="0.2.1")))


def test_a_snapshot_is_published_only_on_purpose() -> None:
    plan = make_plan(Resolver(checkout=HERE, flags=Flags(lanes=("main",))))
    with pytest.raises(UsageError, match="has no version"):
        check_versions(plan, snapshot=False)
    check_versions(plan, snapshot=True)


def test_a_snapshot_beside_a_version_is_a_contradiction() -> None:
    plan = make_plan(Resolver(checkout=HERE, flags=Flags(lanes=("main",), tag="0.2.1")))
    with pytest.raises(UsageError, match="--snapshot"):
        check_versions(plan, snapshot=True)


def test_a_missing_dockerfile_is_named_with_its_lane() -> None:
    plan = make_plan(Resolver(checkout=HERE, flags=Flags(lanes=("standalone",), tag="0.2.1")))
    with pytest.raises(UsageError, match=r"standalone builds Dockerfile\.standalone"):
        check_dockerfiles(plan, frozenset({"Dockerfile"}))


OWN, OTHER = "ghcr.io/cognary/aionis", "ghcr.io/cognary/cache"


@pytest.mark.parametrize(
    ("kind", "place", "taken"),
    [
        ("registry", f"{OWN}:v1.0.0", True),
        ("registry", f"{OWN}:latest", True),
        ("registry", f"{OWN}:ledger-main", True),
        ("registry", f"{OWN}:standalone-v1.0.0", True),
        ("registry", f"{OWN}:v1.0.0-", True),  # no version, but one with a platform behind it
        ("registry", f"{OWN}:cache-main", False),
        ("registry", f"{OTHER}:latest", False),
        ("local", f"{OWN}:latest", False),
    ],
)
def test_a_cache_takes_no_name_of_an_image_of_any_lane(kind: str, place: str, *, taken: bool) -> None:
    cached = replace(MAIN, build=BuildSettings(cache=Cache(type=kind, place=place)))
    project = replace(FILE, images=(Repository.parse(OWN),), lanes=(STANDALONE, cached))
    plan = make_plan(Resolver(checkout=HERE, project=project, flags=Flags(tag="0.2.1"), dockerfiles=BOTH))
    assert [lane_plan.lane.name for lane_plan in plan.lanes] == ["standalone", "main"]
    with (
        pytest.raises(UsageError, match=f"lane main keeps .* {place}, which is an image's tag")
        if taken
        else nullcontext()
    ):
        check_caches(plan, project.lanes)


def test_the_plan_as_json_keeps_every_source() -> None:
    plan = make_plan(Resolver(env={"TAG": "v0.2.1"}, checkout=HERE, flags=Flags(lanes=("main",))))
    lane = plan.to_json()["lanes"][0]
    assert lane["version"] == {"value": "0.2.1", "source": "TAG"}
    assert lane["latest"] == {"value": False, "source": "lane main"}
    assert Version.parse(lane["version"]["value"]) == plan.lanes[0].version.value


@pytest.mark.parametrize("server", ["https://ghe.example", "", None])
def test_the_source_is_on_the_server_that_ci_names(server: str | None) -> None:
    env = {"GITHUB_REPOSITORY": "cognary/aionis", "IMAGE_REPO": "registry.example/a/b"}
    env |= {**({"GITHUB_SERVER_URL": server} if server is not None else {})}
    made = make_plan(Resolver(env=env, checkout=Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z")))
    assert made.source == f"{server or 'https://github.com'}/cognary/aionis"


@pytest.mark.parametrize("server", ["https://ghe.example", "https://github.com.evil.example", "https://["])
def test_a_job_of_an_enterprise_server_has_no_default_image_on_public_ghcr(server: str) -> None:
    resolver = Resolver(env={"GITHUB_REPOSITORY": "cognary/aionis", "GITHUB_SERVER_URL": server})
    with pytest.raises(UsageError, match=r"the image repository is unknown: a repository of .* has none on ghcr.io"):
        resolver.image()
    named = Resolver(env={**resolver.env, "IMAGE_REPO": "registry.example/cognary/aionis"})
    assert str(named.image().value) == "registry.example/cognary/aionis"


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://ghe.example/cognary/aionis.git", "cognary/aionis"),
        ("https://robot:word@GHE.example:8443/cognary/aionis/", "cognary/aionis"),
        ("git@ghe.example:cognary/aionis.git", "cognary/aionis"),
        ("ssh://git@ghe.example:122/cognary/aionis", "cognary/aionis"),
        ("https://gheXexample/cognary/aionis", ""),
        ("https://ghe.example.evil/cognary/aionis", ""),
        ("https://github.com/cognary/aionis", ""),
        ("https://ghe.example/cognary", ""),
        ("", ""),
    ],
)
def test_the_repository_on_an_enterprise_server_follows_from_its_remote(url: str, slug: str) -> None:
    checkout = Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z", remote=url)
    found = Resolver(env={"GITHUB_SERVER_URL": "https://ghe.example"}, checkout=checkout).slug()
    assert (found.value if found else "") == slug


@pytest.mark.parametrize(
    ("url", "slug", "public"),
    [
        ("https://github.com/cognary/aionis.git", "cognary/aionis", "cognary/aionis"),
        ("git@github.com:cognary/aionis", "cognary/aionis", "cognary/aionis"),
        ("https://robot:word@github.com/cognary/aionis", "cognary/aionis", ""),
        ("https://@github.com/cognary/aionis", "cognary/aionis", ""),
        ("ssh://git@ssh.github.com:443/cognary/aionis.git", "cognary/aionis", "cognary/aionis"),
        ("org-1234567@github.com:cognary/aionis", "cognary/aionis", "cognary/aionis"),
        ("https://github.com/cognary/aionis.git?t=1", "", ""),
        ("https://github.com/cognary/aionis#t", "", ""),
        ("/srv/git/aionis.git", "", ""),
    ],
)
def test_a_remote_may_be_published_where_it_says_nothing_but_the_repository(url: str, slug: str, public: str) -> None:
    assert (github_slug(url), public_slug(url)) == (slug, public)

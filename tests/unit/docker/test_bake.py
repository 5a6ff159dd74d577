from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.build_settings import check_public, check_variables, without_unset
from shiplane.config.plan import Plan
from shiplane.config.project_file import parse_project_file
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.docker.bake import Build, definition, literal, staging, trial
from shiplane.registry.oci.names import Platform, Repository
from shiplane.release.planning.planner import make_plan

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
LOCAL = "type=local,dest=/c,mode=min,ignore-error=true"
CHECKOUT = Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z")


def plan(image: str = "ghcr.io/cognary/aionis", **flags: str) -> Plan:
    return make_plan(Resolver(flags=Flags(tag="0.2.1", image=image, **flags), checkout=CHECKOUT))  # type: ignore[arg-type] # str flags


def given(
    settings: dict[str, Any], platforms: tuple[Platform, ...] = (AMD, ARM), env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The target of a main lane that is given something."""
    project = parse_project_file({"lanes": {"main": settings}}, "shiplane.toml")
    flags = Flags(tag="0.2.1", image="ghcr.io/cognary/aionis")
    made = make_plan(Resolver(flags=flags, checkout=CHECKOUT, project=project))
    target: dict[str, Any] = definition(staging(made, made.lanes, platforms), env or {})["target"]["main"]
    return target


def test_staging_pushes_by_digest_and_gives_no_name() -> None:
    made = plan()
    target = definition(staging(made, made.lanes))["target"]["main"]
    assert "tags" not in target
    fields = target["output"][0].split(",")
    assert {"type=image", "name=ghcr.io/cognary/aionis", "push-by-digest=true", "push=true"} <= set(fields)
    assert "registry.insecure=true" not in fields


@pytest.mark.parametrize(
    ("context", "dockerfile", "asked"),
    [
        (".", "Dockerfile", "Dockerfile"),
        (".", "docker/api", "docker/api"),
        ("api", "Dockerfile", "../Dockerfile"),
        ("api", "api/Dockerfile", "Dockerfile"),
        ("api/", "./api/Dockerfile", "Dockerfile"),
        ("services/api", "docker/api.Dockerfile", "../../docker/api.Dockerfile"),
        ("api", "api/docker/Dockerfile", "docker/Dockerfile"),
        ("api", "apis/Dockerfile", "../apis/Dockerfile"),
        ("github.com/cognary", "docker/Dockerfile", "docker/Dockerfile"),
    ],
)
def test_the_dockerfile_is_the_projects_whatever_the_context(context: str, dockerfile: str, asked: str) -> None:
    target = given({"context": context, "dockerfile": dockerfile})
    assert (target["context"].removeprefix("./"), target["dockerfile"]) == (context.removeprefix("./"), asked)


def test_only_a_registry_on_this_machine_is_spoken_to_in_plain_http() -> None:
    made = plan(image="127.0.0.1:5000/x/y")
    assert "registry.insecure=true" in definition(staging(made, made.lanes))["target"]["main"]["output"][0]


def test_all_lanes_are_one_bake() -> None:
    made = plan()
    assert definition(staging(made, made.lanes))["group"]["default"]["targets"] == ["main", "standalone"]


def test_labels_become_annotations_of_index_and_manifests() -> None:
    made = plan()
    target = definition(staging(made, made.lanes))["target"]["standalone"]
    assert target["labels"]["org.opencontainers.image.version"] == "0.2.1"
    assert f"index:org.opencontainers.image.revision={'a' * 40}" in target["annotations"]
    assert f"manifest:org.opencontainers.image.revision={'a' * 40}" in target["annotations"]


def test_a_trial_loads_one_platform_under_a_local_name_and_only_builds_the_others() -> None:
    made = plan()
    targets = definition(trial(made, AMD, every=True))["target"]
    assert targets["main"]["tags"] == ["localhost/cognary/aionis:v0.2.1"]
    assert targets["main"]["output"] == ["type=docker"]
    assert targets["main__others"]["output"] == ["type=cacheonly"]
    assert "tags" not in targets["main__others"]
    assert not [target for target in targets.values() if "push" in target["output"][0]]


def test_one_bake_pushes_each_lane_to_its_own_primary_repository() -> None:
    main, standalone = plan().lanes
    elsewhere = replace(standalone, images=Setting((Repository("127.0.0.1:5000", "x/y"),), "the test"))
    targets = definition(staging(plan(), [main, elsewhere]))["target"]
    outputs = {name: target["output"][0].split(",")[:3] for name, target in targets.items()}
    assert outputs == {
        "main": ["type=image", "name=ghcr.io/cognary/aionis", "push-by-digest=true"],
        "standalone": ["type=image", "name=127.0.0.1:5000/x/y", "push-by-digest=true"],
    }
    assert ["registry.insecure=true" in target["output"][0] for target in targets.values()] == [False, True]


def test_a_trial_of_one_path_in_two_registries_loads_two_names() -> None:
    made = plan()
    (main, standalone), elsewhere = made.lanes, Repository("127.0.0.1:5000", "cognary/aionis")
    other = replace(standalone, lane=replace(main.lane, name="other"), images=Setting((elsewhere,), "the test"))
    targets = definition(trial(replace(made, lanes=(main, other)), AMD, every=False))["target"]
    assert [target["tags"] for target in targets.values()] == [
        ["localhost/ghcr.io/cognary/aionis:v0.2.1"],
        ["localhost/127.0.0.1-5000/cognary/aionis:v0.2.1"],
    ]


def test_labels_and_annotations_of_a_lane_stand_beside_those_of_the_release() -> None:
    target = given({"labels": {"org.example.a": "${X} {version}"}, "annotations": {"org.example.b": '%{X},"{lane}"'}})
    assert target["labels"]["org.example.a"] == "$${X} 0.2.1"
    assert target["labels"]["org.opencontainers.image.version"] == "0.2.1"
    assert [text for text in target["annotations"] if "example" in text] == [
        'index:org.example.b=%%{X},"main"',
        'manifest:org.example.b=%%{X},"main"',
    ]


def apart() -> Plan:
    """A release of two lanes for different platforms."""
    lanes = {"main": {"platforms": ["linux/arm64"]}, "standalone": {"platforms": ["linux/amd64", "linux/arm/v7"]}}
    project = parse_project_file({"lanes": lanes}, "shiplane.toml")
    flags = Flags(tag="0.2.1", image="ghcr.io/cognary/aionis")
    return make_plan(Resolver(flags=flags, checkout=CHECKOUT, project=project))


def platforms_of(builds: list[Build]) -> dict[str, list[str]]:
    return {name: target["platforms"] for name, target in definition(builds)["target"].items()}


def test_one_bake_builds_each_lane_for_its_own_platforms() -> None:
    made = apart()
    builds = platforms_of(staging(made, made.lanes))
    assert builds == {"main": ["linux/arm64"], "standalone": ["linux/amd64", "linux/arm/v7"]}


def test_no_lanes_names_are_one_target() -> None:
    names = ("a", "a-others", "a.others", "py3.12")
    project = parse_project_file({"lanes": {name: {"context": name} for name in names}}, "shiplane.toml")
    flags = Flags(tag="0.2.1", image="ghcr.io/cognary/aionis")
    targets = definition(trial(make_plan(Resolver(flags=flags, checkout=CHECKOUT, project=project)), AMD, every=True))
    contexts = sorted(target["context"] for target in targets["target"].values())
    assert contexts == sorted(f"./{name}" for name in names for _ in ("loaded", "others"))
    assert all(re.fullmatch("[a-zA-Z0-9_-]+", name) for name in targets["target"])


def test_a_trial_loads_what_each_lane_has_for_the_engine() -> None:
    assert platforms_of(trial(apart(), AMD, every=False)) == {"main": ["linux/arm64"], "standalone": ["linux/amd64"]}
    assert platforms_of(trial(apart(), AMD, every=True)) == {
        "main": ["linux/arm64"],
        "standalone": ["linux/amd64"],
        "standalone__others": ["linux/arm/v7"],
    }


@pytest.mark.parametrize(
    ("text", "safe"), [("${HOME}", "$${HOME}"), ("%{if}", "%%{if}"), ("$x", "$x"), ("100%", "100%")]
)
def test_a_value_cannot_become_a_template(text: str, safe: str) -> None:
    assert literal(text) == safe


def test_a_lane_that_is_given_nothing_has_the_least_provenance_and_nothing_else() -> None:
    target = given({})
    assert target["attest"] == ["type=provenance,mode=min"]
    assert not {"target", "args", "secret", "cache-from", "cache-to"} & set(target)


def test_target_and_args_reach_the_build_and_cannot_become_templates() -> None:
    args = {"A": "${HOME}", "B": {"env": "CHANNEL"}}
    target = given({"target": "app", "build-args": args}, env={"CHANNEL": "%{beta}"})
    assert target["target"] == "app"
    assert target["args"] == {"A": "$${HOME}", "B": "%%{beta}"}


def test_placeholders_of_args_are_those_of_the_release_and_variables_have_none() -> None:
    args = {
        **{
            name.upper().replace("-", "_"): f"{{{name}}}"
            for name in ("version", "commit", "created", "git-tag", "lane")
        },
        "JSON": '{"v":"{version}"} {{version}}',
        "CHANNEL": {"env": "CHANNEL"},
    }
    assert given({"build-args": args}, env={"CHANNEL": "{version}"})["args"] == {
        "VERSION": "0.2.1",
        "COMMIT": "a" * 40,
        "CREATED": "2026-02-28T12:00:00Z",
        "GIT_TAG": "docker-v0.2.1",
        "LANE": "main",
        "JSON": '{"v":"0.2.1"} {version}',
        "CHANNEL": "{version}",
    }


def test_secrets_are_named_and_not_told() -> None:
    target = given({"secrets": {"npm": {"env": "T"}, "rc": {"file": "/root/.npmrc"}}}, env={"T": "canary"})
    assert target["secret"] == ["id=npm,env=T", "id=rc,src=/root/.npmrc"]
    assert "canary" not in json.dumps(target)


@pytest.mark.parametrize(
    ("cache", "place", "source", "kept"),
    [
        ({"type": "registry", "ref": "ghcr.io/a/b:c"}, "ghcr.io/a/b:c", "ref", "ref"),
        ({"type": "gha"}, "main", "scope", "scope"),
        ({"type": "local", "path": "/c"}, "/c", "src", "dest"),
    ],
)
def test_a_cache_is_read_and_written_and_no_fault_of_it_is_an_error(
    cache: dict[str, str], place: str, source: str, kept: str
) -> None:
    whole = given({"cache": {**cache, "mode": "max"}})
    assert whole["cache-from"] == [f"type={cache['type']},{source}={place}"]
    assert whole["cache-to"] == [f"type={cache['type']},{kept}={place},mode=max,ignore-error=true"]
    part = given({"cache": cache}, (ARM,))
    assert part["cache-from"] == [f"type={cache['type']},{source}={place}-linux-arm64", whole["cache-from"][0]]
    assert part["cache-to"] == [f"type={cache['type']},{kept}={place}-linux-arm64,mode=min,ignore-error=true"]


def test_a_build_knows_where_its_cache_is_and_can_go_without() -> None:
    project = parse_project_file({"lanes": {"main": {"cache": {"type": "gha"}, "sbom": True}}}, "shiplane.toml")
    made = make_plan(
        Resolver(flags=Flags(lanes=("main", "standalone"), image="ghcr.io/a/b"), checkout=CHECKOUT, project=project)
    )
    cached, plain = staging(made, made.lanes)
    assert (cached.cached_at, plain.cached_at, cached.without_cache.cached_at) == ("main", "", "")
    without = definition([cached.without_cache])["target"]["main"]
    assert not {"cache-from", "cache-to"} & set(without)
    assert without["attest"] == ["type=provenance,mode=min", "type=sbom"]


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({}, "--provenance mode=min"),
        ({"target": "app", "provenance": False, "sbom": True}, "--target app --provenance false --sbom true"),
        ({"build-args": {"A": "1"}}, "--build-arg A=1 --provenance mode=min"),
        ({"build-args": {"A": {"env": "A"}}}, "--build-arg A --provenance mode=min"),
        ({"build-args": {"A": {"env": "B"}}}, "--build-arg A=$B --provenance mode=min"),
        (
            {"labels": {"a": "1", "b": "2"}, "annotations": {"c": "{{x}}"}},
            "--label a=1 --label b=2 --annotation index,manifest:c={{x}} --provenance mode=min",
        ),
        (
            {"secrets": {"npm": {"env": "T"}, "rc": {"file": "x/.npmrc"}}},
            "--secret id=npm,env=T --secret id=rc,src=x/.npmrc --provenance mode=min",
        ),
        (
            {"cache": {"type": "local", "path": "/c"}},
            f"--cache-from type=local,src=/c --cache-to {LOCAL} --provenance mode=min",
        ),
    ],
)
def test_what_a_build_is_given_can_be_told_as_flags_without_any_value_of_the_environment(
    settings: dict[str, Any], flags: str
) -> None:
    lane = parse_project_file({"lanes": {"main": settings}}, "shiplane.toml").lane("main")
    assert " ".join(lane.build.flags()) == flags


def test_a_variable_that_a_build_needs_has_to_be_set() -> None:
    settings = {"build-args": {"A": "1", "B": {"env": "CHANNEL"}}, "secrets": {"npm": {"env": "T"}, "f": {"file": "x"}}}
    build = parse_project_file({"lanes": {"main": settings}}, "shiplane.toml").lane("main").build
    check_variables("main", build, {"CHANNEL": "beta", "T": "canary"})
    rows: list[tuple[dict[str, str], str]] = [
        ({"T": "canary"}, "lane main: build-args: B comes from CHANNEL, which is not set"),
        ({"CHANNEL": "", "T": "canary"}, "lane main: build-args: B comes from CHANNEL, which is not set"),
        ({"CHANNEL": "beta"}, "lane main: secrets: npm comes from T, which is not set"),
    ]
    for env, words in rows:
        with pytest.raises(UsageError, match=words):
            check_variables("main", build, env)
    kept = without_unset(build, {"CHANNEL": ""})
    assert ([arg.name for arg in kept.args], [secret.id for secret in kept.secrets]) == (["A"], ["f"])
    assert without_unset(build, {"CHANNEL": "beta", "T": "canary"}) == build


def test_a_build_arg_does_not_come_from_a_variable_that_holds_a_secret() -> None:
    settings = {"build-args": {"A": "URL", "B": {"env": "CHANNEL"}}}
    build = parse_project_file({"lanes": {"main": settings}}, "shiplane.toml").lane("main").build
    check_public("main", build, ["URL", "OTHER"])
    with pytest.raises(ConfigurationError, match="lane main: build-args: B comes from CHANNEL, which is a secret"):
        check_public("main", build, ["URL", "CHANNEL"])


def test_a_dry_run_reads_a_cache_and_writes_none_and_attests_nothing() -> None:
    project = parse_project_file({"lanes": {"main": {"cache": {"type": "gha"}, "sbom": True}}}, "shiplane.toml")
    made = make_plan(Resolver(flags=Flags(lanes=("main",), image="ghcr.io/a/b"), checkout=CHECKOUT, project=project))
    target = definition(trial(made, AMD, every=False))["target"]["main"]
    assert target["cache-from"]
    assert "cache-to" not in target
    assert target["attest"] == ["type=provenance,disabled=true"]


@pytest.mark.parametrize(
    ("settings", "attest"),
    [
        ({"provenance": "max"}, ["type=provenance,mode=max"]),
        ({"provenance": False}, ["type=provenance,disabled=true"]),
        ({"provenance": False, "sbom": True}, ["type=provenance,disabled=true", "type=sbom"]),
    ],
)
def test_attestations_are_as_configured(settings: dict[str, Any], attest: list[str]) -> None:
    assert given(settings)["attest"] == attest


@pytest.mark.parametrize(
    ("platforms", "settings", "indexed"),
    [
        ((AMD,), {"provenance": False}, False),
        ((AMD,), {"provenance": False, "sbom": True}, True),
        ((AMD,), {}, True),
        ((AMD, ARM), {"provenance": False}, True),
    ],
)
def test_an_image_that_is_no_index_has_no_annotations_of_one(
    platforms: tuple[Platform, ...], settings: dict[str, Any], *, indexed: bool
) -> None:
    kinds = {text.partition(":")[0] for text in given(settings, platforms)["annotations"]}
    assert kinds == ({"index", "manifest"} if indexed else {"manifest"})


@pytest.mark.parametrize(
    ("path", "context", "dockerfile"),
    [
        (".", ".", "."),
        ("api", "./api", "api"),
        ("${GHCR_TOKEN}", "./$${GHCR_TOKEN}", "$${GHCR_TOKEN}"),
        ("%{if true}x", "./%%{if true}x", "%%{if true}x"),
        ("github.com/cognary", "./github.com/cognary", "github.com/cognary"),
        ("-", "./-", "-"),
    ],
)
def test_a_path_is_a_path_and_nothing_else(path: str, context: str, dockerfile: str) -> None:
    build = Build(name="main", dockerfile="Dockerfile", context=path, platforms=(AMD,))
    assert definition([build])["target"]["main"]["context"] == context
    build = Build(name="main", dockerfile=path, context=".", platforms=(AMD,))
    assert definition([build])["target"]["main"]["dockerfile"] == dockerfile

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE, Lane
from shiplane.config.names.collisions import apart
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError, UsageError
from tests.lanes import widest
from tests.unit.generate import lane_sets, quickly, versions
from tests.unit.hostile import SIGNS, refusal_of

API = Lane(
    name="api",
    dockerfile="Dockerfile.api",
    version_template=TagTemplate("api-v"),
    floating_templates=(FloatingTemplate(text="api-latest"),),
    git_tag="api-v{version}",
)
lanes = pytest.mark.parametrize("lane", BUILT_IN, ids=lambda lane: lane.name)


@pytest.mark.parametrize(
    ("lane", "tag", "git_tag", "rest"),
    [
        (MAIN, "v0.2.1", "docker-v0.2.1", ("latest", False, "Dockerfile")),
        (STANDALONE, "standalone-v0.2.1", "standalone-v0.2.1", ("standalone-latest", True, "Dockerfile.standalone")),
    ],
)
def test_the_built_in_lanes_are_the_runbooks(lane: Lane, tag: str, git_tag: str, rest: tuple[str, bool, str]) -> None:
    assert lane.tag_of(Version.parse("0.2.1")) == tag
    assert lane.git_tag_of(Version.parse("0.2.1")) == git_tag
    assert (widest(lane), lane.publish_latest, lane.dockerfile) == rest


@lanes
@pytest.mark.parametrize("number", ["0.2.1", "0.2.1-rc.1", "0.0.0-012345678901"])
def test_desk_and_ci_give_one_version_the_same_name(lane: Lane, number: str) -> None:
    version = Version.parse(number)
    for text in (number, f"v{number}", lane.tag_of(version), lane.git_tag_of(version)):
        assert lane.tag_of(lane.parse_version(text)) == lane.version_template.fill(number)


@pytest.mark.parametrize("tag", ["v0.2.1", "v0.2.1-rc.1", "latest", "ledger-main"])
def test_a_lane_owns_its_versions_its_floating_tag_and_its_ledger_and_no_other_name(tag: str) -> None:
    assert MAIN.owns(tag)
    assert not any(MAIN.owns(name) for name in (f"standalone-{tag}", f"cache-{tag}", f"{tag}+x", ""))


@lanes
@quickly
@given(version=versions)
def test_version_tag_and_git_tag_lead_back_to_the_version(lane: Lane, version: Version) -> None:
    assert lane.version_of_tag(lane.tag_of(version)) == version
    assert lane.version_of_git_tag(lane.git_tag_of(version)) == version
    for text in (str(version), f"v{version}", lane.tag_of(version), lane.git_tag_of(version)):
        assert lane.parse_version(text) == version


@lanes
@quickly
@given(version=versions)
def test_no_built_in_lane_reads_what_the_other_writes(lane: Lane, version: Version) -> None:
    (other,) = (each for each in BUILT_IN if each is not lane)
    assert other.version_of_tag(lane.tag_of(version)) is None
    assert other.version_of_git_tag(lane.git_tag_of(version)) is None
    for name in {lane.tag_of(version), lane.git_tag_of(version)} - {f"v{version}"}:
        refusal_of(other.parse_version, name)


@quickly
@given(known=lane_sets(), version=versions)
def test_in_any_disjoint_lanes_every_name_has_one_meaning(known: tuple[Lane, ...], version: Version) -> None:
    for lane in known:
        for text in (str(version), f"v{version}", lane.tag_of(version), lane.git_tag_of(version)):
            assert lane.parse_version(text) == version
        for other in known:
            refusal_of(other.parse_version, widest(lane))
            if other is not lane:
                assert other.version_of_tag(lane.tag_of(version)) is None
                if other.git_tag != lane.git_tag:
                    assert other.version_of_git_tag(lane.git_tag_of(version)) is None
                assert widest(lane) != widest(other)


@lanes
@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        "v1",
        "1.0",
        "v1.0",
        "01.0.0",
        "v01.0.0",
        "1.0.0-01",
        "v1.0.0+build",
        "standalone-v1",
        "standalone-v1.2.3+build",
        "standalone-v1.2.3 --output=type=local",
        "1.2.3.4",
        "latest",
        "LATEST",
        "standalone-latest",
        "vlatest",
        "docker-v",
        "docker-vlatest",
        "docker-latest",
        "docker-1.2.3",
        "docker-vv1.2.3",
        "docker-docker-v1.2.3",
        "standalone-vv1",
        "standalone-vv1.2.3",
        "standalone-standalone-v1",
        "standalone-standalone-v1.2.3",
        "standalone-docker-v1.2.3",
        "docker-standalone-v1.2.3",
        "standalone-1.2.3",
        "Standalone-v1.2.3",
        "vv1.2.3",
        "V1.2.3",
        "refs/tags/docker-v1.2.3",
        "refs/tags/x",
        "tags/v1.2.3",
        "docker-v$(x)",
        "--latest",
        "-t",
        ".1.2.3",
        "-1.2.3",
        "..",
        "/",
        ":",
        "@sha256:" + 64 * "0",
        "ghcr.io/cognary/aionis:v1.2.3",
        "1.0.0\n",
        "v1.0.0\n",
        "v" + 5000 * "9" + ".0.0",
        1000 * "a",
    ],
    ids=lambda text: text[:40] or "nothing",
)
def test_it_names_no_version_of_either_lane(lane: Lane, text: str) -> None:
    error = refusal_of(lane.parse_version, text)
    assert f"is not a version of lane {lane.name}" in error.what
    forms = "0.2.1, v0.2.1 or docker-v0.2.1" if lane == MAIN else "0.2.1, v0.2.1 or standalone-v0.2.1"
    assert error.remedy.startswith(f"Expected {forms} (")
    assert lane.version_of_tag(text) is None
    assert lane.version_of_git_tag(text) is None


@pytest.mark.parametrize(
    ("lane", "spellings"),
    [
        (MAIN, ("v0.2.1", "docker-v0.2.1", "0.2.1")),
        (STANDALONE, ("standalone-v0.2.1", "standalone-0.2.1", "v0.2.1", "0.2.1")),
    ],
)
def test_a_version_has_the_spellings_of_people_and_other_tools(lane: Lane, spellings: tuple[str, ...]) -> None:
    version = Version.parse("0.2.1")
    assert lane.spellings(version) == spellings
    assert {lane.version_spelled(text) for text in spellings} == {version}
    further = lane.label_spellings(version) - set(spellings)
    assert further == {
        f"{prefix}{text}" for prefix in {lane.version_template.before[:-1], ""} for text in ("0", "v0", "0.2", "v0.2")
    }
    assert lane.label_spellings(Version.parse("0.2.1-rc.1")) == set(lane.spellings(Version.parse("0.2.1-rc.1")))


@lanes
@pytest.mark.parametrize("text", ["", "0.2", "v", "latest", "ledger-main", "api-0.2.1", "vv0.2.1", "docker-0.2.1"])
def test_what_is_no_spelling_of_a_version(lane: Lane, text: str) -> None:
    assert lane.version_spelled(text) is None


@lanes
@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}v1.0.0", "v1.0.0{}", "standalone-v1.{}.0", "docker-v1.0.0-rc{}"])
def test_a_version_as_people_write_it_has_no(lane: Lane, sign: str, form: str) -> None:
    refusal_of(lane.parse_version, form.format(sign))


@pytest.mark.parametrize(
    ("lane", "text"),
    [(MAIN, "standalone-v1.2.3"), (STANDALONE, "docker-v1.2.3"), (MAIN, "api-v1.2.3"), (API, "standalone-v1.2.3")],
)
def test_the_name_of_another_lane_is_refused(lane: Lane, text: str) -> None:
    refusal_of(lane.parse_version, text)


def test_a_coordinated_release_reads_each_lanes_own_git_tag() -> None:
    at_head = ("docker-v0.2.1", "standalone-v0.3.0")
    read = {lane.name: [found for tag in at_head if (found := lane.version_of_git_tag(tag))] for lane in BUILT_IN}
    assert read == {"main": [Version.parse("0.2.1")], "standalone": [Version.parse("0.3.0")]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "--push"),
        ("name", "-api"),
        ("name", "Api"),
        ("name", "1api"),
        ("name", "a" * 32),
        ("name", "a b"),
        ("name", "a\n"),
        ("name", "\u0430pi"),
        ("version_template", TagTemplate("-")),
        ("version_template", TagTemplate(".v")),
        ("version_template", TagTemplate("a1")),
        ("version_template", TagTemplate("a/")),
        ("version_template", TagTemplate("a-\n")),
        ("version_template", TagTemplate("", "a")),
        ("version_template", TagTemplate("", "1")),
        ("version_template", TagTemplate("", ".1")),
        ("version_template", TagTemplate("", "-")),
        ("version_template", TagTemplate("", "-a\n")),
        ("version_template", TagTemplate("", "-{version}")),
        ("version_template", TagTemplate("a" * 33, "-")),
        ("version_template", TagTemplate("a" * 30, "-abc")),
        ("version_template", TagTemplate("\uff11-")),
        ("git_tag", ""),
        ("git_tag", "api-v"),
        ("git_tag", "-v{version}"),
        ("git_tag", "/v{version}"),
        ("git_tag", "v{version}-api"),
        ("git_tag", "{version}v{version}"),
        ("git_tag", "v{version}\n"),
        ("git_tag", "v{VERSION}"),
        ("git_tag", "a b{version}"),
        ("git_tag", "a..b{version}"),
        ("git_tag", "a//b{version}"),
        ("git_tag", "a/.b{version}"),
        ("git_tag", "a.lock/v{version}"),
        ("git_tag", "a$(id){version}"),
        ("git_tag", "a~{version}"),
        ("git_tag", "g" * 101 + "{version}"),
    ],
)
def test_a_lane_with_an_impossible_field_is_refused(field: str, value: object) -> None:
    fields: dict[str, Any] = {field: value}
    refusal_of(lambda _: replace(API, **fields), "")
    with pytest.raises(ConfigurationError):
        replace(API, **fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version_template", TagTemplate()),
        ("version_template", TagTemplate("v")),
        ("version_template", TagTemplate("a.v")),
        ("version_template", TagTemplate("a_")),
        ("version_template", TagTemplate("2024-v")),
        ("version_template", TagTemplate("", "-alpine")),
        ("version_template", TagTemplate("", "_x")),
        ("version_template", TagTemplate("", ".el9")),
        ("version_template", TagTemplate("v", "-py3.12")),
        ("version_template", TagTemplate("V")),
        ("version_template", TagTemplate("a" * 33)),
        ("git_tag", "{version}"),
        ("git_tag", "app@{version}"),
        ("git_tag", "@scope/app@{version}"),
        ("git_tag", "v{version}"),
        ("git_tag", "api/v{version}"),
        ("git_tag", "release/{version}"),
        ("name", "a" * 31),
        ("floating_templates", (FloatingTemplate(text="edge"),)),
    ],
)
def test_a_lane_with_an_unusual_field_is_taken(field: str, value: object) -> None:
    fields: dict[str, Any] = {field: value}
    apart([replace(API, **fields)])


def test_the_built_in_lanes_and_one_more_are_disjoint() -> None:
    apart([*BUILT_IN, API])
    apart([])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"floating_templates": (FloatingTemplate(text="latest"),)}, "both move latest"),
        ({"version_template": TagTemplate("v")}, "v1.2.3 can be read as one of"),
        ({"version_template": TagTemplate("standalone-v")}, "standalone-v1.2.3 can be read as one of"),
        ({"version_template": TagTemplate("v1.0.0-v")}, "v1.0.0-v1.2.3"),
        ({"version_template": TagTemplate("standalone-v1.0.0-v")}, "standalone-v1.0.0-v1.2.3"),
        ({"git_tag": "docker-v1.0.0-x{version}"}, "triggers both"),
        ({"git_tag": "docker-v1{version}"}, "triggers both"),
        ({"floating_templates": (FloatingTemplate(text="v1.2.3"),)}, "can be read as a version of"),
        ({"floating_templates": (FloatingTemplate(text="standalone-v1.0.0-rc.1"),)}, "can be read as a version of"),
        ({"floating_templates": (FloatingTemplate(text="docker-v1.2.3"),)}, "can be read as a version of"),
        ({"floating_templates": (FloatingTemplate(text="ledger-main"),)}, "is the tag of main's ledger"),
        ({"floating_templates": (FloatingTemplate(text="ledger-api"),)}, "is the tag of api's ledger"),
        ({"name": "main"}, "the same name"),
        ({"version_template": TagTemplate("docker-v")}, "docker-v1.2.3 is a"),
        ({"git_tag": "v1.0.0-v{version}"}, "v1.0.0-v1.2.3"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("first", [True, False], ids=["given first", "given last"])
def test_a_lane_that_overlaps_a_built_in_one_is_refused(changes: dict[str, Any], why: str, first: bool) -> None:  # noqa: FBT001
    lane = replace(API, **changes)
    known = [lane, *BUILT_IN] if first else [*BUILT_IN, lane]
    error = refusal_of(lambda _: apart(known), "")
    assert isinstance(error, ConfigurationError)
    assert why in error.what


@pytest.mark.parametrize(
    "changes",
    [
        {"floating_templates": (FloatingTemplate(text="api-v1.2.3"),)},
        {"floating_templates": (FloatingTemplate(text="1.2.3"),)},
        {"floating_templates": (FloatingTemplate(text="v1.2.3"),)},
        {"floating_templates": (FloatingTemplate(text="ledger-api"),)},
        {"version_template": TagTemplate("1.0.0-v")},
        {"version_template": TagTemplate("v1.0.0-v")},
        {"git_tag": "1{version}"},
        {"git_tag": "v1{version}"},
        {"git_tag": "v1.0.0-{version}"},
        {"git_tag": "api-v1{version}"},
        {"version_template": TagTemplate("x-v1.0.0-v"), "git_tag": "x-v{version}"},
    ],
    ids=str,
)
def test_a_lane_whose_own_names_have_two_meanings_is_refused(changes: dict[str, Any]) -> None:
    refusal_of(lambda _: apart([replace(API, **changes)]), "")


def test_the_same_lane_twice_is_refused() -> None:
    refusal_of(lambda _: apart([MAIN, MAIN]), "")


@lanes
@quickly
@given(text=st.text(max_size=40) | st.text("docker-standalone-v.0129+latest", max_size=24))
def test_whatever_is_given_is_a_version_or_a_clear_refusal(lane: Lane, text: str) -> None:
    try:
        version = lane.parse_version(text)
    except UsageError:
        refusal_of(lane.parse_version, text)
    else:
        assert text in {str(version), f"v{version}", lane.tag_of(version), lane.git_tag_of(version)}

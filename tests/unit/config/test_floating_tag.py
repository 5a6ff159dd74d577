"""Floating tags and their ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.floating_tag import FloatingTag, FloatingTemplate, in_moving_order
from shiplane.config.keys.floating import FLOATING
from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import ConfigurationError
from shiplane.core.schema.location import Location
from shiplane.registry.oci.names import Tag

PLACE = Location("shiplane.toml", "floating")
SEVERAL = replace(
    MAIN, floating_templates=tuple(FloatingTemplate(text=text) for text in ("latest", "v{major}", "v{major}.{minor}"))
)


def version(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.parametrize(
    ("template", "of", "tag", "numbers"),
    [
        ("latest", "1.2.3", "latest", ()),
        ("v{major}", "1.2.3", "v1", ("1",)),
        ("{major}", "0.2.3", "0", ("0",)),
        ("v{major}.{minor}", "1.20.3", "v1.20", ("1", "20")),
        ("{major}.{minor}-alpine", "1.2.3-rc.1", "1.2-alpine", ("1", "2")),
        ("py{major}_{minor}.x", "3.12.0", "py3_12.x", ("3", "12")),
    ],
)
def test_a_template_makes_the_tag_of_a_version_and_reads_it_back(
    template: str, of: str, tag: str, numbers: tuple[str, ...]
) -> None:
    floating = FloatingTag(tag=Tag(tag), range=numbers)
    assert FloatingTemplate(text=template).of(version(of)) == floating
    assert FloatingTemplate(text=template).read(tag) == floating


@pytest.mark.parametrize(
    ("template", "tag"),
    [("v{major}", "v1.2"), ("v{major}", "vx"), ("v{major}", "v"), ("v{major}.{minor}", "v1-2"), ("latest", "latest2")],
)
def test_another_tag_is_none_of_a_template(template: str, tag: str) -> None:
    assert FloatingTemplate(text=template).read(tag) is None


@pytest.mark.parametrize(
    ("numbers", "prereleases", "of", "taken"),
    [
        ((), (), "9.9.9", True),
        (("1",), (), "1.9.9", True),
        (("1",), (), "2.0.0", False),
        (("1",), (), "10.0.0", False),
        (("1", "2"), (), "1.2.9", True),
        (("1", "2"), (), "1.3.0", False),
        ((), (), "1.0.0-rc.1", False),
        ((), ("rc",), "1.0.0-rc.1", True),
        ((), ("rc",), "1.0.0-rc1", True),
        ((), ("rc",), "1.0.0-beta.1", False),
        ((), ("rc", "beta"), "1.0.0", True),
        ((), ("rc",), "1.0.0-1", False),
        ((), ("rc",), "0.0.0-abcdef012345", False),
        (("2",), ("rc",), "1.0.0-rc.1", False),
    ],
)
def test_a_floating_tag_moves_to_the_releases_of_its_range_and_the_pre_releases_that_it_lists(
    numbers: tuple[str, ...], prereleases: tuple[str, ...], of: str, taken: object
) -> None:
    floating = FloatingTag(tag=Tag("x"), range=numbers, prereleases=frozenset(prereleases))
    assert floating.takes(version(of)) == taken


def test_narrow_ranges_move_first_and_the_first_configured_last() -> None:
    templates = [FloatingTemplate(text=text) for text in ("latest", "stable", "v{major}", "v{major}.{minor}")]
    assert [str(template) for template in in_moving_order(templates)] == [
        "v{major}.{minor}",
        "v{major}",
        "stable",
        "latest",
    ]


def test_a_lane_has_the_floating_tags_of_a_version() -> None:
    assert [str(floating) for floating in SEVERAL.floating_tags(version("1.2.3"))] == ["v1.2", "v1", "latest"]


def test_a_lane_finds_its_floating_tags_among_others_and_misses_none_without_a_range() -> None:
    found = SEVERAL.floating_tags_among(["v10", "v9", "v1.2", "v1.2.3", "edge", "ledger-main"])
    assert [str(floating) for floating in found] == ["v1.2", "v9", "v10", "latest"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("edge", [("edge", set())]),
        (["latest", "v{major}"], [("latest", set()), ("v{major}", set())]),
        ([{"tag": "next", "prereleases": ["rc", "beta"]}], [("next", {"rc", "beta"})]),
        ([{"tag": "{major}"}], [("{major}", set())]),
        (False, []),
    ],
)
def test_the_project_file_says_them(given: object, read: list[tuple[str, set[str]]]) -> None:
    templates = FLOATING.read(given, PLACE)
    assert [(template.text, template.prereleases) for template in templates] == read


@pytest.mark.parametrize(
    "given",
    [
        "",
        "la test",
        "latest\n",
        "-latest",
        ".{major}",
        "a" * 129,
        "{minor}",
        "{major}{minor}",
        "{major}0{minor}",
        "{major}.{minor}.{patch}",
        "{major}-{major}",
        "v{major}0",
        "{version}",
        [],
        ["latest", "latest"],
        [{"tag": "next", "prereleases": ["rc.1"]}],
        [{"prereleases": ["rc"]}],
        3,
        True,
        0,
    ],
)
def test_what_is_no_floating_tag_is_refused(given: object) -> None:
    with pytest.raises(ConfigurationError):
        FLOATING.read(given, PLACE)


def test_a_snapshot_moves_no_tag_whatever_its_commit_begins_with() -> None:
    floating = FloatingTag(tag=Tag("next"), prereleases=frozenset({"ac", "rc"}))
    assert floating.takes(version("0.0.0-rc.1"))
    assert not floating.takes(Version.snapshot("ac3456789012"))

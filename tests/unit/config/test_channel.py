"""Channels: what follows a branch, under tags that are nothing else."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.channel import Channel, channel_named, channel_of_tag
from shiplane.config.lane import MAIN, STANDALONE
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError, UsageError

COMMIT = "c0ffee" + "0" * 34
EDGE = {"branch": "main", "lanes": ["main"]}


def channels(lanes: dict[str, Any] | None = None, **named: dict[str, Any]) -> tuple[Channel, ...]:
    return parse_project_file({"lanes": lanes or {}, "channels": named}, "shiplane.toml").channels


def refusal(lanes: dict[str, Any] | None = None, **named: dict[str, Any]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        channels(lanes, **named)
    return str(caught.value)


def test_a_channel_of_one_lane_has_its_own_name_for_a_tag() -> None:
    (edge,) = channels(edge=EDGE)
    assert (edge.name, edge.branch, edge.lanes) == ("edge", "main", ("main",))
    assert (edge.tag_of(MAIN), edge.kept_tag(MAIN, COMMIT)) == ("edge", f"sha-{COMMIT}")


def test_every_lane_is_meant_where_none_is_named() -> None:
    (edge,) = channels(edge={"branch": "main", "tag": "{lane}-edge", "keep": False})
    assert edge.lanes == ("main", "standalone")
    assert (edge.tag_of(STANDALONE), edge.kept_tag(STANDALONE, COMMIT)) == ("standalone-edge", None)
    assert channels({"app": {}}, edge={"branch": "main"})[0].lanes == ("app",)


def test_a_build_may_keep_the_day_of_its_commit_before_its_commit() -> None:
    (edge,) = channels(edge={**EDGE, "keep": "{lane}.{date}-{commit}"})
    assert edge.dated("2026-08-04T23:59:59Z").kept_tag(MAIN, COMMIT) == f"main.2026-08-04-{COMMIT}"
    assert edge.keeps(f"main.2026-08-04-{COMMIT}")
    assert not edge.keeps(f"main.2026-8-04-{COMMIT}")
    assert not edge.keeps(f"main.2026-0a-04-{COMMIT}")
    (edge,) = channels(edge={**EDGE, "keep": False})
    assert edge.dated("2026-08-04T23:59:59Z").kept_tag(MAIN, COMMIT) is None


def test_a_day_could_be_a_version_or_another_channels_tag() -> None:
    said = refusal(edge={**EDGE, "keep": "x-{date}{commit}"}, next={**EDGE, "tag": f"x-1999-12-31{COMMIT}"})
    assert f"could be x-1999-12-31{COMMIT}" in said
    lanes = {"main": {"tag": "{version}", "versions": "calver"}}
    assert "a version of lane main" in refusal(lanes, edge={**EDGE, "keep": "{date}-{commit}"})
    assert channels({"main": {"tag": "{version}"}}, edge={**EDGE, "keep": "{date}-{commit}"})


def test_a_build_keeps_the_tag_that_the_file_says() -> None:
    (edge,) = channels(edge={"branch": "main", "tag": "{lane}.edge", "keep": "{lane}-{commit}-x"})
    assert edge.kept_tag(STANDALONE, COMMIT) == f"standalone-{COMMIT}-x"


def test_several_lanes_need_tags_of_their_own() -> None:
    said = refusal(edge={"branch": "main"})
    assert "channels.edge has the lanes main, standalone, and tag and keep would be the same tag for each" in said
    assert 'lanes = ["main"]' in said
    assert 'tag = "{lane}-edge", keep = "{lane}-sha-{commit}"' in said
    assert 'put {lane} into the tag: keep = "{lane}-sha-{commit}".' in refusal(
        edge={"branch": "m", "tag": "{lane}-edge"}
    )
    assert 'put {lane} into the tag: tag = "{lane}-edge".' in refusal(edge={"branch": "m", "keep": False})


def test_a_lane_that_does_not_exist_is_named() -> None:
    said = refusal(edge={"branch": "main", "lanes": ["worker"]})
    assert "channels.edge.lanes names worker, which is no lane\n  Lanes: main, standalone." in said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"tag": "latest"}, "could be latest, which is a floating tag of lane main"),
        ({"tag": "standalone-latest"}, "a floating tag of lane standalone"),
        ({"tag": "ledger-main"}, "lane main's ledger"),
        ({"tag": "v1.2.3"}, "a version of lane"),
        ({"tag": "1.2.3"}, "a version of lane"),
        ({"tag": "docker-v1.2.3"}, "a version of lane main"),
        ({"tag": "standalone-v0.1.0-rc.1"}, "a version of lane standalone"),
        ({"tag": "sha256-abc"}, "where registries list referrers"),
        ({"keep": "sha256-{commit}"}, "where registries list referrers"),
        ({"keep": "v1.2.{commit}"}, "a version of lane"),
        ({"keep": "v1.2.3-{commit}"}, "a version of lane"),
        ({"keep": "standalone-v0.0.0-x{commit}"}, "a version of lane standalone"),
    ],
)
def test_a_tag_that_is_something_else_already_is_refused(keys: dict[str, Any], said: str) -> None:
    key = next(iter(keys))
    answer = refusal(edge={**EDGE, **keys})
    assert f"channels.edge.{key} could be " in answer
    assert said in answer


def test_a_floating_tag_with_a_range_is_one_too() -> None:
    lanes = {"main": {"floating": ["latest", "v{major}", "x{major}"]}}
    assert "a floating tag of lane main" in refusal(lanes, edge={**EDGE, "tag": "v7"})
    assert "a floating tag of lane main" in refusal(lanes, edge={**EDGE, "keep": "x{commit}"})
    assert channels(lanes, edge={**EDGE, "tag": "v7a"})


def test_two_channels_have_different_tags() -> None:
    said = refusal(edge=EDGE, next={**EDGE, "tag": "edge"})
    assert "channels.edge.tag could be edge, as tag of channel next for lane main" in said


def test_a_channels_tag_is_no_build_of_another_one() -> None:
    build = "c-" + "a" * 40
    assert f"could be {build}, as keep of channel next" in refusal(
        edge={**EDGE, "tag": build}, next={**EDGE, "keep": "c-{commit}"}
    )
    assert channels(edge={**EDGE, "tag": build[:-1]}, next={**EDGE, "keep": "c-{commit}"})
    assert channels(edge={**EDGE, "tag": "c-" + "g" * 40}, next={**EDGE, "keep": "c-{commit}"})


def test_one_build_of_a_commit_may_be_kept_by_two_channels_of_a_lane() -> None:
    assert len(channels(edge=EDGE, next={**EDGE, "branch": "next"})) == 2


def test_the_builds_of_two_lanes_are_never_one_tag() -> None:
    other = {"branch": "next", "lanes": ["standalone"]}
    assert "as keep of channel next for lane standalone" in refusal(edge=EDGE, next=other)
    assert channels(edge=EDGE, next={**other, "keep": "standalone-sha-{commit}"})


def test_a_long_commit_and_a_short_one_with_more_digits_are_one_tag() -> None:
    digits = "d" * 24
    said = refusal(edge={**EDGE, "keep": "s-{commit}"}, next={**EDGE, "keep": f"s-{digits}{{commit}}"})
    assert "as keep of channel next" in said


def test_templates_that_overlap_are_found_wherever_a_commit_shows_it() -> None:
    """Every pair of kept templates of a small alphabet, against every pair of tags that they can write."""
    templates = [f"{before}{{commit}}{after}" for before in ("", "a", "g") for after in ("", "a", "g")]
    for first, second in itertools.combinations(templates, 2):
        forms = [re.compile(text.replace("{commit}", "(?:[0-9a-f]{40}|[0-9a-f]{64})")) for text in (first, second)]
        tags = [text.replace("{commit}", "a" * length) for text in (first, second) for length in (40, 64)]
        clash = any(all(form.fullmatch(tag) for form in forms) for tag in tags)
        named = {name: {**EDGE, "keep": text} for name, text in (("x", first), ("y", second))}
        if clash:
            assert "could be" in refusal(**named), (first, second)
        else:
            assert len(channels(**named)) == 2, (first, second)


def test_a_channel_is_found_by_its_name() -> None:
    made = channels(edge=EDGE, next={**EDGE, "branch": "next"})
    assert channel_named(made, "next").branch == "next"
    with pytest.raises(UsageError, match=r"there is no channel 'egde'\n  Channels: edge, next\."):
        channel_named(made, "egde")
    with pytest.raises(UsageError, match=r"Add one to shiplane\.toml: \[channels\.edge\]"):
        channel_named((), "edge")


def test_a_channel_says_which_tags_it_writes_for_which_lanes() -> None:
    (edge,) = channels(edge={"branch": "main", "tag": "{lane}-edge", "keep": False})
    assert edge.tags_of(MAIN, COMMIT) == ("main-edge",)
    assert replace(edge, keep="sha-{commit}").tags_of(MAIN, COMMIT) == ("main-edge", f"sha-{COMMIT}")
    assert edge.chosen([]) == ("main", "standalone")
    assert edge.chosen(["standalone"]) == ("standalone",)
    with pytest.raises(UsageError, match=r"lane x is not one of channel edge\n  Its lanes: main, standalone\."):
        edge.chosen(["x"])


def test_a_tag_is_known_as_one_that_moves_or_as_one_that_stays() -> None:
    made = channels(edge=EDGE, next={"branch": "next", "tag": "{lane}-next", "keep": "{lane}-c{commit}"})
    edge, following = made
    assert (edge.follows_as("edge"), edge.keeps("edge")) == (True, False)
    assert (edge.follows_as(f"sha-{COMMIT}"), edge.keeps(f"sha-{COMMIT}")) == (False, True)
    assert not edge.keeps(f"sha-{COMMIT[:12]}")
    assert not edge.keeps(f"sha-{COMMIT.upper()}")
    assert channel_of_tag(made, f"standalone-c{'0' * 64}") is following
    assert channel_of_tag(made, "edge") is edge
    assert channel_of_tag(made, "v1.2.3") is None

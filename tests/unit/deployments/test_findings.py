"""What is said against a place that names the image."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.channel import Channel
from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN, MAIN, Lane
from shiplane.deployments.finder import DeploymentFile, Finder
from shiplane.deployments.findings import ServedTags, flags_of, version_run
from shiplane.registry.oci.names import Digest, Repository, Tag

IMAGE = Repository.parse("ghcr.io/cognary/aionis")
ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
SERVED = ServedTags(
    digests={Tag("v0.2.0"): ONE, Tag("v0.2.1"): TWO, Tag("latest"): TWO},
    absent=frozenset({Tag("v9.9.9")}),
    version_tags={ONE: Tag("v0.2.0"), TWO: Tag("v0.2.1")},
)
MARKS = {Tag("v0.2.1"): "crashes"}


def flags(reference: str, served: ServedTags = SERVED, marks: dict[Tag, str] = MARKS) -> tuple[str | None, list[str]]:
    finder = Finder(repository=IMAGE, lanes=BUILT_IN, version_tags=served.version_tags)
    file = DeploymentFile(path="f", content=f"image: ghcr.io/cognary/aionis{reference}\n".encode())
    (place,) = finder.places(file)
    return version_run(place, served), [flag.kind for flag in flags_of(place, served, marks)]


@pytest.mark.parametrize(
    ("reference", "runs", "kinds"),
    [
        (f":v0.2.0@{ONE}", "v0.2.0", []),
        (":v0.2.0", "v0.2.0", ["not-pinned"]),
        (":v0.2.1", "v0.2.1", ["marked", "not-pinned"]),
        (f"@{TWO}", "v0.2.1", ["marked"]),
        (f"@{ONE}", "v0.2.0", []),
        (":latest", "v0.2.1", ["marked", "floating"]),
        ("", "v0.2.1", ["marked", "floating"]),
        (f":latest@{ONE}", "v0.2.0", []),
        (f":v0.2.1@{ONE}", "v0.2.0", ["wrong-digest"]),
        (":v9.9.9", "v9.9.9", ["absent", "not-pinned"]),
        (":nightly", None, ["unknown-tag"]),
        ("@sha256:" + "3" * 64, None, ["unknown-digest"]),
        (f":standalone-v0.2.0@{ONE}", "v0.2.0", ["other-lane"]),
        (":${TAG}", None, ["unclear"]),
    ],
)
def test_each_place_is_told_what_is_wrong_with_it(reference: str, runs: str | None, kinds: list[str]) -> None:
    assert flags(reference) == (runs, kinds)


SEVERAL = replace(
    MAIN, floating_templates=tuple(FloatingTemplate(text=text) for text in ("latest", "v{major}", "v{major}.{minor}"))
)
NO_FLOATING = replace(MAIN, floating_templates=())


@pytest.mark.parametrize(
    ("reference", "lane", "runs", "said"),
    [
        (":v0", SEVERAL, "v0.2.1", ["moves with every release of 0"]),
        (":v0.2", SEVERAL, "v0.2.0", ["moves with every release of 0.2"]),
        (":latest", SEVERAL, "v0.2.1", ["moves with every release"]),
        ("", SEVERAL, "v0.2.1", ["no tag, which means latest"]),
        (f":v0.2@{TWO}", SEVERAL, "v0.2.1", []),
        (":v0.2.0", SEVERAL, "v0.2.0", ["no digest"]),
        (":v0", MAIN, "v0.2.1", ["its tag belongs to no lane"]),
        (":0.2", SEVERAL, None, ["its tag belongs to no lane"]),
        (":latest", NO_FLOATING, "v0.2.1", ["its tag belongs to no lane"]),
    ],
)
def test_each_floating_tag_of_a_lane_is_known_as_its_own_with_what_moves_it(
    reference: str, lane: Lane, runs: str | None, said: list[str]
) -> None:
    served = replace(SERVED, digests={**SERVED.digests, Tag("v0"): TWO, Tag("v0.2"): ONE})
    finder = Finder(repository=IMAGE, lanes=(lane,), version_tags=served.version_tags)
    file = DeploymentFile(path="f", content=f"image: ghcr.io/cognary/aionis{reference}\n".encode())
    (place,) = finder.places(file)
    assert version_run(place, served) == runs
    assert [flag.text for flag in flags_of(place, served, {})] == said


EDGE = Channel(name="edge", branch="main", lanes=("main",), tag="edge")
BUILD = f"sha-{'c' * 40}"


@pytest.mark.parametrize(
    ("reference", "kinds", "said"),
    [
        (":edge", ["channel"], "channel edge: moves with every publication of main"),
        (f":{BUILD}", ["channel"], "a build of channel edge"),
        (f":{BUILD}@{ONE}", ["channel"], "a build of channel edge"),
        (":sha-123", ["unknown-tag"], "its tag belongs to no lane"),
        (":v0.2.0", ["not-pinned"], "no digest"),
    ],
)
def test_a_channels_tag_is_named_as_one_and_is_no_version(reference: str, kinds: list[str], said: str) -> None:
    finder = Finder(repository=IMAGE, lanes=BUILT_IN, version_tags=SERVED.version_tags, channels=(EDGE,))
    (place,) = finder.places(DeploymentFile(path="f", content=f"image: ghcr.io/cognary/aionis{reference}\n".encode()))
    found = flags_of(place, SERVED, MARKS)
    assert ([flag.kind for flag in found], found[0].text) == (kinds, said)
    assert bool(place.problem) is (kinds != ["not-pinned"]), "it is not re-pointed"


def test_a_channels_tag_that_is_not_there_is_called_absent() -> None:
    finder = Finder(repository=IMAGE, lanes=BUILT_IN, channels=(EDGE,))
    (place,) = finder.places(DeploymentFile(path="f", content=b"image: ghcr.io/cognary/aionis:edge\n"))
    served = replace(SERVED, absent=frozenset({Tag("edge")}))
    assert [flag.kind for flag in flags_of(place, served, MARKS)] == ["absent"]
    unclear = replace(place, mention=replace(place.mention, problem="in two places"))
    assert [flag.kind for flag in flags_of(unclear, served, MARKS)] == ["unclear"]
    comment = finder.places(DeploymentFile(path="f", content=b"# ghcr.io/cognary/aionis:edge\n"))
    assert [flag.kind for flag in flags_of(comment[0], served, MARKS)] == ["comment"]


def test_without_the_registry_only_what_the_files_say_is_judged() -> None:
    away = ServedTags(doubt="no network")
    assert flags(":v9.9.9", away) == ("v9.9.9", ["not-pinned"])
    assert flags(f":v0.2.1@{ONE}", away) == ("v0.2.1", ["marked"])
    assert flags(":latest", away) == (None, ["floating"])


def test_a_comment_is_only_called_one() -> None:
    finder = Finder(repository=IMAGE, lanes=BUILT_IN)
    (place,) = finder.places(DeploymentFile(path="f", content=b"# ghcr.io/cognary/aionis:v0.2.1\n"))
    assert [flag.kind for flag in flags_of(place, SERVED, MARKS)] == ["comment"]


@pytest.mark.parametrize(
    ("before", "kinds"),
    [
        ("", ["not-pinned"]),
        ("{{- if .Values.x }}\n", ["not-pinned", "template"]),
        ("a: b: c\n", ["not-pinned", "not-yaml"]),
    ],
)
def test_a_place_that_was_not_read_as_yaml_says_so(before: str, kinds: list[str]) -> None:
    finder = Finder(repository=IMAGE, lanes=BUILT_IN)
    for text in (
        "image:\n  repository: ghcr.io/cognary/aionis\n  tag: v0.2.0\n",
        "images:\n- name: ghcr.io/cognary/aionis\n  newTag: v0.2.0\n",
    ):
        (place,) = finder.places(DeploymentFile(path="f", content=(before + text).encode()))
        assert [flag.kind for flag in flags_of(place, ServedTags(), {})] == kinds

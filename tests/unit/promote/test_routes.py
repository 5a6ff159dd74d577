"""From where to where a version is promoted: by flags, or where ways are configured, by the project file alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from shiplane.config.keys.registries import PromotionRoute
from shiplane.config.lane import MAIN
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.setting import Setting
from shiplane.core.errors import ConfigurationError, UsageError
from shiplane.promote.routes import RouteChoice
from shiplane.registry.oci.names import Repository

STAGING = Repository.parse("ghcr.io/acme/staging")
PRODUCTION = Repository.parse("ghcr.io/acme/app")
MIRROR = Repository.parse("docker.io/acme/app")
QA = Repository.parse("ghcr.io/acme/qa")
FILE = "shiplane.toml"


def project(*routes: Mapping[str, object], **keys: object) -> ProjectFile:
    return parse_project_file({"promotions": list(routes), **keys}, FILE)


def choose(
    known: ProjectFile,
    source: Repository | None = None,
    target: Repository | None = None,
    images: Sequence[Repository] = (STAGING,),
) -> Setting[PromotionRoute]:
    every = {lane.name: lane.images or tuple(images) for lane in known.lanes}
    return RouteChoice(project=known, images=every).choose(known.lanes[0], source, target)


def way(source: Repository, *images: Repository) -> dict[str, object]:
    return {"from": str(source), "to": [*map(str, images)] if len(images) > 1 else str(images[0])}


def test_without_a_configuration_the_flags_say_it_and_the_lanes_repository_is_where_it_begins() -> None:
    chosen = choose(ProjectFile(name=FILE), target=PRODUCTION)
    assert (chosen.value, chosen.source) == (PromotionRoute(source=STAGING, images=(PRODUCTION,)), "--to")
    assert choose(ProjectFile(), QA, PRODUCTION).value.source == QA


def test_a_target_that_is_the_lanes_own_has_its_mirrors() -> None:
    assert choose(ProjectFile(), STAGING, PRODUCTION, [PRODUCTION, MIRROR]).value.images == (PRODUCTION, MIRROR)


def test_the_one_way_of_a_lane_needs_no_flag() -> None:
    known = project(way(STAGING, PRODUCTION, MIRROR), way(QA, PRODUCTION))
    chosen = choose(known)
    assert chosen.value == PromotionRoute(source=STAGING, images=(PRODUCTION, MIRROR))
    assert chosen.source == "shiplane.toml: promotions"
    assert chosen.value.target == PRODUCTION
    assert choose(known, QA).value.source == QA
    assert choose(known, target=PRODUCTION).value == chosen.value


def test_of_several_ways_one_has_to_be_chosen() -> None:
    known = project(way(STAGING, QA), way(STAGING, PRODUCTION))
    with pytest.raises(UsageError, match=rf"more than one promotion route from {STAGING}") as raised:
        choose(known)
    assert f"{STAGING} -> {QA}, {STAGING} -> {PRODUCTION}" in raised.value.remedy
    assert choose(known, target=QA).value.target == QA


@pytest.mark.parametrize(("source", "target"), [(QA, None), (None, QA), (MIRROR, PRODUCTION)])
def test_where_ways_are_configured_there_are_no_others(source: Repository | None, target: Repository | None) -> None:
    with pytest.raises(UsageError, match=r"has no promotion route from") as raised:
        choose(project(way(STAGING, PRODUCTION)), source, target)
    assert f"{STAGING} -> {PRODUCTION}" in raised.value.remedy


def test_something_has_to_say_where_it_goes() -> None:
    with pytest.raises(UsageError, match="no repository to promote to"):
        choose(ProjectFile())


@pytest.mark.parametrize("known", [ProjectFile(), project(way(STAGING, PRODUCTION, STAGING))])
def test_nothing_is_promoted_to_where_it_is(known: ProjectFile) -> None:
    with pytest.raises(UsageError, match="cannot be promoted to itself"):
        choose(known, target=None if known.promotions else STAGING)


def test_one_ledger_elsewhere_cannot_be_that_of_a_target_that_only_a_flag_names() -> None:
    with pytest.raises(UsageError, match=r"ledger = ghcr\.io/acme/ledger"):
        choose(project(ledger="ghcr.io/acme/ledger"), target=PRODUCTION)
    known = project(way(STAGING, PRODUCTION), ledger="ghcr.io/acme/ledger", image=str(STAGING))
    assert choose(known).value.target == PRODUCTION
    assert known.ledger_of(STAGING) == Repository.parse("ghcr.io/acme/ledger")
    assert known.ledger_of(PRODUCTION) == PRODUCTION
    assert project().ledger_of(STAGING) == STAGING


def rivals(*routes: Mapping[str, object]) -> ProjectFile:
    """Two lanes with tags of the same names, each in its own repository."""
    lanes = {
        name: {"dockerfile": f"{name}/Dockerfile", "tag": "v{version}", "floating": "latest", "image": image}
        for name, image in (("one", str(STAGING)), ("two", str(QA)))
    }
    git_tags = {name: {**lane, "git-tag": f"{name}-v{{version}}"} for name, lane in lanes.items()}
    return project(*routes, lanes=git_tags)


def test_lanes_with_tags_of_the_same_names_never_meet() -> None:
    known = rivals(way(STAGING, PRODUCTION), way(QA, MIRROR))
    assert choose(known).value.target == PRODUCTION
    for other in (rivals(way(STAGING, PRODUCTION), way(QA, PRODUCTION)), rivals(way(STAGING, QA))):
        with pytest.raises(UsageError, match="lanes one and two have tags of the same name"):
            choose(other)
    with pytest.raises(UsageError, match="lane one shares tag names with another lane"):
        choose(rivals(), target=PRODUCTION)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"from": str(STAGING)}, "to"),
        ({"to": str(STAGING)}, "from"),
        ({"from": "staging", "to": str(STAGING)}, "from"),
        ({"from": str(STAGING), "to": []}, "to"),
        ({"from": str(STAGING), "to": str(QA), "too": 1}, "too"),
    ],
)
def test_a_way_has_two_ends(route: Mapping[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        project(route)


def test_a_lane_of_its_own_begins_where_its_images_are() -> None:
    lane = replace(MAIN, images=(QA,))
    known = replace(project(way(STAGING, PRODUCTION), way(QA, PRODUCTION)), lanes=(lane,))
    assert choose(known).value.source == QA

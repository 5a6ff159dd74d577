"""A repository's tags sorted by lane, and a lane that knows from its ledger where its adopted versions are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from shiplane.config.channel import Channel
from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.project_file import ProjectFile, parse_project_file
from shiplane.config.version import Version
from shiplane.core.errors import UsageError
from shiplane.ledger.foreign_tags import SortedTags, sort_tags, unadopted_tags, with_adopted_tags, with_foreign_tags
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from tests.unit.generate import lane_sets, quickly, versions

# What another lane's tags look like when they are read without "v": 1.0.0-rc.v0.2.1 is a pre-release of 1.0.0.
ODD = Lane(
    name="odd",
    dockerfile="D",
    version_template=TagTemplate("1.0.0-rc.v"),
    floating_templates=(FloatingTemplate(text="odd"),),
    git_tag="odd-v{version}",
)
V0217 = Version.parse("0.2.17")


def adopted(tag: str, version: str = "0.2.17", *, by_us: bool = False, action: Action = Action.PUBLISH) -> Entry:
    digest = Digest.of(tag.encode())
    return Entry(
        action=action, id=tag, when="now", who="a", tag=Tag(tag), version=version, after=digest, adopted=not by_us
    )


def ledger(*entries: Entry) -> Ledger:
    return Ledger().append(entries)


@pytest.mark.parametrize(
    ("lane", "tag", "version"),
    [
        (MAIN, "0.2.17", "0.2.17"),
        (MAIN, "v0.2.17", "0.2.17"),
        (MAIN, "docker-v0.2.17", "0.2.17"),
        (MAIN, "0.2.17-rc.1", "0.2.17-rc.1"),
        (STANDALONE, "standalone-0.2.17", "0.2.17"),
        (STANDALONE, "standalone-v0.2.17", "0.2.17"),
        (ODD, "1.0.0-rc.v0.2.1", "0.2.1"),
    ],
)
def test_a_tag_that_only_one_lane_can_read_is_that_lanes(lane: Lane, tag: str, version: str) -> None:
    lanes = (*BUILT_IN, ODD) if lane is ODD else BUILT_IN
    assert sort_tags(lane, lanes, [tag]).versions == {Version.parse(version): (tag,)}
    for other in lanes:
        if other is not lane:
            assert sort_tags(other, lanes, [tag]).ignored == ((tag, f"belongs to lane {lane.name}"),)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("standalone-latest", "belongs to lane standalone"),
        ("ledger-standalone", "belongs to lane standalone"),
        ("v0.0.0-0123456789ab", "a snapshot of a commit"),
        ("0.2.9", "below 0.2.10"),
        ("main", "not a version of lane main"),
        ("sha256-0123.sig", "not a version of lane main"),
        ("0.2.17.1", "not a version of lane main"),
        ("00.2.17", "not a version of lane main"),
        ("1.0.0-rc.0.2.1", "could also belong to lane odd"),
    ],
)
def test_every_other_tag_is_left_out_with_the_reason(tag: str, why: str) -> None:
    assert sort_tags(MAIN, (*BUILT_IN, ODD), [tag], Version.parse("0.2.10")).ignored == ((tag, why),)


def test_names_of_the_lane_itself_are_not_mentioned_and_those_that_move_are_told_apart() -> None:
    found = sort_tags(MAIN, BUILT_IN, ["latest", "ledger-main", "v0.2", "0.2", "0", "0.2.17"])
    assert (found.ignored, found.floating, list(found.versions)) == ((), ("0", "0.2", "v0.2"), [V0217])
    assert sort_tags(STANDALONE, BUILT_IN, ["standalone-0.2"]).floating == ("standalone-0.2",)


def test_of_several_tags_of_one_version_the_recorded_one_counts_then_ours_then_the_shortest() -> None:
    tags = ["0.2.17", "docker-v0.2.17", "v0.2.17"]
    assert sort_tags(MAIN, BUILT_IN, tags).versions[V0217] == ("v0.2.17", "0.2.17", "docker-v0.2.17")
    known = with_adopted_tags(MAIN, ledger(adopted("docker-v0.2.17")))
    assert sort_tags(known, BUILT_IN, tags).versions[V0217] == ("docker-v0.2.17", "v0.2.17", "0.2.17")


def test_a_lane_finds_an_adopted_version_where_the_ledger_says_that_it_is() -> None:
    known = with_adopted_tags(MAIN, ledger(adopted("0.2.17")))
    assert (known.tag_of(V0217), known.own_tag_of(V0217)) == ("0.2.17", "v0.2.17")
    assert known.version_of_tag("0.2.17") == known.version_of_tag("v0.2.17") == V0217
    assert known.owns("0.2.17")
    assert known == MAIN
    assert with_adopted_tags(known, Ledger()).tag_of(V0217) == "v0.2.17"


@pytest.mark.parametrize(
    "entry",
    [
        adopted("latest"),
        adopted("standalone-0.2.17"),
        adopted("0.2.16"),
        adopted("0.2.17", action=Action.MARK),
        adopted("v0.2.17"),
    ],
    ids=lambda entry: f"{entry.action.value} {entry.tag}",
)
def test_an_entry_that_gives_no_other_tag_to_that_version_changes_nothing(entry: Entry) -> None:
    assert with_adopted_tags(MAIN, ledger(entry)).names == {}


def test_a_lane_finds_a_version_that_it_published_before_its_tags_were_renamed() -> None:
    plain = replace(MAIN, version_template=TagTemplate(""))
    before = adopted("v0.2.17", by_us=True)
    known = with_adopted_tags(plain, ledger(before))
    assert (known.tag_of(V0217), known.own_tag_of(V0217)) == ("v0.2.17", "0.2.17")
    assert unadopted_tags(known, ledger(before), ["v0.2.17", "v0.2.16"]) == ("v0.2.16",)
    # An alias has the version beside its tag, in whichever order they are recorded.
    aliased = replace(MAIN, alias_templates=(TagTemplate("", "-bookworm"),))
    both = [adopted("v0.2.17", by_us=True), adopted("0.2.17-bookworm", by_us=True)]
    assert with_adopted_tags(aliased, ledger(both[1])).names == {}
    renamed = replace(aliased, version_template=TagTemplate(""))
    for entries in (both, both[::-1]):
        assert with_adopted_tags(renamed, ledger(*entries)).names == {V0217: "v0.2.17"}


def test_a_release_of_our_own_goes_before_an_adoption() -> None:
    assert with_adopted_tags(MAIN, ledger(adopted("0.2.17"), adopted("v0.2.17", by_us=True))).names == {}


def test_other_tools_tags_are_named_until_somebody_has_adopted() -> None:
    tags = ["v0.2.15", "0.2.15", "0.2.17", "0.2.9", "latest", "standalone-v0.2.17"]
    assert unadopted_tags(MAIN, Ledger(), tags) == ("0.2.9", "0.2.17")
    assert unadopted_tags(MAIN, ledger(adopted("0.2.17")), tags) == ()


def test_by_its_tags_alone_a_lane_knows_what_has_no_tag_of_ours() -> None:
    known = with_foreign_tags(MAIN, ["v0.2.15", "0.2.15", "0.2.17", "standalone-0.2.16"])
    assert [known.tag_of(Version.parse(f"0.2.{patch}")) for patch in (15, 16, 17)] == ["v0.2.15", "v0.2.16", "0.2.17"]


@quickly
@given(known=lane_sets(), version=versions)
def test_what_a_lane_writes_is_never_taken_for_another_lanes(known: tuple[Lane, ...], version: Version) -> None:
    for lane in known:
        for other in known:
            found = sort_tags(other, known, [lane.tag_of(version)])
            assert (version in found.versions) == (other == lane and not version.is_snapshot)


@quickly
@given(known=lane_sets(), version=versions)
def test_no_tag_is_two_lanes(known: tuple[Lane, ...], version: Version) -> None:
    for lane in known:
        for tag in (lane.tags_by_others(version)[0], lane.tag_of(version)):
            takers = [other for other in known if sort_tags(other, known, [tag]).versions]
            assert len(takers) <= 1


def test_a_published_version_is_named_by_any_of_its_spellings() -> None:
    for text in ("0.2.17", "v0.2.17", "docker-v0.2.17"):
        assert ProjectFile().published_version(MAIN, text) == V0217
    assert ProjectFile().published_version(STANDALONE, "standalone-0.2.17") == V0217
    with pytest.raises(UsageError, match="it belongs to lane standalone"):
        ProjectFile().published_version(MAIN, "standalone-v0.2.17")
    assert replace(STANDALONE, names={V0217: Tag("standalone-0.2.17")}).spellings(V0217)[0] == "standalone-0.2.17"


def test_a_channels_tags_are_its_own() -> None:
    edge = Channel(name="edge", branch="main", lanes=("main",), tag="edge")
    build = f"sha-{'c' * 40}"
    found = sort_tags(MAIN, BUILT_IN, ["edge", build, "nightly", "v0.2.1"], channels=[edge])
    whose = "belongs to channel edge"
    assert found.ignored == (("edge", whose), ("nightly", "not a version of lane main"), (build, whose))
    assert list(found.versions) == [Version.parse("0.2.1")]


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom"])
@pytest.mark.parametrize("scheme", ["semver", "pep440", "calver"])
def test_what_lists_signatures_is_no_tag_of_any_lane(scheme: str, suffix: str) -> None:
    table = {"lanes": {"app": {"tag": "{version}", "versions": scheme}, "other": {"floating": False}}}
    lanes = parse_project_file(table, "shiplane.toml").lanes
    for digits in ("0" * 64, "20260824" * 8, "12ab" * 16):
        tag = f"sha256-{digits}{suffix}"
        for lane in lanes:
            assert sort_tags(lane, lanes, [tag]) == SortedTags()
            assert (lane.version_of_tag(tag), lane.version_tagged(tag), lane.owns(tag)) == (None, None, False)

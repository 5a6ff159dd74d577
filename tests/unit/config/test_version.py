from __future__ import annotations

import functools
import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import MAX_LENGTH, Version
from shiplane.core.errors import UsageError
from tests.unit.generate import commits, ordinary_versions, quickly, versions
from tests.unit.hostile import SIGNS, refusal_of

# https://semver.org section 11, points 2 and 4, word for word.
CHAINS = (
    ("1.0.0", "2.0.0", "2.1.0", "2.1.1"),
    ("1.0.0-alpha", "1.0.0"),
    (
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ),
)
# semver.org's own regular expression (FAQ "Is there a suggested regular expression"), less the build metadata.
OFFICIAL = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?",
    re.ASCII,
)


def second_opinion(left: str, right: str) -> int:  # noqa: PLR0911 -- the cases as the specification lists them
    """SemVer's order once more, as a comparison step by step and from the text alone: -1, 0 or 1."""
    left_core, _, left_pre = left.partition("-")
    right_core, _, right_pre = right.partition("-")
    for mine, theirs in zip(left_core.split("."), right_core.split("."), strict=True):
        if int(mine) != int(theirs):
            return -1 if int(mine) < int(theirs) else 1
    if not left_pre or not right_pre:
        return bool(right_pre) - bool(left_pre)
    for mine, theirs in itertools.zip_longest(left_pre.split("."), right_pre.split("."), fillvalue=""):
        if mine == theirs:
            continue
        if not mine or not theirs:
            return 1 if mine else -1
        if mine.isdigit() != theirs.isdigit():
            return -1 if mine.isdigit() else 1
        if mine.isdigit():
            return -1 if int(mine) < int(theirs) else 1
        return -1 if mine.encode() < theirs.encode() else 1
    return 0


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: f"{chain[0]}..{chain[-1]}")
def test_the_examples_of_semver_are_in_their_order(chain: tuple[str, ...]) -> None:
    read = [Version.parse(text) for text in chain]
    assert sorted(set(read)) == read
    assert sorted(set(chain), key=functools.cmp_to_key(second_opinion)) == list(chain)
    for lower, higher in itertools.combinations(read, 2):
        assert lower < higher
        assert not higher <= lower


@pytest.mark.parametrize(
    ("lower", "higher", "why"),
    [
        ("0.9.9", "0.10.0", "numbers are not text"),
        ("1.0.0-2", "1.0.0-10", "numeric identifiers are not text"),
        ("1.0.0-999", "1.0.0-a", "numbers rank below words"),
        ("1.0.0-RC", "1.0.0-rc", "words are in ASCII order"),
        ("1.0.0-1", "1.0.0", "it is no post release, as PEP 440 has it"),
        ("1.0.0-rc-1", "1.0.0-rc.1.0", "a hyphen is a letter, and 'rc' is shorter than 'rc-1'"),
        ("0.0.0-ffffffffffff", "0.0.1-0", "a snapshot is below every release"),
    ],
)
def test_the_order_where_others_err(lower: str, higher: str, why: str) -> None:
    if lower == "1.0.0-rc-1":
        lower, higher = higher, lower
    assert Version.parse(lower) < Version.parse(higher), why
    assert second_opinion(lower, higher) == -1, why


@quickly
@given(ordinary_versions, ordinary_versions)
def test_two_implementations_agree_on_the_order(left: Version, right: Version) -> None:
    assert (left > right) - (left < right) == second_opinion(str(left), str(right))


@quickly
@example(Version.snapshot("0" * 40), Version.parse("0.0.0-0"), Version.snapshot("1" * 40))
@example(Version.snapshot("0123456789012"), Version.parse("0.0.0-12345678901"), Version.parse("0.0.0"))
@given(versions, versions, versions)
def test_the_order_is_total(a: Version, b: Version, c: Version) -> None:
    assert (a < b) + (a == b) + (a > b) == 1
    assert (a <= b) == (a < b or a == b)
    if a <= b <= c:
        assert a <= c
    low, middle, high = sorted((a, b, c))
    assert low <= middle <= high
    assert low <= high


@quickly
@example(Version.snapshot("000000000000"))
@example(Version.snapshot("012345678901"))
@given(versions)
def test_what_is_written_reads_back_the_same(version: Version) -> None:
    assert Version.parse(str(version)) == version
    assert hash(Version.parse(str(version))) == hash(version)


@quickly
@given(st.text("01239.-ab+v", max_size=16) | st.from_regex(OFFICIAL, fullmatch=True))
def test_exactly_what_semver_itself_accepts_is_a_version(text: str) -> None:
    snapshot = re.fullmatch("0[.]0[.]0-[0-9a-f]{12}", text)
    if len(text) <= MAX_LENGTH and (OFFICIAL.fullmatch(text) or snapshot):
        assert str(Version.parse(text)) == text
    else:
        refusal_of(Version.parse, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.0",
        "1.2.3.4",
        "01.0.0",
        "1.00.0",
        "1.0.00",
        "1.0.0-01",
        "1.0.0-a.01",
        "1.0.0-",
        "1.0.0-a.",
        "1.0.0-a..b",
        "1.0.0-.a",
        "1.0.0-a_b",
        "1.0.0+build",
        "1.0.0-rc.1+build",
        "1.0.0+",
        "v1.0.0",
        "V1.0.0",
        "-1.0.0",
        "+1.0.0",
        "1.-1.0",
        "1,0,0",
        "1.0.0rc1",
        "1.0.x",
        "1e3.0.0",
        "0x1.0.0",
        "1_000.0.0",
        "latest",
        "0.0.0-01234567890",
        "0.0.1-012345678901",
        f"{'9' * 5000}.0.0",
        f"1.0.0-{'a' * 5000}",
        f"1.0.0-{'a' * (MAX_LENGTH - 5)}",
    ],
    ids=lambda text: text[:24] or "nothing",
)
def test_it_is_no_version(text: str) -> None:
    refusal_of(Version.parse, text)


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}1.0.0", "1.0.0{}", "1.{}.0", "1.0.0-rc{}.1", "{}"])
def test_a_version_has_no(sign: str, form: str) -> None:
    refusal_of(Version.parse, form.format(sign))


def test_the_longest_version_is_one() -> None:
    assert str(Version.parse(f"1.0.0-{'a' * (MAX_LENGTH - 6)}")).endswith("a")


def test_every_version_has_a_tag_in_the_lane_with_the_longest_prefix() -> None:
    lane = Lane(
        name="a",
        dockerfile="D",
        version_template=TagTemplate("a" * 31 + "-v"),
        floating_templates=(FloatingTemplate(text="latest"),),
        git_tag=f"{'g' * 100}{{version}}",
    )
    longest = Version.parse(f"1.0.0-{'a' * (MAX_LENGTH - 6)}")
    assert len(lane.tag_of(longest)) == 128
    assert lane.version_of_tag(lane.tag_of(longest)) == longest


@quickly
@example("0" * 40)
@example("012345678901" + "a" * 28)
@example("123456789012" + "0" * 28)
@given(commits)
def test_a_commit_has_a_snapshot_that_reads_back_and_ranks_below_all_releases(commit: str) -> None:
    snapshot = Version.snapshot(commit)
    assert str(snapshot) == f"0.0.0-{commit[:12]}"
    assert Version.parse(str(snapshot)) == snapshot
    assert snapshot.is_snapshot
    assert snapshot.is_prerelease
    assert snapshot < Version.parse("0.0.0")
    for lane in BUILT_IN:
        assert lane.tag_of(snapshot) == lane.version_template.fill(f"0.0.0-{commit[:12]}")
        assert lane.version_of_tag(lane.tag_of(snapshot)) == snapshot


@pytest.mark.parametrize("commit", ["", "abc", "HEAD", "A" * 40, "g" * 40, "a" * 65, "a" * 40 + "\n"])
def test_what_is_no_commit_has_no_snapshot(commit: str) -> None:
    with pytest.raises(ValueError, match="is not a commit hash"):
        Version.snapshot(commit)


@pytest.mark.parametrize(
    ("text", "prerelease", "snapshot", "repair"),
    [
        ("1.2.3", False, False, "1.2.4"),
        ("1.2.3-rc.1", True, False, "1.2.3"),
        ("0.0.0-0123456789ab", True, True, "0.0.0"),
        ("0.0.0-0123456789a", True, False, "0.0.0"),
        ("1.0.0-0123456789ab", True, False, "1.0.0"),
        ("0.0.9", False, False, "0.0.10"),
    ],
)
def test_what_a_version_says_of_itself(text: str, prerelease: bool, snapshot: bool, repair: str) -> None:  # noqa: FBT001
    version = Version.parse(text)
    assert (version.is_prerelease, version.is_snapshot) == (prerelease, snapshot)
    assert str(version.next_patch()) == repair
    assert version < version.next_patch()


def test_the_refusal_says_the_form_expected() -> None:
    with pytest.raises(UsageError, match=r"'1\.0' is not a version\n  Expected X\.Y\.Z"):
        Version.parse("1.0")

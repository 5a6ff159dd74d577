"""Versions of PEP 440, and of dates and plain numbers; SemVer's have a file of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.config.lane import MAIN
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.version import MAX_LENGTH, Version
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from tests.ledger_content import content_of
from tests.unit.generate import quickly
from tests.unit.hostile import SIGNS, refusal_of

SEMVER, PEP440, CALVER = Scheme.SEMVER, Scheme.PEP440, Scheme.CALVER
# PEP 440, "Summary of permitted suffixes and relative ordering".
CHAINS = {
    PEP440: (
        *("0.0.0-0123456789ab", "0.0.0-1123456789ab", "0", "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456"),
        *("1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345"),
        *("1.0rc1.dev456", "1.0rc1", "1.0", "1.0.0", "1.0.post456.dev34", "1.0.post456", "1.1.dev1", "1.10"),
        *("3.2.0a1", "3.2.0rc1", "3.2.0", "3.2.0.post1", "3.2.1"),
    ),
    CALVER: (
        *("0.0.0-0123456789ab", "0", "1-1", "1-2", "1-10", "1-a", "1", "1.0", "1.2.3.4", "1.9", "1.39", "1.039.1"),
        *("2026-rc.1", "2026.8-beta", "2026.8-rc.1", "2026.08", "2026.8", "2026.8.1", "2026.08.24", "2026.8.24.1"),
        *("2026.12", "20260824", "20260824.153000"),
    ),
}
texts = {
    PEP440: st.from_regex(
        r"(0|[1-9][0-9]?)(\.(0|[1-9])){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?", fullmatch=True
    ),
    CALVER: st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2}){0,5}(-(0|[1-9]|rc|a-1)(\.(0|[1-9]|x)){0,2})?", fullmatch=True),
}
schemes = pytest.mark.parametrize("scheme", [PEP440, CALVER])


@schemes
def test_versions_are_in_the_order_of_their_scheme(scheme: Scheme) -> None:
    read = [Version.parse(text, scheme) for text in CHAINS[scheme]]
    assert [str(version) for version in read] == list(CHAINS[scheme])
    assert sorted(set(read)) == read
    assert [version.text for version in read if version.is_snapshot] == [
        text for text in CHAINS[scheme] if "-0123" in text or "-1123" in text
    ]


@schemes
@quickly
@given(data=st.data())
def test_the_order_is_total_and_only_one_text_is_equal(scheme: Scheme, data: st.DataObject) -> None:
    a, b, c = (Version.parse(data.draw(texts[scheme]), scheme) for _ in range(3))
    assert (a < b) + (a == b) + (a > b) == 1
    assert (a == b) is (a.text == b.text)
    if a <= b <= c:
        assert a <= c
    assert a < a.next_patch()
    assert not a.next_patch().is_prerelease
    assert a.means(a)


@pytest.mark.parametrize(
    ("one", "other", "scheme", "same"),
    [
        ("3.2", "3.2.0", PEP440, True),
        ("3.2a1", "3.2.0a1", PEP440, True),
        ("3.2", "3.2.0.post1", PEP440, False),
        ("0.0.0-0123456789ab", "0.0.0-1123456789ab", PEP440, False),
        ("2026.8.1", "2026.08.01", CALVER, True),
        ("1.39", "1.39.0", CALVER, True),
        ("1-rc.1", "1.0-rc.1", CALVER, True),
        ("1-rc.1", "1", CALVER, False),
        ("1.39", "1.390", CALVER, False),
        ("1.2.3", "1.2.4", SEMVER, False),
    ],
)
def test_two_spellings_are_one_version(one: str, other: str, scheme: Scheme, same: bool) -> None:  # noqa: FBT001
    left, right = Version.parse(one, scheme), Version.parse(other, scheme)
    assert left.means(right) is right.means(left) is same
    assert left != right


@pytest.mark.parametrize(
    ("text", "scheme", "numbers", "kind", "prerelease", "repair"),
    [
        ("3.2.0", PEP440, "3.2.0", "", False, "3.2.1"),
        ("3.2", PEP440, "3.2", "", False, "3.2.1"),
        ("3", PEP440, "3", "", False, "3.0.1"),
        ("1.2.3.4", PEP440, "1.2.3.4", "", False, "1.2.3.5"),
        ("3.2.0a1", PEP440, "3.2.0", "a", True, "3.2.0"),
        ("3.2.0rc1.post2", PEP440, "3.2.0", "rc", True, "3.2.0.post2"),
        ("3.2.0b2.dev1", PEP440, "3.2.0", "dev", True, "3.2.0"),
        ("3.2.0.post1", PEP440, "3.2.0", "", False, "3.2.1"),
        ("3.2.0.post1.dev2", PEP440, "3.2.0", "dev", True, "3.2.0.post1"),
        ("0.0.0-a123456789ab", PEP440, "0.0.0", "", True, "0.0.0"),
        ("2026.08.24", CALVER, "2026.08.24", "", False, "2026.08.24.1"),
        ("2026.08.24-rc.1", CALVER, "2026.08.24", "rc", True, "2026.08.24"),
        ("1.39", CALVER, "1.39", "", False, "1.39.1"),
        ("1.2.3.4", CALVER, "1.2.3.4", "", False, "1.2.3.5"),
        ("1-1", CALVER, "1", "", True, "1"),
        ("0.0.0-a123456789ab", CALVER, "0.0.0", "", True, "0.0.0"),
        ("0.0.0-a123456789ab", SEMVER, "0.0.0", "", True, "0.0.0"),
    ],
)
def test_what_a_version_says_of_itself(
    text: str,
    scheme: Scheme,
    numbers: str,
    kind: str,
    prerelease: bool,  # noqa: FBT001
    repair: str,
) -> None:
    version = Version.parse(text, scheme)
    assert (".".join(version.numbers), version.prerelease_kind) == (numbers, kind)
    assert (version.is_prerelease, str(version.next_patch())) == (prerelease, repair)
    assert version.next_patch().scheme is scheme


@pytest.mark.parametrize(
    ("text", "scheme", "why"),
    [
        ("1!3.2.0", PEP440, "it has an epoch, and '!' cannot stand in an image tag"),
        ("3.2.0+cu121", PEP440, "it has a local part, and '+' cannot stand in an image tag"),
        ("3.2.0RC1", PEP440, "PEP 440 normalizes it to 3.2.0rc1"),
        ("3.2.0-1", PEP440, "PEP 440 normalizes it to 3.2.0.post1"),
        ("2026.08.24", PEP440, "PEP 440 normalizes it to 2026.8.24"),
        ("3.2.0-alpine", PEP440, ""),
        ("x", PEP440, ""),
        ("", CALVER, ""),
        ("1.", CALVER, ""),
        ("1..2", CALVER, ""),
        (".1", CALVER, ""),
        ("1.2.3.4.5.6.7", CALVER, ""),
        ("1.2-", CALVER, ""),
        ("1.2-01", CALVER, ""),
        ("1.2rc1", CALVER, ""),
        ("1.2+x", CALVER, ""),
        ("1" * (MAX_LENGTH + 1), CALVER, f"{MAX_LENGTH + 1} characters long"),
    ],
)
def test_what_is_no_version_is_refused_with_the_reason(text: str, scheme: Scheme, why: str) -> None:
    error = refusal_of(lambda given: Version.parse(given, scheme), text)
    assert why in error.what
    lane = replace(MAIN, versions=scheme)
    said = refusal_of(lane.parse_version, text)
    assert "is not a version of lane main" in said.what
    assert why in said.what
    assert f"Expected {scheme.example}, v{scheme.example} or docker-v{scheme.example} (" in said.remedy


@schemes
@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("form", ["{}1.0", "1.0{}", "1.{}0"])
def test_a_version_has_no(scheme: Scheme, sign: str, form: str) -> None:
    refusal_of(lambda text: Version.parse(text, scheme), form.format(sign))


@pytest.mark.parametrize(
    ("text", "scheme"), [("3.2.0rc1", PEP440), ("2026.08.24", CALVER), ("1.39", CALVER), ("1.2.3.4", CALVER)]
)
def test_a_lane_reads_its_own_names_back(text: str, scheme: Scheme) -> None:
    lane, version = replace(MAIN, versions=scheme), Version.parse(text, scheme)
    assert (lane.tag_of(version), lane.git_tag_of(version)) == (f"v{text}", f"docker-v{text}")
    for spelling in lane.spellings(version):
        assert lane.version_spelled(spelling) == lane.parse_version(spelling) == version
    assert lane.snapshot("a" * 40) < version
    assert MAIN.version_of_tag(f"v{text}") is None


def test_a_ledgers_versions_are_read_by_the_lanes_scheme() -> None:
    entry = Entry(
        action=Action.PUBLISH,
        id="a",
        when="2026-11-29T12:00:00Z",
        who="x",
        tag=Tag("v3.2.0a1"),
        version="3.2.0a1",
        after=Digest.of(b""),
    )
    content = content_of(Ledger().append([entry]))
    (known,), (unknown,) = Ledger.parse(content, PEP440).entries, Ledger.parse(content).entries
    assert known.release == Version.parse("3.2.0a1", PEP440)
    assert unknown.release is None

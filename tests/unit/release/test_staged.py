"""The files of ``stage``: written and read back, and every way in which one can be the wrong one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.plan import Plan
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.errors import UsageError
from shiplane.registry.oci.index_join import PartialIndex
from shiplane.registry.oci.names import Digest, Platform, parse_platforms
from shiplane.release.planning.planner import make_plan
from shiplane.release.staging.staged import Staged, parse_staged, parts_of, staged_of

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)


def plan(lanes: tuple[str, ...] = ("main",), platforms: str = "linux/amd64,linux/arm64") -> Plan:
    flags = Flags(lanes=lanes, tag="0.2.1", image="ghcr.io/cognary/aionis", platforms=platforms)
    return make_plan(Resolver(flags=flags, checkout=Checkout(commit="a" * 40, committed_at="2026-02-28T12:00:00Z")))


def staged(platforms: str = "linux/amd64", lane: str = "main", digest: Digest = ONE) -> Staged:
    made = plan((lane,), platforms)
    return staged_of(made, made.lanes[0], digest, {"name": "fleet"})


GOOD = staged().to_json()


def test_what_is_written_is_read_back() -> None:
    assert parse_staged(json.dumps(GOOD).encode(), "f") == staged()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"schema": 1, "schema": 2}', "not JSON"),
        (b"[]", "the schema 'list'"),
        (b"{}", "the schema None"),
        (b'{"schema": "shiplane.staged/2"}', "the schema 'shiplane.staged/2'"),
        (b'{"schema": "\\u001b[31m"}', r"the schema '\\x1b\[31m'"),
        (b'{"schema": "shiplane.staged/1"}', "image is missing"),
    ],
)
def test_what_is_no_such_file_is_refused_by_name(body: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=rf"f\.json.*{said}"):
        parse_staged(body, "f.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image": 5}, "image is an integer, expected a string"),
        ({"image": "ghcr.io"}, "image"),
        ({"lane": None}, "lane is null"),
        ({"version": ""}, "version is empty"),
        ({"digest": "sha256:12"}, "is not a sha256 digest"),
        ({"digest": ["sha256:" + "1" * 64]}, "digest is an array"),
        ({"platforms": "linux/amd64"}, "platforms is a string"),
        ({"platforms": []}, "platforms has 0 items, expected at least 1"),
        ({"platforms": [5]}, r"platforms\[0\] is an integer"),
        ({"platforms": ["linux/amd63"]}, "is not a platform"),
        ({"platforms": ["linux/amd64", "linux/amd64"]}, "twice"),
        ({"builder": "x"}, "builder is a string"),
        ({"extra": 1}, "unknown key 'extra'"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_staged(json.dumps({**GOOD, **change}).encode(), "f.json")


def test_parts_that_are_exactly_the_plans_platforms_are_taken() -> None:
    files = {"a": staged(), "b": staged("linux/arm64", digest=TWO)}
    assert parts_of(plan(), files) == {
        "main": (PartialIndex(platforms=(AMD,), digest=ONE), PartialIndex(platforms=(ARM,), digest=TWO))
    }


def test_each_lane_of_a_release_has_its_own_files() -> None:
    both = "linux/amd64,linux/arm64"
    files = {"a": staged(both), "b": staged(both, "standalone", TWO)}
    assert parts_of(plan(("main", "standalone")), files) == {
        "main": (PartialIndex(platforms=parse_platforms(both), digest=ONE),),
        "standalone": (PartialIndex(platforms=parse_platforms(both), digest=TWO),),
    }


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": staged()}, "lack linux/arm64$"),
        ({"a": staged(), "b": staged()}, "lack linux/arm64 and have twice linux/amd64"),
        ({"a": staged("linux/amd64,linux/arm64"), "b": staged()}, "have twice linux/amd64"),
        ({"a": staged("linux/amd64,linux/arm64"), "b": staged("linux/s390x")}, "also have linux/s390x"),
        ({"a": staged("linux/amd64,linux/arm64", "standalone")}, "a is of lane 'standalone'"),
        (
            {"a": replace(staged(), image="ghcr.io/cognary/other")},
            "a was staged with the image 'ghcr.io/cognary/other'",
        ),
        ({"a": replace(staged(), version="0.2.2")}, "version '0.2.2', but 0.2.1"),
        ({"a": replace(staged(), commit="b" * 40)}, "commit"),
        ({"a": replace(staged(), created="2026-01-01T00:00:00Z")}, "created"),
    ],
)
def test_parts_that_are_not_the_plans_are_refused_by_name(files: dict[str, Staged], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parts_of(plan(), files)
    assert caught.value.exit_code == 2
    assert re.search(said, caught.value.what), caught.value.what

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.core import strict_json
from tests.unit.generate import quickly

_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@quickly
@given(_values, st.booleans())
def test_what_is_written_reads_back_the_same(value: Any, escaped: bool) -> None:  # noqa: ANN401, FBT001
    assert strict_json.loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b' {"a": [1, 2.5, "x", null, true]}\n', b'"\\u00fc"', '"\u00fc"'.encode()]
)
def test_plain_json_is_read(body: bytes) -> None:
    assert strict_json.loads(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"{} x",
        b"<html>",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"b": {"a": 1, "a": 2}}]',
        b"NaN",
        b"[Infinity]",
        b'{"a": -Infinity}',
        b"\xff",
        b'"\xc3"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        "{}".encode("utf-32"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 5000,
        b"01",
        b'"\n"',
    ],
    ids=lambda body: ascii(body[:20]),
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever: each says in its own words what is wrong
        strict_json.loads(body)


@quickly
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = strict_json.loads(body)
    except ValueError:
        return
    assert json.loads(body) == value

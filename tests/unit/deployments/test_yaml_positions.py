"""Where keys and values stand: by libyaml's parser and by PyYAML's own, and in what neither can parse."""

from __future__ import annotations

import pytest
import yaml

from shiplane.deployments.positions import Fallback, Scalar
from shiplane.deployments.yaml_positions import mappings

TEMPLATE, LINES = Fallback.TEMPLATE, Fallback.LINES


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test with either parser."""
    assert yaml.__with_libyaml__
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "libyaml")
    return str(request.param)


def values(text: str, key: str) -> list[tuple[str, str | None]]:
    """What stands in the text at each value of a key, and what it means."""
    return [(text[value.start : value.end], value.text) for value in scalars(text, key)]


def scalars(text: str, key: str) -> list[Scalar]:
    return [found.entries[key] for found in mappings(text) if key in found.entries]


def shape(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """The keys above each mapping, and its own."""
    return [(found.grandparent_key, found.parent_key, tuple(found.entries)) for found in mappings(text)]


def fallbacks(text: str) -> set[Fallback | None]:
    return {found.fallback for found in mappings(text)}


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        "\ufeff# \U0001f600\n",
        "\U0001f600\U0001f600: '\u00e9\U0001f600'\n",
        "\u00e9: \u00e9\r\n\r\n",
        "# \x85 \u2028 \x07 \udce9\nx: a\x85b\n",
        "a: >-\n  \U0001f600\n\n",
        "%YAML 1.2\n---\n",
        "a: [b, {c: d}]\n---\n",
    ],
)
@pytest.mark.parametrize("value", ["v", "'v'", '"v"', "&a v", "!t v", "!t &a 'v'", "v # c", "\n  v"])
def test_a_value_stands_where_its_characters_do(before: str, value: str) -> None:
    assert values(f"{before}tag: {value}\r\n", "tag") == [("v", "v")]


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("", ""),
        ("''", ""),
        ('"a\\/b"', "a/b"),
        ('"a\\tb"', None),
        ("'a''b'", None),
        ("'a\n  b'", None),
        ("a\n  b", None),
        ("|\n  a", None),
        (">", None),
        ("[a]", None),
        ("{a: b}", None),
        ("*a", None),
        ("a b", "a b"),
        ("a#b", "a#b"),
    ],
)
def test_a_text_is_one_only_where_it_means_what_stands_there(value: str, means: str | None) -> None:
    assert [found.text for found in scalars(f"tag: {value}\n", "tag")] == [means]


def test_keys_know_what_they_stand_below() -> None:
    assert shape("a:\n  b:\n  - c: 1\n    d: [e, {f: g}]\n") == [
        ("", "", ("a",)),
        ("", "a", ("b",)),
        ("a", "b", ("0",)),
        ("a", "b", ("c", "d")),
        ("b", "d", ("0", "1")),
        ("b", "d", ("f",)),
    ]


def test_anchors_and_aliases_are_kept_and_never_followed() -> None:
    text = "a: &a {k: v}\nb: *a\n*a : c\nd: [&d e, *d]\n- x\n".removesuffix("- x\n")
    top, first, last = mappings(text)
    assert (top.entries["a"].anchor, first.anchor, top.entries["b"].alias) == ("a", "a", "a")
    assert "*a" in top.entries
    assert (last.entries["0"].anchor, last.entries["1"].alias) == ("d", "d")


def test_a_key_that_stands_twice_is_noted() -> None:
    (found,) = mappings("tag: a\ntag: b\n")
    assert found.duplicate_keys == {"tag"}


@pytest.mark.parametrize(
    ("text", "column", "flow", "quoted"),
    [
        ("a: b", 0, False, False),
        ("- a: b", 2, False, False),
        ("-   &x\n    'a': b", 4, False, False),
        ("-   &x a: b", 4, False, False),
        ('- {"a": b}', 3, True, True),
    ],
)
def test_the_layout_of_keys_is_known(text: str, column: int, flow: bool, quoted: bool) -> None:  # noqa: FBT001
    found = mappings(text)[-1]
    assert (found.column, found.flow, found.quoted) == (column, flow, quoted)


def test_the_text_of_a_block_scalar_is_read_with_the_keys_above_it() -> None:
    text = "spec:\n  values: |2-\n    image:\n      tag: v\n\n  # c\n  x: y\n- z".removesuffix("- z")
    assert shape(text) == [
        ("", "", ("spec",)),
        ("", "spec", ("values", "x")),
        ("spec", "values", ("image",)),
        ("values", "image", ("tag",)),
    ]
    assert values(text, "tag") == [("v", "v")]
    assert fallbacks(text) == {None}


def test_block_scalars_are_read_three_deep() -> None:
    text = "".join(f"{' ' * depth}k{depth}: |\n" for depth in range(6))
    assert [keys for *_, keys in shape(text)] == [("k0",), ("k1",), ("k2",), ("k3",)]
    assert [keys for *_, keys in shape("a: |")] == [("a",)]


@pytest.mark.parametrize(
    "text",
    [
        "{{- if .Values.x }}\ntag: v\n{{- end }}\n",
        "{%- if x %}\ntag: v\n{% endif %}\n",
        "{# c\n c #}\ntag: v\n",
        "<% if x %>\ntag: v\n<% end %>\n",
        "tag: v\nx: {{ .Values.x }}\n",
        "tag: v\nx: {a: ${B}}\n",
        'tag: v\nx: "{{ include "x" . }}"\n',
        "x: {{ a }}{{ b }}\nd: |\n  {{ x }}\n  tag: v\n",
    ],
)
def test_a_template_is_read_without_its_expressions_and_says_so(text: str) -> None:
    assert values(text, "tag") == [("v", "v")]
    assert fallbacks(text) == {TEMPLATE}


def test_what_a_template_puts_in_stands_there_as_it_is_written() -> None:
    text = "{{ $k }}: {{ .v }}-x\ntag: '{{ tag \"x\" }}'\n"
    assert values(text, "{{ $k }}") == [("{{ .v }}-x", "{{ .v }}-x")]
    assert values(text, "tag") == [('{{ tag "x" }}', '{{ tag "x" }}')]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a: b: c\ntag: v\n", [("v", "v")]),
        ("a: b: c\n- 'tag': 'v' # c\n- \"tag\": \"v\", // c\n", [("v", "v"), ("v", "v")]),
        ("a: b: c\nx:\n\ttag: v w # c\n", [("v w", "v w")]),
        ("a: b: c\nx: {tag: v}\n- {tag: v}\n", [("v", "v"), ("v", "v")]),
        ("a: b: c\ntag:\ntag: # c\n", [("", "")]),
        ("a: b: c\ntag: 'v' w\n", [("", None)]),
        ("a: b: c\ntag: &v w\n", [("", None)]),
        ("a: b: c\ntag: {{ x }}\n", [("{{ x }}", "{{ x }}")]),
        ("a: b: c\n{tag: v: w}\n", []),
        ('{"tag": "v"}\n{"tag": "v"}\n', [("v", "v"), ("v", "v")]),
        ('{\n  // c\n  "x": {\n    "tag": "v", /* d */\n  },\n}\n', [("v", "v")]),
        ("{\n  tag: 'v',\n  x: {{ y }\n}", [("v", "v")]),
        ("? {tag: v}\n: x\n", []),
    ],
)
def test_what_cannot_be_parsed_is_read_line_by_line_and_says_so(text: str, read: list[tuple[str, str | None]]) -> None:
    assert values(text, "tag") == read
    assert fallbacks(text) <= {LINES}


def test_lines_stand_below_the_keys_that_are_less_far_in() -> None:
    text = "a: b: c\nb:\n  c: d\n  e:\n  - f: 1\n    g: 2\n  - f: 3\n---\nh: i\n"
    assert shape(text) == [
        ("", "", ("a", "b")),
        ("", "b", ("c", "e")),
        ("b", "e", ("f", "g")),
        ("b", "e", ("f",)),
        ("", "", ("h",)),
    ]


@pytest.mark.parametrize("text", ["[" * 10_000 + "]" * 10_000, "{a: " * 10_000 + "b" + "}" * 10_000, "- " * 10_000])
def test_what_is_nested_too_deeply_is_passed_over(text: str) -> None:
    assert mappings(text) == []
    assert len(mappings("[" * 90 + "]" * 90)) == 90


def test_aliases_of_aliases_are_not_multiplied() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60))
    assert sum(len(found.entries) for found in mappings(text)) == 60 + 1 + 59 * 9


def test_a_surrogate_of_json_is_read_and_stands_for_itself() -> None:
    text = '{"a": "\\ud83d\\ude00", "tag": "v"}'
    assert values(text, "tag") == [("v", "v")]
    assert values(text, "a") == [("\\ud83d\\ude00", None)]
    assert fallbacks(text) == {None}


@pytest.mark.parametrize("text", ["", "x", "- |\n  a", "|", "# a", "\ufeff", "--- |\n  a: b\n", "*x"])
def test_a_text_without_keys_has_none(text: str) -> None:
    assert [found.entries.keys() - {"0"} for found in mappings(text)] in ([], [set()])

"""Placeholders: what is replaced, what is plain text, what is refused."""

from __future__ import annotations

import pytest

from shiplane.config.placeholders import PLACEHOLDERS, check_placeholders, resolve_placeholders
from shiplane.core.errors import UsageError

VALUES = {
    "version": "0.2.1",
    "commit": "a" * 40,
    "created": "2026-02-28T12:00:00Z",
    "git-tag": "docker-v0.2.1",
    "lane": "main",
}


def test_every_placeholder_has_a_value_here() -> None:
    assert set(VALUES) == set(PLACEHOLDERS)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("{version}", "0.2.1"),
        ("v{version}+{commit}", f"v0.2.1+{'a' * 40}"),
        ("{created} {git-tag} {lane}", "2026-02-28T12:00:00Z docker-v0.2.1 main"),
        ("{version}{version}", "0.2.10.2.1"),
        ("", ""),
        ("{", "{"),
        ("{}", "{}"),
        ("{ version }", "{ version }"),
        ("{Version}", "{Version}"),
        ('{"a":{"b":"{version}"}}', '{"a":{"b":"0.2.1"}}'),
        ('{"a":1}', '{"a":1}'),
        ("${HOME} {{ .Version }} ${{ github.sha }}", "${HOME} {{ .Version }} ${{ github.sha }}"),
        ("{{version}}", "{version}"),
        ("{{anything}}", "{anything}"),
        ("{{{version}}}", "{{version}}"),
        ("{{version}", "{0.2.1"),
        ("{version}}", "0.2.1}"),
        ("${{version}}", "${version}"),
        ("$ {version}", "$ 0.2.1"),
    ],
)
def test_a_name_in_braces_is_replaced_and_nothing_else(text: str, resolved: str) -> None:
    assert resolve_placeholders(check_placeholders(text), VALUES) == resolved


@pytest.mark.parametrize("text", ["{versoin}", "a {x} b", "{tag}", "${version}", "${home}", "{{{x}", "{version} {x}"])
def test_another_name_is_refused_with_the_known_ones_and_its_plain_form(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_placeholders(text)
    assert "Known are {version}, {commit}, {created}, {git-tag}, {lane}." in caught.value.remedy
    plain = caught.value.remedy.removesuffix(".").rpartition(": ")[2]
    assert caught.value.what == f"{resolve_placeholders(check_placeholders(plain), VALUES)} is not a placeholder"


def test_a_value_that_looks_like_a_placeholder_is_not_replaced_again() -> None:
    assert resolve_placeholders("{version}", {**VALUES, "version": "{commit}"}) == "{commit}"

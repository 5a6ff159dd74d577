from __future__ import annotations

import base64
import json
import math
import random
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shiplane.core.credential import Credential
from shiplane.core.redact import HIDDEN, Redactor, forms_of
from shiplane.core.text import inert, one_line, quoted
from tests.unit.generate import quickly

CANARY = "ghp_Canary0123456789abcdefghijKLMNOPQRST"
AWKWARD = 'p/a+s~s w"o\\r:d%?\u00fc\u20ac&=x'
SHORT = "s3cr3t"
SECRETS = pytest.mark.parametrize(
    "secret",
    [CANARY, AWKWARD, SHORT, 6 * "\u00fc", "a\ud800bcdef", "a\udcffbcdef"],  # noqa: PT014 -- two different surrogates
    ids=ascii,
)


def raw(secret: str) -> bytes:
    try:
        return secret.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return secret.encode(errors="surrogatepass")


def percent_in_lower_case(secret: str) -> str:
    return "".join(chr(byte) if chr(byte) in UNRESERVED else f"%{byte:02x}" for byte in raw(secret))


UNRESERVED = string.ascii_letters + string.digits + "_.-~"
# The spellings of a secret that have to be hidden, whatever stands around them.
FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "base64": lambda secret: base64.b64encode(raw(secret)).decode(),
    "base64 without padding": lambda secret: base64.b64encode(raw(secret)).decode().rstrip("="),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(raw(secret)).decode(),
    "percent": lambda secret: quote(raw(secret), safe=""),
    "percent, slashes kept": lambda secret: quote(raw(secret)),
    "percent in lower case": percent_in_lower_case,
    "a form field": lambda secret: quote_plus(raw(secret)),
    "JSON": lambda secret: json.dumps(secret)[1:-1],
    "JSON with Unicode": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "Python": lambda secret: repr(secret)[1:-1],
    "reversed": lambda secret: secret[::-1],
}
forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@SECRETS
@forms
def test_no_spelling_of_a_secret_is_left(form: Callable[[str], str], secret: str) -> None:
    text = form(secret)
    assert Redactor([secret])(f"before {text} after {text}{text}") == f"before *** after {HIDDEN}{HIDDEN}"


@SECRETS
@pytest.mark.parametrize("before", ["", "u", "us", "usr", "user:", "\u00fc:", "9876543210"])
@pytest.mark.parametrize("after", ["", "\n", ":x", "and more"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["plain", "for URLs"])
def test_a_secret_within_other_base64_is_not_left(
    secret: str, before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    text = encode(before.encode() + raw(secret) + after.encode()).decode()
    left = Redactor([secret])(text)
    # Whatever depends on the secret alone is gone: a sign before it is shared by both, or is not of it.
    assert left.index(HIDDEN) == math.ceil(len(before.encode()) * 8 / 6)
    assert len(left.rpartition(HIDDEN)[2]) <= len(text) - len(before.encode() + raw(secret)) * 8 // 6
    kept = _decoded_around(left)
    assert not any(raw(secret)[at : at + 4] in kept for at in range(len(raw(secret)) - 3))


def _decoded_around(text: str) -> bytes:
    """Everything that can still be read from what stands before the mark and, at each alignment, behind it."""
    before, _, after = text.partition(HIDDEN)
    read = [before] + [skip * "A" + after for skip in range(4)]
    plain = [part.rstrip("=").replace("-", "+").replace("_", "/") for part in read]
    return b"|".join(base64.b64decode(part[: len(part) // 4 * 4]) for part in plain)


@pytest.mark.parametrize("secret", [CANARY, AWKWARD, SHORT, 6 * "\u00fc"], ids=ascii)
@pytest.mark.parametrize("username", ["octocat", "\u00fcser", "a", "ab", ""])
def test_a_basic_header_is_not_left(secret: str, username: str) -> None:
    credential = Credential(registry="ghcr.io", username=username, password=secret, source="a test")
    redact = Redactor()
    redact.add_credential(credential)
    assert redact(f"Authorization: Basic {credential.basic}") == "Authorization: Basic ***"
    assert redact(f"{username}:{secret}") == f"{username}:***"
    assert secret not in repr(credential)


def test_a_credential_without_a_password_hides_nothing_else() -> None:
    redact = Redactor()
    redact.add_credential(Credential(registry="ghcr.io", username="", password="", source="a test"))
    assert redact("Og is a name") == "Og is a name"


@pytest.mark.parametrize("length", range(12, len(CANARY) + 1))
def test_a_secret_cut_short_is_hidden_as_far_as_it_goes(length: int) -> None:
    assert Redactor([CANARY])(f"{CANARY[:length]!r}...") == "'***'..."
    assert Redactor([CANARY])(CANARY[:length]) == HIDDEN


def test_other_tokens_of_the_same_kind_stay_readable() -> None:
    assert Redactor([CANARY])(f"{CANARY[:11]} is no token") == f"{CANARY[:11]} is no token"
    assert Redactor([CANARY])(f"{CANARY[:12]}!{CANARY[13:]}") == f"***!{CANARY[13:]}"


def test_a_secret_read_from_a_file_is_hidden_without_its_line_feed_too() -> None:
    redact = Redactor([f" {CANARY}\n"])
    assert redact(f"<{CANARY}>") == "<***>"
    assert CANARY not in redact(f"< {CANARY}\n>")


def test_a_short_word_is_no_secret() -> None:
    assert forms_of("") == forms_of("admin") == ()
    assert Redactor(["", "admin", " a\n"])("the admin of a") == "the admin of a"


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert Redactor(["secret-one", "secret-one-and-two"])("secret-one-and-two secret-one") == "*** ***"


def test_a_secret_added_later_is_hidden_from_then_on() -> None:
    redact = Redactor()
    assert redact(CANARY) == CANARY
    redact.add(CANARY)
    assert redact(CANARY) == HIDDEN


def test_whoever_has_to_know_hears_of_each_further_secret_once_and_of_no_short_word() -> None:
    heard: list[str] = []
    redact = Redactor([CANARY], heard.append)
    credential = Credential(registry="ghcr.io", username="octocat", password=AWKWARD, source="a test")
    for _ in range(2):
        redact.add(CANARY)
        redact.add(SHORT)
        redact.add("admin")
        redact.add_credential(credential)
        assert heard == [SHORT, AWKWARD, credential.basic]


FILE = """//registry.example:8080/:_authToken=npm-token-0
 quoted = 'in quotes'
\t"auth": "json=json=",
just a line
many:a:b:c:d:e:f:behind eight:behind nine
"""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (base64.b64encode(FILE.encode()).decode(), HIDDEN),
        (FILE, HIDDEN),
        ("just a line", HIDDEN),
        ("quoted = 'in quotes'", HIDDEN),
        ("<npm-token-0>", "<***>"),
        ("<in quotes>", "<***>"),
        ("<json=json=>", "<***>"),
        ("behind eight:behind nine", HIDDEN),
        ("behind nine", HIDDEN),
        ("registry.example, _authToken, quoted, a line", "registry.example, _authToken, quoted, a line"),
    ],
)
def test_of_a_secret_of_several_lines_each_line_and_each_value_is_hidden(text: str, left: str) -> None:
    redact = Redactor()
    redact.add_content(FILE)
    assert redact(text) == left


@pytest.mark.parametrize("secret", [CANARY, AWKWARD])
def test_the_forms_are_distinct_and_the_longest_comes_first(secret: str) -> None:
    found = forms_of(secret)
    assert len(set(found)) == len(found)
    assert list(found) == sorted(found, key=len, reverse=True)
    assert secret in found
    assert all(len(form) >= 6 for form in found)


@quickly
@example("A" * 12, "A" * 40)
@example("aaaaaa", "a")
@given(st.text(st.characters(exclude_characters="*"), min_size=6, max_size=60), st.text(max_size=30))
def test_no_form_of_any_secret_survives(secret: str, around: str) -> None:
    redact = Redactor([secret])
    if len(secret.strip()) < 6:
        return
    for form in FORMS.values():
        text = form(secret.strip())
        if len(text) >= 6:
            left = redact(f"{around}{text}{around}")
            assert text not in left
            assert redact(left) == left
            assert not any(each in left for each in forms_of(secret))


@quickly
@given(st.binary(min_size=20, max_size=30), st.binary(max_size=6), st.binary(max_size=6))
def test_no_base64_of_any_secret_survives(secret: bytes, before: bytes, after: bytes) -> None:
    text = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    left = Redactor([text])(base64.b64encode(before + text.encode() + after).decode())
    assert HIDDEN in left
    assert len(left) <= 3 + (len(before) + len(after)) * 4 // 3 + 8


def test_a_text_without_a_secret_is_left_alone() -> None:
    text = "".join(random.Random(7).choices(string.printable, k=5000))
    assert Redactor([CANARY, AWKWARD])(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("denied: denied", "denied: denied"),
        ("", ""),
        ("a\nb\r\nc\td", "a b c d"),
        ("  a   b  ", "a b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b\x1b[0m[31mred", "[31mred"),
        ("\x9b31mred", "31mred"),
        ("a\0b\x7fc\x85d", "a b c d"),
        ("a\rb", "a b"),
        ("a\u202eb\u2066c\u200fd\u061ce", "a b c d e"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "a b c d e"),
        ("a\u2028b\u2029c", "a b c"),
        ("a\ud800b\udcffc", "a b c"),
        ("a\U000e0041b", "a b"),
        ("Gr\u00fc\u00dfe \u20ac \u65e5\u672c", "Gr\u00fc\u00dfe \u20ac \u65e5\u672c"),
        ("::set-env name=PATH::/evil", ": :set-env name=PATH::/evil"),
        ("::add-mask::x", ": :add-mask::x"),
        ("\n\r ::error::x", ": :error::x"),
        ("\u200b::error::x", ": :error::x"),
        ("\x1b[0m::error::x", ": :error::x"),
        ("##[error]x", "## [error]x"),
        ("said: ##[add-path]/evil", "said: ## [add-path]/evil"),
        ("#\x1b[0m#[error]x", "## [error]x"),
        ("###[error]x", "### [error]x"),
        ("##vso[task.setvariable]x", "## vso[task.setvariable]x"),
        ("##VSO[task.setvariable]x", "## VSO[task.setvariable]x"),
        ("std::string at ghcr.io::1", "std::string at ghcr.io::1"),
    ],
    ids=ascii,
)
def test_foreign_text_becomes_one_harmless_line(text: str, plain: str) -> None:
    assert one_line(text) == plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("a\n  ::error::x", "a\n  : :error::x"),
        ("a\r::x", "a\r: :x"),
        ("a\r\n \t::x", "a\r\n \t: :x"),
        ("  | #5 0.1 ##[error]x", "  | #5 0.1 ## [error]x"),
        ("##VSO[x]", "## VSO[x]"),
        ("a::b", "a::b"),
        ("plain\n\n  text", "plain\n\n  text"),
    ],
)
def test_text_of_several_lines_commands_nothing(text: str, shown: str) -> None:
    assert inert(text) == shown


@pytest.mark.parametrize(
    "text", ["x" * 10**6, "\x1b[0m" * 10**6, "\n" * 10**6 + "x", "\x1b]" * 10**6], ids=lambda text: ascii(text[:2])
)
def test_a_huge_line_is_cut_and_says_so(text: str) -> None:
    assert one_line(text).endswith(" ...")
    assert len(one_line(text)) <= 2004


def test_a_line_of_the_greatest_length_is_whole() -> None:
    assert one_line("x" * 2000) == "x" * 2000
    assert one_line("x" * 2001) == "x" * 2000 + " ..."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "''"),
        ("v1", "'v1'"),
        ("it's", '"it\'s"'),
        ("0123456789", "'0123456789'"),
        ("0123456789a", "'0123456...'"),
        ("l\u0430test", "'l\\u0430...'"),
        (9 * "\U00010000", "'\\U00010...'"),
        ("a\nb\x1b", "'a\\nb\\x1b'"),
    ],
    ids=ascii,
)
def test_a_word_is_quoted_in_ascii_and_cut_after_it_was_escaped(text: str, shown: str) -> None:
    assert quoted(text, 10) == shown


@quickly
@example(":" * 5)
@example("##" * 5 + "[")
@given(st.text(max_size=60) | st.text("\x1b[]#:vso \n\x070m", max_size=40))
def test_whatever_comes_is_one_harmless_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert line == line.strip()
    assert not line.startswith("::")
    assert "##[" not in line
    assert "##vso[" not in line.lower()
    assert one_line(line) == line


def test_foreign_text_is_whole_up_to_twice_its_greatest_length_where_blanks_fold() -> None:
    assert one_line("a" + " " * 3998 + "b") == "a b"
    assert one_line("a" + " " * 3999 + "b") == "a ..."
    assert one_line("a" * 1990 + " " * 2010) == "a" * 1990
    assert one_line(" " * 2001 + "a" * 1999) == "a" * 1999


def test_a_quoted_text_may_have_140_signs_when_nobody_says() -> None:
    assert quoted("x" * 140) == f"'{'x' * 140}'"
    assert quoted("x" * 141) == f"'{'x' * 137}...'"

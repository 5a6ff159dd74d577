"""Results on a screen: what of a text is made shorter, where its lines are broken, and what stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.cli.answer import Answer
from shiplane.cli.live.accent import unpainted
from shiplane.cli.live.screen import Screen, fitted, short_digests
from shiplane.cli.views.tables import columns

DIGEST = f"sha256:{'0123456789ab' * 5}0123"
SHORT = "sha256:0123456789ab"


def test_columns_after_a_digest_stay_below_each_other() -> None:
    table = columns(
        [
            ("v0.1.3", DIGEST, "new"),
            ("latest", "does not exist", "not moved"),
            ("standalone-v0.1.3", DIGEST, ""),
            ("short",),
        ]
    )
    assert short_digests(table).splitlines() == [
        "v0.1.3             sha256:0123456789ab  new",
        "latest             does not exist       not moved",
        "standalone-v0.1.3  sha256:0123456789ab",
        "short",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"v1 is {DIGEST}, and it stays", f"v1 is {SHORT}, and it stays"),
        (f"r/a@{DIGEST}", f"r/a@{DIGEST}"),
        (f"{DIGEST}{'a' * 3}", f"{DIGEST}{'a' * 3}"),
        # Nothing of another text is lost where it stands in the way.
        (f"{DIGEST}  new\n{'x' * 80}", f"{SHORT}  new\n{'x' * 80}"),
        # Each table for itself.
        (f"{DIGEST}  new\n\n{'x' * 80}", f"{SHORT}  new\n\n{'x' * 80}"),
    ],
)
def test_a_digest_is_shortened_where_it_is_no_reference(text: str, shown: str) -> None:
    assert short_digests(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a row  that fits", "a row  that fits"),
        ("name  a reason that does not fit into a line", "name  a reason that does\n      not fit into a\n      line"),
        ("one  two  the third column is broken", "one  two  the third\n          column is\n          broken"),
        (f"{'n' * 28}  far off on the right", f"{'n' * 28}\nfar off on the right"),
        ("name  unbreakable/" + "x" * 30, "name\n      unbreakable/" + "x" * 30),
        ("a sentence that is too long for a line but no row", "a sentence that is too long for a line but no row"),
        ("next  ⟦publish --lane main --tag v0.1.3⟧", "next  ⟦publish --lane main --tag v0.1.3⟧"),
        ("\x1b[31mname  painted already, so it is left\x1b[0m", "\x1b[31mname  painted already, so it is left\x1b[0m"),
    ],
)
def test_a_row_is_broken_where_its_last_column_begins(text: str, shown: str) -> None:
    assert fitted(text, 24) == shown


@given(st.text(alphabet="ab \n:", max_size=200), st.integers(min_value=1, max_value=60))
def test_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    assert re.sub(r"\s", "", fitted(text, width)) == re.sub(r"\s", "", text)


def test_what_follows_a_result_follows_it_on_a_screen_too() -> None:
    screen = Screen(columns=80, seconds=1.0, paint=unpainted)
    plain = Answer(text="one").followed_by(["two"])
    assert (plain.text, plain.screen) == ("one\ntwo", None)
    other = Answer(text="one", screen=lambda screen: f"after {screen.seconds:.0f} s").followed_by(["two", "three"])
    assert other.screen is not None
    assert (other.text, other.screen(screen)) == ("one\ntwo\nthree", "after 1 s\ntwo\nthree")

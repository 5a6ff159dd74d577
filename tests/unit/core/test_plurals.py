from __future__ import annotations

import pytest

from shiplane.core.plurals import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("file",), "0 files"),
        (1, ("file",), "1 file"),
        (2, ("file",), "2 files"),
        (1, ("entry", "entries"), "1 entry"),
        (7, ("entry", "entries"), "7 entries"),
    ],
)
def test_a_number_has_its_noun(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said

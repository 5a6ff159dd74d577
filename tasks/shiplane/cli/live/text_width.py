"""How many columns of a terminal a text takes, and a text cut to so many."""

from __future__ import annotations

import unicodedata

_MORE = "..."


def width_of(text: str) -> int:
    """The columns of a text: two for each wide sign, none for what is drawn onto the sign before it."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def clipped(text: str, columns: int) -> str:
    """As much of a text as fits into so many columns, with three dots for the rest where there is room for them."""
    if width_of(text) <= columns:
        return text
    dots = _MORE if columns > 2 * len(_MORE) else ""
    room, kept = columns - len(dots), ""
    for sign in text:
        room -= _columns(sign)
        if room < 0:
            break
        kept += sign
    return kept + dots


def drawable(text: str, encoding: str) -> str:
    """A text of which each sign takes the columns that it is counted for, in the encoding of a terminal.

    What cannot be encoded would be escaped, and so be longer; after a variation selector terminals disagree about the
    width of the sign before it (Unicode Standard Annex 11, section 5.1).
    """
    plain = "".join(sign for sign in text if not "\ufe00" <= sign <= "\ufe0f")
    return plain.encode(encoding, "replace").decode(encoding)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1

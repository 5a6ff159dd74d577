"""HTML and SVG elements as text: whatever is put into one is escaped, so that nothing from outside becomes markup."""

from __future__ import annotations

import html
from collections.abc import Iterable

# Attributes that are words of Python: class_ and for_.
_TRAILING = "_"


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """An element with its children.

    Args:
        name: The element's name.
        children: Text, which is escaped, and markup, which is not.
        attributes: By name, ``class_`` for ``class`` and ``stroke_width`` for ``stroke-width``; None is left out.
    """
    inner = "".join(map(_escaped, children))
    return Markup(f"<{name}{_attributes(attributes)}>{inner}</{name}>")


def joined(parts: Iterable[str], separator: str = "") -> Markup:
    """Several parts as one."""
    return Markup(_escaped(separator).join(map(_escaped, parts)))


def printable(text: str) -> str:
    """Foreign text without what cannot be shown or would turn other text around; its lines stay."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(printable(text))


def _attributes(attributes: dict[str, str | float | None]) -> str:
    return "".join(
        f' {name.removesuffix(_TRAILING).replace("_", "-")}="{html.escape(printable(_value(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )


def _value(value: str | float) -> str:
    """Lengths with a digit behind the point at most: a picture is no larger than it looks, and the same everywhere."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")

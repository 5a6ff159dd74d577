"""The colours of pages and pictures, for light and for dark; every text has a contrast of 4.5:1 at least (WCAG AA)."""

from __future__ import annotations

# By role: on light, on dark.
COLOURS = {
    "page": ("#f4f5f7", "#0e1217"),
    "card": ("#ffffff", "#161b22"),
    "text": ("#1a1f26", "#e8ecf1"),
    "quiet": ("#59636f", "#9ba7b4"),
    "line": ("#d9dee4", "#2c3540"),
    "track": ("#e8ebef", "#222a34"),
    "accent": ("#0b5cad", "#7db5ff"),
    "accent-tint": ("#e4effb", "#13263c"),
    "good": ("#0d6a33", "#6dd08f"),
    "good-tint": ("#e3f4e9", "#10291a"),
    "care": ("#7c4d00", "#e8b94c"),
    "care-tint": ("#fff2d3", "#2f250f"),
    "bad": ("#b2211a", "#ff958c"),
    "bad-tint": ("#fdeae8", "#371718"),
}
# Which colours of text stand on which ground.
READ_ON = {
    "page": ("text", "quiet", "accent", "good", "care", "bad"),
    "card": ("text", "quiet", "accent", "good", "care", "bad"),
    "track": ("text", "quiet"),
    "accent-tint": ("text", "accent"),
    "good-tint": ("text", "good"),
    "care-tint": ("text", "care"),
    "bad-tint": ("text", "bad", "quiet"),
}
_LIGHT, _DARK = 0, 1


def variables() -> str:
    """The colours as properties of CSS: light, dark where that is preferred, and light on paper."""
    light, dark = _properties(_LIGHT), _properties(_DARK)
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def _properties(scheme: int) -> str:
    return " ".join(f"--{role}: {colours[scheme]};" for role, colours in COLOURS.items())

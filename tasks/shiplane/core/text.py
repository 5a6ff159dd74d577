"""Foreign text made safe to print: without terminal escapes and workflow commands, quoted, in one line."""

from __future__ import annotations

import re

# For the brackets of a pattern: control characters, blanks but the space, what shows nothing or turns text around.
INVISIBLE = r"\u0000-\u001f\u007f-\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_MAX_LINE = 2000
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# What the runner of GitHub Actions obeys: "::" at the start of a line, "##[" anywhere in it, as Azure's do "##vso[".
_COMMAND = re.compile(r"^:(?=:)|##(?=\[|vso\[)", re.IGNORECASE)
# The same in text of several lines, which a lone CR ends too; the runner sets leading blanks aside before it looks.
_COMMANDS = re.compile(r"(?:^|(?<=\r))[^\S\r\n]*:(?=:)|##(?=\[|vso\[)", re.IGNORECASE | re.MULTILINE)


def inert(text: str) -> str:
    """Multi-line text with its workflow commands disabled, otherwise unchanged."""
    return _COMMANDS.sub(r"\g<0> ", text)


def quoted(text: str, limit: int = 140) -> str:
    """Foreign text quoted for a message: in ASCII to expose look-alikes, and truncated."""
    literal = ascii(text[:limit])
    if len(text) <= limit and len(literal) <= limit + 2:
        return literal
    return f"{literal[: limit - 2]}...{literal[0]}"


def one_line(text: str) -> str:
    """Foreign text as one safe line: no escapes, control characters or workflow commands; whitespace folded; bounded.

    Unprintable characters go as well: bidirectional overrides, zero-width characters, lone surrogates.
    """
    return _bounded(_COMMAND.sub(r"\g<0> ", " ".join(_printable(text).split())), text)


def spaced_line(text: str) -> str:
    """The same with its spaces as they are, for a line of a file."""
    return _bounded(inert(_printable(text).rstrip()), text)


def _printable(text: str) -> str:
    plain = _ESCAPE_SEQUENCE.sub("", text[: 2 * _MAX_LINE])
    return "".join(sign if sign.isprintable() else " " for sign in plain)


def _bounded(line: str, text: str) -> str:
    """A line made of a text, cut where it is too long."""
    is_complete = len(line) <= _MAX_LINE and len(text) <= 2 * _MAX_LINE
    return line if is_complete else line[:_MAX_LINE] + " ..."

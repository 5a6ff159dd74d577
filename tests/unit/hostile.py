"""Text that nobody means well with, and how a refusal of it has to look."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shiplane.core.errors import UsageError

# What no tag, version, repository or platform may hold, each alone enough to be refused.
SIGNS = {
    "a space": " ",
    "a tab": "\t",
    "a line feed": "\n",
    "a carriage return": "\r",
    "a NUL": "\0",
    "an ESC": "\x1b",
    "a command in $()": "$(id)",
    "a command in backticks": "`id`",
    "a semicolon": ";",
    "a pipe": "|",
    "two ampersands": "&&",
    "a redirection": ">x",
    "an option after a space": " --push",
    "a short option after a space": " -t",
    "percent-encoded dots": "%2e%2e",
    "a percent-encoded line feed": "%0a",
    "a full-width digit": "\uff11",
    "an Arabic digit": "\u0661",
    "a Cyrillic a": "\u0430",
    "a combining mark": "e\u0301",
    "a right-to-left override": "\u202e",
    "a zero-width space": "\u200b",
    "a zero-width joiner": "\u200d",
    "a C1 control": "\x9b",
    "a line separator": "\u2028",
    "a lone surrogate": "\udc80",
    "a backslash": "\\",
    "a quote": "'",
    "a double quote": '"',
    "a wildcard": "*",
    "a brace": "{version}",
    "an at sign": "@",
    "a question mark": "?",
    "a hash": "#",
}


def refusal_of(parse: Callable[[str], object], text: str) -> UsageError:
    """The error that refuses the text: exit 2, one line that a person can read, of bounded length."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    error = caught.value
    assert error.exit_code == 2
    assert error.what.isprintable()
    assert error.what.isascii(), "what only looks like an allowed letter must be seen not to be one"
    assert 0 < len(error.what) < 400
    assert error.remedy.isprintable()
    assert error.remedy, "a refusal says what would be right"
    return error

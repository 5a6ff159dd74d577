"""The URL of a git remote, which may hold a token: how to show it, and what to hide."""

from __future__ import annotations

import re
from urllib.parse import unquote

_USERINFO = re.compile(r"\A([a-z][a-z0-9+.-]*://)([^/?#]*)@", re.IGNORECASE)
# The form of a user name on GitHub; no token of theirs has it.
_NAME = re.compile(r"[A-Za-z0-9-]{1,39}", re.ASCII)
_NO_SECRET = {"", "x-oauth-basic"}


def without_credentials(url: str) -> str:
    """The URL without a password, a token for a user name, a query or a fragment."""
    return _USERINFO.sub(r"\1", url).partition("?")[0].partition("#")[0]


def secrets_of(url: str) -> list[str]:
    """What in a URL must never be printed: the password, as it stands and decoded.

    A token often stands where the user name belongs (``https://ghs_...@github.com``), so that is one as well, unless
    it has the form of a name; hiding a name would hide it in the image's name too.
    """
    match = _USERINFO.match(url)
    user, _, password = match.group(2).partition(":") if match else ("", "", "")
    hidden = [part for part in (password, "" if _NAME.fullmatch(user) else user) if part not in _NO_SECRET]
    return [text for part in hidden for text in dict.fromkeys((part, unquote(part)))]

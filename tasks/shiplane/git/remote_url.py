"""URLs of git remotes, which may contain a token."""

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
    """The secrets in a URL: the password, encoded and decoded.

    A token may be in place of the user name (``https://ghs_...@github.com``), so that is hidden as well, unless it
    looks like a name, which may occur in the image's name.
    """
    match = _USERINFO.match(url)
    user, _, password = match.group(2).partition(":") if match else ("", "", "")
    hidden = [part for part in (password, "" if _NAME.fullmatch(user) else user) if part not in _NO_SECRET]
    return [text for part in hidden for text in dict.fromkeys((part, unquote(part)))]

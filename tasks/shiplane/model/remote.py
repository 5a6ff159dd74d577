"""The URL of a git remote, which may hold a token: how to show it, and what to hide."""

from __future__ import annotations

import re
from urllib.parse import unquote

_USERINFO = re.compile(r"\A([a-z][a-z0-9+.-]*://)([^/?#]*)@", re.IGNORECASE)


def shown(url: str) -> str:
    """The URL without a password, a token for a user name, a query or a fragment."""
    return _USERINFO.sub(r"\1", url).partition("?")[0].partition("#")[0]


def secrets_of(url: str) -> list[str]:
    """What in a URL must never be printed: user name and password, as they stand and decoded.

    A token often stands where the user name belongs (``https://ghs_...@github.com``), so that is one as well, unless
    it is a usual name.
    """
    found = _USERINFO.match(url)
    parts = [] if found is None else found.group(2).split(":", 1)
    return [text for part in parts if part not in _USUAL for text in dict.fromkeys((part, unquote(part))) if text]


_USUAL = {"", "git", "oauth2", "x-access-token", "x-oauth-basic", "gitlab-ci-token"}

"""URLs of git remotes, which may contain a token."""

from __future__ import annotations

import re
from urllib.parse import unquote

_USERINFO = re.compile(r"\A([a-z][a-z0-9+.-]*://)([^/?#]*)@", re.IGNORECASE)
# The form of a user name on GitHub; no token of theirs has it.
_NAME = re.compile(r"[A-Za-z0-9-]{1,39}", re.ASCII)
_NO_SECRET = {"", "x-oauth-basic"}
# git's own short form for ssh (git-clone(1), "GIT URLS").
_SHORT = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):/?(?P<path>[^/:].*)", re.ASCII)
_HOSTED = {"http", "https", "ssh", "git"}
_PORT = re.compile(r"(?<=[\w])(?::[0-9]+)(?=/)", re.ASCII)


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


def same_repository(url: str, other: str) -> bool | None:
    """Whether two URLs lead to one repository, whatever the protocol; None if one of them does not say.

    Hosts ignore case, and so do GitHub and most others in paths.
    """
    first, second = _place(url), _place(other)
    return first == second if first and second else None


def _place(url: str) -> str:
    """``host/path`` of a URL or of git's short form for ssh (``git@host:path``); empty for anything else."""
    plain = without_credentials(url.strip())
    scheme, separator, rest = plain.partition("://")
    if not separator:
        match = _SHORT.fullmatch(plain)
        rest = f"{match['host']}/{match['path']}" if match else ""
    elif scheme.lower() not in _HOSTED:
        rest = ""
    return _PORT.sub("", rest.casefold()).rstrip("/").removesuffix(".git")

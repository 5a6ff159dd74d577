"""The ``Link`` header by which a registry's lists continue (distribution-spec, "Listing Tags", "Listing Referrers")."""

from __future__ import annotations

import re

from shiplane.core.text import one_line
from shiplane.registry.http.exchange import Response
from shiplane.registry.http.urls import follow, parse_url

# Ours: requests.utils.parse_header_links cuts a URL at its semicolon, and does not know REL=next (RFC 8288, section 3).
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<>]*\brel\s*=\s*"?next"?(?![\w-])', re.ASCII | re.IGNORECASE)
_MENTIONS_NEXT = re.compile(r"\brel\b.*\bnext\b(?!-)", re.ASCII | re.IGNORECASE)


def next_page(url: str, response: Response) -> str:
    """The URL of the page after this one, at the same path of the same registry; empty after the last.

    Raises:
        ValueError: It is anywhere else, or cannot be read.
    """
    link = response.headers.get("link", "")
    match = _NEXT.search(link)
    if not match and not _MENTIONS_NEXT.search(link):
        return ""
    next_url = follow(url, match.group(1)) if match else ""
    if parse_url(next_url) != parse_url(url):
        raise ValueError(one_line(link)[:160])
    return next_url

r"""Foreign URLs, read in the only way in which nobody can read them differently.

``urllib.parse`` and ``urllib3`` disagree about backslashes, tabs and userinfo: one sees a child of ghcr.io in
``https://evil.example\.ghcr.io/token`` where the other connects to evil.example. So a URL is checked here before
anything is decided by its host, and what has any such character is no URL to us.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urljoin

from shiplane.core.host_names import is_loopback
from shiplane.registry.oci.names import Repository

_PLAIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[!-\"$->@-\[\]-~]*)?(?:\?[!\"$-\[\]-~]*)?",
    re.ASCII,
)
_HIGHEST_PORT = 65535
# A whole number, or parts of which the last is one, in any of the bases that a resolver takes for an address.
_NUMERIC = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?", re.ASCII)


class HostPort(NamedTuple):
    """Where a URL leads: the host in lower case and without brackets, the port 0 where it is the scheme's own."""

    scheme: str
    host: str
    port: int
    path: str


def parse_url(url: str) -> HostPort | None:
    """Where an http(s) URL leads, or None when it has credentials, odd characters, or is none at all."""
    found = _PLAIN.fullmatch(url)
    if not found or int(found["port"] or 0) > _HIGHEST_PORT:
        return None
    port = int(found["port"] or 0)
    own = {"http": 80, "https": 443}[found["scheme"]]
    return HostPort(
        found["scheme"], found["host"].strip("[]").lower(), 0 if port == own else port, found["path"] or "/"
    )


def follow(base: str, reference: str) -> str:
    """The URL that a ``Location`` or a ``Link`` means, or nothing when it is none."""
    try:
        url = urljoin(base, reference) if reference else ""
    except ValueError:
        return ""
    return url if parse_url(url) else ""


def same_origin(base: str, reference: str) -> str:
    """The URL that a ``Location`` means, where that is the same scheme, host and port as ``base``; else nothing.

    What is sent there may carry a token: distribution-spec, "MUST NOT forward the Authorization header" across hosts.
    """
    url = follow(base, reference)
    here, there = parse_url(base), parse_url(url)
    return url if here and there and here[:3] == there[:3] else ""


def may_redirect(repository: Repository, url: str) -> bool:
    """Whether a blob of a repository may be read there: over TLS, and not on an inner network that we are in.

    What is on this machine or on an inner network itself may stay there. Names are not resolved: a name that means an
    inner address (DNS rebinding) still has to show a certificate for it.
    """
    place = parse_url(url)
    if place is None:
        return False
    if is_loopback(place.host):
        return repository.is_loopback
    return place.scheme == "https" and (_is_public(place.host) or not _is_public(repository.host.strip("[]")))


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # 2852039166 and 0xa9fea9fe are 169.254.169.254 in disguise.
        return not _NUMERIC.fullmatch(host)

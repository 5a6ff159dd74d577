r"""Foreign URLs, accepted only in a form that all parsers read alike.

``urllib.parse`` and ``urllib3`` disagree about backslashes, tabs and userinfo: in
``https://evil.example\.ghcr.io/token`` one sees a subdomain of ghcr.io, the other connects to evil.example. A URL with
any such character is rejected before its host decides anything.
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
# A number, or parts of which the last is one, in any base that resolvers accept as an address.
_NUMERIC = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?", re.ASCII)


class HostPort(NamedTuple):
    """A parsed URL: the host in lower case without brackets, port 0 for the scheme's default."""

    scheme: str
    host: str
    port: int
    path: str


def parse_url(url: str) -> HostPort | None:
    """Parse an http(s) URL; None if it is invalid, has credentials or ambiguous characters."""
    match = _PLAIN.fullmatch(url)
    if not match or int(match["port"] or 0) > _HIGHEST_PORT:
        return None
    port = int(match["port"] or 0)
    default_port = {"http": 80, "https": 443}[match["scheme"]]
    return HostPort(
        match["scheme"], match["host"].strip("[]").lower(), 0 if port == default_port else port, match["path"] or "/"
    )


def follow(base: str, reference: str) -> str:
    """The URL of a ``Location`` or ``Link``, or empty if invalid."""
    try:
        url = urljoin(base, reference) if reference else ""
    except ValueError:
        return ""
    return url if parse_url(url) else ""


def same_origin(base: str, reference: str) -> str:
    """The URL of a ``Location`` if scheme, host and port equal those of ``base``; else empty.

    A request there may carry a token: distribution-spec, "MUST NOT forward the Authorization header" across hosts.
    """
    url = follow(base, reference)
    base_parts, target = parse_url(base), parse_url(url)
    return url if base_parts and target and base_parts[:3] == target[:3] else ""


def may_redirect(repository: Repository, url: str) -> bool:
    """Whether a blob may be read from this URL: over TLS, and not on an internal network.

    A registry on loopback or an internal network may redirect within it. Names are not resolved: a name of an internal
    address (DNS rebinding) still needs a certificate.
    """
    target = parse_url(url)
    if target is None:
        return False
    if is_loopback(target.host):
        return repository.is_loopback
    return target.scheme == "https" and (_is_public(target.host) or not _is_public(repository.host.strip("[]")))


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        # 2852039166 and 0xa9fea9fe are 169.254.169.254 in disguise.
        return not _NUMERIC.fullmatch(host)

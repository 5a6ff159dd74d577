"""The proxy for a request and its login, from the environment as docker reads it.

Sources: golang.org/x/net/http/httpproxy for ``NO_PROXY`` (docker is written in Go); curl(1), "Environment", for lower
case before upper case, ``ALL_PROXY``, and a proxy without scheme.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shiplane.core.errors import MisconfiguredError
from shiplane.core.host_names import is_loopback
from shiplane.registry.http.urls import parse_url

_PORTS = {"http": 80, "https": 443}
_EXPECTED = "Expected http://host:port; with a login http://user:password@host:port, its special characters as %XX."


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy.

    Attributes:
        name: The variable that names it.
        url: Without its login.
        authorization: A ``Proxy-Authorization`` value; may be empty.
    """

    name: str
    url: str
    authorization: str = field(default="", repr=False)


def proxy_for(url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy for a URL, or None; always None for loopback hosts.

    Raises:
        MisconfiguredError: The variable holds no HTTP proxy.
    """
    target = parse_url(url)
    if target is None or is_loopback(target.host) or bypasses(_value(env, "no_proxy")[1], target.host, _port(url)):
        return None
    for kind in (target.scheme, "all"):
        name, value = _value(env, f"{kind}_proxy")
        if value:
            return _parse(name, value)
    return None


def proxy_passwords(env: Mapping[str, str]) -> Iterator[str]:
    """The passwords of all proxies in the environment, encoded and decoded."""
    for name, value in env.items():
        if name.lower().endswith("_proxy") and "@" in value:
            with suppress(ValueError):
                password = urlsplit(_with_scheme(value.strip())).password or ""
                yield from dict.fromkeys((password, unquote(password)))


def bypasses(exceptions: str, host: str, port: int) -> bool:
    """Whether ``NO_PROXY`` exempts a host.

    Args:
        exceptions: ``*``, addresses, networks (``10.0.0.0/8``), names (``corp.example`` with its subdomains;
            ``.corp.example`` and ``*.corp.example`` only those), each with an optional port.
        host: In lower case, without brackets.
        port: The port.
    """
    return any(_matches(entry, host, port) for entry in re.split(r"[\s,]+", exceptions.lower()) if entry)


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    name, entry_port = _host_and_port(entry)
    if entry_port not in ("", str(port)):
        return False
    with suppress(ValueError):
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    name = name.removeprefix("*")
    return host == name or host.endswith(name if name.startswith(".") else f".{name}")


def _host_and_port(entry: str) -> tuple[str, str]:
    """Split ``[::1]:443`` or ``corp.example:443``; the port may be empty."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]+))?", entry)
    if bracketed:
        return bracketed[1], bracketed[2] or ""
    name, sign, port = entry.rpartition(":")
    return (name, port) if sign and port.isdecimal() and ":" not in name else (entry, "")


def _value(env: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable's name and value: lower case before upper case, mixed case last."""
    spellings: Iterable[str] = (name, name.upper(), *(other for other in env if other.lower() == name))
    return next(((spelling, env[spelling].strip()) for spelling in spellings if env.get(spelling)), (name, ""))


def _parse(name: str, value: str) -> Proxy:
    try:
        parts = urlsplit(_with_scheme(value))
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if "@" in parts.netloc else ""
        url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    except ValueError as error:
        raise _invalid(name) from error
    if parse_url(url) is None:  # socks5:// among others
        raise _invalid(name)
    basic = f"Basic {base64.b64encode(login.encode('utf-8', 'replace')).decode()}" if login else ""
    return Proxy(name=name, url=url, authorization=basic)


def _invalid(name: str) -> MisconfiguredError:
    # The value may hold a password.
    return MisconfiguredError(f"{name} is not an HTTP proxy", remedy=_EXPECTED)


def _with_scheme(value: str) -> str:
    return value if "://" in value else f"http://{value}"


def _port(url: str) -> int:
    parts = parse_url(url)
    return (parts.port or _PORTS[parts.scheme]) if parts else 0

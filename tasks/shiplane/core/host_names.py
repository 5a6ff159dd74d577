"""Host names with and without a port, and which of them are this machine."""

from __future__ import annotations

import ipaddress

GHCR_HOST = "ghcr.io"


def split_port(registry: str) -> tuple[str, str]:
    """Split ``host:port`` or ``[::1]:5000``; the port may be empty."""
    host, colon, port = registry.rpartition(":")
    return (host, port) if colon and not port.endswith("]") else (registry, "")


def is_loopback(host: str) -> bool:
    """Whether a host is ``localhost`` or a full loopback address."""
    if host == "localhost":
        return True
    try:
        return "%" not in host and ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False

"""Repositories, tags, digests and platforms, validated when parsed."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import NewType

from shiplane.core.errors import UsageError
from shiplane.core.host_names import is_loopback, split_port
from shiplane.core.text import quoted

Tag = NewType("Tag", str)

# Grammar of names and tags: OCI distribution-spec, "Pulling manifests".
TAG_FORM = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
DIGEST_FORM = r"sha256:[0-9a-f]{64}"
_TAG = re.compile(TAG_FORM, re.ASCII)
_PATH_FORM = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_HOST_FORM = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
_PATH = re.compile(_PATH_FORM, re.ASCII)
_HOST = re.compile(_HOST_FORM, re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
PORT_FORM = (
    r"(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"  # at most _MAX_PORT
)
_USERINFO = re.compile(r"\A.*@(?!sha(?:256|512):)", re.DOTALL)
_DIGEST = re.compile(DIGEST_FORM, re.ASCII)
_IMAGE_FORM = "Expected <registry>/<owner>/<name> in lower case, as in ghcr.io/cognary/aionis, without tag or digest."
MAX_NAME = 255
_MAX_PORT = 65535
# What Repository.parse accepts, as far as a pattern can express it: numeric addresses are checked in code.
REPOSITORY_FORM = (
    r"(?!ghcr\.io(?::[0-9]+)?/[^/]*$)(?!ghcr\.io\.)"
    rf"(?:localhost(?=/)|(?=[^/]*[.:]){_HOST_FORM}(?::{PORT_FORM})?|\[[0-9a-f:.]+\](?::{PORT_FORM})?)/{_PATH_FORM}"
)


def parse_tag(text: str) -> Tag:
    """Validate an image tag.

    Raises:
        UsageError: It is not a tag.
    """
    if not _TAG.fullmatch(text):
        raise UsageError(
            f"{quoted(text)} is not an image tag", remedy="Letters, digits, '.', '_' and '-', at most 128."
        )
    return Tag(text)


@dataclass(frozen=True)
class Digest:
    """The SHA-256 of some bytes, as ``sha256:<64 hexadecimal digits>``.

    Other algorithms are rejected: neither BuildKit nor GHCR writes them.

    Raises:
        ValueError: Not such a digest.
    """

    text: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.text):
            raise ValueError(f"{quoted(self.text, 80)} is not a sha256 digest")

    @classmethod
    def of(cls, content: bytes) -> Digest:
        """The digest of this content."""
        return cls("sha256:" + hashlib.sha256(content).hexdigest())

    @property
    def short(self) -> str:
        """A short form for display."""
        return self.text[: len("sha256:") + 12]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Repository:
    """A repository: ``ghcr.io/cognary/aionis``."""

    registry: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Parse ``<registry>/<path>``; there is no default registry.

        Raises:
            UsageError: It has a scheme, credentials, a tag, a digest or upper case, or is otherwise invalid.
        """
        registry, slash, path = text.partition("/")
        problem = _problem_with(text, registry, path if slash else "")
        if problem:
            raise UsageError(f"image {quoted(_without_userinfo(text))} {problem}", remedy=_IMAGE_FORM)
        return cls(registry, path)

    @property
    def host(self) -> str:
        """The registry without its port."""
        return split_port(self.registry)[0]

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine; only then plain http is used."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}"


def parse_repositories(text: str) -> tuple[Repository, ...]:
    """Parse a comma-separated list without spaces, keeping its order.

    Raises:
        UsageError: It has something else than repositories, or one of them twice.
    """
    repositories = tuple(Repository.parse(part) for part in text.split(","))
    if len(set(repositories)) < len(repositories):
        raise UsageError(f"{quoted(text)} names an image repository twice", remedy="Name each once.")
    return repositories


def _without_userinfo(text: str) -> str:
    """The text without what precedes an ``@``, which may be a password unless a digest follows."""
    return _USERINFO.sub("***@", text)


def _problem_with(text: str, registry: str, path: str) -> str:
    """Why the text is not a repository, or nothing."""
    if "://" in text:
        return "has a scheme"
    if "@" in text:
        return "has credentials or a digest"
    if len(text) > MAX_NAME:
        return f"is {len(text)} characters long"
    if text != text.lower() and text.lower().isascii():
        return f"has upper case letters (did you mean {quoted(text.lower())}?)"
    return _problem_with_registry(registry) or _problem_with_path(registry, path)


def _problem_with_registry(registry: str) -> str:
    host, port = split_port(registry)
    if "." not in registry and ":" not in registry and registry != "localhost":
        return "does not name a registry"
    if host != registry and not (_PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        return f"has the port {quoted(port, 12)}"
    if host.startswith("[") or re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*", host):
        return _problem_with_address(host)
    if not _HOST.fullmatch(host):
        return f"has the registry {quoted(registry, 80)}"
    if host.startswith("ghcr.io."):
        return f"names {quoted(host, 80)}, which only looks like ghcr.io"
    return ""


def _problem_with_address(host: str) -> str:
    """A numeric host must be a full (not ``127.1`` or ``0x7f.1``) unicast address."""
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    try:
        # Brackets mean version 6 (RFC 3986 section 3.2.2); a zone ("%eth0") is local to this machine.
        address = ipaddress.IPv6Address(host[1:-1]) if host[:1] + host[-1:] == "[]" else ipaddress.IPv4Address(host)
    except ValueError:
        address = None
    if address is None or "%" in host:
        return f"has {quoted(host, 80)} for a registry, which is not a full IP address"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return f"has {quoted(host, 80)} for a registry; write {address.ipv4_mapped}"
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return f"has {quoted(host, 80)} for a registry, which is not a unicast address"
    return ""


def _problem_with_path(registry: str, path: str) -> str:
    if not path:
        return "has no name after the registry"
    last = path.rpartition("/")[2]
    if ":" in last:
        return f"has a tag ({quoted(last.partition(':')[2])}); use --tag for it"
    if not _PATH.fullmatch(path):
        return f"has the name {quoted(path)}"
    if split_port(registry)[0] == "ghcr.io" and "/" not in path:
        return "has no owner"
    return ""


# Platforms that BuildKit builds for; anything else is probably a typo.
_ARCHITECTURES = {
    "linux": {"386", "amd64", "arm", "arm64", "loong64", "mips64", "mips64le", "ppc64le", "riscv64", "s390x"},
    "windows": {"amd64", "arm64"},
}
_VARIANTS = {"amd64": {"v1", "v2", "v3", "v4"}, "arm": {"v5", "v6", "v7", "v8"}, "arm64": {"v8", "v9"}}
PLATFORM_FORM = "|".join(
    f"{os}/{architecture}"
    + (f"(?:/(?:{'|'.join(sorted(_VARIANTS[architecture]))}))?" if architecture in _VARIANTS else "")
    for os, architectures in _ARCHITECTURES.items()
    for architecture in sorted(architectures)
)
# Default variants: containerd/platforms, "Normalization".
_BARE_VARIANT = {"arm64": "v8", "amd64": "v1"}
_NAMED_VARIANT = {"arm": "v7"}


@dataclass(frozen=True, order=True)
class Platform:
    """An operating system and architecture, normalized: ``linux/arm64/v8`` and ``linux/arm64`` are equal."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def of(cls, os: str, architecture: str, variant: str = "") -> Platform:
        """The normalized platform of the fields of an index or a config."""
        bare = variant == _BARE_VARIANT.get(architecture)
        return cls(os, architecture, "" if bare else variant or _NAMED_VARIANT.get(architecture, ""))

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse ``os/architecture[/variant]``.

        Raises:
            UsageError: Images are not built for it.
        """
        os, _, rest = text.partition("/")
        architecture, slash, variant = rest.partition("/")
        is_known = architecture in _ARCHITECTURES.get(os, ())
        if not is_known or (slash and variant not in _VARIANTS.get(architecture, ())):
            raise UsageError(
                f"{quoted(text, 80)} is not a platform", remedy="Expected one like linux/amd64 or linux/arm64."
            )
        return cls.of(os, architecture, variant)

    def covers(self, other: Platform) -> bool:
        """Whether this platform usually runs the other as well (containerd/platforms, ``Only``)."""
        if self.os != other.os or self.architecture != other.architecture:
            return self.os == other.os and (self.architecture, other.architecture) == ("arm64", "arm")
        return self._level >= other._level

    @property
    def _level(self) -> str:
        return self.variant or _BARE_VARIANT.get(self.architecture, "")

    @property
    def dashed(self) -> str:
        """For tags and file names: ``linux-arm64``."""
        return str(self).replace("/", "-")

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def parse_platforms(text: str) -> tuple[Platform, ...]:
    """Parse a comma-separated list without spaces, keeping its order.

    Raises:
        UsageError: It is empty, or has an unknown or a repeated platform.
    """
    platforms: list[Platform] = []
    for part in text.split(","):
        platform = Platform.parse(part)
        if platform in platforms:
            raise UsageError(f"platforms {quoted(text)} name {platform} twice", remedy="Name each once.")
        platforms.append(platform)
    return tuple(platforms)

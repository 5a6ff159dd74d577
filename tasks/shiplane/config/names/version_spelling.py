"""One version in the spelling of another scheme: ``1.0rc1`` of PEP 440 is ``1.0.0-rc.1`` of SemVer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.config.names.version_schemes import Scheme

if TYPE_CHECKING:
    from packaging.version import Version as PackagingVersion

_KINDS = {"a": "alpha", "b": "beta", "rc": "rc"}
_PARTS = len(("major", "minor", "patch"))


def respelled(text: str, written: Scheme, wanted: Scheme) -> str | None:
    """A version as another scheme writes it, or None where that scheme has no such version.

    Args:
        text: The version.
        written: The scheme that it is written in; of PEP 440 in any of its spellings.
        wanted: The scheme to write it in.
    """
    if Scheme.PEP440 not in {written, wanted}:
        return text
    version = pep440_of(text, written)
    if version is None:
        return None
    if wanted is Scheme.PEP440:
        return str(version)
    return _with_hyphen(version, _PARTS if wanted is Scheme.SEMVER else 1)


def pep440_of(text: str, written: Scheme) -> PackagingVersion | None:
    """A version as PEP 440 reads it, or None where it has no such version.

    It would take the pre-release ``1.0.0-1`` of the other schemes for a post-release, which is higher than 1.0.0.
    """
    from packaging.version import InvalidVersion
    from packaging.version import Version as PackagingVersion

    try:
        version = PackagingVersion(text)
    except InvalidVersion:
        return None
    means_the_same = written is Scheme.PEP440 or version.is_prerelease == ("-" in text)
    return version if means_the_same else None


def _with_hyphen(version: PackagingVersion, parts: int) -> str | None:
    """The numbers, at least so many, and behind a hyphen what kind of pre-release it is, and its number."""
    if version.epoch or version.local or version.post is not None or (version.pre and version.is_devrelease):
        return None
    numbers = ".".join(map(str, (*version.release, *(0,) * (parts - len(version.release)))))
    if version.pre:
        kind, number = version.pre
        return f"{numbers}-{_KINDS[kind]}.{number}"
    return f"{numbers}-dev.{version.dev}" if version.is_devrelease else numbers

"""How versions are written, read and ordered: SemVer, PEP 440, and dates or plain numbers (CalVer).

Each scheme has its own exact order, since a floating tag must not move on a misreading: PEP 440 reads ``1.0.0-1`` as a
*post*-release, higher than ``1.0.0``, where SemVer reads a pre-release, which is lower.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from shiplane.core.errors import UsageError
from shiplane.core.text import quoted

if TYPE_CHECKING:
    from packaging.version import Version as PackagingVersion


class Scheme(str, Enum):
    """How a lane's versions are written."""

    SEMVER = "semver"
    PEP440 = "pep440"
    CALVER = "calver"

    @property
    def form(self) -> str:
        """What a version of this scheme looks like."""
        return _FORMS[self]

    @property
    def note(self) -> str:
        """How its pre-releases are written, and what is not."""
        return _NOTES[self]

    @property
    def example(self) -> str:
        """One version, for people to read."""
        return _EXAMPLES[self]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the text of a version says.

    Attributes:
        numbers: Its numbers as they are written, without what follows them.
        rank: The sort key; equal for two spellings of one version, such as ``2026.8.1`` and ``2026.08.01``.
        repair: The text of the release that would repair it.
        prerelease_kind: The letters that a pre-release begins with: ``rc`` of ``1.0.0-rc.1``; empty without any.
    """

    numbers: tuple[str, ...]
    rank: tuple[Any, ...]
    repair: str
    is_prerelease: bool = False
    prerelease_kind: str = ""


# Enough for a date, a time and a build number.
MOST_NUMBERS = 6
_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRERELEASE = rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
_SEMVER = re.compile(rf"({_NUMBER}\.{_NUMBER}\.{_NUMBER}){_PRERELEASE}", re.ASCII)
_CALVER = re.compile(rf"([0-9]+(?:\.[0-9]+){{0,{MOST_NUMBERS - 1}}}){_PRERELEASE}", re.ASCII)
_SNAPSHOT = re.compile(r"0\.0\.0-([0-9a-f]{12})", re.ASCII)
_KIND = re.compile(r"[A-Za-z]*", re.ASCII)
_FORMS = {
    Scheme.SEMVER: "X.Y.Z or X.Y.Z-pre.release, as in 0.2.1 or v0.2.1-rc.1",
    Scheme.PEP440: "a version as PEP 440 normalizes it, as in 3.2.0, 3.2.0rc1 or 3.2.0.post1",
    Scheme.CALVER: f"1 to {MOST_NUMBERS} numbers, perhaps with a pre-release, as in 2026.08.24, 1.39 or 1.2.3.4-rc.1",
}
_NOTES = {
    Scheme.SEMVER: "a pre-release as in 0.2.1-rc.1; no build metadata",
    Scheme.PEP440: "a pre-release as in 3.2.0rc1; no epoch, no local part",
    Scheme.CALVER: "a pre-release as in 2026.08.24-rc.1; no build metadata",
}
_EXAMPLES = {Scheme.SEMVER: "0.2.1", Scheme.PEP440: "3.2.0", Scheme.CALVER: "2026.08.24"}


def is_snapshot(text: str) -> bool:
    """Whether a version names a commit and no release; the same form in every scheme."""
    return _SNAPSHOT.fullmatch(text) is not None


class VersionError(UsageError):
    """A text that is no version of a scheme; ``reason`` is empty where the form alone says why."""

    def __init__(self, text: str, scheme: Scheme, reason: str = "") -> None:
        self.reason = reason
        super().__init__(f"{quoted(text)} is not a version{reason and ': '}{reason}", remedy=f"Expected {scheme.form}.")


def read_version(text: str, scheme: Scheme) -> Reading:
    """Read a version of a scheme.

    Raises:
        VersionError: It is none, or it could not stand in an image tag.
    """
    return _READERS[scheme](text)


def _semver(text: str) -> Reading:
    """SemVer 2.0.0 without build metadata. Source: https://semver.org/spec/v2.0.0.html section 11."""
    numbers, identifiers = _split(text, _SEMVER, Scheme.SEMVER)
    major, minor, patch = map(int, numbers)
    return Reading(
        numbers=numbers,
        rank=((major, minor, patch), *_identifier_rank(identifiers)),
        repair=f"{major}.{minor}.{patch if identifiers else patch + 1}",
        is_prerelease=bool(identifiers),
        prerelease_kind=_kind(text, identifiers),
    )


def _calver(text: str) -> Reading:
    """Any numbers, leading zeros kept, with a pre-release as in SemVer. Source: https://calver.org."""
    numbers, identifiers = _split(text, _CALVER, Scheme.CALVER)
    values = list(map(int, numbers))
    while values and not values[-1]:
        values.pop()
    return Reading(
        numbers=numbers,
        rank=(tuple(values), *_identifier_rank(identifiers)),
        repair=".".join(numbers if identifiers else _next_numbers(numbers)),
        is_prerelease=bool(identifiers),
        prerelease_kind=_kind(text, identifiers),
    )


def _next_numbers(numbers: tuple[str, ...]) -> tuple[str, ...]:
    """The numbers of the next release, whatever they stand for: after a date a further number, never another date."""
    *most, last = numbers
    return (*numbers, "1") if len(numbers) <= len(("year", "month", "day")) else (*most, str(int(last) + 1))


def _split(text: str, pattern: re.Pattern[str], scheme: Scheme) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers of a version, and the identifiers of its pre-release."""
    core, _, pre = text.partition("-")
    # A snapshot is none by SemVer where its digits are a number that begins with a zero.
    if not is_snapshot(text) and not pattern.fullmatch(text):
        raise VersionError(text, scheme)
    return tuple(core.split(".")), tuple(pre.split(".")) if pre else ()


def _identifier_rank(identifiers: tuple[str, ...]) -> tuple[bool, tuple[tuple[bool, int, str], ...]]:
    """SemVer section 11: a release outranks its pre-releases, numbers rank below words.

    The text of a number counts last: a snapshot's may begin with a zero, and different versions must have an order.
    """
    ranks = tuple((not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in identifiers)
    return not identifiers, ranks


def _kind(text: str, identifiers: tuple[str, ...]) -> str:
    """What a snapshot begins with is the digits of a commit, and no kind."""
    match = _KIND.match(identifiers[0]) if identifiers and not is_snapshot(text) else None
    return match.group() if match else ""


def _pep440(text: str) -> Reading:
    """PEP 440 in its normalized form, without what cannot stand in an image tag: an epoch, a local part."""
    if is_snapshot(text):
        return Reading(numbers=("0", "0", "0"), rank=(False, text), repair="0.0.0", is_prerelease=True)
    version = _normalized(text)
    numbers = tuple(map(str, version.release))
    kind = "dev" if version.is_devrelease else version.pre[0] if version.pre else ""
    return Reading(
        numbers=numbers,
        rank=(True, version),
        repair=_pep440_repair(version),
        is_prerelease=version.is_prerelease,
        prerelease_kind=kind,
    )


def _normalized(text: str) -> PackagingVersion:
    from packaging.version import InvalidVersion
    from packaging.version import Version as PackagingVersion

    try:
        version = PackagingVersion(text)
    except InvalidVersion as error:
        raise VersionError(text, Scheme.PEP440) from error
    problem = "an epoch, and '!'" if version.epoch else "a local part, and '+'" if version.local else ""
    if problem:
        raise VersionError(text, Scheme.PEP440, f"it has {problem} cannot stand in an image tag")
    if str(version) != text:
        raise VersionError(text, Scheme.PEP440, f"PEP 440 normalizes it to {version}")
    return version


def _pep440_repair(version: PackagingVersion) -> str:
    if version.is_prerelease:
        return version.base_version if version.post is None else f"{version.base_version}.post{version.post}"
    *most, last = (*version.release, *(0,) * (len(("major", "minor", "micro")) - len(version.release)))
    return ".".join(map(str, (*most, last + 1)))


_READERS: Mapping[Scheme, Callable[[str], Reading]] = {
    Scheme.SEMVER: _semver,
    Scheme.PEP440: _pep440,
    Scheme.CALVER: _calver,
}

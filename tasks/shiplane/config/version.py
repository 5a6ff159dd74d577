"""Versions as SemVer 2.0.0 defines them, with their exact order.

``packaging`` is not used for the order: PEP 440 reads ``1.0.0-1`` as a *post* release (higher than ``1.0.0``), where
SemVer reads a pre-release (lower), and it knows no ``1.0.0-alpha.beta`` at all. A floating tag must not move on such
a misreading. Source: https://semver.org/spec/v2.0.0.html section 11.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from shiplane.core.errors import UsageError
from shiplane.core.text import quoted

# An image tag has at most 128 characters (OCI distribution-spec, "Pulling manifests"); a lane's prefix takes up to 32
# of them and the "v" one, so that every version has a tag in every lane.
MAX_LENGTH = 95
FORM = "X.Y.Z or X.Y.Z-pre.release, as in 0.2.1 or v0.2.1-rc.1"

_NUMBER = r"(0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{12,64}", re.ASCII)
_KIND = re.compile(r"[A-Za-z]+", re.ASCII)
_SNAPSHOT = re.compile(r"0\.0\.0-([0-9a-f]{12})", re.ASCII)


@functools.total_ordering
@dataclass(frozen=True)
class Version:
    """One version: three numbers and the dot-separated identifiers of a pre-release (empty for a release)."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``X.Y.Z[-pre]`` without any prefix.

        Raises:
            UsageError: The text is not SemVer, has build metadata (``+`` cannot stand in an image tag), or is too long.
        """
        if len(text) > MAX_LENGTH:
            raise UsageError(
                f"version {quoted(text, 20)} is {len(text)} characters long", remedy=f"At most {MAX_LENGTH}."
            )
        snapshot = _SNAPSHOT.fullmatch(text)
        if snapshot:
            return cls(0, 0, 0, (snapshot.group(1),))
        match = _SEMVER.fullmatch(text)
        if not match:
            raise UsageError(f"{quoted(text)} is not a version", remedy=f"Expected {FORM}.")
        major, minor, patch, pre = match.groups()
        return cls(int(major), int(minor), int(patch), tuple(pre.split(".")) if pre else ())

    @classmethod
    def snapshot(cls, commit: str) -> Version:
        """The version of an untagged commit: ``0.0.0-`` and the first 12 hexadecimal digits.

        Raises:
            ValueError: It is no commit's hash; such a version would not be recognized as a snapshot again.
        """
        if not _COMMIT.fullmatch(commit):
            raise ValueError(f"{quoted(commit, 80)} is not a commit hash")
        return cls(0, 0, 0, (commit[:12],))

    @property
    def is_prerelease(self) -> bool:
        """Whether a floating tag must not move to it."""
        return bool(self.prerelease)

    @property
    def prerelease_kind(self) -> str:
        """The letters that a pre-release begins with: ``rc`` of ``1.0.0-rc.1``; empty where there are none."""
        match = _KIND.match(self.prerelease[0]) if self.prerelease else None
        return match.group() if match else ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Its numbers as they are written, without the pre-release."""
        return str(self.major), str(self.minor), str(self.patch)

    @property
    def is_snapshot(self) -> bool:
        """Whether it names a commit and no release."""
        return _SNAPSHOT.fullmatch(str(self)) is not None

    def next_patch(self) -> Version:
        """The release that would repair this one."""
        patch = self.patch if self.is_prerelease else self.patch + 1
        return Version(self.major, self.minor, patch)

    def __str__(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{'.'.join(self.prerelease)}" if self.prerelease else core

    def __lt__(self, other: Version) -> bool:
        return self._precedence() < other._precedence()

    def _precedence(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """SemVer section 11 as a sort key: a release outranks its pre-releases, numbers rank below words.

        The text of a number counts last: a snapshot's may begin with a zero, and different versions must have an order.
        """
        identifiers = tuple(
            (not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in self.prerelease
        )
        return self.major, self.minor, self.patch, not self.prerelease, identifiers

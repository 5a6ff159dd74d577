"""One version of a lane, in the exact order of its scheme."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from shiplane.config.names.version_schemes import Reading, Scheme, is_snapshot, read_version
from shiplane.core.errors import UsageError
from shiplane.core.text import quoted

# An image tag has at most 128 characters (OCI distribution-spec, "Pulling manifests"); what stands around the version
# takes up to 33 of them, so that every version has a tag in every lane.
MAX_LENGTH = 95
_COMMIT = re.compile(r"[0-9a-f]{12,64}", re.ASCII)


@functools.total_ordering
@dataclass(frozen=True)
class Version:
    """One version: equal to another only if it is written the same."""

    text: str
    scheme: Scheme = field(compare=False)
    _reading: Reading = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, scheme: Scheme = Scheme.SEMVER) -> Version:
        """Read a version without any prefix.

        Raises:
            UsageError: The text is no version of the scheme, cannot stand in an image tag, or is too long.
        """
        if len(text) > MAX_LENGTH:
            raise UsageError(
                f"version {quoted(text, 20)} is {len(text)} characters long", remedy=f"At most {MAX_LENGTH}."
            )
        return cls(text, scheme, read_version(text, scheme))

    @classmethod
    def snapshot(cls, commit: str, scheme: Scheme = Scheme.SEMVER) -> Version:
        """The version of an untagged commit: ``0.0.0-`` and the first 12 hexadecimal digits.

        Raises:
            ValueError: It is no commit's hash; such a version would not be recognized as a snapshot again.
        """
        if not _COMMIT.fullmatch(commit):
            raise ValueError(f"{quoted(commit, 80)} is not a commit hash")
        return cls.parse(f"0.0.0-{commit[:12]}", scheme)

    @property
    def is_prerelease(self) -> bool:
        """Whether a floating tag must not move to it."""
        return self._reading.is_prerelease

    @property
    def prerelease_kind(self) -> str:
        """The letters that a pre-release begins with: ``rc`` of ``1.0.0-rc.1``; empty where there are none."""
        return self._reading.prerelease_kind

    @property
    def numbers(self) -> tuple[str, ...]:
        """Its numbers as they are written, without what follows them."""
        return self._reading.numbers

    @property
    def is_snapshot(self) -> bool:
        """Whether it names a commit and no release."""
        return is_snapshot(self.text)

    def next_patch(self) -> Version:
        """The release that would repair this one."""
        text = self._reading.repair
        return Version(text, self.scheme, read_version(text, self.scheme))

    def means(self, other: Version) -> bool:
        """Whether both are one version, perhaps in two spellings: ``3.2`` and ``3.2.0`` of PEP 440."""
        return self._reading.rank == other._reading.rank

    def means_text(self, text: str) -> bool:
        """Whether a text is this version, perhaps in another spelling of its scheme."""
        try:
            return self.means(Version.parse(text, self.scheme))
        except UsageError:
            return False

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: Version) -> bool:
        return (self._reading.rank, self.text) < (other._reading.rank, other.text)

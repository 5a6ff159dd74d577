"""Floating tags: the tags of a lane that move, each within its range of versions.

``latest`` has a range of all releases, ``v{major}`` of those of one major version, ``v{major}.{minor}`` of one minor
version: what docker/metadata-action calls ``type=semver,pattern={{major}}.{{minor}}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from shiplane.config.version import Version
from shiplane.registry.oci.names import Tag, parse_tag

_MAJOR, _MINOR = "{major}", "{minor}"
_NUMBER = "(0|[1-9][0-9]*|0[0-9]+)"


@dataclass(frozen=True, kw_only=True)
class FloatingTag:
    """One floating tag.

    Attributes:
        tag: Its name.
        range: The first numbers of every version in its range, as they are written; empty for all versions.
        prereleases: The kinds of pre-release that it moves to, besides releases: ``rc`` for 1.0.0-rc.1.
    """

    tag: Tag
    range: tuple[str, ...] = ()
    prereleases: frozenset[str] = frozenset()

    def takes(self, version: Version) -> bool:
        """Whether it may ever point at this version; a snapshot is a pre-release of no kind."""
        return self.spans(version) and (not version.is_prerelease or version.prerelease_kind in self.prereleases)

    def spans(self, version: Version) -> bool:
        """Whether the version is in its range, pre-release or not."""
        return version.numbers[: len(self.range)] == self.range

    @property
    def span(self) -> str:
        """Its range for people: ``releases``, ``releases of 1``, ``releases of 1.2``."""
        return f"releases of {'.'.join(self.range)}" if self.range else "releases"

    def __str__(self) -> str:
        return self.tag


@dataclass(frozen=True, kw_only=True)
class FloatingTemplate:
    """What a lane's floating tags are called: a tag with ``{major}``, with both ``{major}`` and ``{minor}``, or as is.

    ``prereleases`` are the kinds of pre-release that such a tag moves to.
    """

    text: str
    prereleases: frozenset[str] = field(default_factory=frozenset)

    @property
    def depth(self) -> int:
        """How many of a version's numbers it has."""
        return (_MAJOR in self.text) + (_MINOR in self.text)

    def of(self, version: Version) -> FloatingTag | None:
        """The floating tag in whose range a version is; None if the version has too few numbers.

        Raises:
            UsageError: The tag would be too long.
        """
        numbers = version.numbers[: self.depth]
        if len(numbers) < self.depth:
            return None
        return FloatingTag(tag=parse_tag(self.fill(numbers)), range=numbers, prereleases=self.prereleases)

    def fill(self, numbers: Iterable[str]) -> str:
        """The tag's text with these numbers in it, as many as it has places for."""
        text = self.text
        for place, number in zip((_MAJOR, _MINOR), numbers, strict=False):
            text = text.replace(place, number)
        return text

    def read(self, tag: str) -> FloatingTag | None:
        """The floating tag of this name, or None if it is none of these."""
        match = self._pattern.fullmatch(tag)
        return FloatingTag(tag=Tag(tag), range=match.groups(), prereleases=self.prereleases) if match else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern = re.escape(self.text)
        for place in (_MAJOR, _MINOR):
            pattern = pattern.replace(re.escape(place), _NUMBER)
        return re.compile(pattern, re.ASCII)

    def __str__(self) -> str:
        return self.text


def in_moving_order(templates: Iterable[FloatingTemplate]) -> tuple[FloatingTemplate, ...]:
    """Narrow ranges first, and of those without a range the one that is configured first last: ``latest``."""
    return tuple(sorted(templates, key=lambda template: template.depth))[::-1]

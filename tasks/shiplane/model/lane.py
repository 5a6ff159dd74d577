"""Lanes: an image line with its own Dockerfile, version tags, floating tag and git tags.

Everything that maps a version to a name, or a name back to a version, is here, so that no lane can ever write a
name that is another lane's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shiplane.model.errors import ConfigurationError, UsageError
from shiplane.model.image import Tag, parse_tag
from shiplane.model.version import Version

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_PREFIX = re.compile(r"(?:[a-z0-9][a-z0-9._-]{0,30}[._-])?", re.ASCII)
_GIT_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\{version\}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One independent line of releases within a repository.

    Attributes:
        name: What ``--lane`` takes.
        dockerfile: Path of the Dockerfile, relative to the project's root.
        prefix: What stands before ``vX.Y.Z`` in the version tag; empty or ending in ``-``, ``.`` or ``_``.
        floating: The one tag of the lane that moves.
        git_tag: The git tag that triggers the lane, with ``{version}`` for ``X.Y.Z``.
        publish_latest: Whether a publish moves the floating tag when nobody says.
        context: The build context, relative to the project's root.

    Raises:
        ConfigurationError: A field has an impossible form.
    """

    name: str
    dockerfile: str
    prefix: str
    floating: Tag
    git_tag: str
    publish_latest: bool = False
    context: str = "."

    def __post_init__(self) -> None:
        for value, form, what in (
            (self.name, _NAME, "name"),
            (self.prefix, _PREFIX, "prefix"),
            (self.git_tag, _GIT_TAG, "git-tag"),
        ):
            if not form.fullmatch(value):
                raise ConfigurationError(f"lane {self.name[:40]!r} has the {what} {value[:80]!r}", remedy=_FORMS[what])

    def tag_of(self, version: Version) -> Tag:
        """The version tag: written once, never again."""
        return parse_tag(f"{self.prefix}v{version}")

    def git_tag_of(self, version: Version) -> str:
        """The git tag that triggers this version's release."""
        return self.git_tag.replace("{version}", str(version))

    def version_of_tag(self, tag: str) -> Version | None:
        """The version that an image tag stands for, or None when it is no version tag of this lane."""
        return _version_behind(f"{self.prefix}v", tag)

    def version_of_git_tag(self, git_tag: str) -> Version | None:
        """The version that a git tag stands for, or None when it does not trigger this lane."""
        return _version_behind(self.git_tag.partition("{version}")[0], git_tag)

    def parse_version(self, text: str) -> Version:
        """Read a version as people write it: ``0.2.1``, ``v0.2.1``, the lane's image tag or its git tag.

        Raises:
            UsageError: The text is something else: another lane's tag, a floating tag, no version at all.
        """
        named = self.version_of_tag(text) or self.version_of_git_tag(text) or _version_behind("v", text)
        if named:
            return named
        try:
            return Version.parse(text)
        except UsageError as error:
            example = Version(0, 2, 1)
            raise UsageError(
                f"{text[:140]!r} names no version of lane {self.name}",
                remedy=f"Expected 0.2.1, v0.2.1, {self.tag_of(example)} or {self.git_tag_of(example)}"
                " (a pre-release as in 0.2.1-rc.1; no build metadata).",
            ) from error


_FORMS = {
    "name": "A lower-case letter, then lower-case letters, digits and '-', at most 31.",
    "prefix": "Empty, or lower-case letters, digits, '.', '_' and '-', ending in '-', '.' or '_'.",
    "git-tag": "Expected a form like 'docker-v{version}', with {version} once, at its end.",
}

MAIN = Lane(name="main", dockerfile="Dockerfile", prefix="", floating=Tag("latest"), git_tag="docker-v{version}")
STANDALONE = Lane(
    name="standalone",
    dockerfile="Dockerfile.standalone",
    prefix="standalone-",
    floating=Tag("standalone-latest"),
    git_tag="standalone-v{version}",
    publish_latest=True,
)
BUILT_IN = (MAIN, STANDALONE)


def check_disjoint(lanes: Iterable[Lane]) -> None:
    """Refuse lanes of which one could write, or be triggered by, a name of another.

    Raises:
        ConfigurationError: Two lanes share a name, or one's names can be read as the other's.
    """
    known = tuple(lanes)
    for lane in known:
        for other in known:
            overlap = _overlap(lane, other) if lane is not other else _own_clash(lane)
            if overlap:
                raise ConfigurationError(
                    f"lanes {lane.name} and {other.name} overlap: {overlap}",
                    remedy="Give each lane a prefix, a floating tag and a git tag of its own.",
                )


def _overlap(lane: Lane, other: Lane) -> str:
    if lane.floating == other.floating:
        return f"both move {lane.floating}"
    if lane.version_of_tag(other.floating):
        return f"{other.floating} is a version tag of {lane.name}"
    if _can_read(f"{lane.prefix}v", f"{other.prefix}v"):
        return f"a tag such as {other.prefix}v1.2.3 can be read as one of {lane.name}"
    if _can_read(lane.git_tag.partition("{")[0], other.git_tag.partition("{")[0]):
        return f"a git tag such as {other.git_tag.replace('{version}', '1.2.3')} triggers both"
    return ""


def _own_clash(lane: Lane) -> str:
    if lane.version_of_tag(lane.floating):
        return f"the floating tag {lane.floating} is a version tag"
    return ""


def _can_read(stem: str, other: str) -> bool:
    """Whether something that begins with ``other`` could be ``stem`` and a version: ``v`` reads ``v1.0.0-v2.0.0``."""
    return other == stem or (other.startswith(stem) and other[len(stem) :][:1].isdecimal())


def _version_behind(stem: str, text: str) -> Version | None:
    if not text.startswith(stem):
        return None
    try:
        return Version.parse(text.removeprefix(stem))
    except UsageError:
        return None

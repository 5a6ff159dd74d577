"""What a project's documents may name, and what is wrong with a name that they do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shiplane.config.channel import Channel, channel_of_tag
from shiplane.config.lane import Lane
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.registry.oci.names import Repository

# The numbers of a version that a document leaves open.
_OPEN = re.compile(r"[Xx]\.[Yy](?P<patch>\.[Zz])?(?![\w.])|N\.N(?P<third>\.N)?(?![\w.])")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A place in a document that names what the configuration would not form.

    Attributes:
        line: Its line, from 1.
        text: What stands there.
        reason: What is wrong with it.
        proposal: What would be right; may have marked commands.
    """

    line: int
    text: str
    reason: str
    proposal: str


@dataclass(frozen=True, kw_only=True)
class Names:
    """Everything that the configuration forms or the program understands.

    Attributes:
        images: Each lane with its repositories.
        channels: The channels.
        tasks: The flags of each task of ours, by its name.
        other_tasks: What Invoke tasks of the project's own are called, as far as that is known.
        scripts: The project's npm scripts: the command of each, by its name.
    """

    images: tuple[tuple[Lane, tuple[Repository, ...]], ...]
    channels: tuple[Channel, ...] = ()
    tasks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    other_tasks: frozenset[str] = frozenset()
    scripts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """Every lane."""
        return tuple(lane for lane, _ in self.images)

    @cached_property
    def repositories(self) -> tuple[Repository, ...]:
        """Every repository of a lane, each once."""
        return tuple(dict.fromkeys(repository for _, images in self.images for repository in images))

    def lanes_in(self, repository: Repository) -> tuple[Lane, ...]:
        """The lanes whose images are in a repository."""
        return tuple(lane for lane, images in self.images if repository in images)

    def forms(self, lanes: Iterable[Lane], repository: Repository, tag: str) -> bool:
        """Whether a tag of a repository is one that a lane, a channel or a cache writes, or a signature's."""
        cached = f"{repository}:{tag}"
        return (
            tag.startswith("sha256-")
            or channel_of_tag(self.channels, tag) is not None
            or any(lane.owns(tag) or cached.startswith(_cache(lane) or "\0") for lane in lanes)
        )


def _cache(lane: Lane) -> str:
    return lane.build.cache.place if lane.build.cache else ""


def with_numbers(text: str) -> str:
    """A name of a version with numbers where a document leaves them open: ``vX.Y.Z`` is ``v1.2.3``."""
    return _OPEN.sub(lambda match: "1.2.3" if match["patch"] or match["third"] else "1.2", text)


def rightly_tagged(lanes: Iterable[Lane], tag: str) -> str:
    """The version tag that a lane writes for a version in another tool's spelling of a tag; empty if it is none."""
    numbered = with_numbers(tag)
    named = ((lane, lane.version_tagged(numbered)) for lane in lanes)
    right = next((str(lane.tag_of(version)) for lane, version in named if version), "")
    return _reopened(right, tag, numbered)


def rightly_tagged_in_git(lanes: Iterable[Lane], git_tag: str) -> str:
    """The git tag that starts a lane for a version in another spelling of one; empty if it is none, or right."""
    numbered = with_numbers(git_tag)
    lanes = tuple(lanes)
    if any(lane.version_of_git_tag(numbered) for lane in lanes):
        return ""
    return _reopened(next(_git_tags(lanes, numbered), ""), git_tag, numbered)


def _git_tags(lanes: Iterable[Lane], git_tag: str) -> Iterator[str]:
    for lane in lanes:
        version_tags = () if lane.version_template.is_plain else (lane.version_template,)
        for template in (*lane.git_template.variants, *version_tags):
            if version := _read(lane, template, git_tag):
                yield lane.git_tag_of(version)


def _read(lane: Lane, template: TagTemplate, text: str) -> Version | None:
    bare = template.read(text)
    return lane.version_of(bare) if bare else None


def _reopened(right: str, text: str, numbered: str) -> str:
    """A right name with the numbers left open again, as they were in the text."""
    if text == numbered:
        return right
    opened = _OPEN.search(text)
    return right.replace(with_numbers(opened[0]), opened[0]) if opened else right

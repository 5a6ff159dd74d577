"""Deployment files: which places of them name the image, whose lane each is, and what they are when re-pointed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from shiplane.config.channel import Channel, channel_of_tag
from shiplane.config.floating_tag import FloatingTag
from shiplane.config.keys.deployments import Pattern
from shiplane.config.lane import Lane
from shiplane.deployments.image_use import Mention, Spans
from shiplane.deployments.patterns import pattern_mentions
from shiplane.deployments.positions import Lines
from shiplane.deployments.references import references
from shiplane.deployments.split_keys import split_mentions
from shiplane.registry.oci.names import Digest, Repository, Tag

# Documents: what they list is not deployed.
_DOCUMENTS = (".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt")
_LIST = "one of several lines that would become identical"


Channels: TypeAlias = tuple[Channel, ...]


@dataclass(frozen=True, kw_only=True)
class DeploymentFile:
    """One file as it is.

    Attributes:
        path: Relative to the project's root.
        content: Its bytes.
        patterns: Where else, by the project file, it names the image.
    """

    path: str
    content: bytes
    patterns: tuple[Pattern, ...] = ()

    @property
    def text(self) -> str:
        """The bytes as text; what is no UTF-8 comes back unchanged by :func:`encoded`."""
        return self.content.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of a text from a file."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A mention in a file, and the lane it belongs to.

    Attributes:
        path: The file, relative to the project's root.
        mention: What stands there.
        lane: Its lane; None where it is unknown.
        problem: Why it is not re-pointed; nothing where it can be.
        channel: The channel that its tag belongs to, if it is one's; then it is no lane's version.
    """

    path: str
    mention: Mention
    lane: Lane | None
    problem: str = ""
    channel: Channel | None = None

    @property
    def floating(self) -> FloatingTag | None:
        """The floating tag of its lane that it names, if it does."""
        tag = self.mention.effective_tag
        return self.lane.floating_tag(tag) if self.lane and tag else None

    @property
    def version_tag(self) -> Tag | None:
        """The version tag that it names, itself or by an alias, if it does."""
        tag = self.mention.effective_tag
        version = self.lane.version_under(tag) if self.lane and tag else None
        return self.lane.tag_of(version) if self.lane and version else None

    def __str__(self) -> str:
        return f"{self.path}:{self.mention.line}"


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Finds the mentions of one repository, with the lane of each.

    Attributes:
        repository: The image.
        lanes: Every lane of the project.
        version_tags: The version tag behind a digest, as far as it is known.
        channels: Every channel of the project.
    """

    repository: Repository
    lanes: tuple[Lane, ...]
    version_tags: Mapping[Digest, Tag] = field(default_factory=dict)
    channels: Channels = ()

    def places(self, file: DeploymentFile) -> list[Place]:
        """Every mention in a file, in its order."""
        places = [self.place(file.path, mention) for mention in self.mentions(file)]
        listed = _listed(file, places) if file.path.lower().endswith(_DOCUMENTS) else set()
        return [replace(place, problem=_LIST) if id(place) in listed else place for place in places]

    def mentions(self, file: DeploymentFile) -> list[Mention]:
        """Every mention in a file, in its order, without lanes."""
        text = file.text
        if self.repository.path.rpartition("/")[2] not in text and not file.patterns:
            return []
        lines = Lines.of(text)
        mentions = [each for pattern in file.patterns for each in pattern_mentions(pattern, text, lines)]
        taken = Spans.of((slot.start, slot.end) for mention in mentions for slot in mention.slots)
        keyed = [
            each for each in split_mentions(text, self.repository, lines) if not any(taken.overlap(*s) for s in each[1])
        ]
        claimed = Spans.of((*taken.spans, *(span for _, spans in keyed for span in spans)))
        mentions += [mention for mention, _ in keyed] + list(references(text, self.repository, claimed, lines))
        return sorted(mentions, key=lambda mention: mention.start)

    def lane_of_tag(self, tag: str | None) -> Lane | None:
        """The lane that this version tag, alias or floating tag belongs to."""
        owns = (lane for lane in self.lanes if tag and (lane.floating_tag(tag) or lane.version_under(tag)))
        return next(owns, None)

    def place(self, path: str, mention: Mention) -> Place:
        """A mention with its lane, as far as the known tags decide it."""
        behind = self.lane_of_tag(self.version_tags.get(mention.digest)) if mention.digest else None
        tag = mention.effective_tag
        lane = self.lane_of_tag(tag) if tag else behind
        channel = channel_of_tag(self.channels, tag) if tag else None
        problem = mention.problem or ("a comment" if mention.comment else "")
        if not problem and channel:
            problem = f"its tag belongs to channel {channel.name}, and is no version"
        if not problem and lane is None:
            problem = "its tag belongs to no lane" if tag else "the lane of its digest is unknown"
        if not problem and behind not in (None, lane):
            problem = f"its tag belongs to lane {lane.name if lane else '?'}, its digest to another lane"
        return Place(path=path, mention=mention, lane=lane, problem=problem, channel=channel)


def _listed(file: DeploymentFile, places: Sequence[Place]) -> set[int]:
    """The places in lines of a document that differ only in their versions: a list, none of which is deployed."""
    starts, lines = Lines.of(file.text).starts, file.text.split("\n")
    by_line: dict[int, list[Place]] = {}
    for place in places:
        by_line.setdefault(place.mention.line, []).append(place)
    alike: dict[str, list[int]] = {}
    for number, inside in by_line.items():
        alike.setdefault(_bare(lines[number - 1], starts[number - 1], inside), []).append(number)
    lists = [numbers for numbers in alike.values() if len({lines[number - 1] for number in numbers}) > 1]
    return {id(place) for numbers in lists for number in numbers for place in by_line[number]}


def _bare(line: str, start: int, places: Sequence[Place]) -> str:
    """A line without what re-pointing would fill."""
    slots = sorted((slot.start - start, slot.end - start) for place in places for slot in place.mention.slots)
    for begin, end in reversed(slots):
        line = line[:begin] + "\0" + line[end:]
    return line

"""Replacing the tags and digests of a lane in deployment files. Pure: nothing is written here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.lane import Lane
from shiplane.core.errors import VerificationError
from shiplane.core.text import one_line
from shiplane.deployments.finder import DeploymentFile, Finder, Place, encoded
from shiplane.deployments.image_use import Mention, Part, Target
from shiplane.registry.oci.names import Digest

_MAX_SHOWN = 2000


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file before and after."""

    path: str
    before: bytes
    after: bytes
    count: int = 0

    def diff(self) -> str:
        """A unified diff for people: control characters of the file cannot act on a terminal."""
        old, new = (side.decode("utf-8", "replace").splitlines(keepends=True) for side in (self.before, self.after))
        lines = difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}", n=1)
        return "\n".join(_shown(line) for line in lines)


def _shown(line: str) -> str:
    """A line of a diff without control characters and workflow commands."""
    shown = re.sub(r"[^ ]+", lambda word: one_line(word.group()), line.rstrip("\r\n").expandtabs(4))
    return (shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]} ...").rstrip()


@dataclass(frozen=True, kw_only=True)
class Pins:
    """What the mentions of a lane are to name.

    Attributes:
        lane: The lane.
        target: What the mentions are to name; None where only those at some tags are re-pointed.
        by_tag: What mentions at these tags are to name, or at the digest behind one of them.
    """

    lane: Lane
    target: Target | None = None
    by_tag: Mapping[str, Target] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Each target once."""
        return tuple(dict.fromkeys((*([self.target] if self.target else ()), *self.by_tag.values())))

    def aimed(self, finder: Finder, places: Iterable[Place]) -> list[tuple[Mention, Target]]:
        """The mentions that are re-pointed, each with its target."""
        targets = ((place.mention, self._target_of(finder, place)) for place in places_of_lane(places, self.lane))
        return [(mention, target) for mention, target in targets if target]

    def _target_of(self, finder: Finder, place: Place) -> Target | None:
        mention = place.mention
        behind = finder.version_tags.get(mention.digest) if mention.digest else None
        return self.by_tag.get(place.version_tag or mention.effective_tag or behind or "", self.target)


def replace_tags(files: Sequence[DeploymentFile], finder: Finder, pins: Pins) -> tuple[FileChange, ...]:
    """What re-pointing mentions of a lane changes. Pure: nothing is written.

    Returns:
        A change for each file that is not at the target yet; nothing else in it than tags and digests differs.

    Raises:
        VerificationError: A changed file, read again, does not name the target.
    """
    changes = (_change(file, finder, pins) for file in files)
    return tuple(change for change in changes if change.before != change.after)


def places_of_lane(places: Iterable[Place], lane: Lane) -> list[Place]:
    """The places that re-pointing a lane changes."""
    return [place for place in places if place.lane == lane and not place.problem]


def _change(file: DeploymentFile, finder: Finder, pins: Pins) -> FileChange:
    places = finder.places(file)
    aimed = pins.aimed(finder, places)
    content = encoded(_replaced(file.text, aimed))
    again = finder.mentions(DeploymentFile(path=file.path, content=content, patterns=file.patterns))
    targets = {id(mention): target for mention, target in aimed}
    expected = [_stated(place.mention, targets.get(id(place.mention))) for place in places]
    if [_stated(mention, None) for mention in again] != expected:
        pinned = ", ".join(target.part(Part.PINNED) for target in pins.targets)
        raise VerificationError(
            f"{file.path} would not name {pinned} after the change; nothing was written",
            remedy="Change it by hand, or add a pattern for it to the project file.",
        )
    count = sum(_stated(mention, None) != _stated(mention, target) for mention, target in aimed)
    return FileChange(path=file.path, before=file.content, after=content, count=count)


def _stated(mention: Mention, target: Target | None) -> tuple[str | None, Digest | None]:
    """The tag and the digest of a mention, now or at the target."""
    if target is None:
        return mention.tag, mention.digest
    parts = {slot.part for slot in mention.slots} | mention.follows
    with_digest = parts & {Part.DIGEST, Part.HEX, Part.PINNED}
    tag = target.tag if parts & {Part.TAG, Part.PINNED} else mention.tag
    return tag, target.digest if with_digest else mention.digest


def _replaced(text: str, aimed: Iterable[tuple[Mention, Target]]) -> str:
    """The text with these mentions at their targets; only their slots differ."""
    slots = {slot: target for mention, target in aimed for slot in mention.slots}
    parts, end = [], len(text)
    for slot in sorted(slots, key=lambda slot: (slot.start, slot.end), reverse=True):
        parts += [text[slot.end : end], slot.filled(slots[slot])]
        end = slot.start
    return "".join((text[:end], *reversed(parts)))

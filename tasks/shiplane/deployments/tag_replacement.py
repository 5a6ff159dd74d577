"""Replacing the tags and digests of a lane in deployment files. Pure: nothing is written here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def replace_tags(files: Sequence[DeploymentFile], finder: Finder, lane: Lane, target: Target) -> tuple[FileChange, ...]:
    """What re-pointing every mention of a lane changes. Pure: nothing is written.

    Returns:
        A change for each file that is not at the target yet; nothing else in it than tags and digests differs.

    Raises:
        VerificationError: A changed file, read again, does not name the target.
    """
    changes = (_change(file, finder, lane, target) for file in files)
    return tuple(change for change in changes if change.before != change.after)


def mentions_of_lane(places: Iterable[Place], lane: Lane) -> list[Mention]:
    """The mentions that re-pointing a lane changes."""
    return [place.mention for place in places if place.lane == lane and not place.problem]


def _change(file: DeploymentFile, finder: Finder, lane: Lane, target: Target) -> FileChange:
    places = finder.places(file)
    of_lane = mentions_of_lane(places, lane)
    content = encoded(_replaced(file.text, of_lane, target))
    again = finder.mentions(DeploymentFile(path=file.path, content=content, patterns=file.patterns))
    moved = {id(mention) for mention in of_lane}
    expected = [_stated(place.mention, target if id(place.mention) in moved else None) for place in places]
    if [_stated(mention, None) for mention in again] != expected:
        raise VerificationError(
            f"{file.path} would not name {target.part(Part.PINNED)} after the change; nothing was written",
            remedy="Change it by hand, or add a pattern for it to the project file.",
        )
    count = sum(_stated(mention, None) != _stated(mention, target) for mention in of_lane)
    return FileChange(path=file.path, before=file.content, after=content, count=count)


def _stated(mention: Mention, target: Target | None) -> tuple[str | None, Digest | None]:
    """The tag and the digest of a mention, now or at the target."""
    if target is None:
        return mention.tag, mention.digest
    parts = {slot.part for slot in mention.slots} | mention.follows
    with_digest = parts & {Part.DIGEST, Part.HEX, Part.PINNED}
    tag = target.tag if parts & {Part.TAG, Part.PINNED} else mention.tag
    return tag, target.digest if with_digest else mention.digest


def _replaced(text: str, mentions: Iterable[Mention], target: Target) -> str:
    """The text with these mentions at the target; only their slots differ."""
    slots = {slot for mention in mentions for slot in mention.slots}
    parts, end = [], len(text)
    for slot in sorted(slots, key=lambda slot: (slot.start, slot.end), reverse=True):
        parts += [text[slot.end : end], slot.filled(target)]
        end = slot.start
    return "".join((text[:end], *reversed(parts)))

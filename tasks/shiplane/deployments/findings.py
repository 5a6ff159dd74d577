"""What is wrong with a place that names the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shiplane.deployments.finder import Place
from shiplane.deployments.positions import Fallback
from shiplane.registry.oci.names import Digest, Tag


@dataclass(frozen=True, kw_only=True)
class ServedTags:
    """The state of the files' tags in the registry.

    Attributes:
        digests: The digest behind each tag that exists.
        absent: Tags that do not.
        version_tags: The version tag behind each digest.
        doubt: Why the registry was not asked or did not answer; then the rest is empty.
    """

    digests: Mapping[Tag, Digest] = field(default_factory=dict)
    absent: frozenset[Tag] = frozenset()
    version_tags: Mapping[Digest, Tag] = field(default_factory=dict)
    doubt: str = ""


@dataclass(frozen=True)
class Flag:
    """One finding: its kind for programs, its text for people."""

    kind: str
    text: str


def version_run(place: Place, served: ServedTags) -> Tag | None:
    """The version tag of what runs there: of its digest, else of its tag; None where it is unknown."""
    mention = place.mention
    tag = Tag(mention.effective_tag) if mention.effective_tag else None
    digest = mention.digest or (served.digests.get(tag) if tag else None)
    if digest and digest in served.version_tags:
        return served.version_tags[digest]
    return place.version_tag


# How it was read, where the file is not YAML.
_READ_AS = {
    Fallback.TEMPLATE: Flag("template", "a template: read without its expressions"),
    Fallback.LINES: Flag("not-yaml", "not valid YAML: read line by line"),
}


def flags_of(place: Place, served: ServedTags, marks: Mapping[Tag, str]) -> list[Flag]:
    """Everything that is wrong with a place, the gravest first.

    Args:
        place: Where the image is named.
        served: What the registry says.
        marks: Versions marked as bad, by tag, with the reason.
    """
    if place.mention.comment:
        return [Flag("comment", "a comment, left alone")]
    version = version_run(place, served)
    marked = [Flag("marked", f"{version} is marked as bad: {marks[version]}")] if version and version in marks else []
    unclear = _of_channel(place, served) or _unclear(place)
    flags = [*marked, *unclear, *_against_registry(place, served), *_mutable(place)]
    fallback = place.mention.fallback
    return [*flags, _READ_AS[fallback]] if fallback else flags


def _of_channel(place: Place, served: ServedTags) -> list[Flag]:
    """That a place runs a channel's build: nothing is wrong with that, but no re-pointing changes it."""
    channel, tag = place.channel, place.mention.effective_tag
    if channel is None or tag is None or place.mention.problem:
        return []
    if tag in served.absent:
        return [Flag("absent", "the registry has no such tag")]
    if channel.keeps(tag):
        return [Flag("channel", f"a build of channel {channel.name}")]
    return [Flag("channel", f"channel {channel.name}: moves with every publication of {channel.branch}")]


def _unclear(place: Place) -> list[Flag]:
    mention = place.mention
    if mention.problem:
        return [Flag("unclear", mention.problem)]
    if not place.problem:
        return []
    if mention.tag and place.lane is None:
        return [Flag("unknown-tag", place.problem)]
    return [Flag("unknown-digest" if place.lane is None else "other-lane", place.problem)]


def _against_registry(place: Place, served: ServedTags) -> list[Flag]:
    tag = place.mention.effective_tag
    if not tag or place.lane is None:
        return []
    if tag in served.absent:
        return [Flag("absent", "the registry has no such tag")]
    there = served.digests.get(Tag(tag))
    if there and place.mention.digest not in (None, there) and not place.floating:
        return [Flag("wrong-digest", f"{tag} is {there.short} in the registry")]
    return []


def _mutable(place: Place) -> list[Flag]:
    tag = place.mention.effective_tag
    if place.mention.digest or not tag or place.lane is None:
        return []
    if place.floating:
        moves = f"moves with every {place.floating.span.replace('releases', 'release', 1)}"
        return [Flag("floating", moves if place.mention.tag else "no tag, which means latest")]
    return [Flag("not-pinned", "no digest, and no key for one" if place.mention.tag_alone else "no digest")]

"""Other tools' version tags: which lane they belong to, and which of them the ledger has adopted. Pure.

Nothing is retagged: an adopted version keeps its tag, ``0.2.17`` where shiplane would write ``v0.2.17``. The ledger
records it, and the lane of :func:`with_adopted_tags` finds the version there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Tag
from shiplane.registry.referrers.referrer_list import lists_referrers

if TYPE_CHECKING:
    from shiplane.config.channel import Channel

Channels: TypeAlias = "Sequence[Channel]"
_PART = re.compile(r"v?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class SortedTags:
    """A repository's tags as one lane sees them.

    Attributes:
        versions: Each version with its tags, the one that counts first.
        floating: Tags of a major or minor version, ``0`` or ``0.2``, which other tools move and the lane does not.
        ignored: Every other tag with the reason, except shiplane's own and those that list signatures and the like.
    """

    versions: Mapping[Version, tuple[Tag, ...]] = field(default_factory=dict)
    floating: tuple[Tag, ...] = ()
    ignored: tuple[tuple[Tag, str], ...] = ()


def with_adopted_tags(lane: Lane, ledger: Ledger) -> Lane:
    """The lane with each version under its actual tag: an adopted one, and one published before the tags were renamed.

    Only a tag that reads as that version counts, and a publication under the lane's present tag goes before all others.
    """
    names = {}
    for entry in ledger.entries:
        version = lane.version_tagged(entry.tag) if _names_version(lane, entry) else None
        published = ledger.published(lane.own_tag_of(version)) if version else None
        if version and str(version) == entry.version and published is None:
            names[version] = entry.tag
    return replace(lane, names=names)


def with_foreign_tags(lane: Lane, tags: Iterable[str]) -> Lane:
    """The lane with each version that has no tag of shiplane's under another tool's, where there is no ledger to ask.

    For callers that verify the image before they use it.
    """
    sorted_tags = sort_tags(lane, (), tags)
    return replace(lane, names={version: names[0] for version, names in sorted_tags.versions.items()})


def _names_version(lane: Lane, entry: Entry) -> bool:
    """Whether an entry says which tag a version has: an alias has it beside another one."""
    return entry.action is Action.PUBLISH and (entry.adopted or lane.version_of_alias(entry.tag) is None)


def _is_adoption(entry: Entry) -> bool:
    return entry.adopted and entry.action is Action.PUBLISH


def unadopted_tags(lane: Lane, ledger: Ledger, tags: Iterable[str]) -> tuple[Tag, ...]:
    """Tags that read as another tool's versions of a lane, in version order; none once any version was adopted.

    Whoever adopted has seen the others and left them out.
    """
    if any(_is_adoption(entry) for entry in ledger.entries):
        return ()
    own = {tag: lane.version_of_tag(tag) for tag in tags}
    own_versions = set(own.values())
    versions = {tag: lane.version_tagged(tag) for tag, version in own.items() if version is None}
    others = {tag: version for tag, version in versions.items() if version and version not in own_versions}
    return tuple(Tag(tag) for tag in sorted(others, key=lambda tag: others[tag]))


def sort_tags(
    lane: Lane,
    lanes: Sequence[Lane],
    tags: Iterable[str],
    since: Version | None = None,
    channels: Channels = (),
) -> SortedTags:
    """Sort a repository's tags by what they are to a lane.

    Args:
        lane: The lane with its adopted tags.
        lanes: Every lane of the repository: a tag that another one reads as its own is ignored.
        tags: As the registry lists them.
        since: The lowest version that counts.
        channels: Every channel of the project.
    """
    others = [other for other in lanes if other != lane]
    versions: dict[Version, list[Tag]] = {}
    floating, ignored = [], []
    for tag in map(Tag, sorted(tags)):
        version = lane.version_tagged(tag)
        if tag == lane.ledger or lane.floating_tag(tag) or lists_referrers(tag):
            continue
        if reason := _other_owner(lane, others, tag) or (_exclusion(version, since) if version else ""):
            ignored.append((tag, reason))
        elif version:
            versions.setdefault(version, []).append(tag)
        elif any(_PART.fullmatch(template.read(tag) or "") for template in lane.version_template.variants):
            floating.append(tag)
        else:
            ignored.append((tag, _use(lane, channels, tag)))
    ranked = {version: tuple(_ranked(lane, version, names)) for version, names in sorted(versions.items())}
    return SortedTags(versions=ranked, floating=tuple(floating), ignored=tuple(ignored))


def _use(lane: Lane, channels: Channels, tag: Tag) -> str:
    """What a tag is that is no lane's."""
    owner = next((channel for channel in channels if channel.follows_as(tag) or channel.keeps(tag)), None)
    return f"belongs to channel {owner.name}" if owner else f"not a version of lane {lane.name}"


def _other_owner(lane: Lane, others: Sequence[Lane], tag: Tag) -> str:
    """Why a tag belongs, or could belong, to another lane; empty if it is this lane's alone, or nobody's.

    A tag that the lane itself writes is its own, whatever another one could read it as.
    """
    owner = next((other for other in others if other.owns(tag)), None)
    if owner:
        return f"belongs to lane {owner.name}"
    reader = next((other for other in others if other.version_tagged(tag)), None)
    if reader is None or lane.owns(tag):
        return ""
    return f"could also belong to lane {reader.name}" if lane.version_tagged(tag) else f"belongs to lane {reader.name}"


def _exclusion(version: Version, since: Version | None) -> str:
    if version.is_snapshot:
        return "a snapshot of a commit"
    return f"below {since}" if since and version < since else ""


def _ranked(lane: Lane, version: Version, names: Iterable[Tag]) -> Iterator[Tag]:
    """Order the tags of one version: the ledger's, shiplane's own, the one without ``v``, then the git tag's."""
    order = (lane.tag_of(version), lane.own_tag_of(version), *lane.tags_by_others(version))
    yield from sorted(names, key=lambda tag: order.index(tag) if tag in order else len(order))

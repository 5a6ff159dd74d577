"""What other tools published before shiplane, and how their tags are read: sorted by lane, and known from the ledger.

Nothing is tagged anew: an adopted version keeps the tag that it has, ``0.2.17`` where ours would be ``v0.2.17``. The
ledger says so, and a lane that was read together with it finds the version there (:func:`known_lane`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Tag

_PART = re.compile(r"v?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class SortedTags:
    """A repository's tags as one lane sees them.

    Attributes:
        versions: Each version with every tag that names it, the one that counts first: ours, then the others'.
        floating: Tags of a major or minor version, ``0`` or ``0.2``, which other tools move.
        left: Every other tag, with why it is none of the lane's; names of shiplane's own aside.
    """

    versions: Mapping[Version, tuple[Tag, ...]] = field(default_factory=dict)
    floating: tuple[Tag, ...] = ()
    left: tuple[tuple[Tag, str], ...] = ()


def known_lane(lane: Lane, ledger: Ledger) -> Lane:
    """The lane, finding each adopted version under the tag that it really has.

    Only a tag that can be read as that version is believed, and a release of our own goes before an adoption.
    """
    names = {}
    for entry in ledger.entries:
        version = lane.version_tagged(entry.tag) if _is_adoption(entry) else None
        own = ledger.published(lane.own_tag_of(version)) if version else None
        if version and str(version) == entry.version and own is None:
            names[version] = entry.tag
    return replace(lane, names=names)


def tagged_lane(lane: Lane, tags: Iterable[str]) -> Lane:
    """The lane, finding each version that has no tag of ours under another tool's: where no ledger can say more.

    For whoever verifies what he finds there before he does anything with it.
    """
    sorted_tags = sort_tags(lane, (), tags)
    return replace(lane, names={version: names[0] for version, names in sorted_tags.versions.items()})


def _is_adoption(entry: Entry) -> bool:
    return entry.adopted and entry.action is Action.PUBLISH


def other_tags(lane: Lane, ledger: Ledger, tags: Iterable[str]) -> tuple[Tag, ...]:
    """Tags that can be read as another tool's versions of a lane, in their order; none where some were adopted already.

    Whoever has adopted knows them, and has left out what he did not want.
    """
    if any(_is_adoption(entry) for entry in ledger.entries):
        return ()
    known = {version for version in map(lane.version_of_tag, tags) if version}
    found = {tag: lane.version_tagged(tag) for tag in tags}
    others = {tag: version for tag, version in found.items() if version and version not in known}
    return tuple(Tag(tag) for tag in sorted(others, key=lambda tag: others[tag]))


def sort_tags(lane: Lane, lanes: Sequence[Lane], tags: Iterable[str], since: Version | None = None) -> SortedTags:
    """Sort a repository's tags.

    Args:
        lane: Whose they may be; known from its ledger.
        lanes: Every lane of the repository: no tag that one of the others can read is taken for this one's.
        tags: As the registry lists them.
        since: The lowest version that counts.
    """
    others = [other for other in lanes if other != lane]
    versions: dict[Version, list[Tag]] = {}
    floating, left = [], []
    for tag in map(Tag, sorted(tags)):
        version = lane.version_tagged(tag)
        if tag in (lane.floating, lane.ledger):
            continue
        if why := _foreign(lane, others, tag) or (_unwanted(version, since) if version else ""):
            left.append((tag, why))
        elif version:
            versions.setdefault(version, []).append(tag)
        elif _PART.fullmatch(tag.removeprefix(lane.prefix)) and tag.startswith(lane.prefix):
            floating.append(tag)
        else:
            left.append((tag, f"no version of lane {lane.name}"))
    ranked = {version: tuple(_ranked(lane, version, names)) for version, names in sorted(versions.items())}
    return SortedTags(versions=ranked, floating=tuple(floating), left=tuple(left))


def _foreign(lane: Lane, others: Sequence[Lane], tag: Tag) -> str:
    """Which other lane a tag belongs to, or could belong to as well; nothing where it is only this one's, or nobody's.

    What a lane writes itself is nobody else's, whatever another one could read it as.
    """
    owner = next((other for other in others if other.owns(tag)), None)
    if owner:
        return f"lane {owner.name}'s"
    reader = next((other for other in others if other.version_tagged(tag)), None)
    if reader is None or lane.owns(tag):
        return ""
    return f"could be lane {reader.name}'s as well" if lane.version_tagged(tag) else f"lane {reader.name}'s"


def _unwanted(version: Version, since: Version | None) -> str:
    if version.is_snapshot:
        return "a snapshot of a commit"
    return f"below {since}" if since and version < since else ""


def _ranked(lane: Lane, version: Version, names: Iterable[Tag]) -> Iterator[Tag]:
    """The tags of one version: as the ledger knows it, as we write it, without ``v``, by its git tag."""
    order = (lane.tag_of(version), lane.own_tag_of(version), f"{lane.prefix}{version}")
    yield from sorted(names, key=lambda tag: order.index(tag) if tag in order else len(order))

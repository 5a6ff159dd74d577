"""Which versions of a lane are taken, and which is the newest. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger


def known_versions(lane: Lane, listed: Iterable[Version], ledger: Ledger) -> list[Version]:
    """Every version that has a tag or a record, the highest first: none of them is free."""
    recorded = (lane.version_of_tag(entry.tag) for entry in ledger.entries)
    return sorted({*listed, *(version for version in recorded if version)}, reverse=True)


def newest_release(versions: Iterable[Version]) -> Version | None:
    """The highest release among some versions; pre-releases do not count."""
    return max((version for version in versions if not version.is_prerelease), default=None)

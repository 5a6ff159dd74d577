"""A lane's versions and floating tag in the registry, beside the ledger's record of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.ledger.versions import newest_release
from shiplane.registry.oci.names import Digest, Tag


@dataclass(frozen=True, kw_only=True)
class VersionStatus:
    """One version.

    Attributes:
        digest: Its tag's digest; None if the tag is gone.
        platforms: By the record or the index; may be empty.
        commit: What it was built from, by the record or its labels; may be empty.
        created: When, by the record or its labels, RFC 3339; may be empty.
        recorded: The entry of its publication, if any.
        mark: The entry that marks it as bad, if any.
        is_current: Whether the floating tag has its digest.
        rival: For a version that was adopted under another tag: the different image under shiplane's own tag, if any.
    """

    version: Version
    digest: Digest | None
    platforms: tuple[str, ...] = ()
    commit: str = ""
    created: str = ""
    recorded: Entry | None = None
    mark: Entry | None = None
    is_current: bool = False
    rival: Digest | None = None

    @property
    def drift(self) -> str:
        """How the registry differs from the record, or nothing."""
        if self.recorded is None or self.recorded.after == self.digest:
            return ""
        how = "adopted" if self.recorded.adopted else "published"
        was = f"{how} as {self.recorded.after} on {self.recorded.when}"
        return f"{was}, and is {self.digest} now" if self.digest else f"{was}, and is gone"


@dataclass(frozen=True, kw_only=True)
class LaneStatus:
    """One lane.

    Attributes:
        floating: The floating tag's digest; None if the tag does not exist.
        current: The version that it points at; None if it is none of this lane's.
        versions: Every version with a tag or a record, the highest first.
        ledger: The ledger; empty if there is none, or it is broken.
        exists: Whether there is a ledger.
        kept: Whether the project keeps one.
        fault: What is wrong with the ledger, or nothing.
        damage: What is wrong with the images that were checked.
        others: Tags that read as another tool's versions of this lane, if none was ever adopted.
    """

    lane: Lane
    floating: Digest | None
    current: Version | None
    versions: tuple[VersionStatus, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    exists: bool = False
    kept: bool = True
    fault: str = ""
    damage: tuple[str, ...] = ()
    others: tuple[Tag, ...] = ()

    @property
    def now(self) -> VersionStatus | None:
        """The version that the floating tag points at."""
        return next((state for state in self.versions if state.version == self.current), None)

    @property
    def arrival(self) -> Entry | None:
        """The recorded move that brought the floating tag to where it is, if any."""
        position = self.ledger.position(self.lane.floating)
        return position if position and position.after == self.floating else None

    @property
    def drift(self) -> tuple[str, ...]:
        """Every way in which the registry differs from the record, or from what it should be."""
        return tuple(self._drift())

    def _drift(self) -> Iterator[str]:
        floating = self.lane.floating
        if self.fault:
            yield self.fault
        position = self.ledger.position(floating)
        if position and position.after != self.floating:
            state = f"is at {self.floating}" if self.floating else "is gone"
            yield (
                f"{floating} {state}; the last recorded move is to {position.version}, {position.after} "
                f"({position.when}, {position.who}): the tag "
                "was moved without a record, or by a run that was interrupted before recording it"
            )
        if self.floating and self.current is None:
            yield f"{floating} points at {self.floating}, which is not a version of lane {self.lane.name}"
        if self.now and self.now.mark:
            yield f"{floating} is at {self.current}, which is marked as bad: {self.now.mark.reason}"
        yield from (f"{self.lane.tag_of(state.version)}: {state.drift}" for state in self.versions if state.drift)
        yield from (self._rivalry(state) for state in self.versions if state.rival)
        yield from self.damage

    def _rivalry(self, state: VersionStatus) -> str:
        own_tag, tag = self.lane.own_tag_of(state.version), self.lane.tag_of(state.version)
        return f"{own_tag} is {state.rival}, and version {state.version} was adopted as {tag}, {state.digest}"

    @property
    def unrecorded(self) -> tuple[Version, ...]:
        """The versions without a record: published by other tools, or before there was a ledger."""
        return tuple(state.version for state in self.versions if state.recorded is None)

    @property
    def newest(self) -> Version | None:
        """The highest release that has a tag or a record."""
        return newest_release(state.version for state in self.versions)

    def to_json(self) -> dict[str, Any]:
        """The lane as JSON values."""
        arrival, current = self.arrival, self.now
        return {
            "lane": self.lane.name,
            "floating": self.lane.floating,
            "digest": str(self.floating) if self.floating else None,
            "version": str(self.current) if self.current else None,
            "since": arrival.when if arrival else None,
            "by": arrival.who if arrival else None,
            "how": arrival.how if arrival else None,
            "why": arrival.why if arrival else None,
            "run": arrival.run if arrival else None,
            "commit": current.commit or None if current else None,
            "marked": current.mark.to_json() if current and current.mark else None,
            "newest": str(self.newest) if self.newest else None,
            "ledger": {"tag": self.lane.ledger, "exists": self.exists, "entries": len(self.ledger.entries)},
            "drift": list(self.drift),
            "unrecorded": [str(version) for version in self.unrecorded],
            "others": list(self.others),
        }


def version_json(lane: Lane, state: VersionStatus) -> Mapping[str, Any]:
    """A version as JSON values."""
    return {
        "version": str(state.version),
        "tag": lane.tag_of(state.version),
        "digest": str(state.digest) if state.digest else None,
        "platforms": list(state.platforms),
        "commit": state.commit or None,
        "date": state.created or None,
        "by": state.recorded.who if state.recorded and not state.recorded.adopted else None,
        "recorded": state.recorded is not None,
        "adopted": state.recorded is not None and state.recorded.adopted,
        "floating": state.is_current,
        "marked": state.mark.to_json() if state.mark else None,
        "drift": state.drift or None,
    }

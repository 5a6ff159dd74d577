"""A lane's versions and floating tags in the registry, beside the ledger's record of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import UnreachableError, VerificationError
from shiplane.ledger.evidence import RecordedEvidence
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.ledger.versions import newest_release
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.verify.floating_tags import FloatingTagState

if TYPE_CHECKING:
    from shiplane.verify.attestations.attested_version import AttestedVersion


class ImageChecks(Enum):
    """The images that are checked, of the versions that are read."""

    NONE = "none"
    CURRENT = "those that a floating tag is at"
    ALL = "all"


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
        floating: The floating tags that have its digest, in moving order.
        rival: For a version that was adopted under another tag: the different image under shiplane's own tag, if any.
        is_read: Whether its tag was read; if not, all that is known of it is its record.
        is_checked: Whether its image was checked, down to its configs.
    """

    version: Version
    digest: Digest | None
    platforms: tuple[str, ...] = ()
    commit: str = ""
    created: str = ""
    recorded: Entry | None = None
    mark: Entry | None = None
    floating: tuple[Tag, ...] = ()
    rival: Digest | None = None
    is_read: bool = True
    is_checked: bool = False

    @property
    def evidence(self) -> tuple[RecordedEvidence, ...]:
        """What gates and checks answered before it was published; nothing where its tag has another digest now."""
        return self.recorded.evidence if self.recorded and self.recorded.after == self.digest else ()

    @property
    def drift(self) -> str:
        """How the registry differs from the record, or nothing."""
        if self.recorded is None or not self.is_read or self.recorded.after == self.digest:
            return ""
        how = "adopted" if self.recorded.adopted else "published"
        was = f"{how} as {self.recorded.after} on {self.recorded.when}"
        return f"{was}, and is {self.digest} now" if self.digest else f"{was}, and is gone"


@dataclass(frozen=True, kw_only=True)
class LaneStatus:
    """One lane.

    Attributes:
        repository: Where it was read.
        floating: Every floating tag that exists or is recorded, and each without a range, in moving order.
        versions: Every version with a tag or a record, the highest first.
        ledger: The ledger; empty if there is none, or it is broken.
        exists: Whether there is a ledger.
        kept: Whether the project keeps one.
        fault: What is wrong with the ledger, or nothing.
        damage: What is wrong with the images that were checked.
        others: Tags that read as another tool's versions of this lane, if none was ever adopted.
        elsewhere: How its further repositories differ from the primary.
        unread: The further repositories that could not be compared, with the reason.
        unsigned: The versions without a signature, among others that have one.
        requires_signatures: Whether each has to have one.
        attested: What the versions at the floating tags attest; None if that was not read.
    """

    lane: Lane
    repository: Repository
    floating: tuple[FloatingTagState, ...]
    versions: tuple[VersionStatus, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    exists: bool = False
    kept: bool = True
    fault: str = ""
    damage: tuple[str, ...] = ()
    others: tuple[Tag, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    attested: tuple[AttestedVersion, ...] | None = None
    unsigned: tuple[Version, ...] = ()
    requires_signatures: bool = False

    def behind(self, floating: FloatingTagState) -> VersionStatus | None:
        """The version that a floating tag points at."""
        return next((state for state in self.versions if state.version == floating.version), None)

    @property
    def drift(self) -> tuple[str, ...]:
        """Every way in which the registry differs from the record, or from what it should be, and what is unknown."""
        return (*self._drift(), *self.unread)

    @property
    def exit_code(self) -> int:
        """What a monitor is told: 0 where all is as it should be, 6 for drift, 7 where something could not be read."""
        disagrees = any(not check.good for version in self.attested or () for check in version.checks)
        drifts = disagrees or any(True for _ in self._drift())
        return VerificationError.exit_code if drifts else UnreachableError.exit_code if self.unread else 0

    def _drift(self) -> Iterator[str]:
        if self.fault:
            yield self.fault
        yield from (what for floating in self.floating for what in self._floating_drift(floating))
        yield from (f"{self.lane.tag_of(state.version)}: {state.drift}" for state in self.versions if state.drift)
        yield from (self._rivalry(state) for state in self.versions if state.rival)
        yield from self.damage
        if self.requires_signatures:
            yield from (f"{self.lane.tag_of(version)} has no signature" for version in self.unsigned)
        yield from self.elsewhere

    def _floating_drift(self, floating: FloatingTagState) -> Iterator[str]:
        tag, digest, version = floating.tag, floating.digest, floating.version
        if (position := floating.position) and not floating.as_recorded:
            state = f"is at {digest}" if digest else "is gone"
            yield (
                f"{tag} {state}; the last recorded move is to {position.version}, {position.after} "
                f"({position.when}, {position.who}): the tag "
                "was moved without a record, or by a run that was interrupted before recording it"
            )
        if digest and version is None:
            yield f"{tag} points at {digest}, which is not a version of lane {self.lane.name}"
        if version and not floating.floating.spans(version):
            yield f"{tag} is at {version}, which is none of the {floating.floating.span}"
        if (behind := self.behind(floating)) and behind.mark:
            yield f"{tag} is at {version}, which is marked as bad: {behind.mark.reason}"

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
        return {
            "lane": self.lane.name,
            "image": str(self.repository),
            "floating_tags": [self._floating_json(floating) for floating in self.floating],
            "newest": str(self.newest) if self.newest else None,
            "ledger": {"tag": self.lane.ledger, "exists": self.exists, "entries": len(self.ledger.entries)},
            "drift": list(self.drift),
            "unrecorded": [str(version) for version in self.unrecorded],
            "unsigned": [str(version) for version in self.unsigned],
            "others": list(self.others),
            **({} if self.attested is None else {"attested": [version.to_json() for version in self.attested]}),
        }

    def _floating_json(self, floating: FloatingTagState) -> dict[str, Any]:
        """A floating tag as JSON values, with the move that brought it where it is."""
        arrival, behind = floating.arrival, self.behind(floating)
        return {
            **floating.to_json(),
            "since": arrival.when if arrival else None,
            "by": arrival.who if arrival else None,
            "how": arrival.how if arrival else None,
            "why": arrival.why if arrival else None,
            "run": arrival.run if arrival else None,
            "commit": behind.commit or None if behind else None,
            "marked": behind.mark.to_json() if behind and behind.mark else None,
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
        "floating_tags": list(state.floating),
        "marked": state.mark.to_json() if state.mark else None,
        "evidence": [evidence.to_json() for evidence in state.evidence],
        "drift": state.drift or None,
    }

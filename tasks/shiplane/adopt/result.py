"""The result of an adoption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.core.text import one_line
from shiplane.ledger.ledger import Entry, EntryJson
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.floating_tags import FloatingTagJson, FloatingTagState
from shiplane.verify.image_check import ImageReport


class AdoptedVersionJson(TypedDict):
    """One version that another tool published, or that was recorded before."""

    version: Annotated[str, "X.Y.Z, with a pre-release where it is one."]
    tag: TagJson
    digest: DigestJson
    platforms: Annotated[list[str], "What it is there for: os/architecture[/variant]."]
    commit: Annotated[str | None, "What it was built from, as its label says; null where it says nothing."]
    created: Annotated[str | None, "When it was made, as it says itself; null where it does not."]
    new: Annotated[bool, "Whether it was not in the ledger before."]
    warnings: Annotated[list[str], "What is not as shiplane makes it, and yet no fault."]


class AdoptedFloatingTagJson(FloatingTagJson):
    """One of the lane's floating tags, which is at one of these versions or at none."""

    new: Annotated[bool, "Whether its place was not in the ledger before."]
    recorded_elsewhere: Annotated[
        EntryJson | None, "The last recorded move, where the tag was moved since without a record; else null."
    ]


class LeftOutTagJson(TypedDict):
    """A tag that is left out."""

    tag: TagJson
    why: Annotated[str, "The reason, for people."]


class AdoptionResultJson(TypedDict):
    """What was taken into a lane's ledger."""

    lane: Annotated[str, "The lane's name."]
    dry_run: Annotated[bool, "Whether nothing was written."]
    ledger: TagJson
    versions: Annotated[
        list[AdoptedVersionJson], "Every version that is in the ledger now, or would be; the lowest first."
    ]
    floating_tags: Annotated[list[AdoptedFloatingTagJson], "The lane's floating tags, narrow ranges first."]
    other_floating: Annotated[
        dict[str, str | None],
        "Floating tags of other tools, by tag: the version among these that each has; null where it is none.",
    ]
    left_out: Annotated[list[LeftOutTagJson], "Every other tag of the repository."]


@dataclass(frozen=True, kw_only=True)
class AdoptedVersion:
    """One version that is recorded, or would be.

    Attributes:
        version: The version.
        tag: Its tag.
        digest: Its digest.
        entry: Its record; None in a dry run, if it is not recorded yet.
        report: What the image consists of; None if it was recorded before, and is not read again.
    """

    version: Version
    tag: Tag
    digest: Digest
    entry: Entry | None = None
    report: ImageReport | None = None

    @property
    def new(self) -> bool:
        """Whether it was not recorded before."""
        return self.report is not None

    @property
    def platforms(self) -> tuple[str, ...]:
        """Its platforms."""
        if self.report is None:
            return tuple(self.entry.platforms) if self.entry else ()
        return tuple(str(image.platform) for image in self.report.images)

    @property
    def commit(self) -> str:
        """The commit that it was built from, by its labels or record."""
        if self.report is None:
            return self.entry.commit if self.entry else ""
        return one_line(self.report.revision)[:80]

    @property
    def created(self) -> str:
        """When it was built, by its labels; for one that shiplane published, when that was."""
        if self.report is None:
            return (self.entry.created if self.entry.adopted else self.entry.when) if self.entry else ""
        return self.report.created

    @property
    def warnings(self) -> tuple[Check, ...]:
        """Checks that shiplane's own images would have to pass."""
        return tuple(check for check in self.report.checks if check.warning) if self.report else ()

    def to_json(self) -> AdoptedVersionJson:
        """The version as JSON values."""
        return {
            "version": str(self.version),
            "tag": self.tag,
            "digest": str(self.digest),
            "platforms": list(self.platforms),
            "commit": self.commit or None,
            "created": self.created or None,
            "new": self.new,
            "warnings": [str(check) for check in self.warnings],
        }


@dataclass(frozen=True, kw_only=True)
class AdoptionResult:
    """What an adoption did.

    Attributes:
        lane: The lane with its adopted tags.
        versions: Every version that is recorded now (or would be), the lowest first.
        floating: The lane's floating tags in moving order, each with the version among these that it points at, and
            its recorded position before.
        others: Other tools' floating tags, each with the version that it points at, if that is one of these.
        ignored: Every other tag of the repository, with the reason.
        dry_run: Whether nothing was written.
    """

    lane: Lane
    versions: tuple[AdoptedVersion, ...]
    floating: tuple[FloatingTagState, ...]
    others: Mapping[Tag, Version | None] = field(default_factory=dict)
    ignored: tuple[tuple[Tag, str], ...] = ()
    dry_run: bool = False

    @property
    def new(self) -> tuple[AdoptedVersion, ...]:
        """What was not in the ledger before."""
        return tuple(adopted for adopted in self.versions if adopted.new)

    def to_json(self) -> AdoptionResultJson:
        """The result as JSON values."""
        return {
            "lane": self.lane.name,
            "dry_run": self.dry_run,
            "ledger": self.lane.ledger,
            "versions": [adopted.to_json() for adopted in self.versions],
            "floating_tags": [_floating_json(state) for state in self.floating],
            "other_floating": {tag: str(version) if version else None for tag, version in self.others.items()},
            "left_out": [{"tag": tag, "why": why} for tag, why in self.ignored],
        }


def is_adoptable(state: FloatingTagState) -> bool:
    """Whether an adoption records where a floating tag is: at a version of its range, and no move of it is recorded."""
    return state.position is None and state.version is not None and state.floating.spans(state.version)


def _floating_json(state: FloatingTagState) -> AdoptedFloatingTagJson:
    drift = state.position if not state.as_recorded else None
    return {
        **state.to_json(),
        "new": is_adoptable(state),
        "recorded_elsewhere": drift.to_json() if drift else None,
    }

"""The request for a rollback, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.rollback.mirror_move import MirrorMove, MirrorMoveJson
from shiplane.rollback.target import RollbackCandidate, TargetReason


class PositionJson(TypedDict):
    """Where a floating tag was."""

    version: Annotated[str | None, "The version that it pointed at; null if it was none of the lane's."]
    digest: Annotated[DigestJson | None, "Its digest; null if it did not exist."]


class ChosenJson(TypedDict):
    """Why a version was taken."""

    choice: Annotated[str, TargetReason, "The kind of reason."]
    why: Annotated[str, "The reason for people."]


class _TagJson(TypedDict):
    tag: TagJson
    range: Annotated[str, "The first numbers of the versions in its range, 1 or 1.2; empty for all."]
    version: Annotated[str, "The version that it points at now (or would)."]
    digest: Annotated[DigestJson | None, "Its digest."]
    before: PositionJson


class TagRollbackJson(_TagJson):
    """What a rollback did to one floating tag."""

    moved: Annotated[bool, "Whether this run moved it."]
    chosen: Annotated[ChosenJson | None, "Why it points at that version; null if it stays."]
    passed_over: Annotated[dict[str, str], "The versions that were not taken, each with the reason."]
    stays: Annotated[str | None, "Why it stays at the bad version; null if it does not."]


class RollbackJson(TypedDict):
    """The rollback of one lane; version, digest and before are those of the tag with the widest range."""

    image: Annotated[str, "The repository."]
    lane: Annotated[str, "The lane's name."]
    floating_tags: Annotated[list[TagRollbackJson], {"least": 1}, "Every floating tag that it was about."]
    version: Annotated[str, "The version rolled back to."]
    tag: TagJson
    digest: DigestJson
    reference: Annotated[str, "The image as deployments name it: repository:tag@digest."]
    before: PositionJson
    mirrors: Annotated[list[MirrorMoveJson], "The same tags in further repositories."]
    moved: Annotated[bool, "Whether this run moved any tag."]
    dry_run: Annotated[bool, "Whether nothing was written."]
    marked: Annotated[TagJson | None, "The version tag that was (or would be) marked as bad; null for none."]
    reason: Annotated[str, "The reason, as it was given."]
    passed_over: Annotated[dict[str, str], "The versions that were not taken, each with the reason."]
    chosen: ChosenJson
    next_version: Annotated[str, "The next free patch version, for the fix."]
    again_goes_to: Annotated[str | None, "Where the same command would go next, without a ledger; null for nowhere."]


@dataclass(frozen=True, kw_only=True)
class RollbackRequest:
    """What is asked for.

    Attributes:
        lane: The lane whose floating tags move.
        source: The bad version; None for the one that the widest floating tag is at.
        to: The version to go to; None for the newest good one below the current one.
        only: The floating tags that it is limited to; nothing: all of the lane.
        reason: Why, for the record and the mark.
        mark: Whether the bad version is marked as bad.
        dry_run: Whether nothing is written.
        again: Whether to go further down although somebody rolled back a moment ago.
    """

    lane: Lane
    source: Version | None = None
    to: Version | None = None
    only: tuple[Tag, ...] = ()
    reason: str = ""
    mark: bool = True
    dry_run: bool = False
    again: bool = False

    def corrects(self, floating: FloatingTag, previous: Version) -> bool:
        """Whether a floating tag given by name is only taken back into its range: the version it leaves is not bad."""
        return bool(self.only) and not floating.spans(previous)


@dataclass(frozen=True, kw_only=True)
class TagRollback:
    """What a rollback did to one floating tag.

    Attributes:
        floating: The floating tag.
        target: The version that it points at now (or would).
        digest: Its digest.
        previous: The version that it pointed at before; None if that was none.
        previous_digest: The digest that it had before; None if it did not exist.
        moved: Whether this run moved it.
        chosen: Why the target was taken.
        rejected: Versions that were not taken, each with the reason.
    """

    floating: FloatingTag
    target: Version
    digest: Digest
    previous: Version | None
    previous_digest: Digest | None
    moved: bool
    chosen: RollbackCandidate
    rejected: tuple[tuple[Version, str], ...] = ()

    def to_json(self) -> TagRollbackJson:
        """The tag as JSON values."""
        return {
            **_tag_json(self.floating, self.target, self.digest, self.previous, self.previous_digest),
            "moved": self.moved,
            "chosen": {"choice": self.chosen.choice.value, "why": self.chosen.reason},
            "passed_over": {str(version): why for version, why in self.rejected},
            "stays": None,
        }


@dataclass(frozen=True, kw_only=True)
class StayingTag:
    """A floating tag that stays at the bad version.

    Attributes:
        floating: The floating tag.
        version: Where it is.
        digest: Its digest.
        rejected: Versions that were not taken, each with the reason.
    """

    floating: FloatingTag
    version: Version
    digest: Digest | None
    rejected: tuple[tuple[Version, str], ...] = ()

    @property
    def reason(self) -> str:
        """Why it stays, without the version."""
        good = self.floating.span.replace("releases", "release", 1)
        return f"no good {good} is below it"

    def to_json(self) -> TagRollbackJson:
        """The tag as JSON values."""
        return {
            **_tag_json(self.floating, self.version, self.digest, self.version, self.digest),
            "moved": False,
            "chosen": None,
            "passed_over": {str(version): why for version, why in self.rejected},
            "stays": self.reason,
        }


def _tag_json(
    floating: FloatingTag, at: Version, digest: Digest | None, previous: Version | None, before: Digest | None
) -> _TagJson:
    """A floating tag, where it is and where it was."""
    return {
        "tag": floating.tag,
        "range": ".".join(floating.range),
        "version": str(at),
        "digest": str(digest) if digest else None,
        "before": {"version": str(previous) if previous else None, "digest": str(before) if before else None},
    }


@dataclass(frozen=True, kw_only=True)
class RollbackResult:
    """What a rollback did to a lane.

    Attributes:
        request: What was asked for, of the lane with its adopted tags.
        bad: The version that it left; None if the widest floating tag was at none.
        tags: The floating tags that it moved (or would), the one with the widest range first.
        staying: Those that stay at the bad version.
        mirrors: The same tags in further repositories.
        marked: The version tag that was (or would be) marked as bad, or nothing.
        was_marked: Whether the version that it left was marked as bad before.
        next_version: The patch version for a fix: nobody has used or marked it.
        next_target: Where the same command would go next: without a ledger nobody can tell that it was just run. None
            if it would go nowhere.
    """

    request: RollbackRequest
    bad: Version | None
    tags: tuple[TagRollback, ...]
    staying: tuple[StayingTag, ...] = ()
    mirrors: tuple[MirrorMove, ...] = ()
    marked: str
    was_marked: bool = False
    next_version: Version
    next_target: Version | None = None

    @property
    def widest(self) -> TagRollback:
        """The tag with the widest range of those that moved."""
        return self.tags[0]

    @property
    def target(self) -> Version:
        """The version that the widest one points at now (or would)."""
        return self.widest.target

    @property
    def digest(self) -> Digest:
        """Its digest."""
        return self.widest.digest

    @property
    def previous(self) -> Version | None:
        """The version that the widest one pointed at before; None if that was none."""
        return self.widest.previous

    @property
    def is_correction(self) -> bool:
        """Whether it only takes a floating tag back into its range: there is nothing to fix or to undo."""
        return self.previous is not None and self.request.corrects(self.widest.floating, self.previous)

    @property
    def moved(self) -> bool:
        """Whether this run moved any tag."""
        return any(tag.moved for tag in self.tags)

    @property
    def in_moving_order(self) -> list[TagRollback | StayingTag]:
        """Every floating tag that it was about, as a release moves them."""
        states: dict[str, TagRollback | StayingTag] = {state.floating.tag: state for state in self.tags}
        states.update({state.floating.tag: state for state in self.staying})
        in_order = self.request.lane.floating_tags_among(states)
        return [states[floating.tag] for floating in in_order if floating.tag in states]

    def to_json(self, repository: Repository) -> RollbackJson:
        """The result as JSON values; version and digest are those of the tag with the widest range."""
        lane, widest = self.request.lane, self.widest
        tag = lane.tag_of(self.target)
        return {
            "image": str(repository),
            "lane": lane.name,
            "floating_tags": [state.to_json() for state in self.in_moving_order],
            "version": str(self.target),
            "tag": tag,
            "digest": str(self.digest),
            "reference": f"{repository}:{tag}@{self.digest}",
            "before": widest.to_json()["before"],
            "mirrors": [move.to_json() for move in self.mirrors],
            "moved": self.moved,
            "dry_run": self.request.dry_run,
            "marked": Tag(self.marked) if self.marked else None,
            "reason": self.request.reason,
            "passed_over": {str(version): why for version, why in widest.rejected},
            "chosen": {"choice": widest.chosen.choice.value, "why": widest.chosen.reason},
            "next_version": str(self.next_version),
            "again_goes_to": str(self.next_target) if self.next_target else None,
        }

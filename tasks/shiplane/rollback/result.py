"""What is asked of a rollback, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.registry.oci.names import Digest, Repository
from shiplane.rollback.target import RollbackCandidate


@dataclass(frozen=True, kw_only=True)
class RollbackRequest:
    """What is asked for.

    Attributes:
        lane: Whose floating tag.
        to: The version to go to; None for the newest good one below the present one.
        reason: Why, for the record and the mark.
        mark: Whether the version left behind is marked as bad.
        dry_run: Whether everything is looked at and nothing done.
        again: Whether to go further down although somebody went down a moment ago.
    """

    lane: Lane
    to: Version | None = None
    reason: str = ""
    mark: bool = True
    dry_run: bool = False
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class RollbackResult:
    """How it ended.

    Attributes:
        wish: What was asked for.
        target: The version that the floating tag has now (or would have).
        digest: Its digest.
        left: The version that it had before; None where that was no version.
        before: The digest that it had before; None where it did not exist.
        moved: Whether this run moved it.
        marked: The version tag that was (or would be) marked as bad, or nothing.
        passed: Versions that were not taken, each with the reason.
        chosen: Why the target was taken.
        following: The patch version that a repair can be published as: nobody has it, and nobody marked it.
        further: Where the same command would go once more: without a ledger nobody can tell that it was just run. None
            where it would go nowhere.
    """

    wish: RollbackRequest
    target: Version
    digest: Digest
    left: Version | None
    before: Digest | None
    moved: bool
    marked: str
    passed: tuple[tuple[Version, str], ...]
    chosen: RollbackCandidate
    following: Version
    further: Version | None = None

    def to_json(self, repository: Repository) -> dict[str, Any]:
        """The result as JSON values."""
        lane = self.wish.lane
        tag = lane.tag_of(self.target)
        return {
            "image": str(repository),
            "lane": lane.name,
            "floating": lane.floating,
            "version": str(self.target),
            "tag": tag,
            "digest": str(self.digest),
            "reference": f"{repository}:{tag}@{self.digest}",
            "before": {"version": str(self.left) if self.left else None, "digest": str(self.before or "") or None},
            "moved": self.moved,
            "dry_run": self.wish.dry_run,
            "marked": self.marked or None,
            "reason": self.wish.reason,
            "passed_over": {str(version): why for version, why in self.passed},
            "chosen": {"choice": self.chosen.choice.value, "why": self.chosen.words},
            "next_version": str(self.following),
            "again_goes_to": str(self.further) if self.further else None,
        }

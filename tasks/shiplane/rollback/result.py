"""The request for a rollback, and its result."""

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
        lane: The lane whose floating tag moves.
        to: The version to go to; None for the newest good one below the current one.
        reason: Why, for the record and the mark.
        mark: Whether the previous version is marked as bad.
        dry_run: Whether nothing is written.
        again: Whether to go further down although somebody rolled back a moment ago.
    """

    lane: Lane
    to: Version | None = None
    reason: str = ""
    mark: bool = True
    dry_run: bool = False
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class RollbackResult:
    """What a rollback did.

    Attributes:
        request: What was asked for.
        target: The version that the floating tag points at now (or would).
        digest: Its digest.
        previous: The version that it pointed at before; None if that was none.
        previous_digest: The digest that it had before; None if it did not exist.
        moved: Whether this run moved it.
        marked: The version tag that was (or would be) marked as bad, or nothing.
        rejected: Versions that were not taken, each with the reason.
        chosen: Why the target was taken.
        next_version: The patch version for a fix: nobody has used or marked it.
        next_target: Where the same command would go next: without a ledger nobody can tell that it was just run. None
            if it would go nowhere.
    """

    request: RollbackRequest
    target: Version
    digest: Digest
    previous: Version | None
    previous_digest: Digest | None
    moved: bool
    marked: str
    rejected: tuple[tuple[Version, str], ...]
    chosen: RollbackCandidate
    next_version: Version
    next_target: Version | None = None

    def to_json(self, repository: Repository) -> dict[str, Any]:
        """The result as JSON values."""
        lane = self.request.lane
        tag = lane.tag_of(self.target)
        return {
            "image": str(repository),
            "lane": lane.name,
            "floating": lane.floating,
            "version": str(self.target),
            "tag": tag,
            "digest": str(self.digest),
            "reference": f"{repository}:{tag}@{self.digest}",
            "before": {
                "version": str(self.previous) if self.previous else None,
                "digest": str(self.previous_digest or "") or None,
            },
            "moved": self.moved,
            "dry_run": self.request.dry_run,
            "marked": self.marked or None,
            "reason": self.request.reason,
            "passed_over": {str(version): why for version, why in self.rejected},
            "chosen": {"choice": self.chosen.choice.value, "why": self.chosen.reason},
            "next_version": str(self.next_version),
            "again_goes_to": str(self.next_target) if self.next_target else None,
        }

"""Record a rollback: the move of the floating tag, and the mark on the version that it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shiplane.config.version import Version
from shiplane.core.progress import Flow, Step
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor, Ledgers, LedgerUpdate, record
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.candidate_check import VerifiedTarget
from shiplane.rollback.lane_survey import LaneSurvey
from shiplane.rollback.result import RollbackRequest
from shiplane.rollback.target import RollbackTargets


@dataclass(frozen=True, kw_only=True)
class RollbackChoice:
    """The verified version to go to; nothing is written yet.

    Attributes:
        request: What was asked for, of the lane with its adopted tags.
        targets: The candidates.
        target: The one that was taken.
        rejected: Versions that were not taken, each with the reason.
        survey: The lane before the rollback.
    """

    request: RollbackRequest
    targets: RollbackTargets
    target: VerifiedTarget
    rejected: tuple[tuple[Version, str], ...]
    survey: LaneSurvey

    @property
    def tag(self) -> Tag:
        """The version's tag."""
        return self.request.lane.tag_of(self.target.version)


@dataclass(frozen=True, kw_only=True)
class FloatingTagMove:
    """Whether the floating tag was elsewhere, and the digest that it had before, for the record."""

    done: bool
    before: Digest | None


def record_rollback(ledgers: Ledgers | None, choice: RollbackChoice, move: FloatingTagMove) -> Flow[str]:
    """Record the move and the mark; returns the tag that is marked.

    Raises:
        ShiplaneError: The ledger is unusable, or could not be written.
    """
    request, survey = choice.request, choice.survey
    marked = choice.targets.tag_to_mark(choice.target.version) if request.mark else ""
    if survey.fault is not None and not request.dry_run:
        raise type(survey.fault)(
            f"{request.lane.floating} is at {choice.target.version}, but this is not recorded, and nothing is marked "
            f"as bad: {survey.fault.what}",
            remedy=survey.fault.remedy,
        )
    if ledgers is None or survey.fault is not None or request.dry_run:
        reason = "dry run" if request.dry_run else "no ledger is kept (ledger = false)"
        yield Step("record", request.lane.ledger).skipped(reason)
        return marked if request.dry_run and ledgers and not survey.fault else ""
    store, snapshot = ledgers.store(request.lane), survey.snapshot
    entries = list(_entries(ledgers.author, choice, marked, move))
    yield from record([LedgerUpdate(store=store, entries=entries, base=snapshot.ledger, snapshot=snapshot)])
    return marked


def _entries(author: EntryAuthor, choice: RollbackChoice, marked: str, move: FloatingTagMove) -> Iterator[Entry]:
    request, targets, target = choice.request, choice.targets, choice.target
    # If a release had not recorded its move yet, the last recorded position may be the very target.
    if move.done or targets.unrecorded(target.raw.digest):
        yield author.entry(
            Action.ROLLBACK,
            tag=request.lane.floating,
            version=str(target.version),
            before=move.before,
            after=target.raw.digest,
            commit=target.report.revision,
            why=request.reason,
        )
    if marked and targets.previous and targets.previous_digest:
        yield author.entry(
            Action.MARK,
            tag=request.lane.tag_of(targets.previous),
            version=str(targets.previous),
            after=targets.previous_digest,
            why=request.reason,
        )

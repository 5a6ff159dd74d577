"""Record rollbacks: the moves of the floating tags, and the mark on the version that they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow, Step
from shiplane.ledger.ledger import Action, Entry
from shiplane.ledger.recorder import EntryAuthor, Ledgers, LedgerUpdate, record
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.choice import RollbackChoice
from shiplane.rollback.lane_repositories import LaneRepositories


@dataclass(frozen=True, kw_only=True)
class FloatingTagMove:
    """Whether a floating tag was elsewhere, and the digest that it had before, for the record."""

    done: bool
    before: Digest | None


@dataclass(frozen=True, kw_only=True)
class LaneMoves:
    """A lane whose floating tags are moved: a move for each of the choice's tags, in their order.

    ``update`` is what is recorded of it; None where nothing is.
    """

    choice: RollbackChoice
    moves: Sequence[FloatingTagMove]
    update: LedgerUpdate | None = None


def lane_update(repositories: LaneRepositories, lane: LaneMoves) -> LedgerUpdate | None:
    """What is to be recorded of a lane; None where no ledger is kept, or it is unusable."""
    request, survey = lane.choice.request, lane.choice.survey
    ledgers = repositories.ledgers(request.lane)
    if ledgers is None or request.dry_run or survey.fault is not None:
        return None
    store, entries = ledgers.store(request.lane), list(_entries(ledgers.author, lane))
    return LedgerUpdate(store=store, entries=entries, base=survey.ledger, snapshot=survey.snapshot)


def record_rollbacks(repositories: LaneRepositories, lanes: Sequence[LaneMoves]) -> Flow[None]:
    """Record the moves and the marks of all lanes; lanes whose ledger is unusable come last.

    Raises:
        ShiplaneError: A ledger is unusable, or could not be written.
    """
    updates, faults = [], []
    for lane in lanes:
        choice = lane.choice
        request, survey = choice.request, choice.survey
        if survey.fault is not None and not request.dry_run:
            faults.append(_unrecorded_error(choice, repositories.where(request.lane), survey.fault))
        elif lane.update is None:
            reason = "dry run" if request.dry_run else "no ledger is kept (ledger = false)"
            yield Step("record", request.lane.ledger).skipped(reason)
        else:
            updates.append(lane.update)
    yield from record(updates)
    if faults:
        raise faults[0]


def marked_tag(ledgers: Ledgers | None, choice: RollbackChoice) -> Tag | str:
    """The version tag that was (or would be) marked, or nothing where that is not kept."""
    return choice.marked if ledgers and not choice.survey.fault else ""


def _unrecorded_error(choice: RollbackChoice, where: str, fault: ShiplaneError) -> ShiplaneError:
    positions = ", ".join(f"{plan.targets.floating}{where} is at {plan.target.version}" for plan in choice.tags)
    return type(fault)(
        f"{positions}, but this is not recorded, and nothing is marked as bad: {fault.what}", remedy=fault.remedy
    )


def _entries(author: EntryAuthor, lane: LaneMoves) -> Iterator[Entry]:
    choice = lane.choice
    request = choice.request
    for plan, move in zip(choice.tags, lane.moves, strict=True):
        targets, target = plan.targets, plan.target
        # If a release had not recorded its move yet, the last recorded position may be the very target.
        if move.done or targets.unrecorded(target.raw.digest):
            yield author.entry(
                Action.ROLLBACK,
                tag=targets.floating.tag,
                version=str(target.version),
                before=move.before,
                after=target.raw.digest,
                commit=target.report.revision,
                why=request.reason,
            )
    left = choice.leaving.targets if choice.leaving else None
    if left and left.previous and left.previous_digest:
        yield author.entry(
            Action.MARK,
            tag=request.lane.tag_of(left.previous),
            version=str(left.previous),
            after=left.previous_digest,
            why=request.reason,
        )

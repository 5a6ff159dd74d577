"""Roll back: floating tags move to the exact bytes of an earlier version. No image is built, copied or deleted.

The tags come first: a broken ledger keeps nobody from leaving a bad version, but is reported, and ends the run with its
own exit code after the tags were moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.flows import run_flows
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Digest, Platform
from shiplane.rollback.choice import RollbackChoice, TagPlan
from shiplane.rollback.chooser import RollbackChooser
from shiplane.rollback.lane_repositories import LaneRepositories
from shiplane.rollback.mirror_move import MirrorMove
from shiplane.rollback.mirrors import MirrorRollback
from shiplane.rollback.recording import FloatingTagMove, LaneMoves, lane_update, marked_tag, record_rollbacks
from shiplane.rollback.result import RollbackRequest, RollbackResult, StayingTag, TagRollback


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Rolls back lanes.

    Attributes:
        lanes: Where they are, and where that is recorded.
        platforms: What a version of a lane must have, unless the ledger recorded others.
        commit_of: The commit that a version was released from, as far as git knows.
        workers: How many reads at once.
        mirrors: Clients of a lane's further repositories, which follow.
    """

    lanes: LaneRepositories
    platforms: Callable[[Lane], tuple[Platform, ...]]
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS
    mirrors: Callable[[Lane], Sequence[RegistryClient]] = lambda _lane: ()

    def choose(self, requests: Sequence[RollbackRequest]) -> Flow[tuple[RollbackChoice, ...]]:
        """Choose and verify the versions to go to; raises as :meth:`RollbackChooser.choose`."""
        return RollbackChooser(
            lanes=self.lanes,
            platforms=self.platforms,
            commit_of=self.commit_of,
            workers=self.workers,
        ).choose(requests)

    def go_to(self, choices: Sequence[RollbackChoice]) -> Flow[tuple[RollbackResult, ...]]:
        """Move the floating tags of every lane to the chosen versions, and record it.

        All tags move, in every repository, before anything is recorded: a run that ends in between is recognised by
        that, and the same command finishes it.

        Raises:
            LostRaceError: Somebody else moved a floating tag meanwhile.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
            ShiplaneError: The tags were moved, and a ledger is unusable: by what is wrong with it.
        """
        elsewhere = MirrorRollback(mirrors=self.mirrors, workers=self.workers)
        mirrored = yield from elsewhere.check(choices)
        lanes = yield from self._move_all(choices)
        yield from self._move_elsewhere(elsewhere, lanes, mirrored)
        yield from record_rollbacks(self.lanes, lanes)
        confirms = (self._confirm(choice, plan) for choice in choices for plan in choice.tags)
        yield from run_flows(confirms, workers=self.workers)
        return tuple(self._result(lane, mirrored) for lane in lanes)

    def _confirm(self, choice: RollbackChoice, plan: TagPlan) -> Flow[None]:
        """Read a floating tag once more at the very end."""
        if not choice.request.dry_run:
            floating = plan.targets.floating
            past = choice.survey.past(floating)
            yield from self.lanes.writer(choice.request.lane).confirm(floating.tag, plan.target.raw, previous=past)

    def _move_elsewhere(
        self, elsewhere: MirrorRollback, lanes: Sequence[LaneMoves], mirrored: Sequence[MirrorMove]
    ) -> Flow[None]:
        live = {lane.choice.request.lane.name for lane in lanes if not lane.choice.request.dry_run}
        try:
            yield from elsewhere.move([move for move in mirrored if move.lane in live])
        except ShiplaneError as error:
            raise _cut_off(
                [self._position(lane.choice, plan) for lane in lanes for plan in lane.choice.tags], error
            ) from error

    def _position(self, choice: RollbackChoice, plan: TagPlan) -> str:
        lane = choice.request.lane
        return f"{plan.targets.floating}{self.lanes.where(lane)} is at {lane.tag_of(plan.target.version)}"

    def _move_all(self, choices: Sequence[RollbackChoice]) -> Flow[list[LaneMoves]]:
        """Move the tags of each lane, in a lane the one with the widest range first: that is what most people pull."""
        moved = list[str]()
        try:
            flows = (self._move_lane(choice, moved) for choice in choices)
            return (yield from run_flows(flows, workers=self.workers))
        except ShiplaneError as error:
            raise _cut_off(moved, error) from error

    def _move_lane(self, choice: RollbackChoice, moved: list[str]) -> Flow[LaneMoves]:
        """Move the tags of one lane, and say in ``moved`` which are; the record is uploaded beside the last one."""
        moves, update = list[FloatingTagMove](), None
        for plan in choice.tags:
            current = yield from self._check_position(choice, plan)
            moves.append(_move_of(choice, plan, current))
            if plan is choice.tags[-1]:
                update = lane_update(self.lanes, LaneMoves(choice=choice, moves=moves))
                if update:
                    update.start_upload()
            yield from self._move(choice, plan, current)
            moved.append(self._position(choice, plan))
        return LaneMoves(choice=choice, moves=moves, update=update)

    def _check_position(self, choice: RollbackChoice, plan: TagPlan) -> Flow[Digest | None]:
        """Read where a floating tag is right before it moves; a dry run moves none."""
        if choice.request.dry_run:
            return None
        floating, raw, positions = plan.targets.floating, plan.target.raw, choice.positions(plan)
        writer = self.lanes.writer(choice.request.lane)
        read = writer.start_reading(floating.tag, raw, positions, workers=1)
        return (yield from writer.check_position(floating.tag, raw, positions, read))

    def _move(self, choice: RollbackChoice, plan: TagPlan, current: Digest | None) -> Flow[None]:
        """Move a floating tag to its target, even if it reads as being there: see :meth:`TagWriter.move_from`."""
        lane, targets, target = choice.request.lane, plan.targets, plan.target
        if choice.request.dry_run:
            is_there = choice.survey.digest(targets.floating) == target.raw.digest
            state = "it is at" if is_there else "dry run: it would move to"
            step = Step("move", f"{targets.floating.tag}{self.lanes.where(lane)}")
            yield step.skipped(f"{state} {target.version}, {target.raw.digest}")
            return
        previous = lane.tag_of(targets.previous) if targets.previous else "none"
        yield from self.lanes.writer(choice.request.lane).move_from(
            current,
            targets.floating.tag,
            target.raw,
            choice.positions(plan),
            change=f"{previous} -> {lane.tag_of(target.version)}",
        )

    def _result(self, lane: LaneMoves, mirrored: Sequence[MirrorMove]) -> RollbackResult:
        choice, first = lane.choice, lane.choice.tags[0]
        ledgers = self.lanes.ledgers(choice.request.lane)
        told = ledgers is None and not choice.request.dry_run
        return RollbackResult(
            request=choice.request,
            bad=choice.bad,
            tags=tuple(_tag_rollback(plan, move) for plan, move in zip(choice.tags, lane.moves, strict=True)),
            staying=tuple(
                StayingTag(
                    floating=tag.targets.floating,
                    version=tag.targets.previous,
                    digest=tag.targets.previous_digest,
                    rejected=tag.rejected,
                )
                for tag in choice.staying
                if tag.targets.previous
            ),
            mirrors=tuple(move for move in mirrored if move.lane == choice.request.lane.name),
            marked=marked_tag(ledgers, choice),
            was_marked=first.targets.is_marked,
            next_version=first.targets.next_version(first.target.version),
            next_target=first.targets.next_target(first.target.version) if told else None,
        )


def _move_of(choice: RollbackChoice, plan: TagPlan, current: Digest | None) -> FloatingTagMove:
    """The move of a floating tag from where it was read, which was read before that as well."""
    survey, targets, target = choice.survey, plan.targets, plan.target.raw.digest
    if choice.request.dry_run:
        return FloatingTagMove(done=False, before=targets.previous_digest)
    digest = survey.digest(targets.floating)
    # If only one of two reads says that it was there, that one may have lagged.
    done = {digest, current} != {target}
    # If it reads as being there, it came from where it was recorded: a rollback was interrupted, or reads lag.
    origins = (current, digest, *survey.positions(targets.floating))
    before = next((origin for origin in origins if origin != target), targets.previous_digest)
    return FloatingTagMove(done=done, before=before)


def _tag_rollback(plan: TagPlan, move: FloatingTagMove) -> TagRollback:
    return TagRollback(
        floating=plan.targets.floating,
        target=plan.target.version,
        digest=plan.target.raw.digest,
        previous=plan.targets.previous,
        previous_digest=plan.targets.previous_digest,
        moved=move.done,
        chosen=plan.target.candidate,
        rejected=plan.rejected,
    )


def _cut_off(moved: Sequence[str], error: ShiplaneError) -> ShiplaneError:
    """The same error with the tags that had been moved before, which are not recorded."""
    if not moved:
        return error
    return type(error)(
        f"{', '.join(moved)}, which is not recorded yet; {error.what}",
        remedy="Run the same command again: it goes on where this run ended, and records both.",
    )

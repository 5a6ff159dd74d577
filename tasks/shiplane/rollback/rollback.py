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
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Platform
from shiplane.registry.tag_writer import TagWriter
from shiplane.rollback.choice import RollbackChoice, TagPlan
from shiplane.rollback.chooser import RollbackChooser
from shiplane.rollback.lane_repositories import LaneRepositories
from shiplane.rollback.mirror_move import MirrorMove
from shiplane.rollback.mirrors import MirrorRollback
from shiplane.rollback.recording import FloatingTagMove, LaneMoves, marked_tag, record_rollbacks
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
        for choice in choices:
            writer = self._writer(choice)
            for plan in () if choice.request.dry_run else choice.tags:
                floating = plan.targets.floating
                yield from writer.confirm(floating.tag, plan.target.raw, previous=choice.survey.past(floating))
        return tuple(self._result(lane, mirrored) for lane in lanes)

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

    def _writer(self, choice: RollbackChoice) -> TagWriter:
        registry = self.lanes.primary(choice.request.lane)
        return TagWriter(registry=registry, names_repository=self.lanes.several)

    def _move_all(self, choices: Sequence[RollbackChoice]) -> Flow[list[LaneMoves]]:
        """Move the tags of each lane, in a lane the one with the widest range first: that is what most people pull."""
        lanes, moved = [], list[str]()
        for choice in choices:
            moves = []
            for plan in choice.tags:
                try:
                    moves.append((yield from self._move(choice, plan)))
                except ShiplaneError as error:
                    raise _cut_off(moved, error) from error
                moved.append(self._position(choice, plan))
            lanes.append(LaneMoves(choice=choice, moves=moves))
        return lanes

    def _move(self, choice: RollbackChoice, plan: TagPlan) -> Flow[FloatingTagMove]:
        """Move a floating tag to its target, even if it reads as being there: see :meth:`TagWriter.move`."""
        lane, survey, targets, target = choice.request.lane, choice.survey, plan.targets, plan.target
        floating, digest = targets.floating, survey.digest(targets.floating)
        if choice.request.dry_run:
            state = "it is at" if digest == target.raw.digest else "dry run: it would move to"
            step = Step("move", f"{floating.tag}{self.lanes.where(lane)}")
            yield step.skipped(f"{state} {target.version}, {target.raw.digest}")
            return FloatingTagMove(done=False, before=targets.previous_digest)
        previous = lane.tag_of(targets.previous) if targets.previous else "none"
        replaced = yield from self._writer(choice).move(
            floating.tag,
            target.raw,
            change=f"{previous} -> {lane.tag_of(target.version)}",
            expected_digests=survey.positions(floating),
            recorded_digests=survey.past(floating),
        )
        # If only one of two reads says that it was there, that one may have lagged.
        done = {digest, replaced} != {target.raw.digest}
        # If it reads as being there, it came from where it was recorded: a rollback was interrupted, or reads lag.
        origins = (replaced, digest, *survey.positions(floating))
        before = next((origin for origin in origins if origin != target.raw.digest), targets.previous_digest)
        return FloatingTagMove(done=done, before=before)

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

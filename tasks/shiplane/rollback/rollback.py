"""Roll back: the floating tag moves to the exact bytes of an earlier version. No image is built, copied or deleted.

The tag comes first: a broken ledger keeps nobody from leaving a bad version, but is reported, and ends the run with its
own exit code after the tag was moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.names import Platform
from shiplane.registry.tag_writer import TagWriter
from shiplane.rollback.candidate_check import CandidateChecker
from shiplane.rollback.lane_survey import survey_lane
from shiplane.rollback.recording import FloatingTagMove, RollbackChoice, record_rollback
from shiplane.rollback.result import RollbackRequest, RollbackResult
from shiplane.rollback.target import LaneHistory, choose_candidates
from shiplane.verify.lane_versions import LaneVersions


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Rolls back lanes of one repository.

    Attributes:
        registry: The registry, with a credential that may push.
        platforms: What a version must have, unless the ledger recorded others.
        ledgers: The lanes' ledgers; None where none is kept.
        commit_of: The commit that a version was released from, as far as git knows.
        workers: How many reads at once.
    """

    registry: RegistryClient
    platforms: tuple[Platform, ...]
    ledgers: Ledgers | None
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS

    def choose(self, request: RollbackRequest) -> Flow[RollbackChoice]:
        """Choose and verify the version to go to; writes nothing.

        Raises:
            RefusedError: The target is marked or a pre-release, or nobody can tell which version is below the present.
            VerificationError: The target is not as it should be, or no version below is.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        survey = yield from survey_lane(self.registry, self.ledgers, request.lane)
        lane, versions = survey.lane, LaneVersions(registry=self.registry, workers=self.workers)
        history = LaneHistory(
            current=versions.behind(lane, survey.floating),
            floating=survey.digest,
            versions=versions.all(lane),
            ledger=survey.snapshot.ledger,
            now=self.registry.retry_budget.clock.wall(),
        )
        targets = choose_candidates(lane, request.to, history, again=request.again)
        checker = CandidateChecker(
            registry=self.registry, platforms=self.platforms, commit_of=self.commit_of, workers=self.workers
        )
        named = request.to is not None
        target, rejected = yield from checker.first_good(targets, survey.snapshot.ledger, named=named)
        request = replace(request, lane=lane)
        return RollbackChoice(request=request, targets=targets, target=target, rejected=rejected, survey=survey)

    def go_to(self, choice: RollbackChoice) -> Flow[RollbackResult]:
        """Move the floating tag to the chosen version, and record it.

        Raises:
            LostRaceError: Somebody else moved the floating tag meanwhile.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
            ShiplaneError: The tag was moved, and the ledger is unusable: by what is wrong with it.
        """
        request, targets, target = choice.request, choice.targets, choice.target
        move = yield from self._move(choice)
        marked = yield from record_rollback(self.ledgers, choice, move)
        if not request.dry_run:
            writer = TagWriter(registry=self.registry)
            yield from writer.confirm(request.lane.floating, target.raw, previous=choice.survey.past)
        return RollbackResult(
            request=request,
            target=target.version,
            digest=target.raw.digest,
            previous=targets.previous,
            previous_digest=targets.previous_digest,
            moved=move.done,
            marked=marked,
            rejected=choice.rejected,
            chosen=target.candidate,
            next_version=targets.next_version(target.version),
            next_target=targets.next_target(target.version) if self.ledgers is None and not request.dry_run else None,
        )

    def _move(self, choice: RollbackChoice) -> Flow[FloatingTagMove]:
        """Move the floating tag to the target, even if it reads as being there: see :meth:`TagWriter.move`."""
        request, targets, target, survey = choice.request, choice.targets, choice.target, choice.survey
        floating = request.lane.floating
        if request.dry_run:
            state = "it is at" if survey.digest == target.raw.digest else "dry run: it would move to"
            yield Step("move", floating).skipped(f"{state} {target.version}, {target.raw.digest}")
            return FloatingTagMove(done=False, before=targets.previous_digest)
        previous = request.lane.tag_of(targets.previous) if targets.previous else "none"
        replaced = yield from TagWriter(registry=self.registry).move(
            floating,
            target.raw,
            change=f"{previous} -> {choice.tag}",
            expected_digests=survey.positions,
            recorded_digests=survey.past,
        )
        # If only one of two reads says that it was there, that one may have lagged.
        done = {survey.digest, replaced} != {target.raw.digest}
        # If it reads as being there, it came from where it was recorded: a rollback was interrupted, or reads lag.
        origins = (replaced, survey.digest, *survey.positions)
        before = next((digest for digest in origins if digest != target.raw.digest), targets.previous_digest)
        return FloatingTagMove(done=done, before=before)

"""Choose and verify where a rollback goes, for several lanes at once. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.flows import run_flows
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.oci.names import Digest, Platform
from shiplane.rollback.candidate_check import CandidateChecker, TagChoice
from shiplane.rollback.choice import RollbackChoice, TagPlan
from shiplane.rollback.lane_reader import LaneReader
from shiplane.rollback.lane_repositories import LaneRepositories
from shiplane.rollback.lane_survey import LaneSurvey
from shiplane.rollback.lane_targets import LaneTargets, choose_targets
from shiplane.rollback.result import RollbackRequest
from shiplane.rollback.target import RecentRollbackError, TagHistory
from shiplane.verify.lane_versions import LaneVersions, versions_among


@dataclass(frozen=True, kw_only=True)
class RollbackChooser:
    """Chooses for lanes.

    Attributes:
        lanes: Where they are, and where it is recorded.
        platforms: What a version of a lane must have, unless the ledger recorded others.
        commit_of: The commit that a version was released from, as far as git knows.
        workers: How many reads at once.
    """

    lanes: LaneRepositories
    platforms: Callable[[Lane], tuple[Platform, ...]]
    commit_of: Callable[[Lane, Version], str | None]
    workers: int = WORKERS

    def choose(self, requests: Sequence[RollbackRequest]) -> Flow[tuple[RollbackChoice, ...]]:
        """Choose and verify the versions that every lane goes to.

        A lane that was rolled back a moment ago is only finished where another lane of the same command is not: that
        run was interrupted after it had recorded the one, and before it recorded the other.

        Raises:
            RefusedError: A target is marked or a pre-release, nobody can tell which version is below the present, or
                somebody rolled back a moment ago.
            VerificationError: A target is not as it should be, or no version below is.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        first = yield from run_flows(map(self._attempt, requests), workers=self.workers)
        unfinished = any(isinstance(choice, RollbackChoice) and choice.is_unfinished for choice in first)
        choices = []
        for request, choice in zip(requests, first, strict=True):
            if isinstance(choice, RecentRollbackError):
                if not unfinished or request.to is not None:
                    raise choice
                choices.append((yield from self._choose(_finishing(request, choice))))
            else:
                choices.append(choice)
        return tuple(choices)

    def _attempt(self, request: RollbackRequest) -> Flow[RollbackChoice | RecentRollbackError]:
        """Choose for one lane, or say who rolled it back a moment ago."""
        try:
            return (yield from self._choose(request))
        except RecentRollbackError as error:
            return error

    def _choose(self, request: RollbackRequest) -> Flow[RollbackChoice]:
        registry, ledgers = self.lanes.primary(request.lane), self.lanes.ledgers(request.lane)
        where = self.lanes.where(request.lane)
        reader = LaneReader(registry=registry, ledgers=ledgers, workers=self.workers, where=where)
        survey = yield from reader.survey(request.lane, request.to)
        request = replace(request, lane=survey.lane)
        targets = choose_targets(request, self._histories(survey, request))
        checker = CandidateChecker(
            registry=survey.registry,
            platforms=self.platforms(survey.lane),
            commit_of=self.commit_of,
            workers=self.workers,
            where=where,
        )
        tags = yield from checker.choose(survey.lane, targets.tags, survey.ledger)
        return _choice(request, targets, tags, survey)

    def _histories(self, survey: LaneSurvey, request: RollbackRequest) -> list[TagHistory]:
        """The lane's floating tags, with the version of each on which the choice may depend."""
        lane, behind = survey.lane, dict[Digest | None, Version | None]()
        versions = LaneVersions(registry=survey.registry, workers=self.workers)
        now, listed = survey.registry.retry_budget.clock.wall(), versions_among(lane, survey.listed)
        answers = {tag: answer for tag, answer in survey.answers.items() if not request.only or tag.tag in request.only}
        for floating, answer in answers.items():
            digest = survey.digest(floating)
            wanted = request.only or request.source or survey.matters(floating, request.to)
            if wanted and digest not in behind:
                behind[digest] = versions.behind(lane, answer)
        return [
            TagHistory(
                floating=floating,
                digest=survey.digest(floating),
                current=behind.get(survey.digest(floating)),
                versions=listed,
                ledger=survey.ledger,
                now=now,
            )
            for floating in answers
        ]


def _finishing(request: RollbackRequest, recent: RecentRollbackError) -> RollbackRequest:
    """The request that a run made a moment ago, with its versions named."""
    several = len(request.lane.floating_templates) > 1
    return replace(request, source=recent.last.source if several else None, to=recent.last.target)


def _choice(
    request: RollbackRequest, targets: LaneTargets, tags: Sequence[TagChoice], survey: LaneSurvey
) -> RollbackChoice:
    going = [TagPlan(targets=tag.targets, target=tag.target, rejected=tag.rejected) for tag in tags if tag.target]
    staying = tuple(tag for tag in tags if tag.target is None)
    return RollbackChoice(request=request, bad=targets.bad, tags=tuple(going), staying=staying, survey=survey)

"""Where a rollback goes: verified, and nothing written yet."""

from __future__ import annotations

from dataclasses import dataclass

from shiplane.config.version import Version
from shiplane.registry.oci.names import Tag
from shiplane.registry.tag_writer import TagPositions
from shiplane.rollback.candidate_check import TagChoice, VerifiedTarget
from shiplane.rollback.lane_survey import LaneSurvey
from shiplane.rollback.result import RollbackRequest
from shiplane.rollback.target import RollbackTargets, TargetReason


@dataclass(frozen=True, kw_only=True)
class TagPlan:
    """A floating tag, and the verified version that it goes to."""

    targets: RollbackTargets
    target: VerifiedTarget
    rejected: tuple[tuple[Version, str], ...]


@dataclass(frozen=True, kw_only=True)
class RollbackChoice:
    """The verified versions that a lane's floating tags go to; nothing is written yet.

    Attributes:
        request: What was asked for, of the lane with its adopted tags.
        bad: The version that is left; None if the widest floating tag is at none.
        tags: The floating tags that move, the one with the widest range first.
        staying: Those that have nothing good below.
        survey: The lane before the rollback.
    """

    request: RollbackRequest
    bad: Version | None
    tags: tuple[TagPlan, ...]
    staying: tuple[TagChoice, ...]
    survey: LaneSurvey

    @property
    def floating_tags(self) -> tuple[Tag, ...]:
        """The floating tags that it is about, those that stay last."""
        targets = (*(plan.targets for plan in self.tags), *(tag.targets for tag in self.staying))
        return tuple(each.floating.tag for each in targets)

    @property
    def tag(self) -> Tag:
        """The tag of the version that the widest one goes to."""
        return self.request.lane.tag_of(self.tags[0].target.version)

    def positions(self, plan: TagPlan) -> TagPositions:
        """Where a floating tag may be right before it moves."""
        floating = plan.targets.floating
        return TagPositions(expected=self.survey.positions(floating), recorded=self.survey.past(floating))

    @property
    def is_unfinished(self) -> bool:
        """Whether an earlier run moved a tag already, and did not record that."""
        return any(plan.target.candidate.choice is TargetReason.UNFINISHED for plan in self.tags)

    @property
    def leaving(self) -> TagPlan | None:
        """The first tag by whose move the bad version is to be marked, if it is asked for and not marked yet."""
        leaving = (
            plan
            for plan in self.tags
            if plan.targets.previous == self.bad
            and plan.targets.tag_to_mark(plan.target.version)
            and not (self.bad and self.request.corrects(plan.targets.floating, self.bad))
        )
        return next(leaving, None) if self.request.mark else None

    @property
    def marked(self) -> Tag | str:
        """The version tag that is marked, or nothing."""
        plan = self.leaving
        return plan.targets.tag_to_mark(plan.target.version) if plan else ""

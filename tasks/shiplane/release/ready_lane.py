"""A lane on its way through a release: surveyed and decided, then ready to be tagged."""

from __future__ import annotations

from dataclasses import dataclass

from shiplane.config.plan import LanePlan
from shiplane.config.smoke import SmokeResult
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.decision import Decision, FloatingTagAction, VersionTagAction
from shiplane.release.result import LaneResult, LedgerResult
from shiplane.verify.image_check import ImageReport
from shiplane.verify.survey import Survey


@dataclass(frozen=True)
class LaneDecision:
    """A lane's survey, and what happens to its tags."""

    survey: Survey
    decision: Decision

    @property
    def creates(self) -> bool:
        """Whether the version tag is to be created."""
        return self.decision.version_tag is VersionTagAction.CREATE

    def describe(self, plan: LanePlan) -> str:
        """What happens to both tags, for display."""
        version, move = self.survey.version, self.decision.move
        if isinstance(version, Present):
            state = f"is {version.digest.short}, adopted"
        else:
            state = "is presumed free, since nothing can be read yet" if self.survey.presumed else "is free"
        will = {FloatingTagAction.MOVE: "will move", FloatingTagAction.UNCHANGED: "is unchanged"}
        return f"{plan.tag} {state}; {plan.lane.floating} {will.get(move, 'will not move')} ({self.decision.reason})"


@dataclass(frozen=True, kw_only=True)
class ReadyLane:
    """A lane whose image may be tagged: staged, claimed earlier or adopted, and checked."""

    plan: LanePlan
    survey: Survey
    decision: Decision
    raw: RawManifest
    report: ImageReport
    built: bool
    smoked: SmokeResult

    @property
    def moves(self) -> bool:
        """Whether this run moves the floating tag."""
        return self.decision.move is FloatingTagAction.MOVE

    @property
    def ends_at_floating(self) -> bool:
        """Whether the floating tag has this image after the run."""
        return self.decision.move is not FloatingTagAction.LEAVE

    @property
    def floating(self) -> Digest | None:
        """The floating tag's digest as surveyed."""
        return digest_of(self.survey.floating)

    @property
    def change(self) -> str:
        """The floating tag's move, for display."""
        current = self.survey.floating_version
        before = self.plan.lane.tag_of(current) if current else self.floating
        return f"{before.short if isinstance(before, Digest) else before or 'new'} -> {self.plan.tag}"

    @property
    def origins(self) -> list[Digest | None]:
        """Where the floating tag was before: as surveyed, and as recorded."""
        position = self.survey.ledger.position(self.plan.lane.floating)
        return [self.floating, position.after if position else self.floating]

    @property
    def past(self) -> frozenset[Digest]:
        """Where the floating tag was earlier, as recorded: a lagging read may show it there."""
        return frozenset(move.after for move in self.survey.ledger.moves(self.plan.lane.floating))

    def published(self, recorded: LedgerResult | None) -> LaneResult:
        """The result, after the tags were read back."""
        return LaneResult(
            plan=self.plan,
            digest=self.raw.digest,
            floating=self.raw.digest if self.moves else self.floating,
            moved=self.moves,
            built=self.built,
            reason=self.decision.reason,
            report=self.report,
            smoked=self.smoked,
            unmet=self.decision.unmet,
            recorded=recorded,
        )

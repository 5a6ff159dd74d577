"""A lane on its way through a release: surveyed and decided, then ready to be tagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shiplane.config.checks.staged_check import ChecksResult
from shiplane.config.gate import Evidence
from shiplane.config.plan import LanePlan
from shiplane.config.smoke import SmokeResult
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.release.planning.decision import Decision, FloatingMove
from shiplane.release.planning.tag_actions import FloatingTagAction, VersionTagAction
from shiplane.release.result import FloatingTagResult, LaneResult, LedgerResult, MirrorResult
from shiplane.signing.sign import SignedImage
from shiplane.signing.signature import SignedDigest, digests_to_sign
from shiplane.verify.floating_tags import FloatingTagState
from shiplane.verify.image_check import ImageReport
from shiplane.verify.survey import Survey

_WILL = {FloatingTagAction.MOVE: "will move", FloatingTagAction.UNCHANGED: "is unchanged"}


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
        """What happens to all tags, for display."""
        version = self.survey.version
        if isinstance(version, Present):
            state = f"is {version.digest.short}, adopted"
        else:
            state = "is presumed free, since nothing can be read yet" if self.survey.presumed else "is free"
        moves = (
            f"{move.tag} {_WILL.get(move.action, 'will not move')} ({move.reason})" for move in self.decision.moves
        )
        aliases = (f"{alias} will be created" for alias in self.decision.aliases)
        return "; ".join((f"{plan.tag} {state}", *aliases, *moves))


@dataclass(frozen=True, kw_only=True)
class ReadyLane:
    """A lane whose image may be tagged: staged, claimed earlier, adopted or promoted, tested, and signed if configured.

    ``gates`` is what the gates answered before, ``origin`` the reference that it was promoted from (empty: released).
    """

    plan: LanePlan
    survey: Survey
    decision: Decision
    raw: RawManifest
    report: ImageReport
    built: bool
    smoked: SmokeResult
    checked: ChecksResult
    gates: Sequence[Evidence] = ()
    signed: SignedImage | None = None
    origin: str = ""

    @property
    def digests_to_sign(self) -> list[SignedDigest]:
        """What has to be signed of its image, in each of its repositories; in the primary only what is new."""
        is_published = self.decision.version_tag is not VersionTagAction.CREATE
        return [
            replace(digest, is_published=is_published and digest.repository == self.plan.repository)
            for digest in digests_to_sign(self.plan.images.value, self.raw.digest, self.report.images)
        ]

    @property
    def decided(self) -> LaneDecision:
        """Its survey and decision."""
        return LaneDecision(self.survey, self.decision)

    @property
    def created_tags(self) -> tuple[Tag, ...]:
        """The tags that this run creates: the version's, its aliases."""
        is_new = self.decision.version_tag is VersionTagAction.CREATE
        return (*((self.plan.tag,) if is_new else ()), *self.decision.aliases)

    @property
    def floating_tags(self) -> list[ReadyFloatingTag]:
        """Its floating tags, in the order in which they move."""
        pairs = list(zip(self.survey.floating_tags, self.decision.moves, strict=True))
        return [
            ReadyFloatingTag(lane=self, state=state, move=move, following=len(pairs) - number)
            for number, (state, move) in enumerate(pairs, 1)
        ]


@dataclass(frozen=True, kw_only=True)
class ReadyFloatingTag:
    """A floating tag of a lane that is ready.

    Attributes:
        lane: The lane.
        state: Where the tag was surveyed.
        move: What happens to it.
        following: How many of the lane's floating tags move after it.
        checked: The lane's survey with its ledger as it was read right before the move; None if it was not.
        current: Its digest right before the move.
        before: Its digest before this run moved it; None if it did not exist, or was not moved.
    """

    lane: ReadyLane
    state: FloatingTagState
    move: FloatingMove
    following: int = 0
    checked: Survey | None = None
    current: Digest | None = None
    before: Digest | None = None

    @property
    def tag(self) -> Tag:
        """Its name."""
        return self.state.tag

    @property
    def ends_here(self) -> bool:
        """Whether it has the lane's image after the run."""
        return self.move.action is not FloatingTagAction.LEAVE

    @property
    def change(self) -> str:
        """Its move, for display."""
        current = self.state.version
        before = self.lane.plan.lane.tag_of(current) if current else self.state.digest
        return f"{before.short if isinstance(before, Digest) else before or 'new'} -> {self.lane.plan.tag}"

    @property
    def origins(self) -> list[Digest | None]:
        """Where it was before: as surveyed, and as recorded."""
        position = self.state.position
        return [self.state.digest, position.after if position else self.state.digest]

    @property
    def past(self) -> frozenset[Digest]:
        """Where it was earlier, as recorded: a lagging read may show it there."""
        return frozenset(move.after for move in self.lane.survey.ledger.moves(self.tag))

    @property
    def result(self) -> FloatingTagResult:
        """What was done about it, and where it is then."""
        moved = replace(self.state, answer=Present(self.lane.raw), version=self.lane.plan.version.value)
        return FloatingTagResult(
            state=moved if self.move.moves else self.state,
            moved=self.move.moves,
            reason=self.move.reason,
            unmet=self.move.unmet,
            change=self.change if self.move.moves else "",
        )


@dataclass(frozen=True, kw_only=True)
class TaggedLane:
    """A tagged lane, and its floating tags with what was done about them, in the order in which they moved.

    ``mirrors`` is the lane in its further repositories, ``survey`` its survey with the ledger as it was last read.
    """

    ready: ReadyLane
    survey: Survey
    floating_tags: tuple[ReadyFloatingTag, ...]
    mirrors: tuple[MirrorResult, ...] = ()

    def result(self, recorded: LedgerResult | None) -> LaneResult:
        """The result, after the tags were read back and the lane's ledger was written."""
        ready = self.ready
        return LaneResult(
            plan=ready.plan,
            digest=ready.raw.digest,
            floating_tags=tuple(tag.result for tag in self.floating_tags),
            built=ready.built,
            report=ready.report,
            smoked=ready.smoked,
            signed=ready.signed,
            checked=ready.checked,
            recorded=recorded,
            mirrors=self.mirrors,
        )

"""From images that are ready to names: every version tag, then every floating tag, then the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shiplane.config.plan import LanePlan
from shiplane.config.smoke import SmokeResult
from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.ledger_entries import LaneRelease
from shiplane.release.planning.decision import Decision, FloatingTagAction, VersionTagAction, reconsider
from shiplane.release.result import LaneResult, LedgerResult
from shiplane.verify.image_check import ImageReport
from shiplane.verify.survey import Survey


@dataclass(frozen=True)
class LaneDecision:
    """A lane's names as they were found, and what is to be done about them."""

    survey: Survey
    decision: Decision

    @property
    def floating(self) -> Digest | None:
        """What the floating tag had."""
        return digest_of(self.survey.floating)

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
    """A lane whose image may get its names: staged, taken up or adopted, and examined."""

    plan: LanePlan
    seen: LaneDecision
    raw: RawManifest
    report: ImageReport
    built: bool
    smoked: SmokeResult

    @property
    def moves(self) -> bool:
        """Whether this run moves the floating tag."""
        return self.seen.decision.move is FloatingTagAction.MOVE

    @property
    def promises(self) -> bool:
        """Whether the floating tag has this image when the run is done."""
        return self.seen.decision.move is not FloatingTagAction.LEAVE

    @property
    def change(self) -> str:
        """The floating tag's move, for display."""
        current = self.seen.survey.floating_version
        before = self.plan.lane.tag_of(current) if current else self.seen.floating
        return f"{before.short if isinstance(before, Digest) else before or 'new'} -> {self.plan.tag}"

    @property
    def places(self) -> list[Digest | None]:
        """Where the floating tag was before: as it was read, and as it was recorded."""
        place = self.seen.survey.ledger.position(self.plan.lane.floating)
        return [self.seen.floating, place.after if place else self.seen.floating]

    @property
    def past(self) -> frozenset[Digest]:
        """Where the floating tag was earlier, as it was recorded: a read that lags may show it there."""
        return frozenset(move.after for move in self.seen.survey.ledger.moves(self.plan.lane.floating))

    def published(self, recorded: LedgerResult | None) -> LaneResult:
        """The lane as it is after its names were read back, with its ledger."""
        return LaneResult(
            plan=self.plan,
            digest=self.raw.digest,
            floating=self.raw.digest if self.moves else self.seen.floating,
            moved=self.moves,
            built=self.built,
            reason=self.seen.decision.reason,
            report=self.report,
            smoked=self.smoked,
            unmet=self.seen.decision.unmet,
            recorded=recorded,
        )


@dataclass(frozen=True, kw_only=True)
class TaggedLane:
    """A lane that has its names.

    Attributes:
        ready: What it was named from; its decision is the one that was carried out.
        left: What its floating tag had before, where it was moved.
    """

    ready: ReadyLane
    left: Digest | None


def name_lanes(namer: TagWriter, ledgers: Ledgers | None, lanes: Sequence[ReadyLane]) -> Flow[list[TaggedLane]]:
    """Every version tag, then every floating tag; what was written is looked at again before it is built upon.

    Raises:
        ShiplaneError: By situation; whatever has a name by then is right.
    """
    created = [lane for lane in lanes if lane.seen.decision.naming is VersionTagAction.CREATE]
    moving = [lane for lane in lanes if lane.moves]
    for lane in lanes:
        yield from namer.create(lane.plan.tag, lane.raw)
    for lane in created if moving else ():
        yield from namer.confirm(lane.plan.tag, lane.raw)
    named = []
    for lane in lanes:
        named.append((yield from _float(namer, ledgers, lane)))  # noqa: PERF401 -- no comprehension can delegate
    for done in named:
        if done.ready.promises:
            before = {*done.ready.places, *done.ready.past}
            yield from namer.confirm(done.ready.plan.lane.floating, done.ready.raw, before=before)
    for lane in created:
        yield from namer.confirm(lane.plan.tag, lane.raw)
    return named


def record_lanes(ledgers: Ledgers | None, commit: str, lanes: Sequence[TaggedLane]) -> Flow[Mapping[str, LedgerResult]]:
    """Write down what was done, and what an earlier run did and could not write down.

    Args:
        ledgers: Where; None where none is kept.
        commit: What was released.
        lanes: What was done.

    Returns:
        Each lane's ledger, by the lane's name; nothing where none is kept.

    Raises:
        ShiplaneError: By situation; the names are as they should be, but perhaps not on record.
    """
    if ledgers is None:
        yield Step("record", "the ledger").skipped(NO_LEDGER)
        return {}
    writing = []
    for named in lanes:
        lane = named.ready
        release = LaneRelease(
            plan=lane.plan,
            commit=commit,
            digest=lane.raw.digest,
            moved=lane.moves,
            before=named.left,
            images=lane.report.images,
        )
        entries = release.entries(ledgers.author, lane.seen.survey)
        writing.append(LedgerUpdate(store=ledgers.store(lane.plan.lane), entries=entries, base=lane.seen.survey.ledger))
    yield from record(writing)
    names = [named.ready.plan.lane.name for named in lanes]
    return {name: _recorded(ledgers, one) for name, one in zip(names, writing, strict=True)}


def _recorded(ledgers: Ledgers, writing: LedgerUpdate) -> LedgerResult:
    """A ledger as it is now. Not knowing that changes nothing: what was to be recorded is, and was read back."""
    answer = ledgers.registry.get_manifest(writing.store.tag)
    return LedgerResult(
        repository=ledgers.registry.repository,
        tag=writing.store.tag,
        digest=digest_of(answer),
        added=tuple(entry.action.value for entry in writing.entries),
    )


def _float(namer: TagWriter, ledgers: Ledgers | None, lane: ReadyLane) -> Flow[TaggedLane]:
    """Move a lane's floating tag, where that was decided and nothing that was recorded since keeps it back."""
    if ledgers and lane.moves:
        lane = yield from _judged_again(ledgers, lane)
    step, decision = Step("move", lane.plan.lane.floating), lane.seen.decision
    if decision.move is FloatingTagAction.LEAVE:
        yield step.skipped(decision.reason)
    elif decision.move is FloatingTagAction.UNCHANGED:
        yield step.unchanged(decision.reason)
    else:
        places = lane.places
        found = yield from namer.move(
            lane.plan.lane.floating, lane.raw, change=lane.change, known=places, past=lane.past
        )
        # Where it reads as being here already, it came from where it was recorded, or read, last.
        left = next((place for place in (found, *places) if place != lane.raw.digest), None)
        return TaggedLane(ready=lane, left=left)
    return TaggedLane(ready=lane, left=None)


def _judged_again(ledgers: Ledgers, lane: ReadyLane) -> Flow[ReadyLane]:
    """The lane with the ledger's word of now: somebody marked the version meanwhile, or the survey's read lagged."""
    step, seen = Step("re-check", lane.plan.lane.ledger), lane.seen
    yield step
    ledger = ledgers.store(lane.plan.lane).read_newer(seen.survey.ledger).ledger
    decision = reconsider(seen.decision, lane.plan, replace(seen.survey, ledger=ledger))
    yield step.done("the floating tag may move" if decision.move is FloatingTagAction.MOVE else decision.reason)
    return replace(lane, seen=replace(seen, decision=decision))

"""From images that are ready to names: every version tag, then every floating tag, then the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.flows.examine import Examination
from shiplane.flows.ledgers import Ledgers, Writing, record
from shiplane.flows.naming import Namer
from shiplane.flows.published import Published, Recorded
from shiplane.flows.records import Release
from shiplane.model.answer import Present, digest_of
from shiplane.model.decision import Decision, Move, Naming, Survey
from shiplane.model.image import Digest
from shiplane.model.manifest import RawManifest
from shiplane.model.plan import LanePlan
from shiplane.model.smoke import Smoked
from shiplane.model.step import Flow, Step
from shiplane.model.words import NO_LEDGER


@dataclass(frozen=True)
class Seen:
    """A lane's names as they were found, and what is to be done about them."""

    survey: Survey
    decision: Decision

    @property
    def floating(self) -> Digest | None:
        """What the floating tag had."""
        return digest_of(self.survey.floating)

    @property
    def naming_words(self) -> str:
        """What is to be done about the version tag, in words."""
        version = self.survey.version
        if isinstance(version, Present):
            return f"{version.digest.short}, adopted"
        return "to be written; nothing can be read yet" if self.survey.presumed else "absent, to be written"

    @property
    def move_words(self) -> str:
        """What is to be done about the floating tag, in words."""
        return ("moves" if self.decision.move is Move.MOVE else "stays") + f" ({self.decision.reason})"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A lane whose image may get its names: staged, taken up or adopted, and examined."""

    plan: LanePlan
    seen: Seen
    raw: RawManifest
    examination: Examination
    built: bool
    smoked: Smoked

    @property
    def moves(self) -> bool:
        """Whether this run moves the floating tag."""
        return self.seen.decision.move is Move.MOVE

    def published(self, recorded: Recorded | None) -> Published:
        """The lane as it is after its names were read back, with its ledger."""
        return Published(
            plan=self.plan,
            digest=self.raw.digest,
            floating=self.raw.digest if self.moves else self.seen.floating,
            moved=self.moves,
            built=self.built,
            reason=self.seen.decision.reason,
            examination=self.examination,
            smoked=self.smoked,
            unmet=self.seen.decision.unmet,
            recorded=recorded,
        )


def name_lanes(namer: Namer, lanes: Sequence[Ready]) -> Flow[None]:
    """Every version tag, then every floating tag; what was written is looked at again before it is built upon.

    Raises:
        ShiplaneError: By situation; whatever has a name by then is right.
    """
    created = [lane for lane in lanes if lane.seen.decision.naming is Naming.CREATE]
    moving = [lane for lane in lanes if lane.moves]
    for lane in lanes:
        yield from namer.name(lane.plan.tag, lane.raw)
    for lane in created if moving else ():
        yield from namer.confirm(lane.plan.tag, lane.raw)
    for lane in lanes:
        yield from _float(namer, lane)
    for lane in moving:
        yield from namer.confirm(lane.plan.lane.floating, lane.raw)
    for lane in created:
        yield from namer.confirm(lane.plan.tag, lane.raw)


def record_lanes(ledgers: Ledgers | None, commit: str, lanes: Sequence[Ready]) -> Flow[Mapping[str, Recorded]]:
    """Write down what was done, and what an earlier run did and could not write down.

    Returns:
        Each lane's ledger, by the lane's name; nothing where none is kept.

    Raises:
        ShiplaneError: By situation; the names are as they should be, but perhaps not on record.
    """
    if ledgers is None:
        yield Step("record", "the ledger").skipped(NO_LEDGER)
        return {}
    writing = []
    for lane in lanes:
        release = Release(
            plan=lane.plan, commit=commit, digest=lane.raw.digest, moved=lane.moves, images=lane.examination.images
        )
        entries = release.entries(ledgers.scribe, lane.seen.survey)
        writing.append(Writing(book=ledgers.book(lane.plan.lane), entries=entries, seen=lane.seen.survey.ledger))
    yield from record(writing)
    return {lane.plan.lane.name: _recorded(ledgers, one) for lane, one in zip(lanes, writing, strict=True)}


def _recorded(ledgers: Ledgers, writing: Writing) -> Recorded:
    """A ledger as it is now. Not knowing that changes nothing: what was to be recorded is, and was read back."""
    answer = ledgers.registry.look(ledgers.repository, writing.book.tag)
    return Recorded(
        repository=ledgers.repository,
        tag=writing.book.tag,
        digest=digest_of(answer),
        added=tuple(entry.action.value for entry in writing.entries),
    )


def _float(namer: Namer, lane: Ready) -> Flow[None]:
    step, decision = Step("float", lane.plan.lane.floating), lane.seen.decision
    if decision.move is Move.LEAVE:
        yield step.skipped(decision.reason)
    elif decision.move is Move.ALREADY:
        yield step.already(decision.reason)
    else:
        yield from namer.move(lane.plan.lane.floating, lane.raw, seen=lane.seen.floating)

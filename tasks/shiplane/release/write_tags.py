"""Tag images that are ready: every version tag, then every floating tag, then the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.manifest import REVISION
from shiplane.registry.oci.names import Digest
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.ledger_entries import LaneRelease
from shiplane.release.planning.decision import FloatingTagAction, VersionTagAction, reconsider
from shiplane.release.ready_lane import ReadyLane
from shiplane.release.result import LedgerResult
from shiplane.verify.label_reader import read_label


@dataclass(frozen=True, kw_only=True)
class TaggedLane:
    """A tagged lane, with the decision that was carried out, and the floating tag's digest before it was moved."""

    ready: ReadyLane
    before: Digest | None


def tag_writer_for(registry: RegistryClient, commit: str) -> TagWriter:
    """Write tags for a release of a commit: an image of the same commit is adopted."""

    def is_ours(image: Present) -> bool:
        return read_label(registry, image, REVISION) == commit

    return TagWriter(registry=registry, is_ours=is_ours)


def tag_lanes(writer: TagWriter, ledgers: Ledgers | None, lanes: Sequence[ReadyLane]) -> Flow[list[TaggedLane]]:
    """Create every version tag, then move every floating tag; each is read again before anything relies on it.

    Raises:
        ShiplaneError: By situation; every tag that was written by then is right.
    """
    created = [lane for lane in lanes if lane.decision.version_tag is VersionTagAction.CREATE]
    moving = [lane for lane in lanes if lane.moves]
    for lane in lanes:
        yield from writer.create(lane.plan.tag, lane.raw)
    for lane in created if moving else ():
        yield from writer.confirm(lane.plan.tag, lane.raw)
    tagged = []
    for lane in lanes:
        tagged.append((yield from _move_floating(writer, ledgers, lane)))  # noqa: PERF401 -- cannot delegate
    for ready in (lane.ready for lane in tagged):
        if ready.ends_at_floating:
            before = {*ready.origins, *ready.past}
            yield from writer.confirm(ready.plan.lane.floating, ready.raw, previous=before)
    for lane in created:
        yield from writer.confirm(lane.plan.tag, lane.raw)
    return tagged


def record_lanes(ledgers: Ledgers | None, commit: str, lanes: Sequence[TaggedLane]) -> Flow[Mapping[str, LedgerResult]]:
    """Record what was done, and what an earlier run did and could not record.

    Args:
        ledgers: The lanes' ledgers; None where none is kept.
        commit: The released commit.
        lanes: What was done.

    Returns:
        Each lane's ledger, by the lane's name; empty where none is kept.

    Raises:
        ShiplaneError: By situation; the tags are right, but perhaps not recorded.
    """
    if ledgers is None:
        yield Step("record", "the ledger").skipped(NO_LEDGER)
        return {}
    updates = [_update(ledgers, commit, tagged) for tagged in lanes]
    yield from record(updates)
    names = [tagged.ready.plan.lane.name for tagged in lanes]
    return {name: _ledger_result(ledgers, update) for name, update in zip(names, updates, strict=True)}


def _update(ledgers: Ledgers, commit: str, tagged: TaggedLane) -> LedgerUpdate:
    lane = tagged.ready
    release = LaneRelease(
        plan=lane.plan,
        commit=commit,
        digest=lane.raw.digest,
        moved=lane.moves,
        before=tagged.before,
        images=lane.report.images,
    )
    entries = release.entries(ledgers.author, lane.survey)
    return LedgerUpdate(store=ledgers.store(lane.plan.lane), entries=entries, base=lane.survey.ledger)


def _ledger_result(ledgers: Ledgers, update: LedgerUpdate) -> LedgerResult:
    """The ledger as it is now; it was read back before, so failing to read it here is no error."""
    answer = ledgers.registry.get_manifest(update.store.tag)
    return LedgerResult(
        repository=ledgers.registry.repository,
        tag=update.store.tag,
        digest=digest_of(answer),
        added=tuple(entry.action.value for entry in update.entries),
    )


def _move_floating(writer: TagWriter, ledgers: Ledgers | None, lane: ReadyLane) -> Flow[TaggedLane]:
    """Move the floating tag, if that was decided and nothing that was recorded since speaks against it."""
    if ledgers and lane.moves:
        lane = yield from _decide_again(ledgers, lane)
    step, decision = Step("move", lane.plan.lane.floating), lane.decision
    if decision.move is FloatingTagAction.LEAVE:
        yield step.skipped(decision.reason)
    elif decision.move is FloatingTagAction.UNCHANGED:
        yield step.unchanged(decision.reason)
    else:
        origins = lane.origins
        replaced = yield from writer.move(
            lane.plan.lane.floating, lane.raw, change=lane.change, expected_digests=origins, recorded_digests=lane.past
        )
        # If it reads as being here already, it came from where it was recorded, or surveyed, last.
        before = next((digest for digest in (replaced, *origins) if digest != lane.raw.digest), None)
        return TaggedLane(ready=lane, before=before)
    return TaggedLane(ready=lane, before=None)


def _decide_again(ledgers: Ledgers, lane: ReadyLane) -> Flow[ReadyLane]:
    """Decide by the current ledger: the version may have been marked meanwhile, or the survey's read lagged."""
    step = Step("re-check", lane.plan.lane.ledger)
    yield step
    ledger = ledgers.store(lane.plan.lane).read_newer(lane.survey.ledger).ledger
    decision = reconsider(lane.decision, lane.plan, replace(lane.survey, ledger=ledger))
    yield step.done("the floating tag may move" if decision.move is FloatingTagAction.MOVE else decision.reason)
    return replace(lane, decision=decision)

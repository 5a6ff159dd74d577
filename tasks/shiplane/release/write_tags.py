"""Tag images that are ready: every version tag, then every floating tag, then the ledger.

Floating tags move by ranges over all lanes: every lane's ``v1.2``, then every lane's ``v1``, then every lane's
``latest``. So whoever sees a ``latest`` of this release finds every narrower tag in place, whichever lane's it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shiplane.core.plurals import NO_LEDGER
from shiplane.core.progress import Flow, Step
from shiplane.ledger.recorder import Ledgers, LedgerUpdate, record
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Present, digest_of
from shiplane.registry.oci.manifest import REVISION
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.ledger_entries import FloatingTagChange, LaneRelease
from shiplane.release.mirrors.mirror_lane import MirrorLane
from shiplane.release.mirrors.tagging import MirrorTags
from shiplane.release.planning.decision import reconsider
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.release.ready_lane import ReadyFloatingTag, ReadyLane
from shiplane.release.result import LedgerResult, MirrorResult
from shiplane.verify.label_reader import read_label


@dataclass(frozen=True, kw_only=True)
class TaggedLane:
    """A tagged lane, and its floating tags with what was done about them, in the order in which they moved.

    ``mirrors`` is the lane in its further repositories.
    """

    ready: ReadyLane
    floating_tags: tuple[ReadyFloatingTag, ...]
    mirrors: tuple[MirrorResult, ...] = ()


def tag_writer_for(registry: RegistryClient, commit: str) -> TagWriter:
    """Write tags for a release of a commit: an image of the same commit is adopted."""

    def is_ours(image: Present) -> bool:
        return read_label(registry, image, REVISION) == commit

    return TagWriter(registry=registry, is_ours=is_ours)


def tag_lanes(
    writer: TagWriter, ledgers: Ledgers | None, lanes: Sequence[ReadyLane], mirrors: Sequence[MirrorLane] = ()
) -> Flow[list[TaggedLane]]:
    """Create every version tag, then move every floating tag; each is read again before anything relies on it.

    In each further repository a tag is written after the primary's, so that an interrupted run, which begins again
    from what the primary has, is completed; and in none a floating tag before every version tag is in all of them.

    Raises:
        ShiplaneError: By situation; every tag that was written by then is right.
    """
    floating_tags = in_moving_order(lanes)
    others = MirrorTags(mirrors)
    yield from _create_version_tags(writer, lanes)
    yield from others.create_version_tags(lanes)
    if any(floating.move.moves for floating in floating_tags):
        yield from _confirm_version_tags(writer, lanes)
    yield from others.confirm_version_tags(lanes)
    moved = yield from _move_floating_tags(writer, ledgers, floating_tags, others)
    yield from _confirm_floating_tags(writer, moved)
    yield from others.confirm_floating_tags()
    yield from _confirm_version_tags(writer, lanes)
    yield from others.confirm_version_tags(lanes)
    return [
        TaggedLane(
            ready=lane,
            floating_tags=tuple(floating for floating in moved if floating.lane is lane),
            mirrors=others.results(lane),
        )
        for lane in lanes
    ]


def _create_version_tags(writer: TagWriter, lanes: Sequence[ReadyLane]) -> Flow[None]:
    """Every lane's, and only then their aliases: what has an alias is a version."""
    for lane in lanes:
        yield from writer.create(lane.plan.tag, lane.raw)
    for lane in lanes:
        for alias in lane.plan.aliases:
            yield from writer.create(alias, lane.raw)


def _confirm_version_tags(writer: TagWriter, lanes: Sequence[ReadyLane]) -> Flow[None]:
    for lane in lanes:
        for tag in lane.created_tags:
            yield from writer.confirm(tag, lane.raw)


def _move_floating_tags(
    writer: TagWriter, ledgers: Ledgers | None, floating_tags: Sequence[ReadyFloatingTag], others: MirrorTags
) -> Flow[list[ReadyFloatingTag]]:
    moved = []
    for floating in floating_tags:
        moved.append((yield from _move_floating(writer, ledgers, floating)))
        yield from others.move(moved[-1])
    return moved


def _confirm_floating_tags(writer: TagWriter, moved: Sequence[ReadyFloatingTag]) -> Flow[None]:
    """Also those that had the image before: each must be what the run says at its end."""
    for floating in moved:
        if floating.ends_here:
            yield from writer.confirm(floating.tag, floating.lane.raw, previous={*floating.origins, *floating.past})


def in_moving_order(lanes: Iterable[ReadyLane]) -> list[ReadyFloatingTag]:
    """The floating tags of all lanes: narrow ranges before wide ones, and of one width each lane's last one last."""
    ranked = [
        ((-len(floating.state.floating.range), -following), floating)
        for lane in lanes
        for following, floating in enumerate(reversed(lane.floating_tags))
    ]
    return [floating for _, floating in sorted(ranked, key=lambda item: item[0])]


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
        floating_tags=[
            FloatingTagChange(surveyed=floating.state, moved=floating.move.moves, before=floating.before)
            for floating in tagged.floating_tags
        ],
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


def _move_floating(writer: TagWriter, ledgers: Ledgers | None, floating: ReadyFloatingTag) -> Flow[ReadyFloatingTag]:
    """Move a floating tag, if that was decided and nothing that was recorded since speaks against it."""
    if ledgers and floating.move.moves:
        floating = yield from _decide_again(ledgers, floating)
    step, move = Step("move", floating.tag), floating.move
    if move.action is FloatingTagAction.LEAVE:
        yield step.skipped(move.reason)
        return floating
    if move.action is FloatingTagAction.UNCHANGED:
        yield step.unchanged(move.reason)
        return floating
    raw, origins = floating.lane.raw, floating.origins
    replaced = yield from writer.move(
        floating.tag, raw, change=floating.change, expected_digests=origins, recorded_digests=floating.past
    )
    # If it reads as being here already, it came from where it was recorded, or surveyed, last.
    before = next((digest for digest in (replaced, *origins) if digest != raw.digest), None)
    return replace(floating, before=before)


def _decide_again(ledgers: Ledgers, floating: ReadyFloatingTag) -> Flow[ReadyFloatingTag]:
    """Decide by the current ledger: the version may have been marked meanwhile, or the survey's read lagged."""
    plan, survey = floating.lane.plan, floating.lane.survey
    step = Step("re-check", plan.lane.ledger)
    yield step
    ledger = ledgers.store(plan.lane).read_newer(survey.ledger).ledger
    move = reconsider(floating.move, plan, replace(survey, ledger=ledger))
    yield step.done("the floating tag may move" if move.moves else move.reason)
    return replace(floating, move=move)

"""Tag images that are ready: every version tag, then every floating tag, then the ledger.

Floating tags move by ranges over all lanes: every lane's ``v1.2``, then every lane's ``v1``, then every lane's
``latest``. So whoever sees a ``latest`` of this release finds every narrower tag in place, whichever lane's it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.progress import Flow, Step
from shiplane.ledger.recorder import Ledgers, LedgersOf
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import REVISION
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.ledger_entries import record_release
from shiplane.release.mirrors.mirror_lane import MirrorLane
from shiplane.release.mirrors.tagging import MirrorTags
from shiplane.release.planning.decision import reconsider
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.release.ready_lane import ReadyFloatingTag, ReadyLane, TaggedLane
from shiplane.release.result import LaneResult
from shiplane.verify.label_reader import read_label

# Writes the tags of a lane in its primary repository.
Writers: TypeAlias = Callable[[LanePlan], TagWriter]


def tag_writers(registry: RegistryClient, plan: Plan) -> Writers:
    """Write each lane's tags in its primary repository: an image of the released commit is adopted there.

    Args:
        registry: A client that may push; it knows the credentials of all.
        plan: What is released.
    """

    def writer(lane_plan: LanePlan) -> TagWriter:
        primary = registry.at(lane_plan.repository)

        def is_ours(image: Present) -> bool:
            return read_label(primary, image, REVISION) == plan.commit

        return TagWriter(registry=primary, is_ours=is_ours, names_repository=len(plan.primaries) > 1)

    return writer


def tag_and_record(
    writers: Writers, ledgers: LedgersOf, commit: str, lanes: Sequence[ReadyLane], mirrors: Sequence[MirrorLane]
) -> Flow[tuple[LaneResult, ...]]:
    """Tag the images of a commit, then record it. Raises as :func:`tag_lanes` and :func:`record_release`."""
    tagged = yield from tag_lanes(writers, ledgers, lanes, mirrors)
    recorded = yield from record_release(ledgers, commit, tagged)
    return tuple(lane.result(recorded.get(lane.ready.plan.lane.name)) for lane in tagged)


def tag_lanes(
    writers: Writers, ledgers: LedgersOf, lanes: Sequence[ReadyLane], mirrors: Sequence[MirrorLane] = ()
) -> Flow[list[TaggedLane]]:
    """Create every version tag, then move every floating tag; each is read again before anything relies on it.

    In each further repository a tag is written after the primary's, so that an interrupted run, which begins again
    from what the primary has, is completed; and in none a floating tag before every version tag is in all of them.

    Raises:
        ShiplaneError: By situation; every tag that was written by then is right.
    """
    floating_tags = in_moving_order(lanes)
    others = MirrorTags(mirrors)
    yield from _create_version_tags(writers, lanes)
    yield from others.create_version_tags(lanes)
    if any(floating.move.moves for floating in floating_tags):
        yield from _confirm_version_tags(writers, lanes)
    yield from others.confirm_version_tags(lanes)
    moved = yield from _move_floating_tags(writers, ledgers, floating_tags, others)
    yield from _confirm_floating_tags(writers, moved)
    yield from others.confirm_floating_tags()
    yield from _confirm_version_tags(writers, lanes)
    yield from others.confirm_version_tags(lanes)
    return [
        TaggedLane(
            ready=lane,
            floating_tags=tuple(floating for floating in moved if floating.lane is lane),
            mirrors=others.results(lane),
        )
        for lane in lanes
    ]


def _create_version_tags(writers: Writers, lanes: Sequence[ReadyLane]) -> Flow[None]:
    """Every lane's, and only then their aliases: what has an alias is a version."""
    for lane in lanes:
        yield from writers(lane.plan).create(lane.plan.tag, lane.raw)
    for lane in lanes:
        yield from writers(lane.plan).create_all(lane.plan.aliases, lane.raw)


def _confirm_version_tags(writers: Writers, lanes: Sequence[ReadyLane]) -> Flow[None]:
    for lane in lanes:
        for tag in lane.created_tags:
            yield from writers(lane.plan).confirm(tag, lane.raw)


def _move_floating_tags(
    writers: Writers, ledgers: LedgersOf, floating_tags: Sequence[ReadyFloatingTag], others: MirrorTags
) -> Flow[list[ReadyFloatingTag]]:
    moved = []
    for floating in floating_tags:
        plan = floating.lane.plan
        moved.append((yield from _move_floating(writers(plan), ledgers(plan.repository), floating)))
        yield from others.move(moved[-1])
    return moved


def _confirm_floating_tags(writers: Writers, moved: Sequence[ReadyFloatingTag]) -> Flow[None]:
    """Also those that had the image before: each must be what the run says at its end."""
    for floating in moved:
        if floating.ends_here:
            writer, before = writers(floating.lane.plan), {*floating.origins, *floating.past}
            yield from writer.confirm(floating.tag, floating.lane.raw, previous=before)


def in_moving_order(lanes: Iterable[ReadyLane]) -> list[ReadyFloatingTag]:
    """The floating tags of all lanes: narrow ranges before wide ones, and of one width each lane's last one last."""
    ranked = [
        ((-len(floating.state.floating.range), -following), floating)
        for lane in lanes
        for following, floating in enumerate(reversed(lane.floating_tags))
    ]
    return [floating for _, floating in sorted(ranked, key=lambda item: item[0])]


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

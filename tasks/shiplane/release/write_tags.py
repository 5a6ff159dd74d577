"""Tag images that are ready: every version tag, then every floating tag, then the ledger.

Floating tags move by ranges over all lanes: every lane's ``v1.2``, then every lane's ``v1``, then every lane's
``latest``. So whoever sees a ``latest`` of this release finds every narrower tag in place, whichever lane's it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.flows import run_both, run_flows
from shiplane.core.progress import Flow, Step
from shiplane.ledger.recorder import Ledgers, LedgersOf, LedgerUpdate
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import REVISION
from shiplane.registry.tag_writer import TagPositions, TagWriter
from shiplane.release.ledger_entries import record_release, release_updates
from shiplane.release.mirrors.tagging import MirrorTags
from shiplane.release.planning.decision import reconsider
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.release.ready_lane import ReadyFloatingTag, ReadyLane, TaggedLane
from shiplane.verify.label_reader import read_label

if TYPE_CHECKING:
    from shiplane.registry.client import RegistryClient
    from shiplane.release.result import LaneResult

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
    writers: Writers,
    ledgers: LedgersOf,
    commit: str,
    lanes: Sequence[ReadyLane],
    others: MirrorTags,
) -> Flow[tuple[LaneResult, ...]]:
    """Tag the images of a commit, then record it. Raises as :meth:`LaneTagger.tag` and :func:`record_release`."""
    tagger = LaneTagger(writers=writers, ledgers=ledgers, commit=commit, lanes=lanes, others=others)
    tagged = yield from tagger.tag()
    recorded = yield from record_release(tagger.updates)
    return tuple(lane.result(recorded.get(lane.ready.plan.lane.name)) for lane in tagged)


@dataclass(frozen=True, kw_only=True)
class LaneTagger:
    """Tags the images of a release; what does not wait for one another is done side by side.

    Attributes:
        writers: Who writes each lane's tags in its primary repository.
        ledgers: The lanes' ledgers.
        commit: The released commit.
        lanes: The lanes, ready to be tagged.
        others: Their tags in their further repositories.
        updates: What is to be recorded of each lane, by its name, once that is known.
    """

    writers: Writers
    ledgers: LedgersOf
    commit: str
    lanes: Sequence[ReadyLane]
    others: MirrorTags
    updates: dict[str, LedgerUpdate] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """How many reads at once; with one everything is done in turn."""
        return self.others.workers

    def tag(self) -> Flow[list[TaggedLane]]:
        """Create every version tag, then move every floating tag; each is read again before anything relies on it.

        In each further repository a tag is written after the primary's, so that an interrupted run, which begins again
        from what the primary has, is completed; and in none a floating tag before every version tag is in all of them.

        Raises:
            ShiplaneError: By situation; every tag that was written by then is right.
        """
        yield from self._create_version_tags()
        yield from self.others.create_version_tags(self.lanes)
        moved = yield from self._move_floating_tags()
        yield from self._confirm_all(moved)
        return self._tagged_lanes(moved)

    def _tagged_lanes(self, moved: Sequence[ReadyFloatingTag]) -> list[TaggedLane]:
        return [self._tagged(lane, [floating for floating in moved if floating.lane is lane]) for lane in self.lanes]

    def _tagged(self, lane: ReadyLane, moved: Sequence[ReadyFloatingTag]) -> TaggedLane:
        surveys = (floating.checked for floating in reversed(moved) if floating.checked)
        return TaggedLane(
            ready=lane,
            survey=next(surveys, lane.survey),
            floating_tags=tuple(moved),
            mirrors=self.others.results(lane),
        )

    def _create_version_tags(self) -> Flow[None]:
        """Every lane's, and only then their aliases: what has an alias is a version."""
        yield from self._side_by_side(self.writers(lane.plan).create(lane.plan.tag, lane.raw) for lane in self.lanes)
        yield from self._side_by_side(
            self.writers(lane.plan).create_all(lane.plan.aliases, lane.raw) for lane in self.lanes
        )

    def _confirm_version_tags(self) -> Flow[None]:
        yield from self._side_by_side(
            self.writers(lane.plan).confirm(tag, lane.raw) for lane in self.lanes for tag in lane.created_tags
        )

    def _move_floating_tags(self) -> Flow[list[ReadyFloatingTag]]:
        """Move them in their order; those of one place in it are read side by side, and then written.

        The version tags are read once more beside the first of them, before any is written.
        """
        moved: list[ReadyFloatingTag] = []
        floating_tags = in_moving_order(self.lanes)
        confirms = self._confirm_before_moving(moves=any(floating.move.moves for floating in floating_tags))
        for group in _groups(floating_tags):
            _, checked = yield from run_both(confirms, self._check_positions(group), workers=self.workers)
            confirms = self._side_by_side(())
            if len(moved) + len(group) == len(floating_tags):
                self._prepare_record([*moved, *checked])
            moved += yield from run_flows(map(self._move, checked), workers=self.workers)
            for floating in moved[-len(group) :]:
                yield from self.others.move(floating)
        yield from confirms
        if not floating_tags:
            self._prepare_record([])
        return moved

    def _prepare_record(self, floating_tags: Sequence[ReadyFloatingTag]) -> None:
        """Begin to upload what is recorded if everything goes well from here on; nothing leads to it before that."""
        self.updates.update(release_updates(self.ledgers, self.commit, self._tagged_lanes(floating_tags)))
        for update in self.updates.values():
            update.start_upload()

    def _confirm_before_moving(self, *, moves: bool) -> Flow[None]:
        if moves:
            yield from self._confirm_version_tags()
        yield from self.others.confirm_version_tags(self.lanes)

    def _check_positions(self, floating_tags: Sequence[ReadyFloatingTag]) -> Flow[list[ReadyFloatingTag]]:
        return (yield from run_flows(map(self._check_position, floating_tags), workers=self.workers))

    def _check_position(self, floating: ReadyFloatingTag) -> Flow[ReadyFloatingTag]:
        """Read where a floating tag is, if it is to move and nothing that was recorded since speaks against it."""
        if not floating.move.moves:
            return floating
        plan, raw, positions = floating.lane.plan, floating.lane.raw, _positions(floating)
        writer, ledgers = self.writers(plan), self.ledgers(plan.repository)
        read = writer.start_reading(floating.tag, raw, positions, workers=self.workers)
        if ledgers:
            floating = yield from _decide_again(ledgers, floating)
        if not floating.move.moves:
            return floating
        current = yield from writer.check_position(floating.tag, raw, positions, read)
        # If it reads as being here already, it came from where it was recorded, or surveyed, last.
        origins = (digest for digest in (current, *floating.origins) if digest != raw.digest)
        return replace(floating, current=current, before=next(origins, None))

    def _move(self, floating: ReadyFloatingTag) -> Flow[ReadyFloatingTag]:
        """Move a floating tag from where it was read."""
        step, move, raw = Step("move", floating.tag), floating.move, floating.lane.raw
        if move.action is FloatingTagAction.LEAVE:
            yield step.skipped(move.reason)
            return floating
        if move.action is FloatingTagAction.UNCHANGED:
            yield step.unchanged(move.reason)
            return floating
        writer = self.writers(floating.lane.plan)
        yield from writer.move_from(floating.current, floating.tag, raw, _positions(floating), change=floating.change)
        return floating

    def _confirm_all(self, moved: Sequence[ReadyFloatingTag]) -> Flow[None]:
        """Read everything once more that must be what the run says at its end."""
        yield from self._side_by_side(
            [
                self._confirm_floating_tags(moved),
                self.others.confirm_floating_tags(),
                self._confirm_version_tags(),
                self.others.confirm_version_tags(self.lanes),
            ]
        )

    def _confirm_floating_tags(self, moved: Sequence[ReadyFloatingTag]) -> Flow[None]:
        """Also those that had the image before: each must be what the run says at its end."""
        yield from self._side_by_side(
            self.writers(floating.lane.plan).confirm(
                floating.tag, floating.lane.raw, previous={*floating.origins, *floating.past}
            )
            for floating in moved
            if floating.ends_here
        )

    def _side_by_side(self, flows: Iterable[Flow[None]]) -> Flow[None]:
        yield from run_flows(flows, workers=self.workers)


def in_moving_order(lanes: Iterable[ReadyLane]) -> list[ReadyFloatingTag]:
    """The floating tags of all lanes: narrow ranges before wide ones, and of one width each lane's last one last."""
    return sorted((floating for lane in lanes for floating in lane.floating_tags), key=_place)


def _positions(floating: ReadyFloatingTag) -> TagPositions:
    """Where a floating tag may be right before it moves."""
    return TagPositions(expected=floating.origins, recorded=floating.past)


def _place(floating: ReadyFloatingTag) -> tuple[int, int]:
    return -len(floating.state.floating.range), -floating.following


def _groups(floating_tags: Iterable[ReadyFloatingTag]) -> list[list[ReadyFloatingTag]]:
    """Those of one place in the moving order, at most one of each lane."""
    return [list(group) for _, group in groupby(floating_tags, key=_place)]


def _decide_again(ledgers: Ledgers, floating: ReadyFloatingTag) -> Flow[ReadyFloatingTag]:
    """Decide by the current ledger: the version may have been marked meanwhile, or the survey's reads lagged."""
    plan, survey = floating.lane.plan, floating.lane.survey
    step = Step("re-check", plan.lane.ledger)
    yield step
    snapshot = ledgers.store(plan.lane).read_newer(survey.ledger)
    checked = replace(survey, ledger=snapshot.ledger, snapshot=snapshot)
    move = reconsider(floating.move, plan, checked)
    yield step.done("the floating tag may move" if move.moves else move.reason)
    return replace(floating, move=move, checked=checked)

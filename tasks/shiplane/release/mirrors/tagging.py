"""Write tags in further repositories, each after the primary's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shiplane.core.flows import run_flows
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.tag_writer import TagWriter
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.release.result import FloatingTagResult, MirrorResult

if TYPE_CHECKING:
    from shiplane.release.mirrors.mirror_lane import MirrorLane
    from shiplane.release.ready_lane import ReadyFloatingTag, ReadyLane


@dataclass
class MirrorTags:
    """The tags of a release in its further repositories.

    Attributes:
        mirrors: The further repositories of each lane.
        workers: With one everything is done in turn.
        moved: What was done about each floating tag there, in the order in which it was done.
    """

    mirrors: Sequence[MirrorLane] = ()
    workers: int = WORKERS
    moved: list[tuple[MirrorLane, ReadyFloatingTag, FloatingTagResult]] = field(default_factory=list)

    def create_version_tags(self, lanes: Sequence[ReadyLane]) -> Flow[None]:
        """Create each lane's version tag in each of its further repositories. Raises as TagWriter.create."""
        yield from run_flows((_create(lane, mirror) for lane, mirror in self._of(lanes)), workers=self.workers)

    def confirm_version_tags(self, lanes: Sequence[ReadyLane]) -> Flow[None]:
        """Read those once more that this run created. Raises as TagWriter.confirm."""
        confirms = (
            _writer(mirror).confirm(tag, lane.raw) for lane, mirror in self._of(lanes) for tag in mirror.created_tags
        )
        yield from run_flows(confirms, workers=self.workers)

    def move(self, floating: ReadyFloatingTag) -> Flow[None]:
        """Move a floating tag as the primary's, which has the lane's image by now or stays where it is.

        Raises:
            RefusedError: It points at nothing that the version could be forward of.
            LostRaceError, AccessError, UnreachableError: As TagWriter.move.
        """
        mirrors = [mirror for _, mirror in self._of([floating.lane])]
        results = yield from run_flows((_move(floating, mirror) for mirror in mirrors), workers=self.workers)
        self.moved += ((mirror, floating, result) for mirror, result in zip(mirrors, results, strict=True))

    def confirm_floating_tags(self) -> Flow[None]:
        """Read those once more that have the lane's image now. Raises as TagWriter.confirm."""
        confirms = (
            _writer(mirror).confirm(floating.tag, floating.lane.raw, previous={mirror.state(floating.tag).digest})
            for mirror, floating, result in self.moved
            if result.digest == floating.lane.raw.digest
        )
        yield from run_flows(confirms, workers=self.workers)

    def results(self, lane: ReadyLane) -> tuple[MirrorResult, ...]:
        """A lane in its further repositories."""
        done: Mapping[int, list[FloatingTagResult]] = {id(mirror): [] for mirror in self.mirrors}
        for mirror, _, result in self.moved:
            done[id(mirror)].append(result)
        return tuple(
            MirrorResult(repository=mirror.repository, floating_tags=tuple(done[id(mirror)]))
            for _, mirror in self._of([lane])
        )

    def _of(self, lanes: Sequence[ReadyLane]) -> list[tuple[ReadyLane, MirrorLane]]:
        names = {lane.plan.lane.name: lane for lane in lanes}
        return [(names[mirror.plan.lane.name], mirror) for mirror in self.mirrors if mirror.plan.lane.name in names]


def _create(lane: ReadyLane, mirror: MirrorLane) -> Flow[None]:
    yield from _writer(mirror).create(mirror.plan.tag, lane.raw)
    yield from _writer(mirror).create_all(mirror.plan.aliases, lane.raw)


def _move(floating: ReadyFloatingTag, mirror: MirrorLane) -> Flow[FloatingTagResult]:
    state, raw = mirror.state(floating.tag), floating.lane.raw
    action, reason = FloatingTagAction.LEAVE, floating.move.reason
    if floating.ends_here:
        action, reason = mirror.move(floating.tag, raw.digest)
    step = Step("move", f"{floating.tag} in {mirror.repository}")
    if action is FloatingTagAction.MOVE:
        yield from _writer(mirror).move(
            floating.tag, raw, change=reason, expected_digests=[state.digest], recorded_digests=()
        )
        state = replace(state, answer=Present(raw), version=mirror.plan.version.value)
    else:
        yield step.unchanged(reason) if action is FloatingTagAction.UNCHANGED else step.skipped(reason)
    return FloatingTagResult(state=state, moved=action is FloatingTagAction.MOVE, reason=reason)


def _writer(mirror: MirrorLane) -> TagWriter:
    return TagWriter(registry=mirror.registry, names_repository=True)

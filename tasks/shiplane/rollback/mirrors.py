"""A rollback in further repositories: each floating tag follows the primary's, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.check import checks_summary, require
from shiplane.core.errors import VerificationError
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, digest_of
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Tag
from shiplane.registry.tag_writer import TagWriter
from shiplane.rollback.mirror_move import MirrorMove
from shiplane.verify.image_check import ExpectedImage, ImageChecker

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.rollback.choice import RollbackChoice


@dataclass(frozen=True, kw_only=True)
class MirrorRollback:
    """Rolls back further repositories.

    Attributes:
        mirrors: Clients of a lane's further repositories.
        workers: How many reads at once.
    """

    mirrors: Callable[[Lane], Sequence[RegistryClient]]
    workers: int = WORKERS

    def check(self, choices: Sequence[RollbackChoice]) -> Flow[tuple[MirrorMove, ...]]:
        """Check, before any tag moves anywhere, that each target is whole in every repository.

        Raises:
            VerificationError: It is not.
            AccessError, UnreachableError: A registry refused, or gave no reliable response.
        """
        moves = []
        for choice in choices:
            for mirror in self.mirrors(choice.request.lane):
                for image in {plan.target.raw.digest: plan.target for plan in choice.tags}.values():
                    yield from self._verify(mirror, image.raw, choice.request.lane.tag_of(image.version))
                moves += _moves(mirror, choice)
        return tuple(moves)

    def move(self, moves: Sequence[MirrorMove]) -> Flow[None]:
        """Move the tags; each from where it was seen. Raises as :meth:`TagWriter.move`."""
        for move in moves:
            if move.moves:
                yield from TagWriter(registry=move.registry, names_repository=True).move(
                    move.floating,
                    move.raw,
                    change=f"{move.current.short if move.current else 'new'} -> {move.tag}",
                    expected_digests=[move.current],
                    recorded_digests=(),
                )

    def _verify(self, mirror: RegistryClient, raw: RawManifest, tag: Tag) -> Flow[None]:
        step = Step("verify", f"{tag} in {mirror.repository}")
        yield step
        remedy = (
            "Bring it there first, by releasing this version again. To roll back the primary alone: --image PRIMARY."
        )
        if isinstance(resolve(mirror, raw.digest), Absent):
            raise VerificationError(f"{mirror.repository} does not have {tag}, {raw.digest}", remedy=remedy)
        checker = ImageChecker(registry=mirror, blobs=True, workers=self.workers)
        report = checker.check(raw, ExpectedImage(platforms=None, foreign=True))
        require(report.checks, f"{tag} in {mirror.repository}", remedy=remedy)
        yield step.done(checks_summary(report.checks))


def _moves(mirror: RegistryClient, choice: RollbackChoice) -> list[MirrorMove]:
    lane = choice.request.lane
    return [
        MirrorMove(
            lane=lane.name,
            registry=mirror,
            floating=plan.targets.floating.tag,
            tag=lane.tag_of(plan.target.version),
            raw=plan.target.raw,
            current=digest_of(resolve(mirror, plan.targets.floating.tag)),
        )
        for plan in choice.tags
    ]

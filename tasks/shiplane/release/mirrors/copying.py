"""Copy the images of a release to its further repositories, by digest, before anything is named anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.config.plan import Plan
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.image_copy import ImageCopier
from shiplane.release.image_inspection import ImageInspector

if TYPE_CHECKING:
    from shiplane.release.mirrors.mirror_lane import MirrorLane
    from shiplane.release.ready_lane import ReadyLane


def copy_lanes(
    plan: Plan, lanes: Sequence[ReadyLane], mirrors: Sequence[MirrorLane], *, workers: int = WORKERS
) -> Flow[None]:
    """Copy each lane's image from its primary to each further repository, and check it there.

    Args:
        plan: What is released.
        lanes: The images, as they are in the primary.
        mirrors: The further repositories of each lane.
        workers: How many requests at once.

    Raises:
        ShiplaneError: As :meth:`shiplane.registry.image_copy.ImageCopier.copy`; nothing was named.
    """
    ready = {lane.plan.lane.name: lane for lane in lanes}
    for mirror in mirrors:
        lane = ready[mirror.plan.lane.name]
        source = mirror.registry.at(lane.plan.repository)
        yield from ImageCopier(source=source, target=mirror.registry, workers=workers).copy(lane.raw)
        inspector = ImageInspector(registry=mirror.registry, workers=workers)
        yield from inspector.inspect_for(plan, lane.plan, lane.raw, lane.decided, promoted=bool(lane.origin))

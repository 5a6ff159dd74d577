"""``verify``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import IMAGE, LANES

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": LANES,
        "tag": "Version to verify (TAG); default: the one the floating tag points at.",
        "image": IMAGE,
        "platforms": "Platforms each version must have; default: as recorded, else PLATFORMS or the project file.",
        "latest": "Whether the floating tag must point at --tag: yes or no (PUBLISH_LATEST); default: as recorded.",
        "pull": "Also check that every layer exists, and pull both tags with the Docker engine.",
        "deep": "Check every layer and attestation without --tag too, and read each config again.",
        "signed": "Fail if the image, or one of its platforms, has no valid signature by [sign] in the project file.",
        "anonymous": "Also read both tags without credentials.",
        "provenance": "Read provenance and SBOMs without --tag too: what they claim, and whether it agrees.",
    },
    iterable=("lane",),
    optional=("latest",),
)
def verify(
    run: Run,
    *,
    lane: Sequence[str] | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    pull: bool = False,
    deep: bool = False,
    anonymous: bool = False,
    provenance: bool = False,
    signed: bool = False,
) -> Answer:
    """Check what the registry serves; reads only.

    Platforms, digests, configs, labels, and where the floating tag points; with --tag, every layer and what provenance
    and SBOMs say as well. Ends with 6 if anything is wrong.
    """
    from shiplane.cli.flag_values import flags_of
    from shiplane.cli.flows.verification import Depth, verify_lanes

    resolver = run.resolver(flags_of(lane, tag, image, platforms, latest=latest))
    depth = Depth(deep=deep, pull=pull, anonymous=anonymous, provenance=provenance, signed=signed)
    return verify_lanes(run, resolver, depth)

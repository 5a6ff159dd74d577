"""``stage``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import BUILDER, IMAGE, NO_LOGIN, PLATFORMS, TAG

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": "Lane to stage.",
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "output": "File to write for publish --staged.",
        "snapshot": "Stage an untagged commit as v0.0.0-<commit>.",
        "builder": BUILDER,
        "skip": "Skip a check: access.",
        "no_login": NO_LOGIN,
    },
    iterable=("skip",),
)
def stage(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    output: str | None = None,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
) -> Answer:
    """Build one lane on its own machine and push it by digest.

    To build each platform natively: every machine stages its platforms and writes a file; then one
    publish --staged FILE --staged FILE joins them into one image, verifies it and tags it.
    """
    from shiplane.cli.flag_values import flags_of, one_lane
    from shiplane.cli.flows.publishing import Options
    from shiplane.cli.flows.staging import stage_lane
    from shiplane.core.errors import UsageError

    if not output:
        raise UsageError("no output file given", remedy="Add --output FILE.")
    chosen = one_lane(lane, run.project, tag or run.env.get("TAG"))
    flags = flags_of([chosen], tag, image, platforms, snapshot=snapshot)
    # Nothing is claimed: a claim is for the digest of the joined index, which the publish makes.
    options = Options(builder=builder, skip=skip or (), login=not no_login, public=False)
    return stage_lane(run, flags, options, output)

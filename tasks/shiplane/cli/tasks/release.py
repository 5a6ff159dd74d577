"""``publish``, ``release`` and ``promote``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import (
    BUILDER,
    CHANGE_DRY_RUN,
    IMAGE,
    LANES,
    LATEST,
    NO_LOGIN,
    PLAN,
    PLATFORMS,
    RELEASE_DRY_RUN,
    REPORT,
    SKIP,
    STAGED,
    TAG,
)

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(
    flags={
        "lane": "Lane to publish.",
        "channel": "Publish HEAD to this channel instead of a version: its tag moves only forward along its branch.",
        "reset": "Let a channel's tag leave a commit that is no longer of the branch, after a force-push.",
        "tag": TAG,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "dry_run": RELEASE_DRY_RUN,
        "snapshot": "Publish an untagged commit as v0.0.0-<commit>; never moves the floating tag.",
        "builder": BUILDER,
        "skip": SKIP,
        "no_login": NO_LOGIN,
        "plan": PLAN,
        "staged": STAGED,
        "report": REPORT,
    },
    iterable=("skip", "staged"),
    optional=("latest",),
)
def publish(
    run: Run,
    *,
    lane: str | None = None,
    channel: str | None = None,
    reset: bool = False,
    tag: str | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    snapshot: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
    report: str | None = None,
) -> Answer:
    """Build, verify and publish one lane.

    The image is staged by digest and verified before it is tagged; the version tag is written once; the floating tag
    only moves forward, if asked; everything is read back. Run the same command again to finish an interrupted run.

    With --channel the commit at HEAD is published under the tag that follows a branch, and under one that it keeps.
    """
    from shiplane.cli.clients.page_files import keep_report
    from shiplane.cli.flag_values import channel_of, flags_of, one_lane
    from shiplane.cli.flows.plans.saved_plans import load_lane_plan
    from shiplane.cli.flows.publishing import Options
    from shiplane.cli.flows.release import carry_out

    keep_report(run, report, "publish")
    options = Options(dry_run=dry_run, builder=builder, skip=skip or (), login=not no_login, staged=staged or ())
    if channel is not None or reset:
        from shiplane.cli.flows.channel import publish_channel

        name = channel_of(channel, {"tag": tag, "latest": latest, "snapshot": snapshot, "plan": plan, "staged": staged})
        flags = flags_of([lane] if lane else None, None, image, platforms)
        return publish_channel(run, name, flags, options, reset=reset)
    if plan is not None:
        beside = {"lane": lane, "tag": tag, "image": image, "platforms": platforms, "latest": latest}
        saved = load_lane_plan(run, plan, **beside, dry_run=dry_run)
        return carry_out(run, saved.flags(run.env, snapshot=snapshot), options.keeping_to(saved))
    chosen = one_lane(lane, run.project, tag or run.env.get("TAG"))
    return carry_out(run, flags_of([chosen], tag, image, platforms, latest=latest, snapshot=snapshot), options)


@shiplane_task(
    flags={
        "version": "Version of every lane, e.g. 0.2.1; default: each lane's git tag at HEAD.",
        "lane": LANES,
        "image": IMAGE,
        "platforms": PLATFORMS,
        "latest": LATEST,
        "dry_run": RELEASE_DRY_RUN,
        "builder": BUILDER,
        "skip": SKIP,
        "no_login": NO_LOGIN,
        "plan": PLAN,
        "staged": STAGED,
        "report": REPORT,
    },
    iterable=("lane", "skip", "staged"),
    optional=("latest",),
)
def release(
    run: Run,
    *,
    version: str | None = None,
    lane: Sequence[str] | None = None,
    image: str | None = None,
    platforms: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    builder: str | None = None,
    skip: Sequence[str] | None = None,
    no_login: bool = False,
    plan: str | None = None,
    staged: Sequence[str] | None = None,
    report: str | None = None,
) -> Answer:
    """Publish all lanes together, all or nothing.

    No lane is tagged until every lane is staged and verified, and every version tag is written before any floating tag
    moves.
    """
    from shiplane.cli.clients.page_files import keep_report
    from shiplane.cli.flag_values import flags_of
    from shiplane.cli.flows.plans.saved_plans import load_plan
    from shiplane.cli.flows.publishing import Options
    from shiplane.cli.flows.release import carry_out

    keep_report(run, report, "release")
    options = Options(dry_run=dry_run, builder=builder, skip=skip or (), login=not no_login, staged=staged or ())
    if plan is not None:
        beside = {"version": version, "lane": lane, "image": image, "platforms": platforms, "latest": latest}
        saved = load_plan(run, plan, **beside, dry_run=dry_run)
        return carry_out(run, saved.flags(run.env, snapshot=False), options.keeping_to(saved))
    flags = flags_of(lane, version, image, platforms, latest=latest, tag_flag="--version")
    return carry_out(run, flags, options)


@shiplane_task(
    flags={
        "lane": "Lane of the version.",
        "tag": TAG,
        "from_": "Repository to promote from; default: the lane's own, or as in [[promotions]].",
        "to": "Repository to promote to; default: as in [[promotions]].",
        "latest": LATEST,
        "dry_run": CHANGE_DRY_RUN,
        "yes": "Do not ask on the terminal.",
    },
    optional=("latest",),
)
def promote(
    run: Run,
    *,
    lane: str | None = None,
    tag: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    latest: str | bool | None = None,
    dry_run: bool = False,
    yes: bool = False,
) -> Answer:
    """Promote a verified version to another repository.

    The version is verified in the source, with every layer. Image, attestations, signatures and all other referrers are
    copied by digest and verified; then the version tag is written once, floating tags move forward as in a
    release, and the ledger there records where it came from. Run it again to finish an interrupted run.
    """
    from shiplane.cli.flows.promotion import PromotionFlags, promote_version

    flags = PromotionFlags(lane=lane, tag=tag, source=from_, target=to, latest=latest, dry_run=dry_run, yes=yes)
    return promote_version(run, flags)

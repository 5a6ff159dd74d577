"""A release of one or more lanes, or its dry run: from the flags to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients import prerequisites as before
from shiplane.cli.flows.dry_run import build_only
from shiplane.cli.flows.publishing import Options, publishing
from shiplane.cli.flows.saved_plans import check_settings
from shiplane.cli.flows.staging import staged_parts
from shiplane.cli.views.release import published_text, stayed_text
from shiplane.config.project_folder import check_inside
from shiplane.core.errors import RefusedError

if TYPE_CHECKING:
    from shiplane.cli.documents import ReleasedDataJson
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan
    from shiplane.config.settings import Flags
    from shiplane.release.result import LaneResult


def carry_out(run: Run, flags: Flags, options: Options) -> Answer:
    """Plan and carry out a release or its dry run.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.release.planning.planner import check_dockerfiles, check_versions, make_plan

    before.check_skip(run.project, options.skip, dry_run=options.dry_run)
    plan = make_plan(run.resolver(flags))
    if options.saved:
        check_settings(run, plan, options.saved)
    check_dockerfiles(plan, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in plan.lanes])
    parts = staged_parts(run, plan, options)
    if parts is None:
        plan = before.checked_build(run, plan, options.skip)
    if options.dry_run:
        return build_only(run, plan, options.builder, every_platform=flags.platforms is not None)
    check_versions(plan, snapshot=flags.snapshot, flag=flags.tag_flag)
    before.check_source_of(run, plan)
    if parts is None:
        before.check_contexts(run, plan)
    conditions = before.prerequisites_of(run, plan.commit, options.skip)
    with publishing(run, plan, options, parts) as (publisher, _):
        released = run.console.drive(replace(publisher, conditions=conditions).publish(plan))
    data: ReleasedDataJson = {
        "image": str(plan.repository),
        "commit": plan.commit,
        "prerequisites": released.evidence.to_json(),
        "lanes": [lane.to_json() for lane in released.lanes],
    }
    return Answer(text=published_text(released.lanes), data=data, error=_unmet(plan, released.lanes))


def _unmet(plan: Plan, lanes: Sequence[LaneResult]) -> RefusedError | None:
    """What is said last where floating tags that were asked for stayed where they were."""
    stayed = [stayed_text(plan, lane.plan, floating.tag, floating.reason) for lane in lanes for floating in lane.unmet]
    if not stayed:
        return None
    leave = "the floating tag where it is" if len(stayed) == 1 else "floating tags where they are"
    return RefusedError("\n".join(stayed), remedy=f"The version is published. To leave {leave}, use --latest=no.")

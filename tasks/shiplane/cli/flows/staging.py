"""Staging one lane for a publish elsewhere, and what a publish takes from the files of such runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients import prerequisites as before
from shiplane.cli.clients.git import check_output_path
from shiplane.cli.flows.publishing import Options, publishing
from shiplane.core.errors import UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan
    from shiplane.config.settings import Flags
    from shiplane.registry.oci.index_join import PartialIndex


def stage_lane(run: Run, flags: Flags, options: Options, output: str) -> Answer:
    """Build and push one lane by digest, for the platforms of this machine; no tag is written.

    The source has to be what a publish wants: a clean tree, a version. Build command and gates are the publish's.

    Args:
        run: The run.
        flags: Of one lane.
        options: How.
        output: The file for the publish, relative to where the user stands.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.config.project_folder import check_inside
    from shiplane.release.planning.planner import check_dockerfiles, check_versions, make_plan
    from shiplane.release.staging.staged import staged_of
    from shiplane.release.staging.staged_file import check_output, write_staged

    before.check_skip(run.project, options.skip)
    plan = make_plan(run.resolver(flags))
    check_dockerfiles(plan, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in plan.lanes])
    check_versions(plan, snapshot=flags.snapshot)
    before.checked_build(run, plan, options.skip)
    path = run.folder / output
    check_output(path)
    check_output_path(run, output, "--output ../staged.json")
    before.check_source_of(run, plan)
    before.check_contexts(run, plan)
    with publishing(run, plan, options) as (publisher, facts):
        digests = run.console.drive(publisher.stage(plan))
        staged = staged_of(plan, plan.lanes[0], digests[plan.lanes[0].lane.name], facts())
    write_staged(path, staged)
    text = f"{plan.repository}@{staged.part.digest}  {', '.join(map(str, staged.part.platforms))}  -> {output}"
    return Answer(text=text, data={"staged": staged.to_json(), "output": output})


def staged_parts(run: Run, plan: Plan, options: Options) -> dict[str, tuple[PartialIndex, ...]] | None:
    """What was staged elsewhere, checked against the plan; None where this run stages itself."""
    if not options.staged:
        return None
    from shiplane.release.staging.staged import parts_of
    from shiplane.release.staging.staged_file import read_staged

    for flag, value in (("--dry-run", options.dry_run), ("--builder", options.builder)):
        if value:
            raise UsageError(
                f"{flag} cannot be combined with --staged: staged images are not rebuilt",
                remedy="Use only one of them.",
            )
    return parts_of(plan, read_staged(run.folder, options.staged))

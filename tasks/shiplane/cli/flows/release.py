"""A release of one or more lanes, or its dry run: from the flags to an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients import prerequisites as before
from shiplane.cli.clients.github import github_releaser_of
from shiplane.cli.flows.announcing import announced, hide_webhooks
from shiplane.cli.flows.dry_run import build_only
from shiplane.cli.flows.plans.saved_plans import check_settings
from shiplane.cli.flows.publishing import Options, publishing
from shiplane.cli.flows.staging import staged_parts
from shiplane.config.keys.announcements import AnnouncedEvent, planned_announcements
from shiplane.config.project_folder import check_inside

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags


def carry_out(run: Run, flags: Flags, options: Options) -> Answer:
    """Plan and carry out a release or its dry run.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.cli.flows.release_answer import has_changed, released_answer, summary_of
    from shiplane.release.announcing.github_release import git_tags_of, with_github_releases
    from shiplane.release.planning.planner import check_dockerfiles, check_versions, make_plan

    before.check_skip(run.project, options.skip, dry_run=options.dry_run)
    hide_webhooks(run)
    plan = make_plan(run.resolver(flags))
    if options.saved:
        check_settings(run, plan, options.saved)
    check_dockerfiles(plan, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in plan.lanes])
    parts = staged_parts(run, plan, options)
    if parts is None:
        plan = before.checked_build(run, plan, options.skip)
    if options.dry_run:
        for tag in git_tags_of(plan) if run.project.github_release else ():
            run.console.tell(f"dry run: no release {tag.tag} on GitHub is made or completed")
        for announcement in planned_announcements(run.project.announcements, AnnouncedEvent.RELEASE):
            run.console.tell(f"dry run: nothing is announced by {announcement['name']}")
        return build_only(run, plan, options.builder, every_platform=flags.platforms is not None)
    check_versions(plan, snapshot=flags.snapshot, flag=flags.tag_flag)
    before.check_source_of(run, plan)
    if parts is None:
        before.check_contexts(run, plan)
    conditions = before.prerequisites_of(run, plan.commit, options.skip)
    github = github_releaser_of(run, options.skip) if options.public else None
    with publishing(run, plan, options, parts) as (publisher, _):
        flow = replace(publisher, conditions=conditions).publish(plan)
        released, on_github = run.console.drive(with_github_releases(github, plan, flow))
    answer = released_answer(plan, released, on_github)
    if not options.public:
        return answer
    changed = has_changed(released, on_github)
    return announced(run, AnnouncedEvent.RELEASE, answer, summary_of(plan), changed=changed, skip=options.skip)

"""The publication of a channel, or its dry run: from the flags to an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients import prerequisites as before
from shiplane.cli.clients.git import history_of
from shiplane.cli.flows.dry_run import build_only
from shiplane.cli.flows.publishing import Options, publishing
from shiplane.cli.views.release import channel_text
from shiplane.config.channel import Channel, channel_named
from shiplane.config.project_folder import check_inside

if TYPE_CHECKING:
    from shiplane.cli.documents import ChannelDataJson
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan
    from shiplane.config.settings import Flags

# What would name a version, or a floating tag's move: a channel has neither.
_OF_VERSIONS = ("TAG", "PUBLISH_LATEST", "GITHUB_REF_TYPE")


def publish_channel(run: Run, name: str, flags: Flags, options: Options, *, reset: bool) -> Answer:
    """Plan and carry out the publication of a channel, or its dry run.

    Args:
        run: The run.
        name: The channel's name.
        flags: One of its lanes, where not all are meant; the repository and the platforms, where they are given.
        options: How.
        reset: Whether the channel's tag may leave a commit that is no longer of the branch.

    Raises:
        ShiplaneError: By situation.
    """
    from shiplane.release.planning.planner import check_dockerfiles

    before.check_skip(run.project, options.skip, dry_run=options.dry_run)
    channel = channel_named(run.project.channels, name)
    plan = _plan(run, channel, flags)
    check_dockerfiles(plan, run.dockerfiles())
    check_inside(run.root, [lane.lane for lane in plan.lanes])
    plan = before.checked_build(run, plan, options.skip)
    if options.dry_run:
        return build_only(run, plan, options.builder, every_platform=flags.platforms is not None)
    before.check_source_of(run, plan)
    _check_branch(run, channel, plan, reset=reset)
    before.check_contexts(run, plan)
    return _carry_out(run, channel.dated(plan.created), plan, options, reset=reset)


def _plan(run: Run, channel: Channel, flags: Flags) -> Plan:
    """The plan of HEAD's commit, whose lanes have its snapshot for a version, whatever git tags there are.

    Raises:
        UsageError: A setting is invalid, or a lane is none of the channel's.
    """
    from shiplane.release.planning.planner import make_plan

    resolver = run.resolver(replace(flags, lanes=channel.chosen(flags.lanes), snapshot=True))
    env = {name: value for name, value in resolver.env.items() if name not in _OF_VERSIONS}
    checkout = replace(resolver.checkout, tags=()) if resolver.checkout else None
    return make_plan(replace(resolver, env=env, checkout=checkout))


def _check_branch(run: Run, channel: Channel, plan: Plan, *, reset: bool) -> None:
    from shiplane.release.channel.branch import check_branch

    history = history_of(run)
    run.console.drive(check_branch(channel, plan.commit, run.env, history.branch_end, history.is_ancestor, reset=reset))


def _carry_out(run: Run, channel: Channel, plan: Plan, options: Options, *, reset: bool) -> Answer:
    from shiplane.release.channel.publisher import channel_publisher

    conditions = before.prerequisites_of(run, plan.commit, options.skip)
    options = replace(options, public=False)
    with publishing(run, plan, options, tags_of=lambda lane: channel.tags_of(lane.lane, plan.commit)) as (publisher, _):
        release = replace(publisher, conditions=conditions)
        mine = channel_publisher(release, channel, plan, history_of(run).is_ancestor, reset=reset)
        result = run.console.drive(mine.publish(plan))
    data: ChannelDataJson = {
        "image": str(plan.repository),
        "commit": plan.commit,
        "channel": channel.name,
        "branch": channel.branch,
        "prerequisites": result.evidence.to_json(),
        "builds": [lane.to_json() for lane in result.lanes],
    }
    return Answer(text=channel_text(plan, result.lanes), data=data)

"""What has to hold before a release: what its builds are given, its source, the build command and the gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shiplane.cli.clients.environment import private_variables
from shiplane.cli.clients.git import compared_again
from shiplane.cli.clients.github import github_of
from shiplane.config.build_settings import check_public, check_variables, unset_variables, without_unset
from shiplane.config.checks.names import VARIABLES_CHECK, skippable
from shiplane.core.errors import UsageError, did_you_mean
from shiplane.docker.contexts import check_folder_names

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.config.project_file import ProjectFile
    from shiplane.release.prerequisites import Prerequisites


def prerequisites_of(run: Run, commit: str, skip: Sequence[str] = (), *, dry_run: bool = False) -> Prerequisites:
    """The prerequisites of a commit, with children that see no secret.

    Raises:
        UsageError: ``skip`` names no check.
    """
    from shiplane.release.prerequisites import Prerequisites

    check_skip(run.project, skip, dry_run=dry_run)
    # A gate may repeat what it was never given: the project's own registries have secrets, too.
    for name in run.credentials.secret_variables():
        run.redact.add(run.env.get(name, ""))
    return Prerequisites(
        root=run.root,
        project=run.project,
        commit=commit,
        env=run.child_env,
        transport=run.transport(),
        github=lambda: github_of(run, "a gate checks GitHub"),
        redact=run.redact,
        skip=frozenset(skip),
        tell=run.console.tell,
        show=run.console.show_line,
    )


def check_skip(project: ProjectFile, skip: Sequence[str], *, dry_run: bool = False) -> None:
    """Refuse the name of a check that does not exist.

    Raises:
        UsageError: Listing those that do; or it is one that only a dry run can skip.
    """
    if VARIABLES_CHECK in skip and not dry_run:
        raise UsageError(
            f"--skip {VARIABLES_CHECK} is for a dry run: a release is built with all that the project file names",
            remedy="Set the variables, or add --dry-run.",
        )
    checks = skippable(project.gates, project.checks)
    for name in skip:
        if name not in checks:
            raise UsageError(
                f"--skip {name[:40]!a}: no such check",
                remedy=f"One of: {', '.join(checks)}. {did_you_mean(name, checks)}".rstrip(),
            )


def checked_build(run: Run, plan: Plan, skip: Sequence[str]) -> Plan:
    """The plan, once what its builds are given is there; secrets among it are hidden from here on.

    With ``--skip variables`` it is a plan without what comes from variables that are not set: what a pull request from
    a fork builds.

    Raises:
        UsageError: A variable is not set, a file is missing, or a cache would take an image's name.
        ConfigurationError: A build arg, which is public, comes from a variable that holds a secret.
    """
    from shiplane.release.planning.planner import check_caches

    check_caches(plan, run.project.lanes, run.project.channels)
    if VARIABLES_CHECK in skip:
        plan = replace(plan, lanes=tuple(_without_unset(run, lane_plan) for lane_plan in plan.lanes))
    for lane in plan.lanes:
        check_build_of(run, lane.lane)
    return plan


def _without_unset(run: Run, lane_plan: LanePlan) -> LanePlan:
    lane = lane_plan.lane
    for key, name, variable in unset_variables(lane.build, run.env):
        run.console.tell(f"lane {lane.name}: {key}: {name} is left out, because {variable} is not set")
    return replace(lane_plan, lane=replace(lane, build=without_unset(lane.build, run.env)))


def check_build_of(run: Run, lane: Lane) -> None:
    """The same for what one lane's build is given, its cache aside. Raises as :func:`checked_build`."""
    from shiplane.config.project_folder import read_secret

    check_public(lane.name, lane.build, private_variables(run.project, run.credentials))
    check_variables(lane.name, lane.build, run.env)
    for secret in lane.build.secrets:
        content = run.env[secret.env] if secret.env else read_secret(run.root, lane.name, secret)
        run.redact.add_content(content)


def check_contexts(run: Run, plan: Plan) -> None:
    """Refuse, before anything is built or asked, what buildx cannot send to a builder that pushes by digest.

    Raises:
        PrerequisiteError: A context's folder has a name that is not ASCII.
    """
    check_folder_names(run.root, {lane.lane.name: lane.lane.context for lane in plan.lanes}, run.env)


def check_source_of(run: Run, plan: Plan) -> None:
    """Refuse a source that is not what it would be published as.

    Raises:
        PrerequisiteError: A dirty or incomplete tree, or the version's git tag stands elsewhere.
    """
    from shiplane.release.source_check import check_source

    run.console.drive(check_source(plan, compared_again(run), run.git.commit_of_tag))

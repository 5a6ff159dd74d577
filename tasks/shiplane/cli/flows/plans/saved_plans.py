"""Plans as files: ``plan --save``, and ``--plan`` of ``publish`` and ``release``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shiplane.cli.clients.git import check_output_path
from shiplane.core.errors import RefusedError, UsageError
from shiplane.core.next_command import command

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.plan import Plan
    from shiplane.release.planning.decision import Decision
    from shiplane.release.planning.plan_document import SettingsJson
    from shiplane.release.planning.saved_plan import SavedPlan
    from shiplane.verify.survey import Survey


def requirements(run: Run) -> list[tuple[str, str]]:
    """What has to pass before anything is tagged: the build command, gates, smoke runs, checks, signing, the claim."""
    from shiplane.config.checks.staged_check import planned_checks
    from shiplane.config.project_folder import build_command

    command = build_command(run.root, run.project)
    build = f"{shlex.join(command.value) or 'nothing'} ({command.source})"
    gates = [(gate.name, str(gate)) for gate in run.project.gates]
    smokes = [(f"smoke {lane}", str(smoke)) for lane, smoke in run.project.smokes.items()]
    checks = [
        (f"check {check.name}", f"{check}, for {', '.join(lanes)}")
        for check, lanes in planned_checks(run.project.checks)
    ]
    claim = run.project.claim
    claims = [("claim", f"each version on git remote {claim.remote}, below {claim.prefix}")] if claim else []
    signing = [("signing", str(run.project.sign))] if run.project.sign else []
    gates = gates or [("gates", "none is configured")]
    return [("build command", build), *gates, *smokes, *checks, *signing, *claims]


def save_plan(run: Run, plan: Plan, surveyed: Mapping[str, tuple[Survey, Decision | str]], file: str) -> str:
    """Write a plan file.

    Args:
        run: Where it runs.
        plan: The settings.
        surveyed: The registry as it is: all of it was asked.
        file: Relative to where the user stands.

    Returns:
        The command that carries it out.

    Raises:
        RefusedError: A release would be refused as things are.
        UsageError: A version is missing; or the file cannot be written there, or would make the tree
            dirty.
    """
    from shiplane import __version__
    from shiplane.release.planning.plan_document import encode, tags_json
    from shiplane.release.planning.plan_files import write_plan
    from shiplane.release.planning.planner import check_versions
    from shiplane.release.source_check import check_version_file

    # Only publish, which is for one lane, has the flag that allows a snapshot.
    check_versions(plan, snapshot=len(plan.lanes) == 1 and plan.lanes[0].version.value.is_snapshot)
    path = run.folder / file
    check_output_path(run, file, "--save ../plan.json")
    tags = []
    for lane in plan.lanes:
        check_version_file(lane.lane, lane.version, lane.version_file)
        survey, decision = surveyed[lane.lane.name]
        if isinstance(decision, str):
            raise RefusedError(f"the plan is not saved, since a release would be refused: {decision}")
        if decision.unmet:
            raise RefusedError(
                "the plan is not saved, since "
                + "; ".join(f"{move.tag} would not move: {move.reason}" for move in decision.unmet),
                remedy="Plan with --latest=no.",
            )
        tags.append(tags_json(lane, survey, decision))
    write_plan(path, encode(_settings(run, plan), tags, written_by=__version__))
    task = "publish" if len(plan.lanes) == 1 else "release"
    snapshot = ["--snapshot"] if any(lane.version.value.is_snapshot for lane in plan.lanes) else []
    return command(task, "--plan", file, *snapshot)


def load_plan(run: Run, file: str, **beside: object) -> SavedPlan:
    """Read a plan that is to be carried out.

    Args:
        run: Where it runs.
        file: Relative to where the user stands.
        beside: The flags that say what is released, as they were given: with a plan, none may be.

    Raises:
        UsageError: One was given, or the file is no plan.
    """
    from shiplane.release.planning.plan_files import read_plan
    from shiplane.release.planning.saved_plan import require_same

    flags = [f"--{name.replace('_', '-')}" for name, value in beside.items() if value]
    if flags:
        raise UsageError(
            f"--plan cannot be combined with {', '.join(flags)}",
            remedy=f"Leave it out, or save a new plan with it: {command('plan', '--save', 'FILE')}",
        )
    saved = read_plan(run.folder / file)
    lanes = [lane.name for lane in run.project.lanes]
    require_same(saved.name, [f"lane {name}: planned -> no such lane" for name in saved.tags if name not in lanes])
    return saved


def load_lane_plan(run: Run, file: str, **beside: object) -> SavedPlan:
    """Read a plan for one lane, as :func:`load_plan` does; one for more lanes is a UsageError."""
    saved = load_plan(run, file, **beside)
    if len(saved.tags) > 1:
        raise UsageError(f"{saved.name} is for {', '.join(saved.tags)}", remedy=command("release", "--plan", "FILE"))
    return saved


def check_settings(run: Run, plan: Plan, saved: SavedPlan) -> None:
    """Refuse to carry out a plan whose settings are not those of the present.

    Raises:
        RefusedError: Naming each difference.
    """
    saved.require_settings(_settings(run, plan))
    run.console.tell(f"{saved.name} ({saved.digest.short}): commit and settings match the plan")


def _settings(run: Run, plan: Plan) -> SettingsJson:
    from shiplane.release.planning.plan_document import settings_json
    from shiplane.release.planning.plan_files import dockerfile_digests

    dockerfiles = dockerfile_digests(run.root, [lane.lane.dockerfile for lane in plan.lanes])
    return settings_json(plan, requirements(run), dockerfiles)

"""Plans as files: ``plan --save``, and ``--plan`` of ``publish`` and ``release``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from shiplane.cli.run import Run
from shiplane.config.plan import Plan
from shiplane.config.project_folder import build_command
from shiplane.core.errors import RefusedError, UsageError
from shiplane.core.next_command import command
from shiplane.core.redact import quoted
from shiplane.release.planning.decision import Decision
from shiplane.release.planning.plan_files import dockerfile_digests, read_plan, write_plan
from shiplane.release.planning.planner import check_versions
from shiplane.release.planning.saved_plan import SavedPlan, SettingsJson, encode, require_same, settings_json, tags_json
from shiplane.verify.survey import Survey


def required(run: Run) -> list[tuple[str, str]]:
    """What has to hold before a name is given: the build command, each gate, each smoke run, the claim, by name."""
    command = build_command(run.root, run.project)
    build = f"{shlex.join(command.value) or 'nothing'} ({command.source})"
    gates = [(gate.name, str(gate)) for gate in run.project.gates]
    smokes = [(f"smoke {lane}", str(smoke)) for lane, smoke in run.project.smokes.items()]
    claim = run.project.claim
    claims = [("claim", f"each version on git remote {claim.remote}, below {claim.prefix}")] if claim else []
    return [("build command", build), *(gates or [("gates", "none is configured")]), *smokes, *claims]


def save_plan(run: Run, planned: Plan, surveyed: Mapping[str, tuple[Survey, Decision | str]], file: str) -> str:
    """Write a plan file.

    Args:
        run: Where it runs.
        planned: The settings.
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

    # Only publish, which is for one lane, has the flag that allows a snapshot.
    check_versions(planned, snapshot=len(planned.lanes) == 1 and planned.lanes[0].version.value.is_snapshot)
    path = run.folder / file
    check_place(run, file, "--save ../plan.json")
    tags = []
    for lane in planned.lanes:
        survey, decision = surveyed[lane.lane.name]
        if isinstance(decision, str):
            raise RefusedError(f"a plan that would be refused is not saved: {decision}")
        if decision.unmet:
            raise RefusedError(
                f"a plan that cannot be carried out as it was asked is not saved: {lane.lane.floating} would not move: "
                f"{decision.reason}",
                remedy="Plan it with --latest=no.",
            )
        tags.append(tags_json(lane, survey, decision))
    write_plan(path, encode(_settings(run, planned), tags, written_by=__version__))
    task = "publish" if len(planned.lanes) == 1 else "release"
    snapshot = ["--snapshot"] if any(lane.version.value.is_snapshot for lane in planned.lanes) else []
    return command(task, "--plan", file, *snapshot)


def check_place(run: Run, file: str, example: str) -> None:
    """Refuse to write a file where it would be a change of the tree.

    Args:
        run: Where it runs.
        file: Relative to where the user stands.
        example: A flag with a better place.

    Raises:
        UsageError: It lies in the checkout, and no .gitignore names it.
    """
    if not run.git.overlooks(run.folder / file):
        raise UsageError(
            f"{quoted(file)} lies in the checkout, where git does not ignore it: it would be a change of its own, "
            "and a release of a changed tree is refused",
            remedy=f"Write it outside, as in {example}, or to a path that a .gitignore of the project names.",
        )


def load_plan(run: Run, file: str, **beside: object) -> SavedPlan:
    """Read a plan that is to be carried out.

    Args:
        run: Where it runs.
        file: Relative to where the user stands.
        beside: The flags that say what is released, as they were given: with a plan, none may be.

    Raises:
        UsageError: One was given, or the file is no plan.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in beside.items() if value]
    if given:
        raise UsageError(
            f"--plan says all that is released; {', '.join(given)} cannot be given beside it",
            remedy=f"Leave it out, or make another plan with it: {command('plan', '--save', 'FILE')}",
        )
    saved = read_plan(run.folder / file)
    known = [lane.name for lane in run.project.lanes]
    require_same(
        saved.name, [f"lane {name}: planned -> there is no such lane" for name in saved.tags if name not in known]
    )
    return saved


def check_settings(run: Run, planned: Plan, saved: SavedPlan) -> None:
    """Refuse to carry out a plan whose settings are not those of the present.

    Raises:
        RefusedError: Naming each difference.
    """
    saved.require_settings(_settings(run, planned))
    run.console.tell(f"{saved.name} ({saved.digest.short}): commit and settings are as planned")


def _settings(run: Run, planned: Plan) -> SettingsJson:
    dockerfiles = dockerfile_digests(run.root, [lane.lane.dockerfile for lane in planned.lanes])
    return settings_json(planned, required(run), dockerfiles)

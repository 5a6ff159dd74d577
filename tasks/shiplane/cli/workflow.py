"""``workflow.write`` and ``workflow.check``: the publish workflows of GitHub Actions, made from the configuration."""

from __future__ import annotations

from collections.abc import Sequence

from shiplane.cli.edge import Answer
from shiplane.cli.run import Run
from shiplane.config.project_folder import build_command, uses_lfs, workflows
from shiplane.config.settings import DEFAULT_PLATFORMS, Resolver
from shiplane.core.errors import PrerequisiteError
from shiplane.core.next_command import command
from shiplane.workflows import files
from shiplane.workflows.render import (
    REQUIREMENTS,
    WorkflowChange,
    WorkflowProject,
    changes,
    is_ours,
    render,
    requirements,
)

_UNREAD = "(this is no text that can be shown)"


def write(run: Run, *, force: bool = False, dry_run: bool = False) -> Answer:
    """Write the lanes' publish workflows for GitHub Actions."""
    found = _changes(run)
    by_hand = [change.path for change in found if change.by_hand]
    if by_hand and not force and not dry_run:
        words = f"changed by hand, or not written by shiplane: {', '.join(by_hand)}"
        return _wrong(found, words, "Move what is yours into a workflow of its own, or replace it with --force.")
    wants_requirements = not (run.root / REQUIREMENTS).exists()
    if not dry_run:
        _carry_out(run, found, wants_requirements=wants_requirements)
    return _answer(found, dry_run=dry_run, wants_requirements=wants_requirements)


def check(run: Run) -> Answer:
    """Check that the workflows are as the configuration wants.

    Raises:
        PrerequisiteError: What they install is not named.
    """
    found = _changes(run)
    if found:
        names = ", ".join(change.path for change in found)
        return _wrong(found, f"not as the configuration wants: {names}", command("workflow.write"))
    if not (run.root / REQUIREMENTS).is_file():
        raise PrerequisiteError(
            f"{REQUIREMENTS} is missing: the workflows install it", remedy=command("workflow.write")
        )
    return Answer(text="the workflows are as the configuration wants", data={"changes": []})


def drifted(run: Run) -> list[str] | None:
    """The workflows that are not as the configuration wants; None in a project that has none from us."""
    if not any(map(is_ours, workflows(run.root).values())):
        return None
    return [change.path for change in _changes(run)]


def _wrong(found: Sequence[WorkflowChange], words: str, remedy: str) -> Answer:
    """What is not as it should be, with what would change."""
    text = f"{words}\n  {remedy}\n\n{_diffs(found)}"
    return Answer(text=text, data={"changes": _json(found)}, exit_code=PrerequisiteError.exit_code)


def _changes(run: Run) -> list[WorkflowChange]:
    wanted, there = _rendered(run), workflows(run.root)
    # What cannot be read as a workflow is somebody's all the same.
    unread = {path: _UNREAD for path in wanted if path not in there and (run.root / path).exists()}
    return changes(wanted, {**there, **unread})


def _rendered(run: Run) -> dict[str, str]:
    return render(_project(run), files.template("lane.yml"), files.template("release-lane.yml"))


def _project(run: Run) -> WorkflowProject:
    """What is committed decides, and nothing of the environment: a check must say the same everywhere."""
    known, command = run.project, build_command(run.root, run.project)
    tasks = (run.root / "tasks.py").is_file() or (run.root / "tasks" / "__init__.py").is_file()
    return WorkflowProject(
        lanes=Resolver(project=known, dockerfiles=run.dockerfiles()).lanes(),
        platforms=known.platforms or DEFAULT_PLATFORMS,
        image=str(known.image) if known.image else "ghcr.io/<owner>/<repo> of this repository",
        gates=known.gates,
        wishes=known.workflows,
        program="invoke" if tasks else "shiplane",
        npm=command.value[:1] == ("npm",) and (run.root / "package-lock.json").is_file(),
        claim=known.claim is not None,
        modules=(run.root / ".gitmodules").is_file(),
        lfs=uses_lfs(run.root),
    )


def _carry_out(run: Run, found: Sequence[WorkflowChange], *, wants_requirements: bool) -> None:
    from shiplane import __version__

    for change in found:
        if change.after is None:
            files.remove(run.root, change.path)
        else:
            files.write(run.root, change.path, change.after)
    if wants_requirements:
        files.write(run.root, REQUIREMENTS, requirements(__version__))


def _answer(found: Sequence[WorkflowChange], *, dry_run: bool, wants_requirements: bool) -> Answer:
    lines = [f"{_verb(change, dry_run=dry_run)} {change.path}" for change in found]
    lines += [f"{'would write' if dry_run else 'wrote'} {REQUIREMENTS}"] if wants_requirements else []
    shown = [_diffs(found)] if dry_run and found else []
    data = {
        "dry_run": dry_run,
        "changes": _json(found),
        "requirements": wants_requirements,
    }
    return Answer(text="\n".join([*shown, *(lines or ["everything is as the configuration wants"])]), data=data)


def _verb(change: WorkflowChange, *, dry_run: bool) -> str:
    words = ("would remove", "removed") if change.after is None else ("would write", "wrote")
    return words[0] if dry_run else words[1]


def _json(found: Sequence[WorkflowChange]) -> list[dict[str, object]]:
    return [{"path": change.path, "by_hand": change.by_hand, "diff": change.diff} for change in found]


def _diffs(found: Sequence[WorkflowChange]) -> str:
    return "\n".join(change.diff for change in found)

"""A rehearsal: releases and a rollback of the project's own lanes, against a registry that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients.prerequisites import prerequisites_of
from shiplane.cli.rehearsals.rehearsal import Rehearsal
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.process import run as run_process
from shiplane.core.system.process import without_secrets
from shiplane.core.system.temp_folder import temp_folder

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.release.prerequisites import PrerequisiteEvidence

# Settings of the real release that must not reach the rehearsal.
_FOREIGN = ("GITHUB_", "GHCR_", "IMAGE_REPO", "TAG", "PLATFORMS", "PUBLISH_LATEST")
_VERSIONS = ("0.1.0", "0.1.1")
_BUILDER = "shiplane-rehearsal"


def rehearse_project(run: Run, project: Path, platforms: str | None, builder: str | None, *, faults: bool) -> Answer:
    """Rehearse the committed state of a project; with ``faults`` while the registry misbehaves.

    Raises:
        ShiplaneError: What a release would end with.
    """
    from shiplane.cli.rehearsals.under_faults import rehearse_faults
    from shiplane.docker.engine import Engine

    with (
        temp_folder("rehearsal", run.child_env, project=project) as folder,
        Engine(env=run.child_env).throwaway_registry() as registry,
        _builder(run, builder) as usable,
    ):
        own = run.within(env=_own_env(run.env), folder=project)
        rehearsal = Rehearsal(
            env=own.env,
            git_env=own.child_env,
            folder=folder / "checkout",
            image=f"{registry}/rehearsal/{project.name.lower()}",
            platforms=platforms,
            builder=usable,
        )
        held = _prerequisites(own)
        rehearsal.clone(project)
        answer = (rehearse_faults if faults else _rehearse)(rehearsal, run)
        return replace(answer, data={"prerequisites": held.to_json(), **answer.data})


def _prerequisites(run: Run) -> PrerequisiteEvidence:
    """The build, in the project itself: what it needs is installed there, and not in a fresh clone.

    Gates are not asked: they speak about commits that others can see, and a rehearsal makes its own.
    """
    checkout = run.git.checkout()
    if run.project.gates:
        run.console.tell("gates are skipped in a rehearsal: its commits exist only on this machine")
    return run.console.drive(prerequisites_of(run, checkout.commit if checkout else "", ("gates",)).require())


def _rehearse(rehearsal: Rehearsal, run: Run) -> Answer:
    """Two versions, and back to the first."""
    rounds = [_round(rehearsal, version, run) for version in _VERSIONS]
    text, back = _roll_back(rehearsal, run)
    data = {"rounds": [data for _, data in rounds], "rolled_back": back}
    return Answer(text="\n\n".join([*(text for text, _ in rounds), text]), data=data)


def _round(rehearsal: Rehearsal, version: str, run: Run) -> tuple[str, dict[str, object]]:
    """A commit, a release of all lanes, a verification that asks others too."""
    rehearsal.commit(version)
    part = rehearsal.part(run)
    run.console.heading(f"release {version}")
    released = rehearsal.release(part, version)
    verified = rehearsal.verified(run, part, version)
    return f"{released.text}\n{verified.text}", {"released": released.data, "verified": verified.data}


def _roll_back(rehearsal: Rehearsal, run: Run) -> tuple[str, list[dict[str, object]]]:
    """Every lane that has floating tags back to the first version."""
    part = rehearsal.part(run)
    run.console.heading("roll back")
    lanes = rehearsal.movable_lanes(part)
    if not lanes:
        run.console.tell("no lane has a floating tag: there is nothing to move back")
    back = [rehearsal.roll_back(part, lane) for lane in lanes]
    verified = rehearsal.verified(run, part, _VERSIONS[0])
    return "\n".join([*(answer.text for answer in back), verified.text]), [dict(answer.data) for answer in back]


@contextmanager
def _builder(run: Run, name: str | None) -> Iterator[str]:
    """The builder to use: what was asked for, or one that shares this machine's loopback, where the registry is."""
    chosen = name or run.env.get("BUILDX_BUILDER")
    if chosen:
        yield chosen
        return
    argv = ["docker", "buildx", "create", "--name", _BUILDER, "--driver", "docker-container"]
    answer = run_process([*argv, "--driver-opt", "network=host"], env=run.child_env)
    if answer.code != 0 and "existing instance" not in answer.stderr:
        raise PrerequisiteError(f"{answer.command} failed: {answer.stderr.strip()[:400]}")
    try:
        yield _BUILDER
    finally:
        run_process(["docker", "buildx", "rm", _BUILDER], env=run.child_env, timeout=120)


def _own_env(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in without_secrets(env).items() if not name.startswith(_FOREIGN)}

"""The checks of this machine and this project: tools, build, gates and smoke tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import commit_of, value_or_none
from shiplane.cli.clients.docker import buildx_of
from shiplane.cli.clients.image_tests import smoker_of
from shiplane.cli.clients.prerequisites import prerequisites_of
from shiplane.core.finding import skipped
from shiplane.doctor.doctor import Look, rows

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags
    from shiplane.registry.oci.names import Platform


def lane_platforms(run: Run, flags: Flags) -> dict[str, tuple[Platform, ...]]:
    """What each lane is built for.

    Raises:
        UsageError: A setting is invalid.
    """
    resolver = run.resolver(flags)
    return {lane.name: resolver.platforms(lane).value for lane in resolver.project.lanes}


def tool_checks(run: Run, lanes: Mapping[str, Sequence[Platform]] | None, builder: str | None) -> Mapping[str, Look]:
    """Docker, its engine, buildx, the builder for each lane's platforms, git and disk space."""
    from shiplane.docker.engine import Engine
    from shiplane.doctor.tools import ToolChecks

    env = run.git.env
    checks = ToolChecks(
        engine=Engine(env=env),
        buildx=buildx_of(run, env),
        git=run.git,
        builder=builder,
        platforms=None if lanes is None else list(dict.fromkeys(chain.from_iterable(lanes.values()))),
        root=run.root,
    )
    return checks.looks()


def prerequisite_checks(run: Run, skip: Sequence[str]) -> dict[str, Look]:
    """Build and gates; without a commit there is nothing that they could be asked about: see config."""
    commit = value_or_none(lambda: commit_of(run))
    if commit is None:
        return {}
    prerequisites = prerequisites_of(run, commit, skip)
    return {
        "build": lambda: rows(prerequisites.build(), lambda _step: "build"),
        "gates": lambda: rows(prerequisites.gates(), lambda step: f"gates: {step.subject[:40]}"),
    }


def smoke_checks(run: Run, platforms: Mapping[str, Sequence[Platform]] | None, skip: Sequence[str]) -> dict[str, Look]:
    """The smoke tests; nothing where none is configured or the settings are wrong."""
    from shiplane.doctor.release import SmokeChecks

    smokes = value_or_none(lambda: dict(run.project.smokes))
    if not smokes:
        return {}
    if "smoke" in skip:
        return {"smoke": lambda: [skipped("smoke", "--skip smoke")]}
    smoker = smoker_of(run, {}, skip=skip)
    assert smoker is not None  # noqa: S101 -- some are configured
    return {"smoke": SmokeChecks(smoker=smoker, platforms=platforms).look}

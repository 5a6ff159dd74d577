"""The checks of the configuration: the project file, the lanes, what git knows, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.cli.clients.prerequisites import check_build_of
from shiplane.core.finding import Finding, done
from shiplane.core.next_command import command
from shiplane.core.system.host import can_execute
from shiplane.deployments.files import collect
from shiplane.doctor.config import ConfigChecks
from shiplane.doctor.staged_checks import check_programs

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags
    from shiplane.doctor.doctor import Look


def config_check(run: Run, flags: Flags) -> Look:
    """The project file, the lanes, what git knows, and the workflows."""
    checks = ConfigChecks(
        project=lambda: run.project,
        checkout=lambda: run.compared,
        resolver=lambda: run.resolver(flags),
        check_build=lambda lane: check_build_of(run, lane),
        collect=lambda: collect(run.root, run.project.deployments),
    )
    return lambda: [*checks.check(), *_staged_checks(run), *_workflows(run)]


def _staged_checks(run: Run) -> Iterator[Finding]:
    """The checks of staged images; nothing where the project file is wrong."""
    checks = value_or_none(lambda: run.project.checks)
    return check_programs(checks or {}, lambda program: can_execute(program, run.child_env, run.root))


def _workflows(run: Run) -> Iterator[Finding]:
    """Whether the workflows that shiplane wrote are up to date: a manual release does not need them."""
    from shiplane.cli.workflows.files import drifted

    paths = value_or_none(lambda: drifted(run))
    if paths is None:
        return
    remedy = f"See the changes with: {command('workflow.check')}" if paths else ""
    name = run.project.name or "the configuration"
    reason = f"out of date with {name}: {', '.join(paths)}" if paths else f"up to date with {name}"
    yield done("config: workflows", reason, warning=remedy)

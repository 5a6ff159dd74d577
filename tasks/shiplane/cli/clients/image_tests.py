"""What tests staged images in a run: the engine that starts them, and the project's checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from shiplane.cli.clients.docker import buildx_of
from shiplane.config.smoke import Runnable
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.process import run as run_process
from shiplane.core.system.temp_folder import temp_folder

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.docker.engine import Engine
    from shiplane.registry.client import RegistryClient
    from shiplane.release.checks.check_run import CheckRunner
    from shiplane.release.checks.image_tests import ImageTests
    from shiplane.release.smoke_run import SmokeRunner

# Lines of a check's output that are kept: the last ones.
_KEPT = 200


def image_tests_of(
    run: Run, primaries: Mapping[str, RegistryClient], skip: Sequence[str], *, before_checks: Callable[[], None]
) -> ImageTests:
    """All that a staged image has to pass.

    Args:
        run: The run.
        primaries: Where each lane's image is pulled from, with the credential for it.
        skip: The checks that are skipped.
        before_checks: Called before the first check.
    """
    from shiplane.release.checks.image_tests import ImageTests

    return ImageTests(smoke=smoker_of(run, primaries, skip=skip), checks=checker_of(run, skip, before=before_checks))


def checker_of(run: Run, skip: Sequence[str] = (), *, before: Callable[[], None] = lambda: None) -> CheckRunner | None:
    """What checks staged images, with children that see no secret; None where no check is configured.

    Args:
        run: The run.
        skip: The names of checks that are left out.
        before: Called before the first check.
    """
    if not run.project.checks:
        return None
    from shiplane.release.checks.check_run import CheckRunner
    from shiplane.release.checks.project_command import CommandRunner

    # A check may repeat what it was never given: the project's own registries have secrets, too.
    for name in run.credentials.secret_variables():
        run.redact.add(run.env.get(name, ""))
    env = run.child_env
    return CheckRunner(
        commands=CommandRunner(
            root=run.root, env=env, redact=run.redact, kept=_KEPT, alone=True, show=run.console.show_line
        ),
        checks=run.project.checks,
        layout_folder=lambda: temp_folder("layout", env, project=run.root),
        skip=frozenset(skip),
        before=before,
    )


def smoker_of(run: Run, primaries: Mapping[str, RegistryClient], *, skip: Sequence[str]) -> SmokeRunner | None:
    """What runs the smoke tests; None where none is configured. No engine is asked before it is needed.

    Args:
        run: The run.
        primaries: Where each lane's image is pulled from, with the credential for it.
        skip: The checks that are skipped.
    """
    if not run.project.smokes:
        return None
    from shiplane.docker.containers import Containers
    from shiplane.docker.engine import Engine
    from shiplane.release.smoke_run import ImageSource, SmokeRunner

    engine = Engine(env=run.child_env)
    return SmokeRunner(
        engine=Containers(engine=engine),
        runnable=cache(lambda: _runnable(run, engine)),
        sources={
            lane: ImageSource(primary.repository, primary.session.credential) for lane, primary in primaries.items()
        },
        smokes=run.project.smokes,
        skip_reason="--skip smoke" if "smoke" in skip else "",
    )


def _runnable(run: Run, engine: Engine) -> Runnable:
    """What the engine can run.

    The engine does not say what it emulates, but the builder inside of it finds out by trying, and buildx lists that
    one under the name of the docker context (BuildKit, util/archutil). Without it only its own platform is certain.

    Raises:
        UnreachableError: No engine answers.
    """
    native = engine.platform()
    try:
        context = run_process(["docker", "context", "show"], env=run.child_env).stdout.strip()
        builders = buildx_of(run, run.child_env).builders()
    except PrerequisiteError:
        return Runnable(native=native)
    inside = [builder.platforms for builder in builders if builder.driver == "docker" and builder.name == context]
    return Runnable(native=native, others=frozenset().union(*inside))

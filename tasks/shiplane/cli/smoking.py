"""Smoke runs of a release: what is configured, and the engine that carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from shiplane.cli.run import Run
from shiplane.config.smoke import Runnable
from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.process import run as run_process
from shiplane.docker.containers import Containers
from shiplane.docker.engine import Engine
from shiplane.registry.oci.names import Repository
from shiplane.release.smoke_run import SmokeRunner


def smoker(
    run: Run, repository: Repository, credential: Credential | None, *, skip: Sequence[str]
) -> SmokeRunner | None:
    """What tries the staged images; None where nothing is configured. No engine is asked before it is needed."""
    if not run.project.smokes:
        return None
    engine = Engine(env=run.child_env)
    return SmokeRunner(
        engine=Containers(engine=engine),
        runnable=cache(lambda: runnable(run, engine)),
        repository=repository,
        credential=credential,
        smokes=run.project.smokes,
        left_out="--skip smoke" if "smoke" in skip else "",
    )


def runnable(run: Run, engine: Engine) -> Runnable:
    """What the engine can run.

    The engine does not say what it emulates, but the builder inside of it finds out by trying, and buildx lists that
    one under the name of the docker context (BuildKit, util/archutil). Without it only its own platform is certain.

    Raises:
        UnreachableError: No engine answers.
    """
    native = engine.platform()
    try:
        context = run_process(["docker", "context", "show"], env=run.child_env).stdout.strip()
        builders = run.buildx(run.child_env).builders()
    except PrerequisiteError:
        return Runnable(native=native)
    inside = [builder.platforms for builder in builders if builder.driver == "docker" and builder.name == context]
    return Runnable(native=native, others=frozenset().union(*inside))

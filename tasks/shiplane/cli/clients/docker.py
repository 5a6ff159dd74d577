"""Docker as a run uses it: buildx, the private login of the child that pushes, and the engine that tries images."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from shiplane.config.smoke import Runnable
from shiplane.core.credential import Credential
from shiplane.core.errors import PrerequisiteError
from shiplane.core.system.process import run as run_process

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.docker.buildx import Buildx
    from shiplane.docker.engine import Engine
    from shiplane.registry.client import RegistryClient
    from shiplane.release.smoke_run import SmokeRunner


def buildx_of(run: Run, env: Mapping[str, str]) -> Buildx:
    """This machine's buildx, whose builds get what their settings name of the user's environment.

    Args:
        run: The run.
        env: The environment of buildx itself.
    """
    from shiplane.docker.buildx import Buildx
    from shiplane.docker.cache_probe import probe_with

    return Buildx(
        env=env,
        root=run.root,
        listen=run.console.foreign,
        tell=run.console.tell,
        show_build=run.console.show_build,
        user_env=run.env,
        is_silent=probe_with(run.transport()),
        remotes_match_source=lambda: _remotes_name_the_source(run),
    )


def _remotes_name_the_source(run: Run) -> bool:
    """Whether every URL of every git remote says what the label of an image's source says."""
    from shiplane.config.settings import Flags, public_slug

    slug = run.resolver(Flags()).slug()
    return slug is not None and all(public_slug(url) == slug.value for url in run.git.remote_urls())


@contextmanager
def login(run: Run, credentials: Iterable[Credential], *, stored: bool) -> Iterator[dict[str, str]]:
    """The environment for the one child that pushes: privately logged in to each registry that it pushes to.

    Args:
        run: The run.
        credentials: Of those registries, one of each.
        stored: Whether what docker has stored is to be used instead.
    """
    from shiplane.docker.private_config import private_login
    from shiplane.registry.stored_login import AUTH_CONFIG, environment_logins

    own = [each for each in credentials if not (stored or each.source.startswith("docker login"))]
    logins = environment_logins(run.env.get(AUTH_CONFIG, ""))
    if not own and not logins:
        yield run.child_env
        return
    for entry in logins.values():
        run.redact.add_content("\n".join([entry["auth"], base64.b64decode(entry["auth"]).decode()]))
    with private_login(run.child_env, own, logins, project=run.root) as env:
        yield env


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

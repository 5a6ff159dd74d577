"""Docker as a run uses it: buildx, the private login of the child that pushes, and the engine that tries images."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shiplane.core.credential import Credential

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.docker.buildx import Buildx


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

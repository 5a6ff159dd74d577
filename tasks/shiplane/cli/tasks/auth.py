"""``auth.show``, ``auth.login`` and ``auth.logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.task_decorator import shiplane_task
from shiplane.cli.tasks.flag_help import IMAGE

if TYPE_CHECKING:
    from shiplane.cli.run import Run


@shiplane_task(flags={"image": IMAGE})
def show(run: Run, *, image: str | None = None) -> Answer:
    """Show which credential is used and why, never a secret."""
    from shiplane.cli.views.credentials import credentials_json
    from shiplane.cli.views.tables import columns

    shown = [credentials_json(run.credentials, registry, run.project.name) for registry in _registries(run, image)]
    rows = [
        (registry["registry"], candidate["source"], candidate["verdict"])
        for registry in shown
        for candidate in registry["candidates"]
    ]
    return Answer(text=columns(rows), data={**shown[0], "registries": shown})


@shiplane_task(flags={"image": IMAGE})
def login(run: Run, *, image: str | None = None) -> Answer:
    """Store the environment's credential, as docker login does.

    The password goes to docker by standard input.
    """
    from shiplane.cli.clients.docker_login import store_login

    registry = _registry(run, image)
    credential = store_login(run, registry)
    text = f"logged in to {registry} as {credential.username} ({credential.source})"
    return Answer(text=text, data={"registry": registry, "username": credential.username})


@shiplane_task(flags={"image": IMAGE})
def logout(run: Run, *, image: str | None = None) -> Answer:
    """Remove the login stored for the registry."""
    from shiplane.cli.clients.docker_login import remove_login

    registry = _registry(run, image)
    remove_login(run, registry)
    return Answer(text=f"logged out of {registry}", data={"registry": registry})


def _registries(run: Run, image: str | None) -> list[str]:
    """The registries of every image, then every configured one."""
    from shiplane.core.errors import UsageError
    from shiplane.core.host_names import GHCR_HOST

    configured = list(run.project.registries)
    try:
        used = _image_registries(run, image)
    except UsageError:
        if image or run.env.get("IMAGE_REPO"):
            raise
        # No image is known here: what is configured can be shown all the same.
        return configured or [GHCR_HOST]
    return list(dict.fromkeys([*used, *configured]))


def _image_registries(run: Run, image: str | None) -> list[str]:
    from shiplane.config.settings import Flags

    resolver = run.resolver(Flags(image=image))
    return [repository.registry for lane in run.project.lanes for repository in resolver.images(lane).value]


def _registry(run: Run, image: str | None) -> str:
    from shiplane.config.settings import Flags

    return run.resolver(Flags(image=image)).image().value.registry

"""A private docker configuration for the one child that logs in: there for the push, gone afterwards.

The user's own configuration stays untouched and in force: its contexts, plugins, builders and other logins are seen
through. Docker keeps a login as base64 in ``config.json``; a registry whose entry in ``credHelpers`` is empty is looked
up in that file even when a credential store is configured (docker/cli, cli/config/configfile/file.go).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from shiplane.clients.scratch import scratch, unwritable
from shiplane.clients.stored import config_key, docker_config_folder
from shiplane.model.credential import Credential

_SEEN_THROUGH = ("contexts", "cli-plugins")


@contextmanager
def private_login(env: Mapping[str, str], credential: Credential, *, project: Path) -> Iterator[dict[str, str]]:
    """Yield an environment in which docker is logged in to one more registry, for as long as the block lasts.

    Args:
        env: Docker's environment without it.
        credential: Of that registry.
        project: The folder that nothing of it may be in.

    Raises:
        PrerequisiteError: There is no room for it, or no permission.
    """
    own = docker_config_folder(env)
    with scratch("login", env, project=project) as folder:
        try:
            _fill(folder, own, credential)
        except OSError as error:
            raise unwritable(error) from error
        yield {"BUILDX_CONFIG": str(own.resolve() / "buildx"), **env, "DOCKER_CONFIG": str(folder)}


def _fill(folder: Path, own: Path, credential: Credential) -> None:
    for name in _SEEN_THROUGH:
        if (own / name).is_dir():
            (folder / name).symlink_to(own.resolve() / name)
    _write(folder / "config.json", _config(own, credential))


def _config(own: Path, credential: Credential) -> dict[str, Any]:
    config: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        config = json.loads((own / "config.json").read_text("utf-8"))
    key = config_key(credential.registry)
    auths = {**(config.get("auths") or {}), key: {"auth": credential.basic}}
    helpers = {**(config.get("credHelpers") or {}), key: ""}
    return {**config, "auths": auths, "credHelpers": helpers}


def _write(path: Path, document: dict[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(document, stream)

"""A temporary docker configuration for the one child that logs in.

The user's configuration is untouched; its contexts, plugins, builders and other logins stay available. A login is
base64 in ``config.json``; with an empty entry in ``credHelpers`` that file is used even if a credential store is
configured (docker/cli, cli/config/configfile/file.go).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from shiplane.core.credential import Credential
from shiplane.core.system.temp_folder import temp_folder, unwritable_error
from shiplane.registry.stored_login import config_key, docker_config_folder

Entry = Mapping[str, str]
NO_LOGINS: Mapping[str, Entry] = MappingProxyType({})
_LINKED = ("contexts", "cli-plugins")


@contextmanager
def private_login(
    env: Mapping[str, str], credentials: Iterable[Credential], logins: Mapping[str, Entry] = NO_LOGINS, *, project: Path
) -> Iterator[dict[str, str]]:
    """Yield an environment in which docker is logged in with the credentials and further logins.

    ``logins`` are the entries of ``DOCKER_AUTH_CONFIG``, which children do not get.

    Raises:
        PrerequisiteError: It cannot be written outside the project.
    """
    user_folder = docker_config_folder(env)
    with temp_folder("login", env, project=project) as folder:
        try:
            own = {config_key(credential.registry): {"auth": credential.basic} for credential in credentials}
            _fill(folder, user_folder, _config(user_folder, {**logins, **own}, env.get("PATH")))
        except OSError as error:
            raise unwritable_error(error) from error
        yield {"BUILDX_CONFIG": str(user_folder.resolve() / "buildx"), **env, "DOCKER_CONFIG": str(folder)}


def _fill(folder: Path, user_folder: Path, config: Mapping[str, Any]) -> None:
    for name in _LINKED:
        if (user_folder / name).is_dir():
            (folder / name).symlink_to(user_folder.resolve() / name)
    _write(folder / "config.json", config)


def _config(user_folder: Path, logins: Mapping[str, Entry], path: str | None) -> dict[str, Any]:
    """The user's configuration with further logins, and without missing helpers, at which docker would fail."""
    config: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        config = json.loads((user_folder / "config.json").read_text("utf-8"))
    auths = {**(config.get("auths") or {}), **logins}
    helpers = {
        registry: name for registry, name in (config.get("credHelpers") or {}).items() if _is_installed(name, path)
    }
    store = {"credsStore": config.get("credsStore")} if _is_installed(config.get("credsStore"), path) else {}
    config = {name: value for name, value in config.items() if name != "credsStore"}
    return {**config, **store, "auths": auths, "credHelpers": {**helpers, **dict.fromkeys(logins, "")}}


def _is_installed(helper: object, path: str | None) -> bool:
    """Whether a credential helper is installed; an empty name stands for the file itself."""
    return helper == "" or (bool(helper) and shutil.which(f"docker-credential-{helper}", path=path) is not None)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(document, stream)

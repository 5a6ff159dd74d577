"""A private docker configuration for the one child that logs in: there for the push, gone afterwards.

The user's own configuration stays untouched and in force: its contexts, plugins, builders and other logins are seen
through. Docker keeps a login as base64 in ``config.json``; a registry whose entry in ``credHelpers`` is empty is looked
up in that file even when a credential store is configured (docker/cli, cli/config/configfile/file.go).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from shiplane.clients.stored import config_key, docker_config_folder
from shiplane.model.credential import Credential

_PREFIX = "shiplane-login-"
_SEEN_THROUGH = ("contexts", "cli-plugins")


@contextmanager
def private_login(env: Mapping[str, str], credential: Credential) -> Iterator[dict[str, str]]:
    """Yield an environment in which docker is logged in to one more registry, for as long as the block lasts.

    The folder is readable by this user alone. What a killed run left behind is removed by the next one.
    """
    sweep(Path(tempfile.gettempdir()))
    own = docker_config_folder(env)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        for name in _SEEN_THROUGH:
            if (own / name).is_dir():
                (folder / name).symlink_to(own.resolve() / name)
        _write(folder / "config.json", _config(own, credential))
        yield {"BUILDX_CONFIG": str(own.resolve() / "buildx"), **env, "DOCKER_CONFIG": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove the private configurations of runs that are dead."""
    for folder in parent.glob(f"{_PREFIX}*"):
        found = re.match(rf"{_PREFIX}([0-9]+)-", folder.name)
        with suppress(OSError):
            if found and folder.stat().st_uid == os.getuid() and not _alive(int(found.group(1))):
                shutil.rmtree(folder, ignore_errors=True)


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


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""Logins stored by ``docker login``, read like the docker CLI: from ``config.json`` or its credential helper.

``DOCKER_AUTH_CONFIG`` takes precedence, as in docker since 28.3 (docker/cli, cli/config/configfile/file.go).

The SDK's reader is not used: it passes helpers our whole environment, tokens included, ignores an empty entry in
``credHelpers`` (docker/cli: "the file, whatever ``credsStore`` says"), and has no time limit.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shiplane.core.errors import AccessError, PrerequisiteError
from shiplane.core.system.process import run
from shiplane.core.text import one_line

# docker stores Docker Hub's login under this name (docker/cli, registry.IndexServer).
_HUB = {"docker.io": "https://index.docker.io/v1/"}
_HELPER_TIMEOUT = 20.0
AUTH_CONFIG = "DOCKER_AUTH_CONFIG"
_IDENTITY_TOKEN = "<token>"  # noqa: S105 -- the user name that stands for one
# What an entry may hold beside or instead of a login (docker/cli, cli/config/types/authconfig.go). ``auth`` goes before
# ``username`` and ``password``, which other tools write.
_TOKENS = {"identitytoken": "an identity", "registrytoken": "a registry"}
_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class StoredLogin:
    """The login stored for one registry; empty with a ``problem`` if none is usable.

    ``source`` names the file, and the helper if there is one, for people to read.
    """

    source: str
    username: str = ""
    password: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return f"StoredLogin({self.source!r}, {self.username!r})"


def docker_config_folder(env: Mapping[str, str]) -> Path:
    """Docker's configuration folder: ``DOCKER_CONFIG``, else ``~/.docker``."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or Path.home()) / ".docker")


def config_key(registry: str) -> str:
    """The key of a registry's login in docker's configuration."""
    return _HUB.get(registry, registry)


def read_config(env: Mapping[str, str]) -> dict[str, Any]:
    """Docker's configuration; empty without a file.

    Raises:
        AccessError: It is unreadable, or not a JSON object.
    """
    path = docker_config_folder(env) / "config.json"
    try:
        document = json.loads(path.read_bytes()[:_LIMIT].decode("utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise AccessError(f"{path} cannot be read: {error}", remedy="Fix the file, or log in again.") from error
    if not isinstance(document, dict):
        raise AccessError(f"{path} is not a JSON object", remedy="Fix the file, or log in again.")
    return document


def environment_logins(text: str) -> dict[str, dict[str, str]]:
    """The entries of ``DOCKER_AUTH_CONFIG`` by registry: ``{"auths": {"registry": {"auth": "base64"}}}``.

    Returns:
        Nothing if any part of it is invalid: docker then ignores all of it.
    """
    try:
        document = json.loads(text[:_LIMIT]) if text else {}
        entries = {str(registry): {"auth": str(entry["auth"])} for registry, entry in document.get("auths", {}).items()}
        other_entries = [entry for entry in document.get("auths", {}).values() if set(entry) != {"auth"}]
        decoded = [base64.b64decode(entry["auth"], validate=True).decode("utf-8") for entry in entries.values()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    is_valid = not other_entries and set(document) <= {"auths"} and all(":" in pair for pair in decoded)
    return entries if is_valid else {}


def stored_login(registry: str, env: Mapping[str, str], auth_config: str = "") -> StoredLogin:
    """Look up the login for a registry.

    Args:
        registry: As it is written in the image's name.
        env: Determines docker's configuration; passed on to a helper, so it must hold no secret.
        auth_config: The value of ``DOCKER_AUTH_CONFIG``.

    Raises:
        AccessError: The configuration cannot be read, or the helper fails.
    """
    logins = environment_logins(auth_config)
    if logins and not (login := _from_file(logins, config_key(registry), AUTH_CONFIG)).problem:
        return login
    source = str(docker_config_folder(env) / "config.json")
    config, key = read_config(env), config_key(registry)
    # An empty entry selects the file.
    helper = _table(config, "credHelpers").get(key, config.get("credsStore"))
    if helper:
        return _from_helper(str(helper), key, f"{source}, docker-credential-{helper}", env)
    return _from_file(_table(config, "auths"), key, source)


def _from_file(auths: Mapping[str, Any], key: str, source: str) -> StoredLogin:
    entry = auths.get(key) or next((auths[name] for name in auths if _hostname(name) == key), None)
    if not isinstance(entry, dict) or not entry:
        return StoredLogin(source=source, problem="no login is stored there")
    if kind := next((kind for key, kind in _TOKENS.items() if entry.get(key)), ""):
        return StoredLogin(source=source, problem=f"{kind} token, which only docker can use")
    if not entry.get("auth"):
        return _usable(source, str(entry.get("username") or ""), str(entry.get("password") or ""))
    try:
        pair = base64.b64decode(str(entry["auth"]), validate=True).decode("utf-8").rstrip("\0")
    except ValueError as error:
        raise AccessError(f"{source}: the login of {key} is not valid base64", remedy=f"docker login {key}") from error
    username, _, password = pair.partition(":")
    return _usable(source, username, password)


def _from_helper(helper: str, key: str, source: str, env: Mapping[str, str]) -> StoredLogin:
    """Ask a helper (docker/docker-credential-helpers): the key on standard input, a JSON object on standard output."""
    try:
        answer = run([f"docker-credential-{helper}", "get"], env=env, given=key, timeout=_HELPER_TIMEOUT)
    except PrerequisiteError as error:
        raise AccessError(f"the login of {key} cannot be read: {error.what}", remedy=f"See {source}.") from error
    if answer.code != 0:
        # Helpers report errors on standard output; "not found" is not one.
        message = one_line(answer.stdout or answer.stderr)[:200]
        if "not found" in message.lower():
            return StoredLogin(source=source, problem="the helper has no login for it")
        raise AccessError(f"docker-credential-{helper} failed for {key}: {message}", remedy=f"See {source}.")
    try:
        document = json.loads(answer.stdout)
        username, password = str(document.get("Username") or ""), str(document.get("Secret") or "")
    except (ValueError, AttributeError) as error:
        raise AccessError(f"docker-credential-{helper} did not return a JSON object for {key}") from error
    if username == _IDENTITY_TOKEN:
        return StoredLogin(source=source, problem="an identity token, which only docker can use")
    return _usable(source, username, password)


def _usable(source: str, username: str, password: str) -> StoredLogin:
    if not username or not password:
        return StoredLogin(source=source, problem="no login is stored there")
    return StoredLogin(source=source, username=username, password=password)


def _table(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = config.get(name)
    return value if isinstance(value, dict) else {}


def _hostname(key: str) -> str:
    """The host of an entry; old ones are URLs (docker/cli, credentials.ConvertToHostname)."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]

"""What ``docker login`` stored, read as the docker CLI reads it: ``config.json``, or the credential helper it names.

``DOCKER_AUTH_CONFIG`` goes before both, as it does for docker from 28.3 on (docker/cli, cli/config/configfile/file.go).

The SDK's reader is not used: it gives a helper the whole environment of this process, tokens included, takes an empty
entry in ``credHelpers`` for none (docker/cli: "the file, whatever ``credsStore`` says"), and waits without end.
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

# docker keeps its own registry's login under this name (docker/cli, registry.IndexServer).
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
    """What is stored for one registry.

    Attributes:
        place: The file, and the helper if there is one, for people to read.
        username: The account; empty where nothing usable is stored.
        password: Its secret.
        why_not: Why nothing is usable.
    """

    place: str
    username: str = ""
    password: str = ""
    why_not: str = ""

    def __repr__(self) -> str:
        return f"StoredLogin({self.place!r}, {self.username!r})"


def docker_config_folder(env: Mapping[str, str]) -> Path:
    """Where docker keeps its configuration: ``DOCKER_CONFIG``, else ``~/.docker``."""
    return Path(env.get("DOCKER_CONFIG") or Path(env.get("HOME") or Path.home()) / ".docker")


def config_key(registry: str) -> str:
    """The name under which docker keeps a registry's login."""
    return _HUB.get(registry, registry)


def read_config(env: Mapping[str, str]) -> dict[str, Any]:
    """Docker's configuration; empty where there is no file.

    Raises:
        AccessError: It cannot be read, or is no JSON object.
    """
    path = docker_config_folder(env) / "config.json"
    try:
        document = json.loads(path.read_bytes()[:_LIMIT].decode("utf-8")) if path.is_file() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise AccessError(f"{path} cannot be read: {error}", remedy="Mend it, or log in anew.") from error
    if not isinstance(document, dict):
        raise AccessError(f"{path} is no JSON object", remedy="Mend it, or log in anew.")
    return document


def environment_logins(text: str) -> dict[str, dict[str, str]]:
    """The entries of ``DOCKER_AUTH_CONFIG`` by registry: ``{"auths": {"registry": {"auth": "base64"}}}``.

    Returns:
        Nothing where anything in it is of another form: docker ignores it whole then.
    """
    try:
        document = json.loads(text[:_LIMIT]) if text else {}
        entries = {str(registry): {"auth": str(entry["auth"])} for registry, entry in document.get("auths", {}).items()}
        strange = [entry for entry in document.get("auths", {}).values() if set(entry) != {"auth"}]
        decoded = [base64.b64decode(entry["auth"], validate=True).decode("utf-8") for entry in entries.values()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    whole = not strange and set(document) <= {"auths"} and all(":" in pair for pair in decoded)
    return entries if whole else {}


def stored_login(registry: str, env: Mapping[str, str], given: str = "") -> StoredLogin:
    """Look up what is stored for a registry.

    Args:
        registry: Whose, as it stands in the image's name.
        env: Says where docker's configuration is; a helper gets it too, so it must hold no secret.
        given: The value of ``DOCKER_AUTH_CONFIG``.

    Raises:
        AccessError: The configuration cannot be read, or the helper fails.
    """
    logins = environment_logins(given)
    if logins and not (found := _from_file(logins, config_key(registry), AUTH_CONFIG)).why_not:
        return found
    place = str(docker_config_folder(env) / "config.json")
    config, key = read_config(env), config_key(registry)
    # An empty entry is one too: it means the file.
    helper = _table(config, "credHelpers").get(key, config.get("credsStore"))
    if helper:
        return _from_helper(str(helper), key, f"{place}, docker-credential-{helper}", env)
    return _from_file(_table(config, "auths"), key, place)


def _from_file(auths: Mapping[str, Any], key: str, place: str) -> StoredLogin:
    entry = auths.get(key) or next((auths[name] for name in auths if _hostname(name) == key), None)
    if not isinstance(entry, dict) or not entry:
        return StoredLogin(place=place, why_not="no login is stored there")
    if kind := next((kind for key, kind in _TOKENS.items() if entry.get(key)), ""):
        return StoredLogin(place=place, why_not=f"{kind} token, which only docker can use")
    if not entry.get("auth"):
        return _usable(place, str(entry.get("username") or ""), str(entry.get("password") or ""))
    try:
        pair = base64.b64decode(str(entry["auth"]), validate=True).decode("utf-8").rstrip("\0")
    except ValueError as error:
        raise AccessError(f"{place}: the login of {key} is damaged", remedy=f"docker login {key}") from error
    username, _, password = pair.partition(":")
    return _usable(place, username, password)


def _from_helper(helper: str, key: str, place: str, env: Mapping[str, str]) -> StoredLogin:
    """Ask a helper, as docker/docker-credential-helpers defines it: the key goes in, a JSON object comes out."""
    try:
        answer = run([f"docker-credential-{helper}", "get"], env=env, given=key, timeout=_HELPER_TIMEOUT)
    except PrerequisiteError as error:
        raise AccessError(f"the login of {key} cannot be read: {error.what}", remedy=f"See {place}.") from error
    if answer.code != 0:
        # Helpers say on standard output what is wrong; "not found" is no fault.
        words = one_line(answer.stdout or answer.stderr)[:200]
        if "not found" in words.lower():
            return StoredLogin(place=place, why_not="the helper has no login for it")
        raise AccessError(f"docker-credential-{helper} failed for {key}: {words}", remedy=f"See {place}.")
    try:
        document = json.loads(answer.stdout)
        username, password = str(document.get("Username") or ""), str(document.get("Secret") or "")
    except (ValueError, AttributeError) as error:
        raise AccessError(f"docker-credential-{helper} gave no JSON object for {key}") from error
    if username == _IDENTITY_TOKEN:
        return StoredLogin(place=place, why_not="an identity token, which only docker can use")
    return _usable(place, username, password)


def _usable(place: str, username: str, password: str) -> StoredLogin:
    if not username or not password:
        return StoredLogin(place=place, why_not="no login is stored there")
    return StoredLogin(place=place, username=username, password=password)


def _table(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _hostname(key: str) -> str:
    """Old entries are URLs (docker/cli, credentials.ConvertToHostname)."""
    return key.removeprefix("https://").removeprefix("http://").partition("/")[0]

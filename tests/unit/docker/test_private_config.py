"""``DOCKER_AUTH_CONFIG`` as docker itself reads it, and what the private configuration holds of it and of helpers."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from shiplane.core.credential import Credential
from shiplane.docker.private_config import private_login
from shiplane.registry.stored_login import environment_logins, stored_login

BASIC = base64.b64encode(b"robot:word").decode()
ONE = json.dumps({"auths": {"r.example": {"auth": BASIC}}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '{"auths": []}',
        '{"auths": {"r.example": {}}}',
        '{"auths": {"r.example": {"auth": "%%%"}}}',
        '{"auths": {"r.example": {"auth": "cm9ib3Q="}}}',
        json.dumps({"auths": {"r.example": {"auth": BASIC, "email": "x"}}}),
        json.dumps({"auths": {"r.example": {"auth": BASIC}}, "credsStore": "x"}),
        "[" * 100_000,
    ],
)
def test_what_docker_would_ignore_is_ignored_whole(text: str) -> None:
    assert environment_logins(text) == {}


@pytest.mark.parametrize("registry", ["r.example", "docker.io"])
def test_it_goes_before_the_file_and_before_a_helper(tmp_path: Path, registry: str) -> None:
    key = "https://index.docker.io/v1/" if registry == "docker.io" else registry
    given = json.dumps({"auths": {key: {"auth": BASIC}}})
    (tmp_path / "config.json").write_text('{"credsStore": "absent"}')
    found = stored_login(registry, {"DOCKER_CONFIG": str(tmp_path)}, given)
    assert (found.source, found.username, found.password) == ("DOCKER_AUTH_CONFIG", "robot", "word")


def test_for_another_registry_the_file_is_asked(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"other.example": {"auth": BASIC}}}))
    found = stored_login("other.example", {"DOCKER_CONFIG": str(tmp_path)}, ONE)
    assert (found.source, found.username) == (str(tmp_path / "config.json"), "robot")


@pytest.mark.parametrize("installed", [True, False])
def test_a_private_login_keeps_what_the_build_needs_and_no_helper_that_is_gone(
    tmp_path: Path, *, installed: bool
) -> None:
    own, tools = tmp_path / "own", tmp_path / "tools"
    (own / "contexts").mkdir(parents=True)
    tools.mkdir()
    if installed:
        (tools / "docker-credential-kept").touch(mode=0o755)
    config = {"credsStore": "kept", "credHelpers": {"a.example": "kept", "b.example": ""}, "currentContext": "far"}
    (own / "config.json").write_text(json.dumps({**config, "auths": {"base.example": {"auth": "b"}}}))
    who = Credential(registry="ghcr.io", username="robot", password="secret", source="test")
    env = {"DOCKER_CONFIG": str(own), "PATH": str(tools)}
    with private_login(env, [who], environment_logins(ONE), project=tmp_path / "project") as logged_in:
        folder = Path(logged_in["DOCKER_CONFIG"])
        made = json.loads((folder / "config.json").read_text())
        assert (folder / "contexts").resolve() == own / "contexts"
    helpers = {"b.example": "", "r.example": "", "ghcr.io": ""}
    assert made == {
        "currentContext": "far",
        "auths": {"base.example": {"auth": "b"}, "r.example": {"auth": BASIC}, "ghcr.io": {"auth": who.basic}},
        "credHelpers": {**({"a.example": "kept"} if installed else {}), **helpers},
        **({"credsStore": "kept"} if installed else {}),
    }
    with private_login(env, [], environment_logins(ONE), project=tmp_path / "project") as logged_in:
        made = json.loads((Path(logged_in["DOCKER_CONFIG"]) / "config.json").read_text())
    assert set(made["auths"]) == {"base.example", "r.example"}

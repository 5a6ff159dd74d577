"""The environment of commands that log in nowhere."""

from __future__ import annotations

from shiplane.cli.clients.environment import child_environment
from shiplane.config.project_file import parse_project_file
from shiplane.registry.credentials import Credentials

URL = "https://hooks.example/services/T0/B0"


def test_no_child_has_the_url_of_a_webhook() -> None:
    project = parse_project_file({"announce": [{"webhook-env": "CHAT_URL"}, {"command": "true"}]}, "shiplane.toml")
    env = {"CHAT_URL": URL, "COPY": f"url={URL}", "KEPT": "1"}
    assert child_environment(env, project, Credentials(env=env, names={})) == {"KEPT": "1"}


def test_no_child_has_the_token_of_keyless_signing() -> None:
    project = parse_project_file({"sign": {"tool": "cosign", "identity": "https://x/.*"}}, "shiplane.toml")
    env = {"SIGSTORE_ID_TOKEN": "jwt-c4n4ry", "COPY": "x-jwt-c4n4ry", "KEPT": "1"}
    assert child_environment(env, project, Credentials(env=env, names={})) == {"KEPT": "1"}


def test_no_child_has_the_key_that_signs() -> None:
    project = parse_project_file({"sign": {"tool": "cosign", "key": "env://KEY"}}, "shiplane.toml")
    env = {"KEY": "-----BEGIN ENCRYPTED", "COSIGN_PASSWORD": "pw-c4n4ry", "COPY": "x-pw-c4n4ry", "KEPT": "1"}
    assert child_environment(env, project, Credentials(env=env, names={})) == {"KEPT": "1"}

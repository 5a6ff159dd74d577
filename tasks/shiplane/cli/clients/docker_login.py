"""The login that docker stores for a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError
from shiplane.core.next_command import command
from shiplane.core.system.process import run as run_process
from shiplane.core.text import one_line

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.core.credential import Credential


# docker's messages when nothing answered, which no permission fixes (Go's net package).
_NO_ANSWER = ("dial tcp", "no such host", "connection refused", "i/o timeout", "deadline exceeded", "handshake timeout")


def store_login(run: Run, registry: str) -> Credential:
    """Let docker store the environment's credential for a registry; the password goes by standard input.

    Raises:
        AccessError: The environment has none, or the registry or docker's store refused it.
        UnreachableError: The registry does not answer.
    """
    credential = run.credentials.from_environment(registry)
    if credential is None:
        raise AccessError(f"no credential for {registry} in the environment", remedy=f"See {command('auth.show')}.")
    run.redact.add_credential(credential)
    argv = ["docker", "login", registry, "--username", credential.username, "--password-stdin"]
    docker = run_process(argv, env=run.child_env, given=credential.password)
    if docker.code != 0:
        raise _login_failed(registry, credential, one_line(run.redact(docker.stderr))[:400])
    return credential


def remove_login(run: Run, registry: str) -> None:
    """Let docker forget what it stored for a registry.

    Raises:
        AccessError: It could not.
    """
    docker = run_process(["docker", "logout", registry], env=run.child_env)
    if docker.code != 0:
        raise AccessError(f"docker logout {registry} failed: {one_line(docker.stderr)[:400]}")


def _login_failed(registry: str, credential: Credential, message: str) -> ShiplaneError:
    if any(sign in message.lower() for sign in _NO_ANSWER):
        return UnreachableError(f"{registry} does not answer: {message}", remedy="Check the network and try again.")
    if "saving credentials" in message.lower():
        return AccessError(f"docker could not store the login: {message}", remedy="See credsStore in its config.json.")
    return AccessError(
        f"{registry} refused {credential.username} ({credential.source}): {message}",
        remedy="Check the user name and the token.",
    )

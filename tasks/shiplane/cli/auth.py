"""``auth.show``, ``auth.login`` and ``auth.logout``."""

from __future__ import annotations

from typing import Any

from shiplane.cli.edge import Answer
from shiplane.cli.run import Run
from shiplane.cli.views.tables import columns
from shiplane.config.settings import Flags
from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError, UsageError
from shiplane.core.next_command import command
from shiplane.core.redact import one_line
from shiplane.core.system.process import run as run_process
from shiplane.registry.credential_variables import GHCR_HOST
from shiplane.registry.credentials import CredentialSource
from shiplane.registry.oci.names import Repository

# docker's words where nobody answered, which no permission mends (Go's net package).
_NO_ANSWER = ("dial tcp", "no such host", "connection refused", "i/o timeout", "deadline exceeded", "handshake timeout")


def show(run: Run, *, image: str | None = None) -> Answer:
    """Show which credential is used, and why; never a secret."""
    shown = [_shown(run, registry) for registry in _registries(run, image)]
    rows = [(one["registry"], found["source"], found["verdict"]) for one in shown for found in one["candidates"]]
    return Answer(text=columns(rows), data={**shown[0], "registries": shown})


def _registries(run: Run, image: str | None) -> list[str]:
    """The image's registry, then every configured one."""
    configured = list(run.project.registries)
    try:
        repository = _repository(run, image)
    except UsageError:
        if image or run.env.get("IMAGE_REPO"):
            raise
        # No image is known here: what is configured can be shown all the same.
        return configured or [GHCR_HOST]
    return list(dict.fromkeys([repository.registry, *configured]))


def _shown(run: Run, registry: str) -> dict[str, Any]:
    """One registry's places in their order; one that cannot be read is told as it is, and hides no other."""
    try:
        found = run.credentials.candidates(registry)
    except AccessError as error:
        broken = {"source": "broken", "verdict": run.redact(error.what)}
        return {"registry": registry, "username": None, "source": None, "candidates": [broken]}
    winner = next((candidate for candidate in found if candidate.credential), None)
    own = next((candidate for candidate in found if candidate.credential and candidate.belongs), None)
    file = run.project.name
    rows = [{"source": candidate.source, "verdict": _verdict(candidate, winner, own, file)} for candidate in found]
    if winner is None:
        rows.append({"source": "no credential", "verdict": "used: public images can be read, nothing can be pushed"})
    return {
        "registry": registry,
        "username": winner.credential.username if winner and winner.credential else None,
        "source": winner.source if winner else None,
        "candidates": rows,
    }


def login(run: Run, *, image: str | None = None) -> Answer:
    """Store the environment's credential, as docker login does."""
    repository = _repository(run, image)
    credential = run.credentials.named(repository.registry)
    if credential is None:
        raise AccessError(
            f"the environment has no credential for {repository.registry}", remedy=f"See {command('auth.show')}."
        )
    run.redact.add_credential(credential)
    argv = ["docker", "login", repository.registry, "--username", credential.username, "--password-stdin"]
    answer = run_process(argv, env=run.child_env, given=credential.password)
    if answer.code != 0:
        raise _login_failed(repository.registry, credential, one_line(run.redact(answer.stderr))[:400])
    text = f"logged in to {repository.registry} as {credential.username} ({credential.source})"
    return Answer(text=text, data={"registry": repository.registry, "username": credential.username})


def _login_failed(registry: str, credential: Credential, words: str) -> ShiplaneError:
    if any(sign in words.lower() for sign in _NO_ANSWER):
        return UnreachableError(f"{registry} does not answer: {words}", remedy="Check the network, then run it again.")
    if "saving credentials" in words.lower():
        return AccessError(f"docker could not store the login: {words}", remedy="See credsStore in its config.json.")
    return AccessError(
        f"{registry} refused {credential.username} ({credential.source}): {words}",
        remedy="Check the user name and the token.",
    )


def logout(run: Run, *, image: str | None = None) -> Answer:
    """Remove the login stored for the registry."""
    repository = _repository(run, image)
    answer = run_process(["docker", "logout", repository.registry], env=run.child_env)
    if answer.code != 0:
        raise AccessError(f"docker logout {repository.registry} failed: {one_line(answer.stderr)[:400]}")
    return Answer(text=f"logged out of {repository.registry}", data={"registry": repository.registry})


def _repository(run: Run, image: str | None) -> Repository:
    return run.resolver(Flags(image=image)).image().value


def _verdict(
    candidate: CredentialSource, winner: CredentialSource | None, own: CredentialSource | None, file: str
) -> str:
    """What becomes of a candidate.

    Args:
        candidate: Which.
        winner: What a command that writes uses.
        own: What a command that reads uses, where a stranger is refused.
        file: The project file.
    """
    if candidate.credential is None:
        return candidate.verdict
    who = f"as {candidate.credential.username}"
    if candidate is winner:
        return f"used, {who}" if candidate.belongs else f"used by commands that write, {who}: only {file} names it"
    return f"used by commands that read, {who}" if candidate is own else "not used: an earlier one wins"

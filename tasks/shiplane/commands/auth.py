"""``auth.show``, ``auth.login`` and ``auth.logout``."""

from __future__ import annotations

from shiplane.clients.credentials import Candidate
from shiplane.clients.process import run as run_process
from shiplane.commands.edge import Answer
from shiplane.commands.run import Run
from shiplane.commands.show import columns
from shiplane.model.errors import AccessError
from shiplane.model.image import Repository
from shiplane.model.redact import one_line
from shiplane.model.settings import Flags


def show(run: Run, *, image: str | None = None) -> Answer:
    """Show which credential is used, and why; never a secret."""
    repository = _repository(run, image)
    found = run.credentials.candidates(repository.registry, loopback=repository.is_loopback)
    winner = next((candidate for candidate in found if candidate.credential), None)
    rows = [(repository.registry, candidate.source, _verdict(candidate, winner)) for candidate in found]
    if winner is None:
        rows.append((repository.registry, "no credential", "used: public images can be read, nothing can be pushed"))
    data = {
        "registry": repository.registry,
        "username": winner.credential.username if winner and winner.credential else None,
        "source": winner.source if winner else None,
        "candidates": [{"source": source, "verdict": verdict} for _, source, verdict in rows],
    }
    return Answer(text=columns(rows), data=data)


def login(run: Run, *, image: str | None = None) -> Answer:
    """Store the environment's credential, as docker login does."""
    repository = _repository(run, image)
    credential = run.credential(repository)
    if credential is None or credential.source.startswith("docker login"):
        raise AccessError(
            f"the environment has no credential for {repository.registry}", remedy="See invoke auth.show."
        )
    argv = ["docker", "login", repository.registry, "--username", credential.username, "--password-stdin"]
    answer = run_process(argv, env=run.child_env, given=credential.password)
    if answer.code != 0:
        raise AccessError(
            f"{repository.registry} refused {credential.username} ({credential.source}): "
            f"{one_line(run.redact(answer.stderr))[:400]}",
            remedy="Check the user name and the token.",
        )
    text = f"logged in to {repository.registry} as {credential.username} ({credential.source})"
    return Answer(text=text, data={"registry": repository.registry, "username": credential.username})


def logout(run: Run, *, image: str | None = None) -> Answer:
    """Remove the login stored for the registry."""
    repository = _repository(run, image)
    answer = run_process(["docker", "logout", repository.registry], env=run.child_env)
    if answer.code != 0:
        raise AccessError(f"docker logout {repository.registry} failed: {one_line(answer.stderr)[:400]}")
    return Answer(text=f"logged out of {repository.registry}", data={"registry": repository.registry})


def _repository(run: Run, image: str | None) -> Repository:
    return run.resolver(Flags(image=image)).image().value


def _verdict(candidate: Candidate, winner: Candidate | None) -> str:
    if candidate is winner and candidate.credential:
        return f"used, as {candidate.credential.username}"
    return "not used: an earlier one wins" if candidate.credential else candidate.verdict

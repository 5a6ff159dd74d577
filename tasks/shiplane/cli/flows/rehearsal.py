"""A rehearsal: releases and a rollback of the project's own lanes, against a registry that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.clients.prerequisites import prerequisites_of
from shiplane.cli.flows.publishing import Options
from shiplane.cli.flows.rollback import roll_back
from shiplane.cli.flows.verification import Depth, verify_lanes
from shiplane.config.settings import Flags, Resolver
from shiplane.core.errors import PrerequisiteError, VerificationError
from shiplane.core.system.process import run as run_process
from shiplane.core.system.process import without_secrets
from shiplane.core.system.temp_folder import temp_folder
from shiplane.git.plumbing import git_environment

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.release.prerequisites import PrerequisiteEvidence

# Settings of the real release that must not reach the rehearsal.
_FOREIGN = ("GITHUB_", "GHCR_", "IMAGE_REPO", "TAG", "PLATFORMS", "PUBLISH_LATEST")
_VERSIONS = ("0.1.0", "0.1.1")
_BUILDER = "shiplane-rehearsal"
_IDENTITY = ("-c", "user.name=shiplane rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgSign=false")


def rehearse_project(run: Run, project: Path, platforms: str | None, builder: str | None) -> Answer:
    """Rehearse the committed state of a project.

    Raises:
        ShiplaneError: What a release would end with.
    """
    from shiplane.docker.engine import Engine

    with (
        temp_folder("rehearsal", run.child_env, project=project) as folder,
        Engine(env=run.child_env).throwaway_registry() as registry,
        _builder(run, builder) as usable,
    ):
        rehearsal = _Rehearsal(
            env=_own_env(run.env),
            folder=folder / "checkout",
            image=f"{registry}/rehearsal/{project.name.lower()}",
        )
        held = _prerequisites(run.within(env=rehearsal.env, folder=project))
        rehearsal.clone(project)
        rounds = [rehearsal.release(version, platforms, usable, run) for version in _VERSIONS]
        text, back = rehearsal.roll_back(platforms, run)
        data = {"prerequisites": held.to_json(), "rounds": [data for _, data in rounds], "rolled_back": back}
        return Answer(text="\n\n".join([*(text for text, _ in rounds), text]), data=data)


def _prerequisites(run: Run) -> PrerequisiteEvidence:
    """The build, in the project itself: what it needs is installed there, and not in a fresh clone.

    Gates are not asked: they speak about commits that others can see, and a rehearsal makes its own.
    """
    checkout = run.git.checkout()
    if run.project.gates:
        run.console.tell("gates are skipped in a rehearsal: its commits exist only on this machine")
    return run.console.drive(prerequisites_of(run, checkout.commit if checkout else "", ("gates",)).require())


@dataclass(frozen=True, kw_only=True)
class _Rehearsal:
    """A clone of the project, in which a rehearsal may commit, and the image that it releases."""

    env: Mapping[str, str]
    folder: Path
    image: str

    def clone(self, project: Path) -> None:
        self._git("clone", "--quiet", "--no-local", "--recurse-submodules", str(project), str(self.folder), cwd=project)

    def release(self, version: str, platforms: str | None, builder: str, run: Run) -> tuple[str, dict[str, object]]:
        """One round: a commit, a release of all lanes, a verification that asks others too.

        Nothing is claimed, shown on GitHub or announced: the clone's remote is the project itself, where a rehearsal
        leaves no ref.
        """
        self._git(*_IDENTITY, "commit", "--quiet", "--allow-empty", "--message", f"rehearse {version}", cwd=self.folder)
        from shiplane.cli.flows.release import carry_out

        part = self._run(run)
        run.console.say(run.console.paint(f"release {version}", "\033[1m"))
        flags = Flags(tag=version, image=self.image, platforms=platforms, latest="yes")
        released = carry_out(part, flags, Options(builder=builder, skip=("build", "gates"), public=False))
        verified = self._verified(run, part, part.resolver(flags), version)
        return f"{released.text}\n{verified.text}", {"released": released.data, "verified": verified.data}

    def roll_back(self, platforms: str | None, run: Run) -> tuple[str, list[dict[str, object]]]:
        """Every lane back to the first version."""
        from shiplane.rollback.result import RollbackRequest

        part = self._run(run)
        run.console.say(run.console.paint("roll back", "\033[1m"))
        resolver = part.resolver(Flags(tag=_VERSIONS[0], image=self.image, platforms=platforms, latest="yes"))
        flags = Flags(image=self.image, platforms=platforms)
        requests = [RollbackRequest(lane=lane, reason="rehearsed") for lane in resolver.lanes()]
        back = [roll_back(part, [request], flags) for request in requests]
        verified = self._verified(run, part, resolver, _VERSIONS[0])
        return "\n".join([*(answer.text for answer in back), verified.text]), [dict(answer.data) for answer in back]

    def _run(self, run: Run) -> Run:
        """A part of the run, within the clone; its versions are a rehearsal's own, which no file has."""
        part = run.within(env=self.env, folder=self.folder)
        part.project = part.project.without_version_files()
        return part

    def _verified(self, run: Run, part: Run, resolver: Resolver, version: str) -> Answer:
        run.console.say(run.console.paint(f"verify {version}", "\033[1m"))
        verified = verify_lanes(part, resolver, Depth(deep=True, pull=True, anonymous=True))
        if verified.exit_code:
            raise VerificationError(f"version {version} failed verification after its release:\n{verified.text}")
        return verified

    def _git(self, *arguments: str, cwd: Path) -> None:
        git = run_process(["git", *arguments], env=git_environment(without_secrets(self.env)), cwd=cwd)
        if git.code != 0:
            raise PrerequisiteError(f"{git.command} failed: {git.stderr.strip()[:400]}")


@contextmanager
def _builder(run: Run, name: str | None) -> Iterator[str]:
    """The builder to use: what was asked for, or one that shares this machine's loopback, where the registry is."""
    chosen = name or run.env.get("BUILDX_BUILDER")
    if chosen:
        yield chosen
        return
    argv = ["docker", "buildx", "create", "--name", _BUILDER, "--driver", "docker-container"]
    answer = run_process([*argv, "--driver-opt", "network=host"], env=run.child_env)
    if answer.code != 0 and "existing instance" not in answer.stderr:
        raise PrerequisiteError(f"{answer.command} failed: {answer.stderr.strip()[:400]}")
    try:
        yield _BUILDER
    finally:
        run_process(["docker", "buildx", "rm", _BUILDER], env=run.child_env, timeout=120)


def _own_env(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in without_secrets(env).items() if not name.startswith(_FOREIGN)}

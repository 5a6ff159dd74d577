"""What is rehearsed with: a clone of the project in which anything may be committed, and a registry to throw away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shiplane.cli.answer import Answer
from shiplane.cli.flows.publishing import Options
from shiplane.cli.flows.verification import Depth, verify_lanes
from shiplane.config.settings import Flags
from shiplane.core.errors import PrerequisiteError, VerificationError
from shiplane.core.system.process import run as run_process
from shiplane.core.system.process import without_secrets
from shiplane.git.plumbing import git_environment

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane

_IDENTITY = ("-c", "user.name=shiplane rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgSign=false")


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A clone of the project, and the image that it releases.

    Attributes:
        env: Without the settings of the real release.
        git_env: Of git, which runs hooks and filters: without any secret.
        folder: Where the clone is.
        image: Its repository in the throwaway registry.
        platforms: What to release for, if not what is configured.
        builder: The buildx builder.
    """

    env: Mapping[str, str]
    git_env: Mapping[str, str]
    folder: Path
    image: str
    platforms: str | None
    builder: str

    def clone(self, project: Path) -> None:
        """Clone the committed state of the project."""
        self._git("clone", "--quiet", "--no-local", "--recurse-submodules", str(project), str(self.folder), cwd=project)

    def commit(self, version: str) -> None:
        """A commit for a version to be released from."""
        self._git(*_IDENTITY, "commit", "--quiet", "--allow-empty", "--message", f"rehearse {version}", cwd=self.folder)

    def part(self, run: Run) -> Run:
        """A part of the run, within the clone."""
        part = run.within(env=self.env, folder=self.folder)
        self.adapt(part)
        return part

    @staticmethod
    def adapt(part: Run) -> None:
        """Have a part of the run release versions of a rehearsal's own, which no file has, and sign nothing.

        So it has nothing either that only a signing tool may have: its children would get it as any other variable.
        """
        signing = part.project.sign
        part.env = without_secrets(part.env, also=signing.withheld_variables if signing else ())
        part.project = part.project.for_rehearsal()

    def flags(self, part: Run, version: str, *lanes: str) -> Flags:
        """Release a version of these lanes, or of every one, and move what can be moved."""
        latest = "yes" if self.movable_lanes(part) else None
        return Flags(lanes=lanes, tag=version, image=self.image, platforms=self.platforms, latest=latest)

    @staticmethod
    def movable_lanes(part: Run) -> list[Lane]:
        """The lanes that have floating tags: those can be rolled back."""
        return [lane for lane in part.resolver(Flags()).lanes() if lane.floating_templates]

    def roll_back(self, part: Run, lane: Lane, source: str | None = None, to: str | None = None) -> Answer:
        """Roll one lane back; by default to the version before."""
        from shiplane.cli.flag_values import rollback_requests
        from shiplane.cli.flows.rollback import roll_back

        requests = rollback_requests(
            part.project,
            [lane.name],
            source=source,
            to=to,
            floating=(),
            reason="rehearsed",
            mark=True,
            dry_run=False,
            again=False,
        )
        return roll_back(part, requests, Flags(image=self.image, platforms=self.platforms))

    def release(self, part: Run, version: str) -> Answer:
        """Release all lanes. Nothing is claimed, shown on GitHub or announced.

        The clone's remote is the project itself, where a rehearsal leaves no ref.
        """
        from shiplane.cli.flows.release import carry_out

        return carry_out(
            part, self.flags(part, version), Options(builder=self.builder, skip=("build", "gates"), public=False)
        )

    def verified(self, run: Run, part: Run, version: str, *lanes: str) -> Answer:
        """Verify a version of these lanes, or of all, also by what others can read."""
        run.console.heading(f"verify {version}")
        verified = verify_lanes(
            part, part.resolver(self.flags(part, version, *lanes)), Depth(deep=True, pull=True, anonymous=True)
        )
        if verified.exit_code:
            raise VerificationError(f"version {version} failed verification after its release:\n{verified.text}")
        return verified

    def _git(self, *arguments: str, cwd: Path) -> None:
        git = run_process(["git", *arguments], env=git_environment(self.git_env), cwd=cwd)
        if git.code != 0:
            raise PrerequisiteError(f"{git.command} failed: {git.stderr.strip()[:400]}")

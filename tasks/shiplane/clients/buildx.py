"""Building with buildx: all lanes of a run in one ``bake``, pushed by digest and without a name.

BuildKit pushes names one after the other and stops at the first fault, so it is never given one: names are ours.
Sources: buildx docs/bake-reference.md; BuildKit README, "Output"; buildx build/opt.go for what drivers can do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion
from packaging.version import Version as ToolVersion

from shiplane.clients.process import Finished, Listener, run
from shiplane.clients.scratch import scratch
from shiplane.model.bake import Build, definition
from shiplane.model.errors import PrerequisiteError, ShiplaneError, UsageError
from shiplane.model.image import Digest, Platform

# `imagetools` and bake behave as relied on from here on; attestations on bake's command line came with 0.10.
MINIMUM = ToolVersion("0.12")
OWN_BUILDER = "shiplane"
_BUILD_TIMEOUT = 2 * 60 * 60.0
_TAIL = 12


class BuildError(ShiplaneError):
    """The build itself failed; its last lines are in the message, all of it was in the story."""

    exit_code = 3
    kind = "build"


@dataclass(frozen=True, kw_only=True)
class Builder:
    """One of buildx's builders.

    Attributes:
        name: What ``--builder`` takes.
        driver: ``docker``, ``docker-container``, ``kubernetes``, ``remote`` or ``cloud``.
        current: Whether buildx would use it when nobody says.
        nodes: How many machines it has.
        platforms: What these can build, natively or by emulation; empty while none of them runs.
        native: What they can build natively: BuildKit lists that first.
    """

    name: str
    driver: str
    current: bool
    nodes: int
    platforms: frozenset[Platform]
    native: frozenset[Platform] = frozenset()

    @property
    def can_push_by_digest(self) -> bool:
        """Whether it can push without a name: all drivers but ``docker`` (buildx build/opt.go).

        A builder whose engine does not answer is listed with no driver at all.
        """
        return self.driver not in ("", "docker")


@dataclass(frozen=True, kw_only=True)
class Buildx:
    """The buildx of this machine.

    Attributes:
        env: The environment of its processes: without secrets, with the ``DOCKER_CONFIG`` to use.
        root: The project's root, where builds run.
        listen: Called with each line that a build writes.
    """

    env: Mapping[str, str]
    root: Path
    listen: Listener

    def version(self) -> ToolVersion:
        """Its version.

        Raises:
            PrerequisiteError: docker or buildx is missing or older than 0.12.
        """
        answer = self._docker("buildx", "version")
        found = re.search(r"v?([0-9]+\.[0-9]+\.[0-9]+)", answer.stdout)
        if answer.code != 0 or not found:
            raise PrerequisiteError(
                "docker has no buildx", remedy="Install the docker-buildx plugin (docs.docker.com)."
            )
        try:
            version = ToolVersion(found.group(1))
        except InvalidVersion as error:  # pragma: no cover -- the pattern admits nothing else
            raise PrerequisiteError(f"buildx says that it is {found.group(1)!r}") from error
        if version < MINIMUM:
            raise PrerequisiteError(f"buildx is {version}, older than {MINIMUM}", remedy="Update docker-buildx.")
        return version

    def builders(self) -> list[Builder]:
        """All builders.

        Raises:
            PrerequisiteError: docker or buildx is missing.
        """
        answer = self._docker("buildx", "ls", "--format", "json")
        if answer.code != 0:
            self.version()
            raise PrerequisiteError(f"{answer.command} failed: {answer.stderr.strip()[:400]}")
        return [_builder(json.loads(line)) for line in answer.stdout.splitlines() if line.startswith("{")]

    def candidate(self, wanted: str | None) -> Builder | None:
        """The builder that a release would use, started or not; None when it would have to make one.

        Raises:
            UsageError: The builder asked for does not exist.
            PrerequisiteError: It cannot push by digest, or docker or buildx is missing.
        """
        return _choose(self.builders(), wanted, by_digest=True)

    def builder(self, wanted: str | None, platforms: Sequence[Platform], *, by_digest: bool = True) -> Builder:
        """The builder to use: the one asked for, else the current one, else any that can, else one made for it.

        Args:
            wanted: A name given by the user.
            platforms: What has to be built.
            by_digest: Whether it has to push without a name.

        Raises:
            UsageError: The builder asked for does not exist.
            PrerequisiteError: It cannot do what is needed; the remedy is the command that makes one which can.
        """
        known = self.builders()
        chosen = _choose(known, wanted, by_digest=by_digest) or self._create()
        if not chosen.platforms:
            chosen = self._started(chosen)
        missing = [platform for platform in platforms if platform not in chosen.platforms]
        if missing:
            raise emulation_missing(chosen, missing)
        if by_digest and chosen.nodes > 1:
            raise several_nodes(chosen)
        return chosen

    def bake(self, builds: Sequence[Build], builder: Builder) -> dict[str, Digest]:
        """Build all targets at once.

        Returns:
            The digest of each pushed target, by its name; nothing for targets that are not pushed.

        Raises:
            BuildError: The build failed.
            PrerequisiteError: It took longer than two hours.
        """
        with scratch("build") as folder:
            metadata = folder / "metadata.json"
            argv = ["docker", "buildx", "bake", "--builder", builder.name, "--progress", "plain"]
            argv += ["--metadata-file", str(metadata), "--file", "-"]
            answer = run(
                argv,
                env=self.env,
                cwd=self.root,
                given=json.dumps(definition(builds)),
                timeout=_BUILD_TIMEOUT,
                listen=self.listen,
            )
            if answer.code != 0:
                raise _failure(answer)
            return _digests(metadata, [build.name for build in builds if build.push])

    def _create(self) -> Builder:
        answer = self._docker("buildx", "create", "--name", OWN_BUILDER, "--driver", "docker-container")
        if answer.code != 0:
            raise PrerequisiteError(
                f"no builder can push by digest, and none could be made: {answer.stderr.strip()[:400]}",
                remedy=f"Try it by hand: {answer.command}",
            )
        return Builder(name=OWN_BUILDER, driver="docker-container", current=False, nodes=1, platforms=frozenset())

    def _started(self, builder: Builder) -> Builder:
        """Start a builder's nodes: only running ones know what they can build."""
        answer = run(
            ["docker", "buildx", "inspect", "--bootstrap", builder.name],
            env=self.env,
            timeout=300,
            listen=self.listen,
        )
        started = next((known for known in self.builders() if known.name == builder.name), None)
        if answer.code != 0 or started is None or not started.platforms:
            raise PrerequisiteError(
                f"builder {builder.name} does not start: {answer.stderr.strip()[-400:]}",
                remedy=f"See why: docker buildx inspect --bootstrap {builder.name}",
            )
        return started

    def _docker(self, *arguments: str) -> Finished:
        return run(["docker", *arguments], env=self.env)


def emulation_missing(builder: Builder, platforms: Sequence[Platform]) -> PrerequisiteError:
    """What to say when a builder cannot build some platforms."""
    names = ",".join(platform.architecture for platform in platforms)
    return PrerequisiteError(
        f"builder {builder.name} cannot build {', '.join(map(str, platforms))}",
        remedy=f"Install the emulation: docker run --privileged --rm tonistiigi/binfmt --install {names}",
    )


def several_nodes(builder: Builder) -> PrerequisiteError:
    """What to say when a builder has more than one machine."""
    return PrerequisiteError(
        f"builder {builder.name} has {builder.nodes} nodes: buildx joins their images under a tag of its own",
        remedy="Use a builder with one node: --builder NAME.",
    )


def _builder(fields: Mapping[str, Any]) -> Builder:
    nodes = fields.get("Nodes") or []
    listed = [node.get("Platforms") or [] for node in nodes]
    return Builder(
        name=str(fields["Name"]),
        driver=str(fields["Driver"]),
        current=bool(fields.get("Current")),
        nodes=len(nodes),
        platforms=_known_platforms(name for names in listed for name in names),
        native=_known_platforms(names[0] for names in listed if names),
    )


def _known_platforms(names: Iterable[str]) -> frozenset[Platform]:
    """Those of the names that we build for; builders know more."""
    known = set()
    for name in names:
        with suppress(UsageError):
            known.add(Platform.parse(name))
    return frozenset(known)


def _choose(known: Sequence[Builder], wanted: str | None, *, by_digest: bool) -> Builder | None:
    if wanted:
        found = next((builder for builder in known if builder.name == wanted), None)
        if found is None:
            raise UsageError(f"there is no builder {wanted!r}", remedy=f"Known: {', '.join(b.name for b in known)}.")
        if by_digest and not found.can_push_by_digest:
            raise PrerequisiteError(
                f"builder {wanted} has the driver docker, which cannot push by digest",
                remedy=f"Make one that can: docker buildx create --name {OWN_BUILDER} --driver docker-container",
            )
        return found
    fit = [builder for builder in known if builder.can_push_by_digest or not by_digest]
    ranked = sorted(fit, key=lambda builder: (not builder.current, builder.name != OWN_BUILDER))
    return ranked[0] if ranked else None


def _failure(answer: Finished) -> BuildError:
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    return BuildError(
        "the build failed:\n  " + "\n  ".join(lines[-_TAIL:]),
        remedy="Nothing was given a name. Mend the build, then run it again.",
    )


def _digests(metadata: Path, names: Sequence[str]) -> dict[str, Digest]:
    try:
        document = json.loads(metadata.read_bytes()) if names else {}
        return {name: Digest(document[name]["containerimage.digest"]) for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuildError(f"buildx did not say what it pushed: {error!r}", remedy="Update docker-buildx.") from error

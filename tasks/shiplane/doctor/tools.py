"""Check the tools of a release: Docker, its engine, buildx, a builder for each platform, git, disk space."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiplane.core.errors import ShiplaneError
from shiplane.core.finding import Finding, done, failed, skipped
from shiplane.core.progress import StepState
from shiplane.core.system.host import free_bytes
from shiplane.core.system.temp_folder import temp_root
from shiplane.docker.builders import DEFAULT_BUILDER, Builder, BuildMode, Node, emulation_remedy
from shiplane.docker.buildx import MINIMUM, Buildx
from shiplane.docker.engine import Engine, client_version
from shiplane.doctor.doctor import Look, attempt
from shiplane.git.repository import Git
from shiplane.registry.oci.names import Platform

# Two images with their layers, unpacked and packed: what the builds of a release were seen to need, with room to spare.
ENOUGH = 2 * 1024**3


@dataclass(frozen=True, kw_only=True)
class ToolChecks:
    """What is checked.

    Attributes:
        engine: The Docker engine.
        buildx: The builder's command.
        git: The project's repository.
        builder: The requested builder, if any.
        platforms: What has to be built; None if that is unknown.
        root: The project's folder.
    """

    engine: Engine
    buildx: Buildx
    git: Git
    builder: str | None
    platforms: Sequence[Platform] | None
    root: Path

    def looks(self) -> dict[str, Look]:
        """The checks, those apart that do not wait for each other."""
        return {"engine": self._engine, "docker": self._docker, "git": self._git, "disk": self._disk}

    def _engine(self) -> Iterator[Finding]:
        def ask() -> Finding:
            facts = self.engine.facts()
            return done("tools: engine", f"Docker engine {facts.version}, {facts.platform}")

        yield attempt("tools: engine", ask)

    def _docker(self) -> Iterator[Finding]:
        """The command, buildx, the builder: each needs the one before."""
        command = attempt("tools: docker", lambda: done("tools: docker", client_version(self.buildx.env)))
        yield command
        if command.state is StepState.FAILED:
            yield skipped("tools: buildx", "no docker command")
            return
        buildx = attempt("tools: buildx", self._buildx)
        yield buildx
        if buildx.state is StepState.DONE:
            yield from self._builder()

    def _buildx(self) -> Finding:
        return done("tools: buildx", f"buildx {self.buildx.version()}, at least {MINIMUM} is needed")

    def _builder(self) -> Iterator[Finding]:
        try:
            chosen = self.buildx.candidate(self.builder)
        except ShiplaneError as error:
            yield failed("tools: builder", error)
            return
        if chosen is None:
            yield skipped("tools: builder", f"none can push by digest: a release makes its own, {DEFAULT_BUILDER!r}")
        else:
            several = f", {len(chosen.nodes)} nodes" if len(chosen.nodes) > 1 else ""
            yield done("tools: builder", f"{chosen.name} ({chosen.driver}{several}) can push by digest")
            if several:
                yield from (_node(node) for node in chosen.nodes)
        yield from self._platforms(chosen)

    def _platforms(self, chosen: Builder | None) -> Iterator[Finding]:
        if self.platforms is None:
            yield skipped("tools: platforms", "platforms unknown: see config")
        for platform in self.platforms or ():
            yield _platform(f"tools: {platform}", platform, chosen)

    def _git(self) -> Iterator[Finding]:
        yield attempt("tools: git", lambda: done("tools: git", self.git.version()))

    def _disk(self) -> Iterator[Finding]:
        yield attempt("tools: disk", lambda: _room("tools: disk", self.root))
        yield attempt("tools: temporary", lambda: _room("tools: temporary", self._temporary()))

    def _temporary(self) -> Path:
        return temp_root(self.buildx.env, project=self.root)


def _platform(name: str, platform: Platform, chosen: Builder | None) -> Finding:
    node = chosen.node_for(platform) if chosen and chosen.platforms else None
    if chosen is None or node is None:
        return skipped(name, "unknown until the builder is started")
    builder = f"{chosen.name}, node {node.name}," if len(chosen.nodes) > 1 else chosen.name
    how = f"built by {builder} {chosen.build_mode(platform).value}"
    if chosen.build_mode(platform) is BuildMode.CROSS:
        return done(name, how, warning=emulation_remedy([platform]))
    better = chosen.better_node(platform)
    if better is None:
        return done(name, how)
    assign = f"docker buildx create --append --name {chosen.name} --node {better.name} --platform {platform}"
    return done(name, how, warning=f"Node {better.name} has it natively; tell buildx: {assign} {better.endpoint}")


def _node(node: Node) -> Finding:
    name = f"tools: node {node.name[:40]}"
    if not node.platforms:
        return skipped(name, f"{node.endpoint} is not running; a release starts it")
    others = node.platforms - node.assigned - {node.native}
    groups = {
        "assigned": node.assigned,
        "natively": [node.native] if node.native else [],
        "able to": others,
    }
    return done(name, "; ".join(f"{word}: {_listed(platforms)}" for word, platforms in groups.items() if platforms))


def _listed(platforms: Iterable[Platform]) -> str:
    return ", ".join(sorted(map(str, platforms)))


def _room(name: str, folder: Path) -> Finding:
    free = free_bytes(folder)
    size = f"{free / 1024**3:.1f} GiB free in {folder}"
    advice = "Free some space: docker buildx prune, docker system df." if free < ENOUGH else ""
    return done(name, f"only {size}, a release may need {ENOUGH // 1024**3} GiB" if advice else size, warning=advice)

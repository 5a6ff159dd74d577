"""buildx's builders as values: their nodes, what each can build, and which one buildx would give a platform to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from shiplane.core.errors import PrerequisiteError, UsageError
from shiplane.registry.oci.names import Platform

DEFAULT_BUILDER = "shiplane"
_FIELD = re.compile(r"^(Name|Platforms):\s*(\S.*)$", re.MULTILINE)


class BuildMode(Enum):
    """How a node builds a platform."""

    NATIVE = "natively"
    CROSS = "without being able to run it: only steps that run on the builder's own platform succeed"
    EMULATED = "with emulation, which is slower"
    ASSIGNED = "as assigned to it"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One machine of a builder.

    Attributes:
        name: Its name within the builder.
        endpoint: Where buildx finds it.
        platforms: What it can run, natively or by emulation; empty while it does not run itself. It builds every
            platform: steps that copy, or that run on its own one (``FROM --platform=$BUILDPLATFORM``), need no more.
        native: What it runs natively: BuildKit lists that first. None where that cannot be told, because
            buildx lists before it what is assigned.
        assigned: What is assigned to it (``docker buildx create --platform``): natively or not, nobody can tell.
    """

    name: str
    endpoint: str
    platforms: frozenset[Platform]
    native: Platform | None = None
    assigned: frozenset[Platform] = frozenset()

    def is_like(self, platform: Platform) -> bool:
        """Whether it has a platform that mostly runs this one's programs: buildx prefers such a node to others."""
        return any(known.covers(platform) for known in self.platforms)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """One of buildx's builders.

    Attributes:
        name: What ``--builder`` takes.
        driver: ``docker``, ``docker-container``, ``kubernetes``, ``remote`` or ``cloud``.
        current: Whether buildx would use it when nobody says.
        nodes: Its machines.
    """

    name: str
    driver: str
    current: bool
    nodes: tuple[Node, ...] = ()

    @property
    def platforms(self) -> frozenset[Platform]:
        """What its nodes can run, natively or by emulation; empty while none of them runs itself."""
        return frozenset(platform for node in self.nodes for platform in node.platforms)

    @property
    def can_push_by_digest(self) -> bool:
        """Whether it can push without a name: all drivers but ``docker`` (buildx build/opt.go).

        A builder whose engine does not answer is listed with no driver at all.
        """
        return self.driver not in ("", "docker")

    @property
    def is_running(self) -> bool:
        """Whether every node runs, so that what it can build is known."""
        return bool(self.nodes) and all(node.platforms for node in self.nodes)

    def node_for(self, platform: Platform) -> Node | None:
        """The node that buildx gives a platform to; None where there are no nodes yet.

        It takes the first node to which the platform is assigned, else the first that can run it, natively or not,
        else the first that is like it, else the first of all (buildx build/resolver/driver.go, ``Resolve``).
        """
        assigned = [node for node in self.nodes if platform in node.assigned]
        able = [node for node in self.nodes if platform in node.platforms]
        like = [node for node in self.nodes if node.is_like(platform)]
        return next(iter([*assigned, *able, *like, *self.nodes]), None)

    def better_node(self, platform: Platform) -> Node | None:
        """A node that builds a platform natively where buildx gives it to one that emulates it."""
        if self.build_mode(platform) is not BuildMode.EMULATED:
            return None
        return next((node for node in self.nodes if node.native == platform), None)

    def cannot_run(self, platforms: Iterable[Platform]) -> list[Platform]:
        """Those of the platforms that it can only build, each once."""
        return [platform for platform in dict.fromkeys(platforms) if self.build_mode(platform) is BuildMode.CROSS]

    def build_mode(self, platform: Platform) -> BuildMode:
        """How the node builds a platform that buildx gives it to."""
        node = self.node_for(platform)
        if node is not None and platform in node.assigned:
            return BuildMode.ASSIGNED
        if node is None or platform not in node.platforms:
            return BuildMode.CROSS
        return BuildMode.NATIVE if node.native == platform else BuildMode.EMULATED

    def assign(self, assigned: Mapping[str, frozenset[Platform]]) -> Builder:
        """The same, with what is assigned to each node."""
        return replace(self, nodes=tuple(_assign(node, assigned.get(node.name, frozenset())) for node in self.nodes))


def _assign(node: Node, assigned: frozenset[Platform]) -> Node:
    return replace(node, assigned=assigned, native=None if assigned else node.native)


def builder_of(fields: Mapping[str, Any]) -> Builder:
    """A builder as ``docker buildx ls --format json`` prints it."""
    return Builder(
        name=str(fields["Name"]),
        driver=str(fields["Driver"]),
        current=bool(fields.get("Current")),
        nodes=tuple(_node(node) for node in fields.get("Nodes") or []),
    )


def _node(fields: Mapping[str, Any]) -> Node:
    listed = _known_platforms(fields.get("Platforms") or [])
    return Node(
        name=str(fields.get("Name", "")),
        endpoint=str(fields.get("Endpoint", "")),
        platforms=frozenset(listed),
        native=listed[0] if listed else None,
    )


def assigned_platforms(inspected: str) -> dict[str, frozenset[Platform]]:
    """What is assigned to each node: ``docker buildx inspect`` marks it with a star, which ``ls`` in JSON does not."""
    found: dict[str, frozenset[Platform]] = {}
    name = ""
    for key, value in _FIELD.findall(inspected):
        if key == "Name":
            name = value.strip()
        else:
            words = [word.strip() for word in value.split(",")]
            found[name] = frozenset(_known_platforms(word[:-1] for word in words if word.endswith("*")))
    return found


def _known_platforms(names: Iterable[str]) -> list[Platform]:
    """Those of the names that we build for; builders know more."""
    known = []
    for name in names:
        with suppress(UsageError):
            known.append(Platform.parse(name))
    return known


def choose(known: Sequence[Builder], wanted: str | None, *, by_digest: bool) -> Builder | None:
    """The builder asked for, else the current one, else any that can do it; None where there is none.

    Raises:
        UsageError: The builder asked for does not exist.
        PrerequisiteError: It cannot push by digest.
    """
    if wanted:
        found = next((builder for builder in known if builder.name == wanted), None)
        if found is None:
            raise UsageError(f"there is no builder {wanted!r}", remedy=f"Known: {', '.join(b.name for b in known)}.")
        if by_digest and not found.can_push_by_digest:
            raise PrerequisiteError(
                f"builder {wanted} has the driver docker, which cannot push by digest",
                remedy=f"Make one that can: docker buildx create --name {DEFAULT_BUILDER} --driver docker-container",
            )
        return found
    fit = [builder for builder in known if builder.can_push_by_digest or not by_digest]
    ranked = sorted(fit, key=lambda builder: (not builder.current, builder.name != DEFAULT_BUILDER))
    return ranked[0] if ranked else None


def emulation(platforms: Sequence[Platform]) -> str:
    """How a machine comes to run these platforms: one sentence."""
    names = dict.fromkeys(platform.architecture for platform in platforms if platform.os == "linux")
    if not names:
        return f"Nothing emulates {', '.join(map(str, platforms))}: a machine of its kind can run it"
    return f"Install the emulation: docker run --privileged --rm tonistiigi/binfmt --install {','.join(names)}"

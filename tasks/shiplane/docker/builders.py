"""buildx builders: their nodes, what each can build, and which node buildx chooses for a platform."""

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
    CROSS = "without emulation: only steps that run on the builder's own platform succeed"
    EMULATED = "with emulation, which is slower"
    ASSIGNED = "as assigned"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of a builder.

    Attributes:
        platforms: What it can run, natively or by emulation; empty while stopped. It builds every platform whose steps
            copy only or run on its own (``FROM --platform=$BUILDPLATFORM``).
        native: Its native platform, which BuildKit lists first; None if buildx lists assigned ones before it.
        assigned: Platforms assigned by ``docker buildx create --platform``, native or not.
    """

    name: str
    endpoint: str
    platforms: frozenset[Platform]
    native: Platform | None = None
    assigned: frozenset[Platform] = frozenset()

    def is_like(self, platform: Platform) -> bool:
        """Whether one of its platforms covers this one: buildx prefers such a node."""
        return any(candidate.covers(platform) for candidate in self.platforms)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """A builder.

    Attributes:
        driver: ``docker``, ``docker-container``, ``kubernetes``, ``remote`` or ``cloud``.
        current: Whether it is buildx's default.
    """

    name: str
    driver: str
    current: bool
    nodes: tuple[Node, ...] = ()

    @property
    def platforms(self) -> frozenset[Platform]:
        """What its nodes can run, natively or by emulation; empty while all are stopped."""
        return frozenset(platform for node in self.nodes for platform in node.platforms)

    @property
    def can_push_by_digest(self) -> bool:
        """Whether it can push without a tag: all drivers but ``docker`` (buildx build/opt.go).

        A builder whose engine does not respond is listed without a driver.
        """
        return self.driver not in ("", "docker")

    @property
    def is_running(self) -> bool:
        """Whether all nodes run, so that their platforms are known."""
        return bool(self.nodes) and all(node.platforms for node in self.nodes)

    def node_for(self, platform: Platform) -> Node | None:
        """The node buildx chooses for a platform; None without nodes.

        The first to which it is assigned, else the first that can run it, else the first with a covering platform, else
        the first of all (buildx build/resolver/driver.go, ``Resolve``).
        """
        assigned = [node for node in self.nodes if platform in node.assigned]
        able = [node for node in self.nodes if platform in node.platforms]
        similar = [node for node in self.nodes if node.is_like(platform)]
        return next(iter([*assigned, *able, *similar, *self.nodes]), None)

    def better_node(self, platform: Platform) -> Node | None:
        """A node that builds a platform natively, if buildx chooses one that emulates it."""
        if self.build_mode(platform) is not BuildMode.EMULATED:
            return None
        return next((node for node in self.nodes if node.native == platform), None)

    def cannot_run(self, platforms: Iterable[Platform]) -> list[Platform]:
        """The platforms it can build but not run, each once."""
        return [platform for platform in dict.fromkeys(platforms) if self.build_mode(platform) is BuildMode.CROSS]

    def build_mode(self, platform: Platform) -> BuildMode:
        """How the chosen node builds a platform."""
        node = self.node_for(platform)
        if node is not None and platform in node.assigned:
            return BuildMode.ASSIGNED
        if node is None or platform not in node.platforms:
            return BuildMode.CROSS
        return BuildMode.NATIVE if node.native == platform else BuildMode.EMULATED

    def assign(self, assigned: Mapping[str, frozenset[Platform]]) -> Builder:
        """The builder with the platforms assigned to each node."""
        return replace(self, nodes=tuple(_assign(node, assigned.get(node.name, frozenset())) for node in self.nodes))


def _assign(node: Node, assigned: frozenset[Platform]) -> Node:
    return replace(node, assigned=assigned, native=None if assigned else node.native)


def builder_of(fields: Mapping[str, Any]) -> Builder:
    """Parse a builder from ``docker buildx ls --format json``."""
    return Builder(
        name=str(fields["Name"]),
        driver=str(fields["Driver"]),
        current=bool(fields.get("Current")),
        nodes=tuple(_node(node) for node in fields.get("Nodes") or []),
    )


def _node(fields: Mapping[str, Any]) -> Node:
    listed = _supported_platforms(fields.get("Platforms") or [])
    return Node(
        name=str(fields.get("Name", "")),
        endpoint=str(fields.get("Endpoint", "")),
        platforms=frozenset(listed),
        native=listed[0] if listed else None,
    )


def assigned_platforms(inspected: str) -> dict[str, frozenset[Platform]]:
    """Platforms assigned to each node, marked with a star by ``docker buildx inspect`` (but not by ``ls`` in JSON)."""
    assigned: dict[str, frozenset[Platform]] = {}
    name = ""
    for key, value in _FIELD.findall(inspected):
        if key == "Name":
            name = value.strip()
        else:
            entries = [entry.strip() for entry in value.split(",")]
            assigned[name] = frozenset(_supported_platforms(entry[:-1] for entry in entries if entry.endswith("*")))
    return assigned


def _supported_platforms(names: Iterable[str]) -> list[Platform]:
    """The platforms we support among those of a builder."""
    platforms = []
    for name in names:
        with suppress(UsageError):
            platforms.append(Platform.parse(name))
    return platforms


def choose(builders: Sequence[Builder], name: str | None, *, by_digest: bool) -> Builder | None:
    """The requested builder, else the current one, else any usable one; None if there is none.

    Raises:
        UsageError: The requested builder does not exist.
        PrerequisiteError: It cannot push by digest.
    """
    if name:
        builder = next((builder for builder in builders if builder.name == name), None)
        if builder is None:
            raise UsageError(f"no such builder: {name!r}", remedy=f"Builders: {', '.join(b.name for b in builders)}.")
        if by_digest and not builder.can_push_by_digest:
            raise PrerequisiteError(
                f"builder {name} uses the docker driver, which cannot push by digest",
                remedy=f"Create one that can: docker buildx create --name {DEFAULT_BUILDER} --driver docker-container",
            )
        return builder
    usable = [builder for builder in builders if builder.can_push_by_digest or not by_digest]
    ranked = sorted(usable, key=lambda builder: (not builder.current, builder.name != DEFAULT_BUILDER))
    return ranked[0] if ranked else None


def emulation_remedy(platforms: Sequence[Platform]) -> str:
    """How to run these platforms on this machine, in one sentence."""
    names = dict.fromkeys(platform.architecture for platform in platforms if platform.os == "linux")
    if not names:
        return f"{', '.join(map(str, platforms))} cannot be emulated: use a native machine"
    return f"Install the emulation: docker run --privileged --rm tonistiigi/binfmt --install {','.join(names)}"

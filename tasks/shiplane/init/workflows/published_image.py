"""An image that a workflow builds and pushes."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from shiplane.core.errors import UsageError
from shiplane.init.sources import Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.tag_rules import Tags
from shiplane.registry.oci.names import Repository


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """One image, by the step that builds it.

    Attributes:
        source: The step.
        names: What a lane of it could be called, the best first.
        context: The folder that is sent to the builder.
        build: The keys of a lane's table for its other inputs.
        images: The repositories, as ``docker`` names them.
        git_tag: The form of the git tags that start it; empty where none does.
        tags: What they are, for each.
        variant: What tells its lane from that which the Dockerfile's name stands for; empty where nothing has to.
    """

    source: Source
    names: tuple[str, ...]
    dockerfile: str
    context: str = "."
    target: str = ""
    platforms: tuple[str, ...] = ()
    build: Mapping[str, Value] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    git_tag: str = ""
    tags: Tags = field(default_factory=Tags)
    variant: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What two steps have in common that build the same image, one for versions and one for a branch."""
        return (self.images, self.dockerfile, self.target, self.variant)


def dockerfile_suffix(dockerfile: str) -> str:
    """What tells a Dockerfile from its neighbours: what follows its name, or its folder."""
    folder, name = posixpath.split(dockerfile)
    return name.removeprefix("Dockerfile").removesuffix(".Dockerfile").strip(".") or posixpath.basename(folder)


def repository_of(name: str) -> str:
    """A repository as ``docker`` names it; empty if it is none."""
    parts = name.strip().lower().split("/")
    has_host = len(parts) > 1 and (set(parts[0]) & set(".:") or parts[0] == "localhost")
    full = "/".join(parts if has_host else ["docker.io", *(["library"] if len(parts) == 1 else []), *parts])
    try:
        return str(Repository.parse(full))
    except UsageError:
        return ""

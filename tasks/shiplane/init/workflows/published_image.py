"""An image that a workflow builds and pushes."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from shiplane.init.sources import Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.tag_rules import Tags


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

    @property
    def identity(self) -> tuple[object, ...]:
        """What two steps have in common that build the same image, one for versions and one for a branch."""
        return (self.images, self.dockerfile, self.target)


def dockerfile_suffix(dockerfile: str) -> str:
    """What tells a Dockerfile from its neighbours: what follows its name, or its folder."""
    folder, name = posixpath.split(dockerfile)
    return name.removeprefix("Dockerfile").removesuffix(".Dockerfile").strip(".") or posixpath.basename(folder)

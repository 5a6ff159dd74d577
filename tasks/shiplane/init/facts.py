"""What a repository and its registry show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shiplane.config.version_file import FileVersion
from shiplane.init.sources import Remark
from shiplane.init.workflows.published_image import PublishedImage


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known before anything is proposed.

    Attributes:
        image: The repository that is published to when nothing is configured; empty where it is unknown.
        registry: The repository whose tags were asked for; empty where none was.
        dockerfiles: Paths of those that could be lanes besides ``images``.
        contexts: The folders that they are built from, where these are not their own.
        build: The build command with where it comes from; None where there is none.
        git_tags: All of them.
        registry_tags: Those of ``registry``; empty also where they could not be read.
        images: What the workflows, the bake files or the compose files publish.
        logins: The names of the secrets of user name and password, by registry.
        deployments: Paths of files that name the image.
        remarks: What could not be translated.
        version_files: The committed files that have a version, by their paths, the likeliest first.
    """

    image: str = ""
    registry: str = ""
    dockerfiles: Sequence[str] = ()
    contexts: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, str] | None = None
    git_tags: Sequence[str] = ()
    registry_tags: Sequence[str] = ()
    images: Sequence[PublishedImage] = ()
    logins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    deployments: Sequence[str] = ()
    remarks: Sequence[Remark] = ()
    version_files: Sequence[tuple[str, FileVersion]] = ()

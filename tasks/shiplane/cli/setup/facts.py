"""What a project shows of how it is released so far: its files, its git tags, and the tags in the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shiplane.config.project_folder import workflows
from shiplane.config.settings import Flags, github_slug
from shiplane.config.version_file import USUAL_FILES, FileVersion, read_version_file
from shiplane.core.errors import ConfigurationError, ShiplaneError, UsageError
from shiplane.init import project_files
from shiplane.init.facts import Facts
from shiplane.init.git_tags import forms_of_tags
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.bake_files import read_bake
from shiplane.init.workflows.images import Place, WorkflowReader
from shiplane.init.workflows.yaml_nodes import Node, read_yaml
from shiplane.workflows.signature import is_ours

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.init.workflows.published_image import PublishedImage

# Those that ``docker buildx bake`` reads by itself, but for compose files.
_BAKE_FILES = ("docker-bake.hcl", "docker-bake.json")
# Seconds for the registry's tags: without them the proposal is only less sure.
_ASKING = 10.0


@dataclass
class OldWorkflows:
    """What the project's workflows publish so far; where there are none, what its bake files build."""

    readers: dict[str, tuple[WorkflowReader, list[PublishedImage]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    baked: list[PublishedImage] = field(default_factory=list)

    @property
    def images(self) -> list[PublishedImage]:
        """All of them."""
        return [*self.baked, *(image for _, each in self.readers.values() for image in each)]


def place_of(run: Run) -> tuple[Place, list[str]]:
    """What git knows, and its tags."""
    checkout = run.checkout
    if checkout is None:
        return Place(bake=_bake_files(run)), []
    tags = run.git.tags()
    branch, bake = run.git.default_branch(), _bake_files(run)
    return Place(
        slug=github_slug(checkout.remote), git_tags=forms_of_tags(tags), default_branch=branch, bake=bake
    ), tags


def _bake_files(run: Run) -> dict[str, Node]:
    texts = {path: project_files.read(run.root, path) or "" for path in _BAKE_FILES}
    nodes = {path: read_bake(path, text) for path, text in texts.items() if text}
    return {path: node for path, node in nodes.items() if node}


def old_workflows(run: Run, place: Place) -> OldWorkflows:
    """The workflows that publish images by docker's actions, other than ours."""
    old = OldWorkflows()
    for path, text in workflows(run.root).items():
        root = None if is_ours(text) else read_yaml(text)
        if root is not None:
            reader = WorkflowReader(path, root, place)
            images = reader.images()
            if images or reader.remarks:
                old.readers[path], old.texts[path] = (reader, images), text
                old.remarks += reader.remarks
    for path, bake in place.bake.items() if not old.readers else ():
        reader = WorkflowReader(path, Node(), place)
        old.baked += reader.baked(bake, [], {}, Node(), 0)
        old.remarks += reader.remarks
    return old


def registry_tags(run: Run, old: OldWorkflows) -> tuple[str, list[str], str]:
    """The repository that is published to so far and its tags, read anonymously; and what came of it."""
    from shiplane.registry.oci.names import Repository

    images = [image.images[0] for image in old.images if image.images]
    try:
        given = run.resolver(Flags()).image().value if run.env.get("IMAGE_REPO") or not images else None
        repository = given or Repository.parse(images[0])
        client = run.registries.client(repository, None, run.registries.hurried())
        tags = run.registries.impatient(client, within=_ASKING).tags()
    except ShiplaneError as error:
        return "", [], f"the registry's tags were not read: {error.what}"
    return str(repository), list(tags), f"{repository} has {len(tags) or 'no'} tags"


def facts_of(
    run: Run, place: Place, git_tags: Sequence[str], old: OldWorkflows, registry: str, tags: Sequence[str]
) -> Facts:
    """Everything that a project file can be proposed from.

    Raises:
        UsageError: Nothing here builds an image.
    """
    images = old.images
    image = f"ghcr.io/{place.slug.lower()}" if place.slug else ""
    named = next((image.images[0] for image in images if image.images), image)
    dockerfiles = project_files.dockerfiles(run.root)
    if not images and not dockerfiles:
        raise UsageError(
            "nothing here builds an image: there is no Dockerfile, and no workflow uses docker/build-push-action",
            remedy="Add a Dockerfile, or name one in shiplane.toml: dockerfile in [lanes.NAME].",
        )
    built = {one.dockerfile for one in images}
    left = [path for path in dockerfiles if images and path not in built]
    return Facts(
        image=image,
        registry=registry,
        dockerfiles=dockerfiles,
        git_tags=git_tags,
        registry_tags=tags,
        images=images,
        logins={host: (user, secret) for reader, _ in old.readers.values() for host, user, secret in reader.logins()},
        deployments=project_files.deployments(run.root, named),
        remarks=[*old.remarks, *(Remark(Source(path), "", "no workflow publishes it") for path in left)],
        version_files=list(_version_files(run)),
    )


def _version_files(run: Run) -> Iterator[tuple[str, FileVersion]]:
    """The committed files that have a version; one that cannot be read is none."""
    for path in USUAL_FILES:
        with suppress(ConfigurationError):
            yield path, read_version_file(path, run.committed)

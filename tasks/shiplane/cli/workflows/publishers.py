"""The workflows that publish images and are not ours."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shiplane.cli.workflows.files import folder_in_repository
from shiplane.config.project_folder import workflows
from shiplane.config.settings import github_slug
from shiplane.init import project_files
from shiplane.init.git_tags import forms_of_tags
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.bake_files import read_bake
from shiplane.init.workflows.compose_files import ComposeReader
from shiplane.init.workflows.images import Place, WorkflowReader
from shiplane.init.workflows.pushing_steps import pushing_steps
from shiplane.init.workflows.yaml_nodes import Node, read_yaml
from shiplane.workflows.signature import is_ours

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.init.workflows.published_image import PublishedImage

# Those that ``docker buildx bake`` reads by itself, but for compose files.
_BAKE_FILES = ("docker-bake.hcl", "docker-bake.json")


@dataclass
class OldWorkflows:
    """What the project's workflows publish so far; where there are none, what its bake or compose files build."""

    readers: dict[str, tuple[WorkflowReader, list[PublishedImage]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    baked: list[PublishedImage] = field(default_factory=list)
    composed: list[PublishedImage] = field(default_factory=list)

    @property
    def images(self) -> list[PublishedImage]:
        """All of them."""
        return [*self.baked, *self.composed, *(image for _, each in self.readers.values() for image in each)]


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
    """The workflows that publish images of this project, other than ours."""
    old = OldWorkflows()
    for path, text in workflows(run.root).items():
        root = None if is_ours(text) else read_yaml(text)
        if root is None and not is_ours(text):
            old.remarks.append(Remark(Source(path), "", "it cannot be read as YAML"))
        elif root is not None:
            _add(old, WorkflowReader(path, root, place), text, folder_in_repository(run.root))
    for path in _BAKE_FILES:
        if path not in place.bake and project_files.read(run.root, path):
            old.remarks.append(Remark(Source(path), "", "it cannot be read as a bake file"))
    for path, bake in place.bake.items() if not old.readers else ():
        reader = WorkflowReader(path, Node(), place)
        old.baked += reader.baked(bake, [], {}, Node(), 0)
        old.remarks += reader.remarks
    if not old.images and not run.project.name:
        _add_composed(old, run, place)
    return old


def _add_composed(old: OldWorkflows, run: Run, place: Place) -> None:
    """Add what the compose files build, where nothing else says how an image is built."""
    nodes = {
        path: read_yaml(project_files.read(run.root, path) or "") for path in project_files.compose_files(run.root)
    }
    reader = ComposeReader(slug=place.slug, own=run.env.get("IMAGE_REPO", "").split(","))
    old.composed += reader.images({path: node for path, node in nodes.items() if node})
    unread = [Remark(Source(path), "", "it cannot be read as YAML") for path, node in nodes.items() if node is None]
    old.remarks += [*unread, *reader.remarks]


def _add(old: OldWorkflows, reader: WorkflowReader, text: str, folder: str) -> None:
    """Add a workflow if it publishes; a script may publish anything, so it is the project's at the root."""
    images = [image for each in reader.images() for image in _seen_from(folder, each)]
    scripts = [] if folder else [remark for _, remark in pushing_steps(reader.path, reader.root)]
    if images or scripts or (reader.remarks and not folder):
        old.readers[reader.path], old.texts[reader.path] = (reader, images), text
        old.remarks += [*reader.remarks, *scripts]


def _seen_from(folder: str, image: PublishedImage) -> Iterator[PublishedImage]:
    """An image with its paths from the project's folder; nothing if it is built elsewhere."""
    dockerfile, context = (posixpath.relpath(path, folder or ".") for path in (image.dockerfile, image.context))
    if not dockerfile.startswith("../"):
        yield replace(image, dockerfile=dockerfile, context=context)

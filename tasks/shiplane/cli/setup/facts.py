"""What a project shows of how it is released so far: its files, its git tags, and the tags in the registry."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from shiplane.config.project_folder import build_command
from shiplane.config.settings import Flags
from shiplane.config.version_file import USUAL_FILES, FileVersion, read_version_file
from shiplane.core.errors import ConfigurationError, ShiplaneError, UsageError
from shiplane.init import project_files
from shiplane.init.facts import Facts
from shiplane.init.sources import Remark, Source

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.cli.workflows.publishers import OldWorkflows
    from shiplane.init.workflows.images import Place

# Seconds for the registry's tags: without them the proposal is only less sure.
_ASKING = 10.0
# Of a list of files that could be long.
_SHOWN = 5


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
    (dockerfiles, others), build = project_files.dockerfiles(run.root), build_command(run.root, run.project)
    if not images and not dockerfiles:
        raise UsageError(
            "nothing here builds an image: there is no Dockerfile, and no workflow uses docker/build-push-action",
            remedy="Add a Dockerfile, or name one in shiplane.toml: dockerfile in [lanes.NAME].",
        )
    built = {one.dockerfile for one in images}
    unbuilt = [path for path in dockerfiles if path not in built]
    are_all = bool(images) and not old.composed
    left = [Remark(Source(path), "", "no workflow publishes it") for path in unbuilt if are_all]
    apart = [path for path in others if path not in built]
    left += [_no_lanes(apart)] if apart and not are_all else []
    return Facts(
        image=image,
        registry=registry,
        dockerfiles=[] if are_all else unbuilt,
        contexts={path: "." for path in dockerfiles if project_files.is_built_at_the_root(run.root, path)},
        build=(shlex.join(build.value), build.source) if build.value else None,
        git_tags=git_tags,
        registry_tags=tags,
        images=images,
        logins={host: (user, secret) for reader, _ in old.readers.values() for host, user, secret in reader.logins()},
        deployments=project_files.deployments(run.root, named),
        remarks=[*old.remarks, *left],
        version_files=list(_version_files(run)),
    )


def _no_lanes(paths: Sequence[str]) -> Remark:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    reason = (
        "these are no lanes, as there are Dockerfiles at the root: [lanes.NAME] with dockerfile and context adds one"
    )
    return Remark(Source(paths[0]), f"{', '.join(paths[1:_SHOWN])}{more}", reason)


def _version_files(run: Run) -> Iterator[tuple[str, FileVersion]]:
    """The committed files that have a version; one that cannot be read is none."""
    for path in USUAL_FILES:
        with suppress(ConfigurationError):
            yield path, read_version_file(path, run.committed)

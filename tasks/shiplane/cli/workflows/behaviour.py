"""What the workflows that are there do, and those that are written do not."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from shiplane.cli.checks.findings import value_or_none
from shiplane.cli.workflows.neighbours import shared_git_tags
from shiplane.config.settings import Resolver
from shiplane.core.errors import UsageError
from shiplane.init.sources import Remark, Source
from shiplane.init.workflows.differences import NewWorkflows, differences
from shiplane.init.workflows.images import Place

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.cli.workflows.publishers import OldWorkflows
    from shiplane.config.project_file import ProjectFile
    from shiplane.init.workflows.published_image import PublishedImage
    from shiplane.workflows.changes import WorkflowChange


def behaviour_lost(run: Run, changes: Sequence[WorkflowChange]) -> list[Remark]:
    """What the workflows that are there do and those that are to be written do not."""
    from shiplane.cli.workflows.publishers import old_workflows, place_of

    place = value_or_none(lambda: place_of(run)[0]) or Place()
    written = {change.path for change in changes}
    return list(changes_of_behaviour(run, old_workflows(run, place), run.project, written))


def changes_of_behaviour(
    run: Run, old: OldWorkflows, project: ProjectFile, written: Collection[str]
) -> Iterator[Remark]:
    """What the old workflows do and those of a configuration do not; and which of them go on publishing.

    Args:
        run: The run.
        old: Those that are there.
        project: The configuration.
        written: The paths that are written, so that what is there now goes.
    """
    resolver = Resolver(project=project, checkout=run.checkout, dockerfiles=run.dockerfiles())
    new = NewWorkflows(
        lanes=project.lanes,
        channels=project.channels,
        repositories=_repositories(resolver),
        native=project.workflows.native,
        pull_requests=project.workflows.pull_request,
    )
    dockerfiles = {lane.dockerfile for lane in project.lanes}
    for path, (reader, images) in old.readers.items():
        released = [image for image in images if image.dockerfile in dockerfiles]
        if path in written or released or not images:
            yield from differences(reader, old.texts[path], released, new)
        if path in written:
            yield from (_unreleased(image) for image in images if image not in released)
        elif released or not images:
            reason = "it still publishes: remove it, or the jobs that do, so that no version has two publishers"
            yield Remark(Source(path), "", reason)
    yield from shared_git_tags(run, resolver.lanes())


def _unreleased(image: PublishedImage) -> Remark:
    return Remark(image.source, image.dockerfile, "no lane builds this image: nothing publishes it any more")


def _repositories(resolver: Resolver) -> set[str] | None:
    """What the lanes are pushed to; None where nothing says what that is."""
    try:
        return {str(image) for lane in resolver.project.lanes for image in resolver.images(lane).value}
    except UsageError:
        return None

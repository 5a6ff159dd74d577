"""The git tag that starts a release in CI: where it goes, and what is known of that version already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from shiplane.cli.clients.git import remote_of
from shiplane.config.project_folder import workflows
from shiplane.config.settings import Flags
from shiplane.core.errors import PrerequisiteError, UsageError

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.lane import Lane
    from shiplane.config.settings import Checkout
    from shiplane.config.version import Version
    from shiplane.registry.oci.lookup_result import LookupResult
    from shiplane.registry.oci.names import Tag
    from shiplane.release.trigger import Trigger


def trigger_of(run: Run, versions: Iterable[tuple[Lane, Version]]) -> Trigger:
    """The trigger of a version of each lane of a group, with all that it checks first."""
    from shiplane.cli.workflows.files import drifted
    from shiplane.release.trigger import Trigger, TriggeredLane

    return Trigger(
        lanes=[
            TriggeredLane(
                lane=lane,
                version=version,
                get_version_tag=_lookup(run, lane, lane.tag_of(version)),
                published=partial(published_versions, run, lane),
                version_file=run.resolver(Flags()).version_file(lane),
            )
            for lane, version in versions
        ],
        checkout=_checkout(run),
        git=run.git,
        remote=remote_of(run),
        workflows=workflows(run.root),
        outdated=drifted(run) or (),
    )


def version_in_file(run: Run, lanes: Iterable[Lane]) -> str | None:
    """The version to tag where none is given: that of the first lane's version file; None where no lane has one."""
    resolver = run.resolver(Flags())
    files = ((lane, resolver.version_file(lane)) for lane in lanes)
    return next((str(file.version_of(lane)) for lane, file in files if file), None)


def _checkout(run: Run) -> Checkout:
    checkout = run.git.compare_worktree()
    if checkout is None:
        raise PrerequisiteError(
            "this folder is not a git repository with a commit", remedy="Run the command in a git checkout."
        )
    return checkout


def _lookup(run: Run, lane: Lane, tag: Tag) -> Callable[[], LookupResult] | None:
    """Asks the registry once, without waiting: it is asked for what is nice to know."""
    try:
        repository = run.resolver(Flags()).image(lane).value
    except UsageError:
        return None
    hurried = run.registries.hurried()
    return lambda: run.registries.reader(repository, hurried).get_manifest(tag)


def published_versions(run: Run, lane: Lane) -> list[Version]:
    """Every version that the registry lists; asked where it has answered already."""
    from shiplane.verify.lane_versions import LaneVersions

    repository = run.resolver(Flags()).image(lane).value
    registry = run.registries.reader(repository, run.registries.hurried())
    return LaneVersions(registry=registry).all(lane)

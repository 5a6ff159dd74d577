"""Re-pointing deployment files to one version by its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import PrerequisiteError, RefusedError
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line
from shiplane.deployments.files import replace_all
from shiplane.deployments.inventory import Inventory, InventoryReader
from shiplane.deployments.pin_target import resolve_target
from shiplane.deployments.tag_replacement import FileChange, Pins, replace_tags
from shiplane.registry.oci.names import Tag


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A re-pointing worked out and not written.

    Attributes:
        pins: What the lane's places will say.
        changes: A change for each file that does not say so yet.
        placed: How many places this is about, those that say so already included.
        before: Everything as it was.
    """

    pins: Pins
    changes: tuple[FileChange, ...]
    placed: int
    before: Inventory


@dataclass(frozen=True, kw_only=True)
class Repointer(InventoryReader):
    """Re-points the deployment files of one project.

    Attributes:
        marks: Versions marked as bad, by tag, with the reason.
    """

    marks: Mapping[Tag, str] = field(default_factory=dict)

    def repoint(self, lane: Lane, version: Version, *, dry_run: bool) -> Flow[Prepared]:
        """Re-point every place of a lane to a version that the registry serves.

        Raises:
            ConfigurationError: The project file names no deployment files.
            RefusedError: The version is marked as bad.
            VerificationError: The registry has no such version, or nothing valid under it.
            PrerequisiteError: No place of the lane is found, or a file cannot be written; then none is changed.
        """
        tag = self._with_adopted_versions(lane).tag_of(version)
        if tag in self.marks:
            raise RefusedError(
                f"{tag} is marked as bad: {self.marks[tag]}", remedy="Choose another version, or remove the mark."
            )
        target = yield from resolve_target(self.registry, tag)
        prepared = yield from self.prepare(Pins(lane=lane, target=target))
        if not prepared.placed:
            raise PrerequisiteError(
                f"nothing to re-point: no deployment file names {self.image} at a tag of lane {lane.name}",
                remedy=f"{command('deploy.list')} lists what was found; set deployments in shiplane.toml.",
            )
        yield from write(self.root, prepared.changes, dry_run=dry_run)
        return prepared

    def prepare(self, pins: Pins) -> Flow[Prepared]:
        """Work out what re-pointing a lane changes; :func:`write` carries it out, whenever its time has come.

        Args:
            pins: Whose places, and version tags with their digests, which the caller has read and found good.

        Raises:
            ConfigurationError: The project file names no deployment files.
            VerificationError: A changed file would not say what it should.
        """
        before = yield from self.inventory()
        known = {target.digest: target.tag for target in pins.targets}
        finder = self.finder({**known, **before.served.version_tags})
        files = before.collected.files
        placed = len(pins.aimed(finder, (finder.place(place.path, place.mention) for place in before.places)))
        return Prepared(pins=pins, changes=replace_tags(files, finder, pins), placed=placed, before=before)

    def _with_adopted_versions(self, lane: Lane) -> Lane:
        return next((own for own in self.lanes if own == lane), lane)


def write(root: Path, changes: Sequence[FileChange], *, dry_run: bool = False) -> Flow[None]:
    """Write changes to the disk, all of them or none.

    Raises:
        LostRaceError: A file was changed by somebody else since.
        PrerequisiteError: One cannot be written.
    """
    if not changes:
        return
    step = Step("re-point", ", ".join(one_line(change.path) for change in changes))
    yield step
    if dry_run:
        yield step.skipped("dry run")
        return
    replace_all(root, changes)
    yield step.done(f"{counted(sum(change.count for change in changes), 'place')}, read back")

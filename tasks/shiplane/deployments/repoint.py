"""Deployments: which files say which version runs, and re-pointing them to one version by its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shiplane.config.keys.deployments import Deployments
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.check import require
from shiplane.core.errors import ConfigurationError, PrerequisiteError, RefusedError, ShiplaneError, VerificationError
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.redact import one_line
from shiplane.core.system.parallel import each
from shiplane.deployments.deployment import FileChange, Finder, Place, of_lane, repoint
from shiplane.deployments.files import Collected, collect, replace_all
from shiplane.deployments.findings import Served
from shiplane.deployments.image_use import Target
from shiplane.deployments.updaters import USUAL_PLACES, Scene, Undoer, undoers
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import look
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.verify.image_check import ExpectedImage, ImageChecker
from shiplane.verify.surveyor import SEARCHED


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Who runs what.

    Attributes:
        collected: The files.
        places: Every place that names the image, in order.
        served: What the registry says of their tags.
        undoers: What would undo a re-pointing.
    """

    collected: Collected
    places: tuple[Place, ...]
    served: Served
    undoers: tuple[Undoer, ...]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A re-pointing worked out and not written.

    Attributes:
        target: What the lane's places will say.
        changes: A change for each file that does not say so yet.
        placed: How many places of the lane there are, those at the target included.
        before: Everything as it was.
    """

    target: Target
    changes: tuple[FileChange, ...]
    placed: int
    before: Inventory


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The deployment files of one project.

    Attributes:
        root: The project's root.
        deployments: The globs of its project file.
        lanes: Every lane.
        registry: Where the digests are read.
        marks: Versions marked as bad, by tag, with the reason.
    """

    root: Path
    deployments: tuple[Deployments, ...]
    lanes: tuple[Lane, ...]
    registry: RegistryClient
    marks: Mapping[Tag, str] = field(default_factory=dict)

    @property
    def image(self) -> Repository:
        """What the files name."""
        return self.registry.repository

    def inventory(self) -> Flow[Inventory]:
        """List every place, and ask the registry about what they name. A registry that does not answer ends nothing.

        Raises:
            ConfigurationError: The project file names no deployment files.
        """
        collected = yield from self._collect()
        step = Step("ask", str(self.image))
        yield step
        first = self._finder()
        found = [place for file in collected.files for place in first.places(file)]
        served = self._served(found)
        yield step.skipped(served.doubt) if served.doubt else step.done(f"{counted(len(served.digests), 'tag')} read")
        finder = self._finder(served.known)
        places = tuple(finder.place(place.path, place.mention) for place in found)
        return Inventory(collected=collected, places=places, served=served, undoers=self._undoers(collected, places))

    def repoint(self, lane: Lane, version: Version, *, dry_run: bool) -> Flow[Prepared]:
        """Re-point every place of a lane to a version that the registry serves.

        Raises:
            ConfigurationError: The project file names no deployment files.
            RefusedError: The version is marked as bad.
            VerificationError: The registry has no such version, or nothing valid under it.
            PrerequisiteError: No place of the lane is found, or a file cannot be written; then none is changed.
        """
        tag = self._known(lane).tag_of(version)
        if tag in self.marks:
            raise RefusedError(
                f"{tag} is marked as bad: {self.marks[tag]}", remedy="Choose another, or take the mark back."
            )
        target = yield from self._target(tag)
        prepared = yield from self.prepare(lane, target)
        if not prepared.placed:
            raise PrerequisiteError(
                f"nothing to re-point: no deployment file names {self.image} at a tag of lane {lane.name}",
                remedy=f"{command('deploy.list')} shows what was found; deployments in shiplane.toml says where.",
            )
        yield from write(self.root, prepared.changes, dry_run=dry_run)
        return prepared

    def prepare(self, lane: Lane, target: Target) -> Flow[Prepared]:
        """Work out what re-pointing a lane changes; :func:`write` carries it out, whenever its time has come.

        Args:
            lane: Whose places.
            target: A version tag and its digest, which the caller has read and found good.

        Raises:
            ConfigurationError: The project file names no deployment files.
            VerificationError: A changed file would not say what it should.
        """
        before = yield from self.inventory()
        finder = self._finder({target.digest: target.tag, **before.served.known})
        files = before.collected.files
        placed = len(of_lane((finder.place(place.path, place.mention) for place in before.places), lane))
        return Prepared(target=target, changes=repoint(files, finder, lane, target), placed=placed, before=before)

    def _known(self, lane: Lane) -> Lane:
        """The lane with what is known of its adopted versions."""
        return next((known for known in self.lanes if known == lane), lane)

    def _collect(self) -> Flow[Collected]:
        if not self.deployments:
            raise ConfigurationError(
                "no deployment files are configured",
                remedy='Say in shiplane.toml which they are: deployments = ["deploy/**/*.yml"].',
            )
        step = Step("read", ", ".join(entry.files for entry in self.deployments))
        yield step
        collected = collect(self.root, self.deployments)
        yield step.done(counted(len(collected.files), "file"))
        return collected

    def _target(self, tag: Tag) -> Flow[Target]:
        step = Step("resolve", f"{self.image}:{tag}")
        yield step
        answer = look(self.registry, tag)
        if not isinstance(answer, Present):
            yield step.failed("the registry has no such tag")
            raise VerificationError(
                f"{self.image} has no {tag}: files that name it would run nothing",
                remedy=f"Name a version that is published: {command('verify')} shows the present one.",
            )
        examiner = ImageChecker(registry=self.registry, deep=True)
        # For which platforms it is, is a release's affair; here it has to be whole.
        checks = [
            check
            for check in examiner.examine(answer.raw, ExpectedImage(platforms=())).checks
            if check.name != "platforms"
        ]
        require(
            checks,
            f"{self.image}:{tag}",
            remedy="Nothing was re-pointed. Choose a version that verifies.",
        )
        yield step.done(str(answer.digest))
        return Target(tag, answer.digest)

    def _finder(self, known: Mapping[Digest, Tag] | None = None) -> Finder:
        return Finder(repository=self.image, lanes=self.lanes, known=known or {})

    def _served(self, places: Sequence[Place]) -> Served:
        """Ask about every tag that a place names; about the newest versions where only they tell which one it runs."""
        tags = {Tag(tag) for place in places if (tag := place.mention.effective_tag)}
        try:
            if any(self._wants_version(place) for place in places):
                tags |= set(self._newest())
            wanted = sorted(tags)
            answers = each(lambda tag: look(self.registry, tag), wanted)
        except ShiplaneError as error:
            return Served(doubt=error.what)
        found = dict(zip(wanted, answers, strict=True))
        digests = {tag: answer.digest for tag, answer in found.items() if isinstance(answer, Present)}
        return Served(
            digests=digests,
            absent=frozenset(found.keys() - digests.keys()),
            known={digest: tag for tag, digest in digests.items() if self._is_version(tag)},
        )

    def _wants_version(self, place: Place) -> bool:
        """Whether a place names no version: a digest alone, or a floating tag."""
        return not self._is_version(Tag(place.mention.effective_tag or "")) and not place.mention.problem

    def _is_version(self, tag: Tag) -> bool:
        return any(lane.version_of_tag(tag) for lane in self.lanes)

    def _newest(self) -> list[Tag]:
        every = self.registry.tags()
        versions = {tag: v for tag in every for lane in self.lanes if (v := lane.version_of_tag(tag))}
        return sorted(versions, key=lambda tag: versions[tag], reverse=True)[:SEARCHED]

    def _undoers(self, collected: Collected, places: Sequence[Place]) -> tuple[Undoer, ...]:
        usual = collect(self.root, [Deployments(glob) for glob in USUAL_PLACES])
        lines: dict[str, list[int]] = {}
        for place in places:
            if place.lane is not None and not place.mention.comment:
                lines.setdefault(place.path, []).append(place.mention.line)
        texts = {file.path: file.text for file in (*usual.files, *collected.files)}
        return tuple(undoers(Scene(repository=self.image, texts=texts, places=lines)))


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

"""Which files name the image, at which versions, what the registry says of these, and what changes them by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shiplane.config.keys.deployments import Deployments
from shiplane.config.lane import Lane
from shiplane.core.errors import ConfigurationError, ShiplaneError
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.deployments.files import Collected, collect
from shiplane.deployments.finder import Channels, Finder, Place
from shiplane.deployments.findings import ServedTags
from shiplane.deployments.updaters import USUAL_PLACES, ProjectTexts, Updater, find_updaters
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve_all
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.verify.lane_versions import SEARCHED

# How many versions of its range are compared with a floating tag that has one: it is mostly at the newest.
SEARCHED_IN_RANGE = 8


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Which file runs which version.

    Attributes:
        collected: The files.
        places: Every place that names the image, in order.
        served: The state of their tags in the registry.
        updaters: What would change re-pointed files back.
    """

    collected: Collected
    places: tuple[Place, ...]
    served: ServedTags
    updaters: tuple[Updater, ...]


@dataclass(frozen=True, kw_only=True)
class InventoryReader:
    """Reads the deployment files of one project.

    Attributes:
        root: The project's root.
        deployments: The globs of its project file.
        lanes: Every lane.
        registry: Where the digests are read.
        channels: Every channel.
    """

    root: Path
    deployments: tuple[Deployments, ...]
    lanes: tuple[Lane, ...]
    registry: RegistryClient
    channels: Channels = ()

    @property
    def image(self) -> Repository:
        """What the files name."""
        return self.registry.repository

    def inventory(self) -> Flow[Inventory]:
        """List every place, and read what they name in the registry. A registry that does not answer is no error.

        Raises:
            ConfigurationError: The project file names no deployment files.
        """
        collected = yield from self._collect()
        step = Step("ask", str(self.image))
        yield step
        first = self.finder()
        unresolved = [place for file in collected.files for place in first.places(file)]
        served = self._served(unresolved)
        yield step.skipped(served.doubt) if served.doubt else step.done(f"{counted(len(served.digests), 'tag')} read")
        finder = self.finder(served.version_tags)
        places = tuple(finder.place(place.path, place.mention) for place in unresolved)
        return Inventory(collected=collected, places=places, served=served, updaters=self._updaters(collected, places))

    def _collect(self) -> Flow[Collected]:
        if not self.deployments:
            raise ConfigurationError(
                "no deployment files are configured",
                remedy='Set deployments in shiplane.toml, for example deployments = ["deploy/**/*.yml"].',
            )
        step = Step("read", ", ".join(entry.files for entry in self.deployments))
        yield step
        collected = collect(self.root, self.deployments)
        yield step.done(counted(len(collected.files), "file"))
        return collected

    def finder(self, version_tags: Mapping[Digest, Tag] | None = None) -> Finder:
        """What finds the image in files.

        Args:
            version_tags: The version tag behind a digest, as far as it is known.
        """
        return Finder(repository=self.image, lanes=self.lanes, version_tags=version_tags or {}, channels=self.channels)

    def _served(self, places: Sequence[Place]) -> ServedTags:
        """Read every tag that a place names, and the newest versions where a place names none."""
        tags = {Tag(tag) for place in places if (tag := place.mention.effective_tag)}
        tags |= {place.version_tag for place in places if place.version_tag}
        try:
            if any(self._needs_version(place) for place in places):
                tags |= set(self._newest(places))
            asked = sorted(tags)
            answers = resolve_all(self.registry, asked)
        except ShiplaneError as error:
            return ServedTags(doubt=error.what)
        by_tag = dict(zip(asked, answers, strict=True))
        digests = {tag: answer.digest for tag, answer in by_tag.items() if isinstance(answer, Present)}
        return ServedTags(
            digests=digests,
            absent=frozenset(by_tag.keys() - digests.keys()),
            version_tags={digest: tag for tag, digest in digests.items() if self._is_version(tag)},
        )

    def _needs_version(self, place: Place) -> bool:
        """Whether a place names no version: a digest alone, or a floating tag."""
        return not place.version_tag and not place.mention.problem

    def _is_version(self, tag: Tag) -> bool:
        return any(lane.version_of_tag(tag) for lane in self.lanes)

    def _newest(self, places: Sequence[Place]) -> Iterator[Tag]:
        """The newest versions, and the newest in the range of each floating tag that a place names."""
        every = self.registry.tags()
        versions = {tag: v for tag in every for lane in self.lanes if (v := lane.version_of_tag(tag))}
        newest = sorted(versions, key=lambda tag: versions[tag], reverse=True)
        yield from newest[:SEARCHED]
        for ranged in {place.floating for place in places if place.floating and place.floating.range}:
            yield from [tag for tag in newest if ranged.spans(versions[tag])][:SEARCHED_IN_RANGE]

    def _updaters(self, collected: Collected, places: Sequence[Place]) -> tuple[Updater, ...]:
        usual = collect(self.root, [Deployments(glob) for glob in USUAL_PLACES])
        lines: dict[str, list[int]] = {}
        for place in places:
            if place.lane is not None and not place.mention.comment:
                lines.setdefault(place.path, []).append(place.mention.line)
        texts = {file.path: file.text for file in (*usual.files, *collected.files)}
        return tuple(find_updaters(ProjectTexts(repository=self.image, texts=texts, places=lines)))

"""A lane's versions in the registry, and those that its floating tags point at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.ledger import Action, Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import REVISION, VERSION
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.label_reader import read_label

# How many version tags are compared with a floating tag whose image does not name its version.
SEARCHED = 64


@dataclass(frozen=True, kw_only=True)
class LaneVersions:
    """Reads the versions of a repository's lanes; ``workers`` is how many reads run at once."""

    registry: RegistryClient
    workers: int = WORKERS

    def revision(self, answer: Present | Absent) -> str | None:
        """The commit in the labels of an image, if any."""
        return read_label(self.registry, answer, REVISION) if isinstance(answer, Present) else None

    def all(self, lane: Lane) -> list[Version]:
        """Every version of the lane that has a tag, the highest first."""
        return versions_among(lane, self.registry.tags())

    def behind(self, lane: Lane, floating: Present | Absent) -> Version | None:
        """The version whose tag has the same digest as a floating tag without a range: see :meth:`behind_each`."""
        image = [(None, floating)] if isinstance(floating, Present) else []
        return next(iter(self.behind_each(lane, image).values()), None)

    def behind_each(
        self, lane: Lane, images: Iterable[tuple[FloatingTag | None, Present]]
    ) -> Mapping[Digest, Version | None]:
        """The versions whose tags have the same digests as some floating tags; each version tag is read once.

        An image's own label only says which version to compare first. If that is another one, the highest releases in
        the floating tag's range are compared.
        """
        images = list(images)
        labels = self._labels(lane, {image.digest: image for _, image in images})
        digests = self._digests(lane, filter(None, labels.values()))
        labelled = {digest: label for digest, label in labels.items() if label and digests[label] == digest}
        unclear = [(floating, image.digest) for floating, image in images if image.digest not in labelled]
        return {**labelled, **self._searched(lane, unclear, digests)}

    def _labels(self, lane: Lane, images: Mapping[Digest, Present]) -> dict[Digest, Version | None]:
        """The versions that some images are labelled with."""
        labels = map_parallel(
            lambda image: read_label(self.registry, image, VERSION) or "", images.values(), workers=self.workers
        )
        return dict(zip(images, map(lane.version_spelled, labels), strict=True))

    def _searched(
        self, lane: Lane, tags: Sequence[tuple[FloatingTag | None, Digest]], read: Mapping[Version, Digest | None]
    ) -> dict[Digest, Version | None]:
        """The versions behind digests whose labels do not tell; ``read`` are the version tags that were read before."""
        others = self.candidates(lane, [floating for floating, _ in tags]) if tags else []
        digests = {**read, **self._digests(lane, [version for version in others if version not in read])}
        versions = {digests[version]: version for version in sorted(digests)}
        return {digest: versions.get(digest) for _, digest in tags}

    def candidates(self, lane: Lane, tags: Sequence[FloatingTag | None]) -> list[Version]:
        """The highest releases in the ranges of some floating tags."""
        releases = [version for version in self.all(lane) if not version.is_prerelease]
        ranges = [[version for version in releases if tag is None or tag.spans(version)] for tag in tags]
        return list(dict.fromkeys(version for versions in ranges for version in versions[:SEARCHED]))

    def _digests(self, lane: Lane, versions: Iterable[Version]) -> dict[Version, Digest | None]:
        """The digests of some version tags."""
        read = list(dict.fromkeys(versions))
        answers = map_parallel(lambda version: resolve(self.registry, lane.tag_of(version)), read, workers=self.workers)
        return dict(zip(read, map(digest_of, answers), strict=True))


def newest_published(
    lane: Lane, floating_tags: Iterable[FloatingTag], tags: Iterable[str], ledger: Ledger
) -> dict[Tag, Version]:
    """For each of some floating tags the highest version that it takes, if there is one.

    Among the tags and the ledger's publications: the tag list may lag behind those.
    """
    versions = versions_published(lane, tags, ledger)
    newest = {floating.tag: next(filter(floating.takes, versions), None) for floating in floating_tags}
    return {tag: version for tag, version in newest.items() if version}


def other_spelling(lane: Lane, version: Version, tags: Iterable[str], ledger: Ledger) -> Version | None:
    """The published version that is this one in another spelling, as 3.2 is 3.2.0 by PEP 440; None without one."""
    published = versions_published(lane, tags, ledger)
    return next((other for other in published if other.means(version) and other != version), None)


def versions_published(lane: Lane, tags: Iterable[str], ledger: Ledger) -> list[Version]:
    """The versions among the tags and the ledger's publications, the highest first: the tags may lag behind those."""
    recorded = (entry.tag for entry in ledger.entries if entry.action is Action.PUBLISH)
    return versions_among(lane, [*tags, *recorded])


def versions_among(lane: Lane, tags: Iterable[str]) -> list[Version]:
    """The versions of a lane among a repository's tags, the highest first."""
    return sorted({version for version in map(lane.version_of_tag, tags) if version}, reverse=True)

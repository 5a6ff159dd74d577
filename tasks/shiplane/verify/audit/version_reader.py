"""Read a lane's versions: the registry's word about each beside the ledger's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import UsageError
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.ledger import Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import CREATED, REVISION, Index, InvalidManifestError, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Platform
from shiplane.verify.image_check import ExpectedImage, ImageChecker
from shiplane.verify.label_reader import read_labels
from shiplane.verify.lane_status import VersionStatus
from shiplane.verify.lane_versions import versions_among


@dataclass(frozen=True, kw_only=True)
class VersionReader:
    """Reads the versions of one lane.

    Attributes:
        registry: Where the lane is.
        lane: The lane with its adopted tags.
        ledger: The lane's ledger.
        tags: The repository's tags.
        floating: The floating tag's digest, if it exists.
        workers: How many reads at once.
    """

    registry: RegistryClient
    lane: Lane
    ledger: Ledger
    tags: Collection[str]
    floating: Digest | None
    workers: int = WORKERS

    def images(self) -> dict[Version, Present | Absent]:
        """What each version tag has, the highest first; recorded ones that are gone included."""
        versions = versions_among(self.lane, [*self.tags, *(entry.tag for entry in self.ledger.entries)])
        tags = [self.lane.tag_of(version) for version in versions]
        answers = map_parallel(lambda tag: resolve(self.registry, tag), tags, workers=self.workers)
        return dict(zip(versions, answers, strict=True))

    def status(self, version: Version, image: Present | Absent) -> VersionStatus:
        """One version by its image and its record."""
        tag, digest = self.lane.tag_of(version), digest_of(image)
        recorded = self.ledger.published(tag)
        entry = recorded if recorded and recorded.after == digest else None
        date = (entry.created if entry.adopted else entry.when) if entry else ""
        commit, created = (entry.commit, date) if entry and entry.commit else self._labels(image)
        return VersionStatus(
            version=version,
            digest=digest,
            platforms=tuple(entry.platforms) if entry else _platforms(image),
            commit=commit,
            created=date or created,
            recorded=recorded,
            mark=self.ledger.marks.get(tag),
            is_current=digest is not None and digest == self.floating,
        )

    def rival(self, status: VersionStatus) -> Digest | None:
        """The different image under shiplane's own tag of a version that was adopted under another one, if any."""
        own_tag = self.lane.own_tag_of(status.version)
        if own_tag == self.lane.tag_of(status.version) or own_tag not in self.tags:
            return None
        digest = digest_of(resolve(self.registry, own_tag))
        return None if digest == status.digest else digest

    def damage(
        self, images: Mapping[Version, Present | Absent], versions: Iterable[VersionStatus], *, deep: bool
    ) -> tuple[str, ...]:
        """What is wrong with the current version's image; with ``deep`` with every version's."""
        faults = []
        for status in versions:
            image = images[status.version]
            if (deep or status.is_current) and isinstance(image, Present):
                tag = self.lane.tag_of(status.version)
                faults += [f"{tag}: {fault}" for fault in self._faults(image.raw, status)]
        return tuple(faults)

    def _labels(self, image: Present | Absent) -> tuple[str, str]:
        """The commit and the time in an image's labels."""
        if isinstance(image, Absent):
            return "", ""
        labels = read_labels(self.registry, image, REVISION, CREATED)
        return labels.get(REVISION, "")[:80], labels.get(CREATED, "")[:80]

    def _faults(self, raw: RawManifest, status: VersionStatus) -> list[str]:
        known = tuple(Platform.parse(name) for name in status.platforms if _is_platform(name))
        # Where neither a record nor an index lists any, the image's own config does, and there is nothing to compare.
        platforms = known if status.platforms else None
        proven = status.recorded is not None and not status.drift
        expected = ExpectedImage.published(self.lane, status.version, platforms=platforms, proven=proven)
        checker = ImageChecker(registry=self.registry, workers=self.workers)
        return [str(check) for check in checker.check(raw, expected).checks if not check.good]


def _is_platform(name: str) -> bool:
    """Whether shiplane knows such a platform: an index may list any, and is then judged by the others."""
    try:
        Platform.parse(name)
    except UsageError:
        return False
    return True


def _platforms(image: Present | Absent) -> tuple[str, ...]:
    try:
        document = parse_manifest(image.raw) if isinstance(image, Present) else None
    except InvalidManifestError:
        return ()
    images = document.images if isinstance(document, Index) else ()
    return tuple(str(entry.platform) for entry in images if entry.platform)

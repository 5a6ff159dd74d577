"""Read a lane's versions and floating tags: the registry's word about each beside the ledger's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

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
from shiplane.verify.floating_tags import FloatingTagState, existing_floating_tags
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport
from shiplane.verify.label_reader import read_labels
from shiplane.verify.lane_status import VersionStatus
from shiplane.verify.lane_versions import versions_among


@dataclass(frozen=True, kw_only=True)
class LaneReading:
    """What was read of one lane: its floating tags in moving order, its versions, and what is wrong with images."""

    floating: tuple[FloatingTagState, ...]
    versions: tuple[VersionStatus, ...]
    damage: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VersionReader:
    """Reads the versions of one lane, and the floating tags at them.

    Attributes:
        registry: Where the lane is.
        lane: The lane with its adopted tags.
        ledger: The lane's ledger.
        tags: The repository's tags.
        workers: How many reads at once.
    """

    registry: RegistryClient
    lane: Lane
    ledger: Ledger
    tags: Collection[str]
    workers: int = WORKERS

    def read(self, *, deep: bool) -> LaneReading:
        """Every version, and every floating tag; recorded ones that are gone included.

        Args:
            deep: Whether every version's image is checked, and not only those that a floating tag is at.
        """
        floating = existing_floating_tags(self.lane, self.ledger, self.tags)
        versions = versions_among(self.lane, [*self.tags, *(entry.tag for entry in self.ledger.entries)])
        tags = [*(one.tag for one in floating), *map(self.lane.tag_of, versions)]
        answers = map_parallel(lambda tag: resolve(self.registry, tag), tags, workers=self.workers)
        images = dict(zip(versions, answers[len(floating) :], strict=True))
        states = [
            FloatingTagState(floating=one, answer=answer, position=self.ledger.position(one.tag))
            for one, answer in zip(floating, answers, strict=False)
        ]
        read = [self._version(version, image, states, deep=deep) for version, image in images.items()]
        return LaneReading(
            floating=tuple(state.placed((status.version, status.digest) for status, _ in read) for state in states),
            versions=tuple(status for status, _ in read),
            damage=tuple(fault for _, faults in read for fault in faults),
        )

    def _version(
        self,
        version: Version,
        image: Present | Absent,
        states: Sequence[FloatingTagState],
        *,
        deep: bool,
    ) -> tuple[VersionStatus, list[str]]:
        """One version by its image and its record, and what is wrong with its image."""
        tag, digest = self.lane.tag_of(version), digest_of(image)
        recorded = self.ledger.published(tag)
        entry = recorded if recorded and recorded.after == digest else None
        status = VersionStatus(
            version=version,
            digest=digest,
            platforms=tuple(entry.platforms) if entry else _platforms(image),
            recorded=recorded,
            mark=self.ledger.marks.get(tag),
            floating=tuple(state.tag for state in states if digest and state.digest == digest),
            rival=self._rival(version, digest),
        )
        report = self._report(image.raw, status) if isinstance(image, Present) and (deep or status.floating) else None
        date = (entry.created if entry.adopted else entry.when) if entry else ""
        commit, created = (entry.commit, date) if entry and entry.commit else self._labels(image, report)
        faults = [f"{tag}: {check}" for check in report.checks if not check.good] if report else []
        return replace(status, commit=commit, created=date or created), faults

    def _rival(self, version: Version, digest: Digest | None) -> Digest | None:
        """The different image under shiplane's own tag of a version that was adopted under another one, if any."""
        own_tag = self.lane.own_tag_of(version)
        if own_tag == self.lane.tag_of(version) or own_tag not in self.tags:
            return None
        other = digest_of(resolve(self.registry, own_tag))
        return None if other == digest else other

    def _labels(self, image: Present | Absent, report: ImageReport | None) -> tuple[str, str]:
        """The commit and the time in an image's labels; what was checked is not read again."""
        if isinstance(image, Absent):
            return "", ""
        labels = report.labels if report else read_labels(self.registry, image, REVISION, CREATED)
        return labels.get(REVISION, "")[:80], labels.get(CREATED, "")[:80]

    def _report(self, raw: RawManifest, status: VersionStatus) -> ImageReport:
        known = tuple(Platform.parse(name) for name in status.platforms if _is_platform(name))
        # Where neither a record nor an index lists any, the image's own config does, and there is nothing to compare.
        platforms = known if status.platforms else None
        proven = status.recorded is not None and not status.drift
        expected = ExpectedImage.published(self.lane, status.version, platforms=platforms, proven=proven)
        return ImageChecker(registry=self.registry, workers=self.workers).check(raw, expected)


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

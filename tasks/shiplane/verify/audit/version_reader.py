"""Read a lane's versions and floating tags: the registry's word about each beside the ledger's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import UsageError
from shiplane.core.system.parallel import MANY, map_parallel
from shiplane.ledger.ledger import Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve, resolve_all
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import (
    CREATED,
    REVISION,
    Index,
    InvalidManifestError,
    Manifest,
    RawManifest,
    parse_manifest,
)
from shiplane.registry.oci.names import Digest, Platform, Tag
from shiplane.verify.floating_tags import FloatingTagState, existing_floating_tags
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport
from shiplane.verify.lane_status import ImageChecks, VersionStatus
from shiplane.verify.lane_versions import LaneVersions, versions_among

# So many of the recorded versions that are not listed are asked for: the list may lag behind the newest tags only.
_UNLISTED = 16


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
    workers: int = MANY

    def read(self, checks: ImageChecks = ImageChecks.CURRENT, newest: int | None = None) -> LaneReading:
        """Every floating tag and the versions, recorded ones that are gone included.

        Args:
            checks: Which images are checked.
            newest: How many versions are read beside those that a floating tag is at; None for all.
        """
        floating = existing_floating_tags(self.lane, self.ledger, self.tags)
        versions = versions_among(self.lane, [*self.tags, *(entry.tag for entry in self.ledger.entries)])
        states = [
            FloatingTagState(floating=one, answer=answer, position=self.ledger.position(one.tag))
            for one, answer in zip(floating, self._answers([one.tag for one in floating]), strict=True)
        ]
        images = self._images(versions if newest is None else self._chosen(versions, states, newest))
        read = map_parallel(lambda pair: self._version(*pair, states, checks), images, workers=self.workers)
        statuses = {version: self._recorded(version) for version in versions}
        statuses |= {status.version: status for status, _ in read}
        return LaneReading(
            floating=tuple(state.placed((status.version, status.digest) for status, _ in read) for state in states),
            versions=tuple(statuses.values()),
            damage=tuple(fault for _, faults in read for fault in faults),
        )

    def _answers(self, tags: Iterable[Tag]) -> list[Present | Absent]:
        return resolve_all(self.registry, tags, workers=self.workers)

    def _images(self, versions: Sequence[Version]) -> list[tuple[Version, Present | Absent]]:
        """What the registry has of some versions; of old ones that are not listed, nothing."""
        unlisted = [version for version in versions if self.lane.tag_of(version) not in self.tags]
        gone = frozenset(unlisted[_UNLISTED:])
        asked = [version for version in versions if version not in gone]
        answers = dict(zip(asked, self._answers(map(self.lane.tag_of, asked)), strict=True))
        return [(version, answers.get(version, Absent())) for version in versions]

    def _chosen(self, versions: Sequence[Version], states: Sequence[FloatingTagState], newest: int) -> list[Version]:
        """The newest versions, those that floating tags are at, and those whose tags should be listed and are not."""
        reader = LaneVersions(registry=self.registry, workers=self.workers)
        images = [(state.floating, state.answer) for state in states if isinstance(state.answer, Present)]
        behind = reader.behind_each(self.lane, images)
        # Another version with the same image may be the one in the range.
        strays = [one for one, image in images if (at := behind[image.digest]) and not one.spans(at)]
        wanted = {*behind.values(), *versions[:newest], *(reader.candidates(self.lane, strays) if strays else ())}
        return [each for each in versions if each in wanted or self.lane.tag_of(each) not in self.tags]

    def _recorded(self, version: Version) -> VersionStatus:
        """A version by its record alone."""
        tag = self.lane.tag_of(version)
        recorded, mark = self.ledger.published(tag), self.ledger.marks.get(tag)
        return VersionStatus(version=version, digest=None, recorded=recorded, mark=mark, is_read=False)

    def _version(
        self, version: Version, image: Present | Absent, states: Sequence[FloatingTagState], checks: ImageChecks
    ) -> tuple[VersionStatus, list[str]]:
        """One version by its image and its record, and what is wrong with its image."""
        known, digest = self._recorded(version), digest_of(image)
        entry = known.recorded if known.recorded and known.recorded.after == digest else None
        document = _document(image)
        status = replace(
            known,
            digest=digest,
            platforms=tuple(entry.platforms) if entry else _platforms(document),
            floating=tuple(state.tag for state in states if digest and state.digest == digest),
            rival=self._rival(version, digest),
            is_read=True,
        )
        is_checked = checks is ImageChecks.ALL or (checks is ImageChecks.CURRENT and bool(status.floating))
        report = self._report(image.raw, status) if is_checked and isinstance(image, Present) else None
        labels = report.labels if report else document.annotations if document else {}
        date = (entry.created if entry.adopted else entry.when) if entry else ""
        commit = (entry.commit if entry else "") or labels.get(REVISION, "")[:80]
        created = date or labels.get(CREATED, "")[:80]
        faults = (
            [f"{self.lane.tag_of(version)}: {check}" for check in report.checks if not check.good] if report else []
        )
        return replace(status, commit=commit, created=created, is_checked=report is not None), faults

    def _rival(self, version: Version, digest: Digest | None) -> Digest | None:
        """The different image under shiplane's own tag of a version that was adopted under another one, if any."""
        own_tag = self.lane.own_tag_of(version)
        if own_tag == self.lane.tag_of(version) or own_tag not in self.tags:
            return None
        other = digest_of(resolve(self.registry, own_tag))
        return None if other == digest else other

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


def _document(image: Present | Absent) -> Index | Manifest | None:
    """What an image is, if it is one."""
    try:
        return parse_manifest(image.raw) if isinstance(image, Present) else None
    except InvalidManifestError:
        return None


def _platforms(document: Index | Manifest | None) -> tuple[str, ...]:
    images = document.images if isinstance(document, Index) else ()
    return tuple(str(entry.platform) for entry in images if entry.platform)

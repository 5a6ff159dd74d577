"""A lane looked at as a whole: every version, the floating tag and the ledger, in one sweep of small reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import UsageError
from shiplane.core.plurals import counted
from shiplane.core.progress import Flow, Step
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.foreign_tags import unadopted_tags, with_adopted_tags
from shiplane.ledger.ledger import BrokenLedgerError, Ledger
from shiplane.ledger.recorder import Ledgers
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import CREATED, REVISION, Index, InvalidManifestError, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Platform
from shiplane.verify.image_check import ExpectedImage, ImageChecker
from shiplane.verify.lane_status import LaneStatus, VersionStatus
from shiplane.verify.surveyor import Surveyor, versions_among


@dataclass(frozen=True, kw_only=True)
class Auditor:
    """Looks at one repository's lanes. Reads only.

    Attributes:
        registry: Where.
        ledgers: What was recorded; None where no ledger is kept.
        workers: How many reads at once.
    """

    registry: RegistryClient
    ledgers: Ledgers | None
    workers: int = WORKERS

    def audit(self, lane: Lane, *, deep: bool = False) -> Flow[LaneStatus]:
        """Everything about a lane.

        Args:
            lane: Which.
            deep: Whether each version's image is examined, and not only the one behind the floating tag.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about something.
        """
        step = Step("audit", lane.name)
        yield step
        page, fault = self._ledger(lane)
        lane = with_adopted_tags(lane, page.ledger)
        floating = resolve(self.registry, lane.floating)
        tags = frozenset(self.registry.tags())
        images = self._images(lane, page.ledger, tags)
        digest = digest_of(floating)
        known = [self._version(lane, version, image, page.ledger, digest) for version, image in images.items()]
        versions = tuple(replace(state, rival=self._rival(lane, state, tags)) for state in known)
        state = LaneStatus(
            lane=lane,
            floating=digest,
            current=next((known.version for known in versions if known.floats), None),
            versions=versions,
            ledger=page.ledger,
            exists=page.exists,
            kept=self.ledgers is not None,
            fault=fault,
            damage=self._damage(lane, images, versions, deep=deep),
            others=unadopted_tags(lane, page.ledger, tags),
        )
        entries = counted(len(page.ledger.entries), "entry", "entries")
        yield step.done(f"{counted(len(versions), 'version')}, {entries} in the ledger")
        return state

    def _ledger(self, lane: Lane) -> tuple[LedgerSnapshot, str]:
        """The ledger, and what is wrong with it; nothing of a broken one is believed."""
        if self.ledgers is None:
            return LedgerSnapshot(), ""
        store, page = self.ledgers.store(lane), LedgerSnapshot()
        try:
            page = store.read()
            store.verify_chain(page)
        except BrokenLedgerError as error:
            return LedgerSnapshot(raw=page.raw), f"the ledger is broken: {error.what}"
        return page, ""

    def _images(self, lane: Lane, ledger: Ledger, tags: Iterable[str]) -> dict[Version, Present | Absent]:
        """What is behind each version tag, also behind recorded ones that are gone; the highest first."""
        known = versions_among(lane, [*tags, *(entry.tag for entry in ledger.entries)])
        names = [lane.tag_of(version) for version in known]
        answers = map_parallel(lambda tag: resolve(self.registry, tag), names, workers=self.workers)
        return dict(zip(known, answers, strict=True))

    def _rival(self, lane: Lane, state: VersionStatus, tags: Collection[str]) -> Digest | None:
        """What our own tag of a version has that was adopted under another one, if that is another image."""
        own = lane.own_tag_of(state.version)
        if own == lane.tag_of(state.version) or own not in tags:
            return None
        found = digest_of(resolve(self.registry, own))
        return None if found == state.digest else found

    def _version(
        self, lane: Lane, version: Version, image: Present | Absent, ledger: Ledger, floating: Digest | None
    ) -> VersionStatus:
        tag = lane.tag_of(version)
        recorded, digest = ledger.published(tag), digest_of(image)
        believed = recorded if recorded and recorded.after == digest else None
        when = (believed.created if believed.adopted else believed.when) if believed else ""
        commit, created = (believed.commit, when) if believed and believed.commit else self._says(image)
        return VersionStatus(
            version=version,
            digest=digest,
            platforms=tuple(believed.platforms) if believed else _platforms(image),
            commit=commit,
            created=when or created,
            recorded=recorded,
            mark=ledger.marks.get(tag),
            floats=digest is not None and digest == floating,
        )

    def _says(self, image: Present | Absent) -> tuple[str, str]:
        """The commit and the time that an image gives for itself."""
        if isinstance(image, Absent):
            return "", ""
        surveyor = Surveyor(registry=self.registry, workers=self.workers)
        said = surveyor.labels(image, REVISION, CREATED)
        return said.get(REVISION, "")[:80], said.get(CREATED, "")[:80]

    def _damage(
        self, lane: Lane, images: dict[Version, Present | Absent], versions: tuple[VersionStatus, ...], *, deep: bool
    ) -> tuple[str, ...]:
        """What is wrong with images: of every version, or only of the one behind the floating tag."""
        found = []
        for state in versions:
            image = images[state.version]
            if (deep or state.floats) and isinstance(image, Present):
                found += [f"{lane.tag_of(state.version)}: {what}" for what in self._bad(lane, image.raw, state)]
        return tuple(found)

    def _bad(self, lane: Lane, raw: RawManifest, state: VersionStatus) -> list[str]:
        known = tuple(Platform.parse(name) for name in state.platforms if _known(name))
        # Where neither a record nor an index tells them, the image's own config does, and there is nothing to compare.
        platforms = known if state.platforms else None
        proven = state.recorded is not None and not state.drift
        expected = ExpectedImage.published(lane, state.version, platforms=platforms, proven=proven)
        examiner = ImageChecker(registry=self.registry, workers=self.workers)
        return [str(check) for check in examiner.examine(raw, expected).checks if not check.good]


def _known(name: str) -> bool:
    """Whether we know such a platform: an index may list any, and is then judged by the others."""
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

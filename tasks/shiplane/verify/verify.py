"""What the registry really serves, compared with what a release promised. It can fail, and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from shiplane.config.lane import Lane
from shiplane.config.settings import RECORDED, Setting
from shiplane.config.version import Version
from shiplane.core.check import Check, checks_summary
from shiplane.core.errors import AccessError, VerificationError
from shiplane.core.next_command import command
from shiplane.core.progress import Flow, Step
from shiplane.ledger.checks import recorded_checks
from shiplane.ledger.foreign_tags import unadopted_tags, with_adopted_tags
from shiplane.ledger.ledger import BrokenLedgerError, Entry, Ledger
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.manifest import VERSION
from shiplane.registry.oci.names import Digest, Platform, Repository, Tag
from shiplane.verify.image_check import ExpectedImage, ImageChecker, ImageReport
from shiplane.verify.pointing import expects_floating
from shiplane.verify.surveyor import Surveyor


class Puller(Protocol):
    """An engine that can pull a tag."""

    def pull(self, repository: Repository, tag: Tag) -> Sequence[str]:
        """Pull it; returns the digests under which the engine now knows the image."""


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """One lane's findings, and what was expected.

    Attributes:
        lane: Which lane, with what is known of adopted versions.
        version: The version that was looked at; None where there is none.
        digest: What its tag has; None where it does not exist.
        checks: Every finding.
        examination: What the image consists of, as far as it could be read.
        platforms: What the image had to be there for, and who says so.
        pointing: Whether the floating tag had to be at the version that was asked for, and who says so; None where no
            version was asked for.
        current: The version that the floating tag stands for; None where that is none.
    """

    lane: Lane
    version: Version | None
    digest: Digest | None
    checks: tuple[Check, ...]
    examination: ImageReport | None = None
    platforms: Setting[tuple[Platform, ...]] | None = None
    pointing: Setting[bool] | None = None
    current: Version | None = None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.good for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The findings as JSON values."""
        images = self.examination.images if self.examination else ()
        return {
            "lane": self.lane.name,
            "version": str(self.version) if self.version else None,
            "tag": self.lane.tag_of(self.version) if self.version else None,
            "floating": self.lane.floating,
            "digest": str(self.digest) if self.digest else None,
            "platforms": {str(image.platform): str(image.digest) for image in images},
            "expected_platforms": {"value": list(map(str, self.platforms.value)), "source": self.platforms.source}
            if self.platforms
            else None,
            "expected_floating": {"value": self.pointing.value, "source": self.pointing.source}
            if self.pointing
            else None,
            "good": self.good,
            "checks": [check.to_json() for check in self.checks],
        }


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """What a verification looks with.

    Attributes:
        registry: Reads with the credential at hand.
        platforms: What each version must be there for, where no record of its publication says it.
        insists: Whether they go before such a record: somebody gave them for this very run.
        commit_of: The commit that a lane's version was released from, as far as git knows it.
        deep: Whether every blob is asked for though no version is named, and configs are read though they are recorded.
        puller: The engine for ``--pull``, or None.
        stranger: A registry client without credential for ``--anonymous``, or None.
        ledgers: What was recorded; None where no ledger is kept.
    """

    registry: RegistryClient
    platforms: Setting[tuple[Platform, ...]]
    commit_of: Callable[[Lane, Version], str | None]
    insists: bool = False
    deep: bool = False
    puller: Puller | None = None
    stranger: RegistryClient | None = None
    ledgers: Ledgers | None = None

    def verify(self, lane: Lane, version: Version | None, *, latest: Setting[bool]) -> Flow[VerificationResult]:
        """Verify a version of a lane, or whatever its floating tag stands for.

        Args:
            lane: Which lane.
            version: Which version; None for the floating tag's.
            latest: Whether the floating tag was asked to move, and who says so: see :func:`expects_floating`. Where it
                was not, and does not exist, the lane's newest version is verified.

        Raises:
            AccessError: The registry refuses to show something.
            UnreachableError: Something could not be read; then nothing is said about it.
        """
        step = Step("verify", f"{lane.name} {version or lane.floating}")
        yield step
        floating = resolve(self.registry, lane.floating)
        ledger, broken = self._ledger(lane)
        lane = with_adopted_tags(lane, ledger)
        surveyor = Surveyor(registry=self.registry)
        current = surveyor.version_behind(lane, floating)
        unasked = isinstance(floating, Absent) and not latest.value
        subject = version or (_newest(surveyor.versions(lane)) if unasked else current)
        examiner = self._examiner(named=version is not None)
        same = version in (None, current) and not unasked
        found = self._version(lane, subject, floating, ledger, examiner, same=same)
        pointing = expects_floating(lane, version, latest, ledger) if version else None
        found = replace(found, pointing=pointing, current=current)
        pointer = self._floating(found, version, floating, ledger)
        recorded = recorded_checks(
            lane, ledger, version=found.version, digest=found.digest, floating=digest_of(floating)
        )
        rival = self._rival(lane, found)
        outside = self._outside(lane, found, floating)
        result = replace(found, checks=(*found.checks, *pointer, *broken, *recorded, *rival, *outside))
        bad = [check for check in result.checks if not check.good]
        good = f"{checks_summary(result.checks)}; {result.digest}"
        yield step.failed("; ".join(map(str, bad))) if bad else step.done(good)
        return result

    def _ledger(self, lane: Lane) -> tuple[Ledger, list[Check]]:
        """What was recorded, and what is wrong with the record; nothing of a broken one is believed."""
        if self.ledgers is None:
            return Ledger(), []
        store = self.ledgers.store(lane)
        try:
            return store.read_verified().ledger, []
        except BrokenLedgerError as error:
            return Ledger(), [Check("ledger", store.tag, good=False, expected="an unbroken chain", found=error.what)]

    def _examiner(self, *, named: bool) -> ImageChecker:
        """How an image is looked at: one that is named, or to be pulled, has to be there down to the last layer.

        A survey of whatever is out there asks for manifests and configs alone: it may run every minute.
        """
        blobs = named or self.puller is not None
        return ImageChecker(registry=self.registry, deep=self.deep, blobs=blobs)

    def _version(
        self,
        lane: Lane,
        version: Version | None,
        floating: Present | Absent,
        ledger: Ledger,
        examiner: ImageChecker,
        *,
        same: bool,
    ) -> VerificationResult:
        """Examine the version's image; without a version, the floating tag's as far as it goes.

        ``same`` where the floating tag was just found to have this version's digest: then its bytes are at hand.
        """
        if version is None:
            subject, image = lane.floating, floating
        else:
            subject = lane.tag_of(version)
            image = floating if same else resolve(self.registry, subject)
        if isinstance(image, Absent):
            check = Check("resolves", subject, good=False, expected="an image", found="nothing under this tag")
            return VerificationResult(lane=lane, version=version, digest=None, checks=(check,))
        revision = self.commit_of(lane, version) if version else None
        record = ledger.published(subject)
        platforms = self._platforms(record)
        expected = ExpectedImage.published(
            lane,
            version,
            platforms=platforms.value,
            source=platforms.source,
            revision=revision,
            proven=record is not None and record.after == image.digest,
        )
        examination = examiner.examine(image.raw, expected)
        checks = (Check("resolves", subject, good=True, found=str(image.digest)), *examination.checks)
        return VerificationResult(
            lane=lane,
            version=version,
            digest=image.digest,
            checks=checks,
            examination=examination,
            platforms=platforms,
        )

    def _platforms(self, record: Entry | None) -> Setting[tuple[Platform, ...]]:
        """What an image must be there for: an old version may have been published for others than today's."""
        if self.insists or record is None or not record.platforms:
            return self.platforms
        return Setting(tuple(map(Platform.parse, record.platforms)), RECORDED)

    def _floating(
        self, found: VerificationResult, asked: Version | None, floating: Present | Absent, ledger: Ledger
    ) -> list[Check]:
        """Judge the floating tag: at the version's digest, moved on to a higher version, or not expected there."""
        lane, current, pointing = found.lane, found.current, found.pointing
        name, needed = lane.floating, pointing is not None and pointing.value
        wanted = f"{_named(asked, found.digest)} ({pointing.source})" if pointing else ""
        if isinstance(floating, Absent):
            return [Check("floating", name, good=False, expected=wanted, found="nothing")] if needed else []
        here = str(floating.digest)
        if current is None:
            says = Surveyor(registry=self.registry).label(floating, VERSION)
            expected = f"the digest of a version of lane {lane.name}"
            found_words = f"{here} (calls itself {says}){self._others(lane, ledger)}"
            return [Check("floating", name, good=False, expected=expected, found=found_words)]
        if asked is None or floating.digest == found.digest:
            return [Check("floating", name, good=True, found=f"{current}, {here}")]
        return [Check("floating", name, current > asked or not needed, wanted, f"{current}, {here}")]

    def _others(self, lane: Lane, ledger: Ledger) -> str:
        """How another tool's versions become known, where there are some and none was ever adopted."""
        others = unadopted_tags(lane, ledger, self.registry.tags())
        return f"; {others[-1]} is another tool's: {command('adopt', '--lane', lane.name)}" if others else ""

    def _rival(self, lane: Lane, found: VerificationResult) -> list[Check]:
        """Whether our own tag of a version that was adopted under another one is there, and is another image."""
        own = lane.own_tag_of(found.version) if found.version else None
        if found.version is None or own is None or own == lane.tag_of(found.version):
            return []
        answer = resolve(self.registry, own)
        if isinstance(answer, Absent):
            return []
        expected = f"{found.digest}, as {lane.tag_of(found.version)}, under which {found.version} was adopted"
        return [Check("record", own, answer.digest == found.digest, expected, str(answer.digest))]

    def _outside(self, lane: Lane, found: VerificationResult, floating: Present | Absent) -> list[Check]:
        """Ask others: the engine, by pulling both tags, and the registry as a stranger."""
        tags = {lane.tag_of(found.version): found.digest} if found.version else {}
        if isinstance(floating, Present):
            tags[lane.floating] = floating.digest
        pulled = [self._pulled(tag, digest) for tag, digest in tags.items() if self.puller and digest]
        return pulled + [self._anonymous(tag, digest) for tag, digest in tags.items() if self.stranger and digest]

    def _pulled(self, tag: Tag, digest: Digest) -> Check:
        assert self.puller is not None  # noqa: S101 -- asked for by the caller
        try:
            digests = self.puller.pull(self.registry.repository, tag)
        except VerificationError as error:
            return Check("pull", tag, good=False, expected=str(digest), found=error.what)
        return Check("pull", tag, str(digest) in digests, str(digest), ", ".join(digests) or "no digest")

    def _anonymous(self, tag: Tag, digest: Digest) -> Check:
        assert self.stranger is not None  # noqa: S101 -- asked for by the caller
        try:
            found = digest_of(resolve(self.stranger, tag))
        except AccessError as error:
            return Check("anonymous", tag, good=False, expected="readable by anyone", found=error.what)
        return Check("anonymous", tag, found == digest, str(digest), str(found or "nothing"))


def _newest(versions: Sequence[Version]) -> Version | None:
    """The highest release; where there is none, the highest pre-release."""
    return next((version for version in versions if not version.is_prerelease), next(iter(versions), None))


def _named(version: Version | None, digest: Digest | None) -> str:
    """A version with its digest, as far as there is one."""
    return ", ".join(str(part) for part in (version, digest) if part)

"""Check the image behind a version tag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shiplane.config.lane import Lane
from shiplane.config.setting import RECORDED, Setting
from shiplane.config.version import Version
from shiplane.core.check import Check
from shiplane.ledger.ledger import Entry, Ledger
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest, Platform
from shiplane.verify.attestations.agreement import attestation_checks
from shiplane.verify.image_check import ExpectedImage, ImageChecker
from shiplane.verify.verification_result import VerificationResult

if TYPE_CHECKING:
    from shiplane.verify.verification_target import VerificationTarget


@dataclass(frozen=True, kw_only=True)
class VersionChecker:
    """Checks versions of one repository.

    Attributes:
        registry: Reads with the available credential.
        platforms: What a version must have, if its publication is not recorded.
        platforms_given: Whether that applies even if it is: the platforms were given for this run.
        commit_of: The commit that a lane's version was released from, as far as git knows.
        deep: Whether attestations are checked, and configs read though they are recorded.
        blobs: Whether every blob has to exist.
        statements: Whether what attestations say is read in any case, and not only where the image's record does not
            stand for it or every blob has to exist.
    """

    registry: RegistryClient
    platforms: Setting[tuple[Platform, ...]]
    platforms_given: bool
    commit_of: Callable[[Lane, Version], str | None]
    deep: bool
    blobs: bool
    statements: bool = False

    def check(self, target: VerificationTarget) -> VerificationResult:
        """Check the version's image; without a version, the image behind the widest floating tag."""
        if (tag := target.tag) is None:
            lane = f"lane {target.lane.name}"
            return _result(target, None, (Check("resolves", lane, good=False, found="no version is published"),))
        answer = target.image or resolve(self.registry, tag)
        if isinstance(answer, Absent):
            missing = Check("resolves", tag, good=False, found="no such tag")
            return _result(target, None, (missing,))
        record = target.ledger.published(tag)
        platforms = self._platforms(record)
        expected = self._expected(target, answer, record, platforms)
        statements = self.statements or self.deep or self.blobs or not expected.proven
        images = ImageChecker(registry=self.registry, deep=self.deep, blobs=self.blobs, statements=statements)
        report = images.check(answer.raw, expected)
        attested = attestation_checks(target.lane, report, record)
        checks = (Check("resolves", tag, good=True, found=str(answer.digest)), *report.checks, *attested)
        return replace(_result(target, answer.digest, checks), report=report, platforms=platforms)

    def _expected(
        self,
        target: VerificationTarget,
        image: Present,
        record: Entry | None,
        platforms: Setting[tuple[Platform, ...]],
    ) -> ExpectedImage:
        return ExpectedImage.published(
            target.lane,
            target.version,
            platforms=platforms.value,
            source=platforms.source,
            revision=self.commit_of(target.lane, target.version) if target.version else None,
            proven=record is not None and record.after == image.digest,
        )

    def _platforms(self, record: Entry | None) -> Setting[tuple[Platform, ...]]:
        """The platforms to expect: an old version may have been published for others than today's."""
        if self.platforms_given or record is None or not record.platforms:
            return self.platforms
        return Setting(tuple(map(Platform.parse, record.platforms)), RECORDED)


def _result(target: VerificationTarget, digest: Digest | None, checks: tuple[Check, ...]) -> VerificationResult:
    return VerificationResult(
        lane=target.lane,
        version=target.version,
        digest=digest,
        checks=checks,
        floating=target.floating,
        expected=target.expected,
    )


def check_aliases(registry: RegistryClient, result: VerificationResult, ledger: Ledger) -> list[Check]:
    """Whether each alias of the version has its image; one that was not there when it was released need not exist."""
    aliases = result.lane.aliases_of(result.version) if result.version else ()
    digests = {alias: digest_of(resolve(registry, alias)) for alias in aliases}
    return [
        Check("alias", alias, digest == result.digest, f"{result.digest}, as {result.tag}", str(digest or "nothing"))
        for alias, digest in digests.items()
        if digest or ledger.published(alias)
    ]


def check_own_tag(registry: RegistryClient, result: VerificationResult) -> list[Check]:
    """Whether shiplane's own tag of a version that was adopted under another one exists, with another image."""
    lane, version = result.lane, result.version
    own_tag = lane.own_tag_of(version) if version else None
    if version is None or own_tag is None or own_tag == lane.tag_of(version):
        return []
    answer = resolve(registry, own_tag)
    if isinstance(answer, Absent):
        return []
    expected = f"{result.digest}, as {lane.tag_of(version)}, under which {version} was adopted"
    return [Check("record", own_tag, answer.digest == result.digest, expected, str(answer.digest))]

"""The result of a verification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

from shiplane.config.lane import Lane
from shiplane.config.plan import FlagJson, PlatformsJson
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.check import Check, CheckJson
from shiplane.ledger.evidence import RecordedEvidence, RecordedEvidenceJson
from shiplane.registry.oci.document_keys import DigestJson, PlatformJson, TagJson
from shiplane.registry.oci.names import Digest, Platform, Repository, Tag
from shiplane.signing.signature import SignedDigest, digests_to_sign
from shiplane.verify.attestations.attestation import AttestationJson
from shiplane.verify.floating_tags import FloatingTagJson, FloatingTagState
from shiplane.verify.image_check import ImageReport


class VerificationJson(TypedDict):
    """The verification of one lane."""

    lane: Annotated[str, "The lane's name."]
    version: Annotated[str | None, "The version that was verified; null if there is none."]
    tag: Annotated[TagJson | None, "Its tag."]
    floating_tags: Annotated[list[FloatingTagJson], "The floating tags that were checked."]
    digest: Annotated[DigestJson | None, "Digest of the version tag; null if it does not exist."]
    platforms: Annotated[dict[PlatformJson, DigestJson], "Digest of each platform's image, as far as they were read."]
    expected_platforms: Annotated[PlatformsJson | None, "The platforms that it must have; null without a version."]
    expected_floating: Annotated[
        dict[str, FlagJson],
        "Whether each floating tag must be at the version, by tag; empty if no version was requested.",
    ]
    signed_by: Annotated[
        str | None, "By whom every part of the image is signed, with the tool; null if not, or if nobody looked."
    ]
    good: Annotated[bool, "Whether every check is good."]
    checks: Annotated[list[CheckJson], "Every check."]
    attestations: Annotated[
        list[AttestationJson],
        "Provenance and SBOMs of the images. They are read with --tag, --pull, --deep or --provenance, and where the "
        "ledger does not have the digest.",
    ]
    evidence: Annotated[
        list[RecordedEvidenceJson],
        "What gates and checks answered before it was published, if recorded.",
    ]


class VerifiedLaneJson(VerificationJson):
    """The verification of one lane, in its repository."""

    image: Annotated[str, "The lane's primary repository."]


class VerifiedDataJson(TypedDict):
    """The result of ``verify``."""

    image: Annotated[str, "The primary repository of the first lane."]
    lanes: Annotated[list[VerifiedLaneJson], {"least": 1}, "Each lane."]


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """One lane's checks, and what was expected.

    Attributes:
        lane: The lane with its adopted tags.
        version: The version that was verified, if any.
        digest: Its tag's digest; None if the tag does not exist.
        checks: Every check, good or bad.
        report: What the image consists of, as far as it could be read.
        platforms: The platforms that the image had to have, and where that comes from.
        floating: The floating tags that were checked, in moving order.
        signed_by: By whom the image is signed, and with which tool; empty if it is not, or nobody looked.
        expected: Whether each of them had to be at the requested version, and where that comes from; empty if no
            version was requested.
        evidence: What gates and checks answered before it was published, by the record.
    """

    lane: Lane
    version: Version | None
    digest: Digest | None
    checks: tuple[Check, ...]
    report: ImageReport | None = None
    platforms: Setting[tuple[Platform, ...]] | None = None
    floating: tuple[FloatingTagState, ...] = ()
    expected: Mapping[Tag, Setting[bool]] = field(default_factory=dict)
    signed_by: str = ""
    evidence: tuple[RecordedEvidence, ...] = ()

    @property
    def tag(self) -> Tag | None:
        """The tag of the image that was verified: the version's, else the widest floating tag's, if any."""
        return self.lane.tag_of(self.version) if self.version else self.floating[-1].tag if self.floating else None

    @property
    def good(self) -> bool:
        """Whether every check is good."""
        return all(check.good for check in self.checks)

    def digests_to_sign(self, repositories: Iterable[Repository]) -> list[SignedDigest]:
        """What has to have a signature of the image; nothing where it could not be read."""
        if self.digest is None or self.report is None:
            return []
        return digests_to_sign(repositories, self.digest, self.report.images)

    def to_json(self) -> VerificationJson:
        """The result as JSON values."""
        images, attestations = (self.report.images, self.report.attestations) if self.report else ((), ())
        return {
            "lane": self.lane.name,
            "version": str(self.version) if self.version else None,
            "tag": self.lane.tag_of(self.version) if self.version else None,
            "floating_tags": [state.to_json() for state in self.floating],
            "digest": str(self.digest) if self.digest else None,
            "platforms": {str(image.platform): str(image.digest) for image in images},
            "expected_platforms": {"value": list(map(str, self.platforms.value)), "source": self.platforms.source}
            if self.platforms
            else None,
            "expected_floating": {
                tag: {"value": expected.value, "source": expected.source} for tag, expected in self.expected.items()
            },
            "signed_by": self.signed_by or None,
            "good": self.good,
            "checks": [check.to_json() for check in self.checks],
            "attestations": [attestation.to_json() for attestation in attestations],
            "evidence": [evidence.to_json() for evidence in self.evidence],
        }

"""What the images of one version attest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypedDict

from shiplane.core.check import Check, CheckJson
from shiplane.registry.oci.document_keys import DigestJson, TagJson
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.attestations.attestation import AttestationJson

if TYPE_CHECKING:
    from shiplane.config.version import Version
    from shiplane.verify.image_check import ImageReport


class AttestedVersionJson(TypedDict):
    """What one version's images attest."""

    version: Annotated[str, "The version."]
    tag: TagJson
    digest: DigestJson
    attestations: Annotated[list[AttestationJson], "Provenance and SBOMs of its images."]
    checks: Annotated[list[CheckJson], "Whether they agree with the labels, the ledger and the configuration."]


@dataclass(frozen=True, kw_only=True)
class AttestedVersion:
    """What one version's images attest, and whether that agrees with what else is known."""

    version: Version
    tag: Tag
    digest: Digest
    report: ImageReport
    checks: tuple[Check, ...]

    def to_json(self) -> AttestedVersionJson:
        """As JSON values."""
        return {
            "version": str(self.version),
            "tag": self.tag,
            "digest": str(self.digest),
            "attestations": [attestation.to_json() for attestation in self.report.attestations],
            "checks": [check.to_json() for check in self.checks],
        }

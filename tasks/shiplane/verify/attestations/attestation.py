"""One attestation of an image: where it is, whether it was read, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypedDict

from shiplane.registry.oci.document_keys import DigestJson
from shiplane.registry.oci.names import Digest
from shiplane.verify.attestations.provenance import Provenance, ProvenanceJson
from shiplane.verify.attestations.sbom import Sbom, SbomJson
from shiplane.verify.attestations.statement import Kind


class Reading(Enum):
    """Whether a statement was read."""

    READ = "read"
    NOT_READ = "not-read"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"


class AttestationJson(TypedDict):
    """One attestation of an image of the index."""

    image: Annotated[DigestJson | None, "The platform's manifest that the index lists it for; null if it names none."]
    kind: Annotated[str, Kind, "What it is."]
    predicate_type: Annotated[str, "The type of its predicate."]
    manifest: Annotated[DigestJson, "The manifest that holds it."]
    statement: Annotated[DigestJson, "The in-toto statement."]
    size: Annotated[int, "The statement's size in bytes."]
    reading: Annotated[str, Reading, "Whether it was read; statements above a limit are not."]
    reason: Annotated[str, "Why it was not read, or what is wrong with it; empty if it was."]
    subjects: Annotated[list[str], "The digests that the statement is about."]
    provenance: Annotated[ProvenanceJson | None, "What it claims, if it is a provenance that was read."]
    sbom: Annotated[SbomJson | None, "What it says of itself, if it is an SBOM that was read."]


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """One attestation: see :class:`AttestationJson`."""

    image: Digest | None
    predicate_type: str
    manifest: Digest
    statement: Digest
    size: int
    reading: Reading
    reason: str = ""
    subjects: tuple[str, ...] = ()
    provenance: Provenance | None = None
    sbom: Sbom | None = None

    @property
    def kind(self) -> Kind:
        """What it is, by the type of its predicate."""
        return Kind.of(self.predicate_type)

    def to_json(self) -> AttestationJson:
        """As JSON values."""
        return {
            "image": str(self.image) if self.image else None,
            "kind": self.kind.value,
            "predicate_type": self.predicate_type,
            "manifest": str(self.manifest),
            "statement": str(self.statement),
            "size": self.size,
            "reading": self.reading.value,
            "reason": self.reason,
            "subjects": list(self.subjects),
            "provenance": self.provenance.to_json() if self.provenance else None,
            "sbom": self.sbom.to_json() if self.sbom else None,
        }

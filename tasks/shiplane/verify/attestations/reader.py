"""Read the statements of an image's attestation manifests, within limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate

from shiplane.core.check import Check
from shiplane.core.errors import VerificationError
from shiplane.core.plurals import megabytes
from shiplane.core.system.parallel import WORKERS, map_parallel, run_parallel
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent
from shiplane.registry.oci.manifest import Descriptor, InvalidManifestError, Manifest, parse_manifest
from shiplane.registry.oci.names import Digest
from shiplane.verify.attestations.attestation import Attestation, Reading
from shiplane.verify.attestations.provenance import parse_provenance
from shiplane.verify.attestations.sbom import parse_sbom
from shiplane.verify.attestations.statement import IN_TOTO, PREDICATE_TYPE, Kind, parse_statement, text

# An SBOM of some thousand packages has a few MB.
STATEMENT_LIMIT = 16 * 1024 * 1024
# Of all statements of an image together, divided evenly among the manifests that hold them.
IMAGE_LIMIT = 64 * 1024 * 1024
# BuildKit's annotation of the image that an attestation manifest is about (docs/attestations/attestation-storage.md).
_ABOUT = "vnd.docker.reference.digest"


@dataclass(frozen=True)
class AttestationPart:
    """One manifest with attestations: its check, what they say, and its blobs that were not read."""

    checks: tuple[Check, ...]
    attestations: tuple[Attestation, ...] = ()
    unread: tuple[Descriptor, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AttestationReader:
    """Reads the attestations of one image.

    Attributes:
        registry: Where they are.
        manifests: How many manifests hold them.
        reads: Whether the statements are read; else it is only told that they are there.
        workers: How many reads at once.
    """

    registry: RegistryClient
    manifests: int
    reads: bool
    workers: int = WORKERS

    def check(self, entry: Descriptor, read_ahead: Callable[[Sequence[Descriptor]], None]) -> AttestationPart:
        """Read one entry of an index with attestations, and what they say.

        Args:
            entry: The entry.
            read_ahead: Is called with the blobs that are not read, while the others are.

        Raises:
            AccessError, UnreachableError: A part could not be read.
        """
        answer = resolve(self.registry, entry.digest)
        if isinstance(answer, Absent):
            return _bad_part(entry, "its manifest", "nothing: the registry has lost it")
        try:
            manifest = parse_manifest(answer.raw)
        except InvalidManifestError as error:
            return _bad_part(entry, "a valid manifest", error.what)
        if not isinstance(manifest, Manifest):
            return _bad_part(entry, "a manifest", "an index")
        unread, attestations = self._unread(manifest), partial(self._attestations, entry, manifest)
        read, _ = run_parallel(attestations, lambda: read_ahead(unread), workers=self.workers)
        good = Check("attestation", entry.digest.short, good=True, expected="a manifest", found="one")
        return AttestationPart((good,), read, unread)

    def _unread(self, manifest: Manifest) -> tuple[Descriptor, ...]:
        """The blobs of an attestation manifest that are not read."""
        read = {layer.digest for layer, reading in self._readings(manifest) if reading is Reading.READ}
        return tuple(blob for blob in (manifest.config, *manifest.layers) if blob.digest not in read)

    def _attestations(self, entry: Descriptor, manifest: Manifest) -> tuple[Attestation, ...]:
        """Every attestation in a manifest; what is wrong with one is told by it."""
        return tuple(
            map_parallel(lambda each: self._attestation(entry, *each), self._readings(manifest), workers=self.workers)
        )

    def _readings(self, manifest: Manifest) -> list[tuple[Descriptor, Reading]]:
        """Each statement of a manifest, and whether it is to be read: the smallest first, as long as there is room."""
        statements = sorted(
            (layer for layer in manifest.layers if layer.media_type == IN_TOTO), key=lambda layer: layer.size
        )
        limit = IMAGE_LIMIT // max(self.manifests, 1)
        totals = accumulate(layer.size for layer in statements)
        return [
            (layer, self._reading(layer, fits=layer.size <= STATEMENT_LIMIT and total <= limit))
            for layer, total in zip(statements, totals, strict=True)
        ]

    def _reading(self, layer: Descriptor, *, fits: bool) -> Reading:
        if not self.reads or Kind.of(_predicate_type(layer)) is Kind.OTHER:
            return Reading.NOT_READ
        return Reading.READ if fits else Reading.TOO_LARGE

    def _attestation(self, entry: Descriptor, layer: Descriptor, reading: Reading) -> Attestation:
        attestation = Attestation(
            image=_image(entry),
            predicate_type=_predicate_type(layer),
            manifest=entry.digest,
            statement=layer.digest,
            size=layer.size,
            reading=reading,
            reason=_reason(layer) if reading is Reading.TOO_LARGE else "",
        )
        if reading is not Reading.READ:
            return attestation
        try:
            return _filled(attestation, self.registry.fresh.blob(layer, limit=STATEMENT_LIMIT))
        except (VerificationError, ValueError) as error:
            reason = error.what if isinstance(error, VerificationError) else str(error)
            return replace(attestation, reading=Reading.UNREADABLE, reason=reason)


def _bad_part(entry: Descriptor, expected: str, found: str) -> AttestationPart:
    return AttestationPart((Check("attestation", entry.digest.short, good=False, expected=expected, found=found),))


def _filled(attestation: Attestation, body: bytes) -> Attestation:
    """An attestation with what its statement says. Raises ValueError if that is none of its kind."""
    statement = parse_statement(body)
    if statement.predicate_type != attestation.predicate_type:
        raise ValueError(
            f"its predicate is {statement.predicate_type!a}, but it is listed as {attestation.predicate_type!a}"
        )
    is_sbom = attestation.kind is Kind.SBOM
    return replace(
        attestation,
        subjects=statement.subjects,
        sbom=parse_sbom(statement) if is_sbom else None,
        provenance=None if is_sbom else parse_provenance(statement),
    )


def _predicate_type(layer: Descriptor) -> str:
    return text(layer.annotations.get(PREDICATE_TYPE))


def _image(entry: Descriptor) -> Digest | None:
    try:
        return Digest(entry.annotations.get(_ABOUT, ""))
    except ValueError:
        return None


def _reason(layer: Descriptor) -> str:
    limits = f"{megabytes(STATEMENT_LIMIT)} for one statement, {megabytes(IMAGE_LIMIT)} for those of all platforms"
    return f"{megabytes(layer.size)}, too large to be read (at most {limits})"

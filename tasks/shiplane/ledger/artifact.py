"""A ledger as an OCI artifact: its layers hold the ledger's lines, and its manifest links to the one before it.

Sources: image-spec manifest.md, "Guidelines for Artifact Usage" (``artifactType`` and the empty config), and
annotations.md. Readable with ``crane manifest``, then ``crane blob`` or ``oras pull``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.ledger.ledger import BrokenLedgerError
from shiplane.registry.oci.manifest import (
    OCI_MANIFEST,
    Descriptor,
    InvalidManifestError,
    Manifest,
    RawManifest,
    parse_manifest,
)
from shiplane.registry.oci.names import Digest

ARTIFACT = "application/vnd.shiplane.ledger.v1"
LINES = "application/vnd.shiplane.ledger.v1+jsonl"
EMPTY = "application/vnd.oci.empty.v1+json"
EMPTY_CONTENT = b"{}"
PREVIOUS = "dev.shiplane.ledger.previous"
_TITLE = "org.opencontainers.image.title"

# A piece is small enough to upload with each entry, and large enough for years of a lane's entries.
PIECE = 256 * 1024
# Far more than anybody releases: the limit of what is read.
MAX_PIECES = 256


@dataclass(frozen=True, kw_only=True)
class LedgerManifest:
    """A parsed ledger manifest: its pieces in order, and the digest of the manifest that it replaced."""

    pieces: tuple[Descriptor, ...]
    previous: Digest | None


def ledger_manifest(name: str, pieces: Sequence[Descriptor], previous: Digest | None) -> RawManifest:
    """Build the manifest of a ledger's next state.

    Args:
        name: The lane's name, for the titles of the pieces.
        pieces: The pieces in order.
        previous: The manifest that this one replaces; None for the first.
    """
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": _descriptor_json(Descriptor.of(EMPTY_CONTENT, EMPTY)),
        "layers": [
            {**_descriptor_json(piece), "annotations": {_TITLE: f"{name}-{number:04}.jsonl"}}
            for number, piece in enumerate(pieces, start=1)
        ],
        "annotations": {PREVIOUS: str(previous)} if previous else {},
    }
    return RawManifest(body=json.dumps(document, indent=2).encode(), media_type=OCI_MANIFEST)


def parse_ledger_manifest(raw: RawManifest, tag: str) -> LedgerManifest:
    """Parse a ledger's manifest.

    Raises:
        BrokenLedgerError: The tag holds something else.
    """
    try:
        document = parse_manifest(raw)
        if not isinstance(document, Manifest) or document.artifact_type != ARTIFACT:
            raise ValueError("not a ledger")
        if len(document.layers) > MAX_PIECES or any(layer.media_type != LINES for layer in document.layers):
            raise ValueError("a ledger in an unknown format")
        previous = document.annotations.get(PREVIOUS)
        return LedgerManifest(pieces=document.layers, previous=Digest(previous) if previous is not None else None)
    except (InvalidManifestError, ValueError) as error:
        raise BrokenLedgerError(f"{tag} ({raw.digest.short}) is {error}") from error


def continues(pieces: Sequence[bytes], earlier: Sequence[Descriptor]) -> bool:
    """Whether a ledger starts with the pieces of an earlier one, of which only sizes and digests are given."""
    pairs = zip(pieces, earlier, strict=False)
    return len(pieces) >= len(earlier) and all(
        Digest.of(piece[: descriptor.size]) == descriptor.digest for piece, descriptor in pairs
    )


def _descriptor_json(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}

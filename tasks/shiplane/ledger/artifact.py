"""A ledger as an OCI artifact: a manifest whose layers are pieces of its lines, and which names the manifest before it.

Sources: image-spec manifest.md, "Guidelines for Artifact Usage" (``artifactType`` and the empty config), and
annotations.md. Any client reads it: ``crane manifest``, then ``crane blob`` or ``oras pull``.
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

# One piece: small enough to be sent with each entry, large enough for years of a lane's entries.
PIECE = 256 * 1024
# Far more than anybody releases; a reader has to stop somewhere.
MAX_PIECES = 256


@dataclass(frozen=True, kw_only=True)
class LedgerManifest:
    """What the manifest of a ledger says: its pieces in their order, and the manifest that it replaced."""

    pieces: tuple[Descriptor, ...]
    previous: Digest | None


def ledger_manifest(name: str, pieces: Sequence[Descriptor], previous: Digest | None) -> RawManifest:
    """The manifest of a ledger's next state.

    Args:
        name: The lane's, for the names that the pieces get when somebody pulls them as files.
        pieces: The descriptors of the pieces, in order.
        previous: The manifest that this one replaces; None for the first.
    """
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": _json(Descriptor.of(EMPTY_CONTENT, EMPTY)),
        "layers": [
            {**_json(piece), "annotations": {_TITLE: f"{name}-{number:04}.jsonl"}}
            for number, piece in enumerate(pieces, start=1)
        ],
        "annotations": {PREVIOUS: str(previous)} if previous else {},
    }
    return RawManifest(body=json.dumps(document, indent=2).encode(), media_type=OCI_MANIFEST)


def parse_ledger_manifest(raw: RawManifest, tag: str) -> LedgerManifest:
    """Read a ledger's manifest.

    Raises:
        BrokenLedgerError: Under this tag is something else.
    """
    try:
        document = parse_manifest(raw)
        if not isinstance(document, Manifest) or document.artifact_type != ARTIFACT:
            raise ValueError("no ledger, but something else")
        if len(document.layers) > MAX_PIECES or any(layer.media_type != LINES for layer in document.layers):
            raise ValueError("a ledger of another form")
        previous = document.annotations.get(PREVIOUS)
        return LedgerManifest(pieces=document.layers, previous=Digest(previous) if previous is not None else None)
    except (InvalidManifestError, ValueError) as error:
        raise BrokenLedgerError(f"{tag} ({raw.digest.short}) is {error}") from error


def continues(pieces: Sequence[bytes], earlier: Sequence[Descriptor]) -> bool:
    """Whether a ledger's pieces begin with those of an earlier one, of which only size and digest are known."""
    beginnings = zip(pieces, earlier, strict=False)
    return len(pieces) >= len(earlier) and all(
        Digest.of(piece[: before.size]) == before.digest for piece, before in beginnings
    )


def _json(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}

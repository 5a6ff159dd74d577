"""A ledger as an OCI artifact: its layers hold the ledger's lines, and its manifest links to the one before it.

Sources: image-spec manifest.md, "Guidelines for Artifact Usage" (``artifactType`` and the empty config), and
annotations.md. Readable with ``crane manifest``, then ``crane blob`` or ``oras pull``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.core.next_command import command
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
# A piece with checkpoints; shiplane up to 0.1 refuses a ledger that has one as being in an unknown format.
SEGMENT = "application/vnd.shiplane.ledger.v2+jsonl"
EMPTY = "application/vnd.oci.empty.v1+json"
EMPTY_CONTENT = b"{}"
PREVIOUS = "dev.shiplane.ledger.previous"
_TITLE = "org.opencontainers.image.title"

# The last piece is read and uploaded with each entry: the next entry after so many bytes begins a new one.
SEGMENT_SIZE = 32 * 1024
# So many small pieces are joined, so that the manifest, which is read with each entry as well, stays short.
JOINED = 8
# The most bytes of a piece, beside single lines that are longer.
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

    Raises:
        BrokenLedgerError: There are more pieces than a reader takes.
    """
    if len(pieces) > MAX_PIECES:
        raise BrokenLedgerError(
            f"the ledger of lane {name} is full: with more than {MAX_PIECES} layers it could not be read again",
            remedy=restart_remedy(name),
        )
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
    return RawManifest(body=json.dumps(document, separators=(",", ":")).encode(), media_type=OCI_MANIFEST)


def parse_ledger_manifest(raw: RawManifest, tag: str) -> LedgerManifest:
    """Parse a ledger's manifest.

    Raises:
        BrokenLedgerError: The tag holds something else.
    """
    try:
        document = parse_manifest(raw)
        if not isinstance(document, Manifest) or document.artifact_type != ARTIFACT:
            raise ValueError("not a ledger")
        if len(document.layers) > MAX_PIECES or any(
            layer.media_type not in (LINES, SEGMENT) for layer in document.layers
        ):
            raise ValueError("a ledger in an unknown format: a later shiplane may have written it")
        previous = document.annotations.get(PREVIOUS)
        return LedgerManifest(pieces=document.layers, previous=Digest(previous) if previous is not None else None)
    except (InvalidManifestError, ValueError) as error:
        raise BrokenLedgerError(f"{tag} ({raw.digest.short}) is {error}") from error


def continues(pieces: Sequence[bytes], earlier: Sequence[Descriptor]) -> bool:
    """Whether a ledger starts with the pieces of an earlier one, of which only sizes and digests are given.

    Small pieces may have been joined since.
    """
    content, offset = memoryview(b"".join(pieces)), 0
    for descriptor in earlier:
        if Digest.of(bytes(content[offset : offset + descriptor.size])) != descriptor.digest:
            return False
        offset += descriptor.size
    return True


def segments(lines: Sequence[bytes], size: int) -> list[bytes]:
    """Group lines into pieces of at most ``size`` bytes; added lines change only the last one.

    A longer line is a piece of its own.
    """
    pieces: list[bytes] = []
    for line in lines:
        terminated = line + b"\n"
        if pieces and len(pieces[-1]) + len(terminated) <= size:
            pieces[-1] += terminated
        else:
            pieces.append(terminated)
    return pieces


def joinable(pieces: Sequence[Descriptor]) -> int:
    """How many pieces at the end are to be joined: enough small ones, or none."""
    small = len(list(itertools.takewhile(lambda piece: piece.size < PIECE // 2, reversed(pieces))))
    return small if small >= JOINED else 0


def restart_remedy(lane: str) -> str:
    """What to do about a broken ledger of a lane."""
    return "Nothing was overwritten. Find out who changed it. To start a new ledger that links to this one: " + command(
        "ledger.restart", "--lane", lane, "--reason", "TEXT"
    )


def _descriptor_json(blob: Descriptor) -> dict[str, object]:
    return {"mediaType": blob.media_type, "digest": str(blob.digest), "size": blob.size}

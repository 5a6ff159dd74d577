"""Join single-platform images into one index, as one builder for all platforms would push it.

Entries are copied unchanged, including ``os.version`` and annotations. Order and format are fixed, so that the same
parts always give the same digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiplane.core import strict_json
from shiplane.core.errors import VerificationError
from shiplane.registry.oci.manifest import INDEX_TYPES, OCI_INDEX, Descriptor, Index, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Platform

# The annotation with an attestation's subject (BuildKit docs/attestations/attestation-storage.md).
_ABOUT = "vnd.docker.reference.digest"


@dataclass(frozen=True, kw_only=True)
class PartialIndex:
    """The image staged for some of the platforms: an index, or a single manifest."""

    platforms: tuple[Platform, ...]
    digest: Digest


def join(
    parts: Iterable[tuple[PartialIndex, RawManifest]], order: Sequence[Platform], about: Mapping[str, str]
) -> RawManifest:
    """The index of all parts: images in order of platforms, then their attestations in the same order.

    Args:
        parts: Each with its manifest, verified to have exactly the part's platforms.
        order: The platforms.
        about: The annotations of the index.

    Raises:
        VerificationError: A part has an attestation of another image, or an image without a platform.
    """
    images: dict[Platform | None, dict[str, Any]] = {}
    proofs: dict[str, list[dict[str, Any]]] = {}
    for part, raw in parts:
        if raw.media_type not in INDEX_TYPES:
            images[part.platforms[0]] = _entry(raw, part.platforms[0])
            continue
        for descriptor, fields in _entries(raw):
            if descriptor.is_attestation:
                proofs.setdefault(descriptor.annotations.get(_ABOUT, ""), []).append(fields)
            else:
                images[descriptor.platform] = fields
    ordered = [images[platform] for platform in order]
    stray = set(proofs) - {fields["digest"] for fields in ordered}
    if stray:
        raise VerificationError(f"an attestation is about {min(stray)[:80]!a}, which is not one of the images")
    attested = [proof for fields in ordered for proof in proofs.get(fields["digest"], [])]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*ordered, *attested]}
    body = json.dumps({**index, "annotations": dict(sorted(about.items()))}, indent=2)
    return RawManifest(body=body.encode(), media_type=OCI_INDEX)


def _entries(raw: RawManifest) -> list[tuple[Descriptor, dict[str, Any]]]:
    """The entries of an index, parsed and as JSON."""
    index = parse_manifest(raw)
    assert isinstance(index, Index)  # noqa: S101 -- the media type was looked at
    if any(entry.platform is None for entry in index.images):
        raise VerificationError(
            f"part {raw.digest} does not name the platform of its image",
            remedy="Stage it again, with a builder that writes the platform into the index.",
        )
    return list(zip(index.manifests, strict_json.loads(raw.body)["manifests"], strict=True))


def _entry(raw: RawManifest, platform: Platform) -> dict[str, Any]:
    """The index entry of a single manifest."""
    named = {"architecture": platform.architecture, "os": platform.os}
    return {
        "mediaType": raw.media_type,
        "digest": str(raw.digest),
        "size": len(raw.body),
        "platform": {**named, **({"variant": platform.variant} if platform.variant else {})},
    }

"""Images of single platforms joined into one index, as one builder for all platforms would have pushed it.

The entries are taken over as they were pushed, to the letter: what describes them (an ``os.version``, annotations) is
the builder's, and stays. Order and form are fixed, so that the same parts always give the same digest.
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

# What an attestation says it is about (BuildKit docs/attestations/attestation-storage.md).
_ABOUT = "vnd.docker.reference.digest"


@dataclass(frozen=True, kw_only=True)
class PartialIndex:
    """What was staged for some of the platforms: an index with these images, or, for one platform, its manifest."""

    platforms: tuple[Platform, ...]
    digest: Digest


def join(
    parts: Iterable[tuple[PartialIndex, RawManifest]], order: Sequence[Platform], about: Mapping[str, str]
) -> RawManifest:
    """The index of all parts: images in the order of the platforms, then their attestations in the same order.

    Args:
        parts: Each with its bytes, which were examined: they have the platforms of the part and no others.
        order: The platforms.
        about: The annotations of the index.

    Raises:
        VerificationError: A part has an attestation of something else, or an image that no platform is told of.
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
        raise VerificationError(f"an attestation is about {min(stray)[:80]!a}, which is none of the images")
    attested = [proof for fields in ordered for proof in proofs.get(fields["digest"], [])]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*ordered, *attested]}
    body = json.dumps({**index, "annotations": dict(sorted(about.items()))}, indent=2)
    return RawManifest(body=body.encode(), media_type=OCI_INDEX)


def _entries(raw: RawManifest) -> list[tuple[Descriptor, dict[str, Any]]]:
    """The entries of an index, each as it was read and as it stands there."""
    index = parse_manifest(raw)
    assert isinstance(index, Index)  # noqa: S101 -- the media type was looked at
    if any(entry.platform is None for entry in index.images):
        raise VerificationError(
            f"the part {raw.digest} does not say for which platform its image is",
            remedy="Stage it again, with a builder that writes the platform into the index.",
        )
    return list(zip(index.manifests, strict_json.loads(raw.body)["manifests"], strict=True))


def _entry(raw: RawManifest, platform: Platform) -> dict[str, Any]:
    """A manifest that was pushed alone, as an index lists it."""
    named = {"architecture": platform.architecture, "os": platform.os}
    return {
        "mediaType": raw.media_type,
        "digest": str(raw.digest),
        "size": len(raw.body),
        "platform": {**named, **({"variant": platform.variant} if platform.variant else {})},
    }

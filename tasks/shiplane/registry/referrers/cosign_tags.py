"""The tags under which cosign kept what belongs to an image before there were lists of referrers. Pure.

``sha256-<hex>.sig`` is an image whose layers are signatures, one beside the other (cosign, specs/SIGNATURE_SPEC.md);
``.att`` has attestations and ``.sbom`` an SBOM in the same way. cosign 2 writes them, cosign 3 still reads them.
"""

from __future__ import annotations

import json
from typing import Any

from shiplane.core import strict_json
from shiplane.core.errors import RefusedError
from shiplane.registry.oci.manifest import Manifest, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.referrers.referrer_list import list_tag

_SUFFIXES = (".sig", ".att", ".sbom")


def cosign_tags(subject: Digest) -> tuple[Tag, ...]:
    """The tags that may belong to a manifest."""
    return tuple(Tag(f"{list_tag(subject)}{suffix}") for suffix in _SUFFIXES)


def with_layers_of(current: RawManifest | None, other: RawManifest, what: str) -> RawManifest:
    """A manifest with the layers of both, the current one's first; one of them as it is, if it has all.

    Two signatures may have one payload, and then differ in their annotations alone.

    Raises:
        RefusedError: One of them is no image: ``what`` says which tag it is.
    """
    if current is None or current.digest == other.digest:
        return other
    if not all(isinstance(parse_manifest(raw), Manifest) for raw in (current, other)):
        raise RefusedError(
            f"{what} has other content that cannot be merged",
            remedy="Find out who wrote it. Nothing was replaced.",
        )
    ours, theirs = _layers(current), _layers(other)
    missing = [layer for layer in theirs if layer not in ours]
    if not missing:
        return current
    if all(layer in theirs for layer in ours):
        return other
    document = {**strict_json.loads(current.body), "layers": [*ours, *missing]}
    return RawManifest(body=json.dumps(document).encode(), media_type=current.media_type)


def has_layers_of(current: RawManifest | None, other: RawManifest) -> bool:
    """Whether a manifest has each layer of the other one.

    Raises:
        InvalidManifestError: One of them is none, although a registry serves it as one.
    """
    return current is not None and (
        current.digest == other.digest or all(layer in _layers(current) for layer in _layers(other))
    )


def _layers(raw: RawManifest) -> list[dict[str, Any]]:
    parse_manifest(raw)
    layers: list[dict[str, Any]] = strict_json.loads(raw.body).get("layers") or []
    return layers

"""Tools that attach things to images, as cosign, notation and oras leave them in a registry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, RawManifest
from shiplane.registry.oci.names import Digest
from tests.faults.harness.images import store, store_blob
from tests.faults.harness.memory import MemoryRegistry

EMPTY = "application/vnd.oci.empty.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


def attach(
    registry: MemoryRegistry, repository: object, subject: RawManifest, what: str, *, listed: bool = True
) -> RawManifest:
    """Attach an artifact; without ``listed`` the registry is one that lists it itself.

    cosign 3 lists its signatures under the type of the empty config (observed).
    """
    shelf = registry.shelf(repository)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": store_blob(shelf, b"{}", EMPTY),
        "layers": [store_blob(shelf, what.encode(), BUNDLE)],
        "subject": entry_of(subject),
        "annotations": {"what": what},
    }
    raw = store(shelf, manifest)
    if listed:
        add_to_list(registry, repository, subject.digest, {**entry_of(raw), "artifactType": EMPTY})
    return raw


def entry_of(raw: RawManifest) -> dict[str, Any]:
    return {"mediaType": raw.media_type, "digest": str(raw.digest), "size": len(raw.body)}


def add_to_list(registry: MemoryRegistry, repository: object, subject: Digest, entry: Mapping[str, Any]) -> None:
    """Read the list that is a tag, and write it with one more entry."""
    shelf, tag = registry.shelf(repository), str(subject).replace(":", "-")
    before = json.loads(shelf.manifests[shelf.tags[tag]].body)["manifests"] if tag in shelf.tags else []
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*before, entry]}
    registry.tag(repository, tag, store(shelf, index).digest)


def listed(registry: MemoryRegistry, repository: object, subject: RawManifest) -> list[str]:
    """The digests that the tag lists, as any tool reads it."""
    shelf = registry.shelf(repository)
    digest = shelf.tags.get(str(subject.digest).replace(":", "-"))
    return [entry["digest"] for entry in json.loads(shelf.manifests[digest].body)["manifests"]] if digest else []


def sign_by_tag(registry: MemoryRegistry, repository: object, subject: RawManifest, *signatures: str) -> RawManifest:
    """Sign as cosign 2 does: one layer for each signature, in the image under ``sha256-<hex>.sig``.

    The signatures of one image have one payload.
    """
    shelf = registry.shelf(repository)
    payload = store_blob(shelf, str(subject.digest).encode(), _SIMPLE)
    raw = store(
        shelf,
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": store_blob(shelf, json.dumps(signatures).encode(), "application/vnd.oci.image.config.v1+json"),
            "layers": [{**payload, "annotations": {"dev.cosignproject.cosign/signature": s}} for s in signatures],
        },
    )
    registry.tag(repository, signature_tag(subject), raw.digest)
    return raw


def signature_tag(subject: RawManifest) -> str:
    return str(subject.digest).replace(":", "-") + ".sig"


def signatures(registry: MemoryRegistry, repository: object, subject: RawManifest) -> list[str]:
    """The signatures under the tag, as cosign reads them."""
    shelf = registry.shelf(repository)
    layers = json.loads(shelf.manifests[shelf.tags[signature_tag(subject)]].body)["layers"]
    assert all(layer["digest"] in shelf.blobs for layer in layers)
    return [layer["annotations"]["dev.cosignproject.cosign/signature"] for layer in layers]

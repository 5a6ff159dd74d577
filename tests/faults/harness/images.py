"""Images as buildx pushes them, put straight into an in-memory registry, and ways to damage them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shiplane.registry.oci.manifest import (
    CREATED,
    OCI_INDEX,
    OCI_MANIFEST,
    REVISION,
    SOURCE,
    VERSION,
    RawManifest,
)
from shiplane.registry.oci.names import Digest, Platform
from tests.faults.harness.memory import MemoryRegistry, Shelf

PLATFORMS = ("linux/amd64", "linux/arm64")
COMMIT = hashlib.sha256(b"commit").hexdigest()[:40]
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_IN_TOTO = "application/vnd.in-toto+json"
_WHEN = "2026-11-24T08:00:00Z"


def push_image(
    registry: MemoryRegistry,
    repository: object,
    platforms: Iterable[str] = PLATFORMS,
    revision: str = COMMIT,
    version: str = "0.2.1",
    *,
    attestations: bool = True,
    tag: str | None = None,
    annotated: bool = True,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    salt: str = "",
) -> RawManifest:
    """Put an image for several platforms into a registry, as one ``buildx --push`` leaves it there.

    Args:
        registry: Where to.
        repository: A path, or a ``Repository``.
        platforms: One image manifest each.
        revision: The commit, in the labels of each config and the annotations of the index.
        version: The same for the version.
        attestations: Whether each image has its provenance beside it.
        tag: A name for it; None leaves it known by its digest alone.
        annotated: Whether the index has annotations; without them only the configs' labels speak.
        labels: Further labels, or other values for revision and version in the configs alone.
        annotations: Further annotations of the index, and those of each manifest.
        salt: Anything, to get other bytes for the same version.

    Returns:
        The index.
    """
    shelf = registry.shelf(repository)
    facts = {SOURCE: "https://github.com/cognary/aionis", REVISION: revision, VERSION: version, CREATED: _WHEN}
    images = [_image(shelf, platform, {**facts, **(labels or {})}, annotations or {}, salt) for platform in platforms]
    proofs = [_attestation(shelf, image, revision) for image in images] if attestations else []
    index: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*images, *proofs]}
    if annotated:
        index["annotations"] = {**facts, **(annotations or {})}
    raw = store(shelf, index)
    if tag is not None:
        registry.tag(repository, tag, raw.digest)
    return raw


def store(shelf: Shelf, document: Mapping[str, Any]) -> RawManifest:
    """Put a manifest, whatever is in it, under its digest."""
    raw = RawManifest(body=json.dumps(document, indent=2).encode(), media_type=document["mediaType"])
    shelf.manifests[str(raw.digest)] = raw
    return raw


def store_blob(shelf: Shelf, content: bytes, media_type: str) -> dict[str, Any]:
    """Put a blob; gives its descriptor."""
    digest = str(Digest.of(content))
    shelf.blobs[digest] = content
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _image(
    shelf: Shelf, platform: str, labels: Mapping[str, str], annotations: Mapping[str, str], salt: str
) -> dict[str, Any]:
    known = Platform.parse(platform)
    layer = f"layer of {platform} {labels.get(VERSION)} {labels.get(REVISION)} {salt}".encode()
    named = {
        "os": known.os,
        "architecture": known.architecture,
        **({"variant": known.variant} if known.variant else {}),
    }
    config = {
        "created": _WHEN,
        **named,
        "config": {"Env": ["PATH=/bin"], "Labels": dict(labels)},
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(layer))]},
    }
    manifest = _manifest(shelf, json.dumps(config).encode(), _CONFIG, layer, _LAYER)
    raw = store(shelf, {**manifest, **({"annotations": dict(annotations)} if annotations else {})})
    return {**_entry(raw), "platform": named}


def _attestation(shelf: Shelf, image: Mapping[str, Any], revision: str) -> dict[str, Any]:
    return attest(shelf, image, provenance(image["digest"], revision))


def attest(shelf: Shelf, image: Mapping[str, Any], *statements: Mapping[str, Any]) -> dict[str, Any]:
    """Put statements about an image, given by its entry in an index; gives the entry of their manifest."""
    config = json.dumps({"architecture": "unknown", "os": "unknown", "config": {}}).encode()
    layers = [
        {
            **store_blob(shelf, json.dumps(statement).encode(), _IN_TOTO),
            "annotations": {"in-toto.io/predicate-type": statement["predicateType"]},
        }
        for statement in statements
    ]
    described = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": store_blob(shelf, config, _CONFIG)}
    raw = store(shelf, {**described, "layers": layers})
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image["digest"]}
    return {**_entry(raw), "annotations": marks, "platform": {"architecture": "unknown", "os": "unknown"}}


def provenance(digest: str, revision: str, source: str = "https://github.com/cognary/aionis.git") -> dict[str, Any]:
    """BuildKit's statement about a local build (mode=min), as engine 28.5 wrote one."""
    metadata = {"vcs": {"localdir:context": ".", "revision": revision, "source": source}}
    return statement(
        "https://slsa.dev/provenance/v0.2",
        digest,
        {
            "builder": {"id": ""},
            "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": [{"uri": "pkg:docker/busybox@stable?platform=linux%2Famd64", "digest": {"sha256": "0c" * 32}}],
            "invocation": {
                "configSource": {"entryPoint": "Dockerfile"},
                "parameters": {"frontend": "dockerfile.v0", "locals": [{"name": "context"}]},
                "environment": {"platform": "linux/amd64"},
            },
            "metadata": {
                "completeness": {"parameters": False, "environment": True, "materials": False},
                "https://mobyproject.org/buildkit@v1#metadata": metadata,
            },
        },
    )


def statement(predicate_type: str, digest: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    """An in-toto statement about an image."""
    subject = {"name": "pkg:docker/ghcr.io/cognary/aionis@latest", "digest": {"sha256": digest.removeprefix("sha256:")}}
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate_type,
        "subject": [subject],
        "predicate": dict(predicate),
    }


def _manifest(shelf: Shelf, config: bytes, config_type: str, layer: bytes, layer_type: str) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": store_blob(shelf, config, config_type),
        "layers": [store_blob(shelf, layer, layer_type)],
    }


def _entry(raw: RawManifest) -> dict[str, Any]:
    return {"mediaType": raw.media_type, "digest": str(raw.digest), "size": len(raw.body)}


# Damage. Each returns the index as it is afterwards; a tag that pointed at the old one has to be moved by the test.


def children(raw: RawManifest) -> list[dict[str, Any]]:
    """The descriptors in an index, as plain data."""
    found: list[dict[str, Any]] = json.loads(raw.body)["manifests"]
    return found


def lose_child(registry: MemoryRegistry, repository: object, raw: RawManifest, position: int = 0) -> None:
    """Make a child manifest vanish (an untagged-version clean-up on GHCR does this)."""
    del registry.shelf(repository).manifests[children(raw)[position]["digest"]]


def lose_blob(registry: MemoryRegistry, repository: object, raw: RawManifest, kind: str, position: int = 0) -> None:
    """Make the config (``kind`` is ``config``) or the layer (``layers``) of a child vanish."""
    shelf = registry.shelf(repository)
    child = json.loads(shelf.manifests[children(raw)[position]["digest"]].body)
    found = child[kind][0] if kind == "layers" else child[kind]
    del shelf.blobs[found["digest"]]


def rewrite(
    registry: MemoryRegistry, repository: object, raw: RawManifest, change: Callable[[dict[str, Any]], object]
) -> RawManifest:
    """Store the index once more after ``change`` has edited its document in place."""
    document = json.loads(raw.body)
    change(document)
    return store(registry.shelf(repository), document)


def lie_in_config(
    registry: MemoryRegistry, repository: object, raw: RawManifest, position: int = 0, **fields: object
) -> RawManifest:
    """Store the image once more with other top-level fields in the config of one child (``architecture="arm64"``)."""
    shelf = registry.shelf(repository)
    entry = children(raw)[position]
    child = json.loads(shelf.manifests[entry["digest"]].body)
    config = {**json.loads(shelf.blobs[child["config"]["digest"]]), **fields}
    child["config"] = store_blob(shelf, json.dumps(config).encode(), child["config"]["mediaType"])
    changed = _entry(store(shelf, child))
    return rewrite(registry, repository, raw, lambda document: document["manifests"][position].update(changed))


def swap_content(registry: MemoryRegistry, repository: object, digest: object, body: bytes) -> None:
    """Serve other bytes under a manifest's digest, as a registry that is broken or lies would."""
    shelf = registry.shelf(repository)
    shelf.manifests[str(digest)] = RawManifest(body=body, media_type=shelf.manifests[str(digest)].media_type)

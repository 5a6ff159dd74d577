"""Indexes, manifests and configs, parsed strictly from the exact bytes that were hashed.

Sources: OCI image-spec (image-index.md, manifest.md, config.md, descriptor.md) and Docker's "Image Manifest V 2,
Schema 2". A document that could be read as two kinds is rejected (CVE-2021-41190).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shiplane.core import strict_json
from shiplane.core.errors import VerificationError
from shiplane.registry.oci.names import Digest, Platform

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES = (OCI_INDEX, DOCKER_LIST)
MANIFEST_TYPES = (OCI_MANIFEST, DOCKER_MANIFEST)

REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"
SOURCE = "org.opencontainers.image.source"
CREATED = "org.opencontainers.image.created"

# BuildKit's annotation of attestations (docs/attestations/attestation-storage.md).
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")

# A part of a platform, which is only printed and compared.
_WORD = re.compile(r"[A-Za-z0-9._+-]{0,64}", re.ASCII)

T = TypeVar("T")


class InvalidManifestError(VerificationError):
    """Content that is no valid index, manifest or config."""

    kind = "invalid-manifest"


@dataclass(frozen=True, kw_only=True)
class RawManifest:
    """A manifest as served, byte for byte."""

    body: bytes
    media_type: str

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return Digest.of(self.body)


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A reference to other content: media type, digest and size."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Descriptor:
        """The descriptor of this content."""
        return cls(media_type=media_type, digest=Digest.of(content), size=len(content))

    @property
    def is_attestation(self) -> bool:
        """Whether it is provenance or an SBOM, listed without a platform of its own."""
        kind, value = _ATTESTATION
        return self.annotations.get(kind) == value and self.platform in (None, Platform("unknown", "unknown"))


@dataclass(frozen=True, kw_only=True)
class Index:
    """An image index: one manifest for each platform, and their attestations."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]

    @property
    def images(self) -> tuple[Descriptor, ...]:
        """The entries that are images."""
        return tuple(entry for entry in self.manifests if not entry.is_attestation)

    @property
    def attestations(self) -> tuple[Descriptor, ...]:
        """The entries that are provenance or SBOMs of the images."""
        return tuple(entry for entry in self.manifests if entry.is_attestation)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest of one platform's image, an attestation or another artifact."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    artifact_type: str = ""


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """The parts of an image's config that we use."""

    platform: Platform
    labels: Mapping[str, str]
    created: str = ""


def parse_manifest(raw: RawManifest) -> Index | Manifest:
    """Parse an index or a manifest.

    Raises:
        InvalidManifestError: The content does not match its media type, or is ambiguous.
    """
    return _strictly(raw.body, lambda document: _manifest(document, raw.media_type))


def parse_config(body: bytes) -> ImageConfig:
    """Parse an image config.

    Raises:
        InvalidManifestError: It is not one.
    """
    return _strictly(body, _config)


def _strictly(body: bytes, read: Callable[[dict[str, Any]], T]) -> T:
    try:
        document = strict_json.loads(body)
        return read(_typed(document, dict, "the document"))
    except ValueError as error:
        raise InvalidManifestError(f"{Digest.of(body)} is not a valid manifest or config: {error}") from error


# Runtimes written in Go match field names without regard to case (encoding/json: "preferring exact matches but also
# accepting case-insensitive matches", by Unicode folding, in which a long s is an s): they would read what we ignore.
_FIELDS = {
    name.casefold(): name
    for name in (
        *("schemaVersion", "mediaType", "artifactType", "manifests", "config", "layers", "subject", "annotations"),
        *("digest", "size", "platform", "urls", "data", "os", "architecture", "variant", "os.version", "os.features"),
        "Labels",
    )
}


def _exactly_spelled(fields: dict[str, Any]) -> dict[str, Any]:
    for name in fields:
        if _FIELDS.get(name.casefold(), name) != name:
            raise ValueError(f"{name[:40]!a} is {_FIELDS[name.casefold()]!r} to some parsers, but not to others")
    return fields


def _manifest(document: dict[str, Any], media_type: str) -> Index | Manifest:
    _exactly_spelled(document)
    declared = document.get("mediaType", media_type)
    if declared != media_type:
        raise ValueError(f"served as {media_type!r}, but declares {_shown(declared)}")
    schema = document.get("schemaVersion")
    if type(schema) is not int or schema != 2:  # noqa: PLR2004 -- the only schema there is
        raise ValueError(f"schemaVersion {_shown(schema)}")
    if "manifests" in document and ("layers" in document or "config" in document):
        raise ValueError("it has both manifests and layers: an index and an image at once")
    if media_type in INDEX_TYPES:
        return _index(document)
    if media_type in MANIFEST_TYPES:
        return _image(document)
    raise ValueError(f"unknown media type {media_type[:80]!r}")


def _index(document: dict[str, Any]) -> Index:
    entries = _typed(document.get("manifests"), list, "manifests")
    return Index(
        manifests=tuple(_descriptor(entry) for entry in entries),
        annotations=_strings(document.get("annotations"), "annotations"),
    )


def _image(document: dict[str, Any]) -> Manifest:
    return Manifest(
        config=_descriptor(document.get("config")),
        layers=tuple(_descriptor(layer) for layer in _layers(document)),
        annotations=_strings(document.get("annotations"), "annotations"),
        artifact_type=_typed(document.get("artifactType", ""), str, "artifactType"),
    )


def _layers(document: dict[str, Any]) -> list[object]:
    # An image of a Dockerfile with FROM scratch and no file has none, and BuildKit 0.25 writes that as null.
    absent = "layers" in document and document["layers"] is None
    return [] if absent else _typed(document.get("layers"), list, "layers")


def _descriptor(value: object) -> Descriptor:
    fields: dict[str, Any] = _exactly_spelled(_typed(value, dict, "a descriptor"))
    size = fields.get("size")
    if type(size) is not int or size < 0:
        raise ValueError(f"a descriptor has the size {_shown(size)}")
    return Descriptor(
        media_type=_typed(fields.get("mediaType"), str, "mediaType"),
        digest=Digest(_typed(fields.get("digest"), str, "digest")),
        size=size,
        platform=_platform(fields["platform"]) if "platform" in fields else None,
        annotations=_strings(fields.get("annotations"), "annotations"),
    )


def _config(document: dict[str, Any]) -> ImageConfig:
    config = _exactly_spelled(_typed(document.get("config") or {}, dict, "config"))
    created = document.get("created")
    return ImageConfig(
        platform=_platform(document),
        labels=_strings(config.get("Labels"), "Labels"),
        created=created if isinstance(created, str) else "",
    )


def _platform(value: object) -> Platform:
    fields: dict[str, Any] = _exactly_spelled(_typed(value, dict, "platform"))
    os, architecture, variant = (_typed(fields.get(name, ""), str, name) for name in ("os", "architecture", "variant"))
    if not os or not architecture:
        raise ValueError("a platform without os or architecture")
    if not all(_WORD.fullmatch(part) for part in (os, architecture, variant)):
        raise ValueError(f"a platform of {_shown((os, architecture, variant))}")
    return Platform.of(os, architecture, variant)


def _strings(value: object, name: str) -> dict[str, str]:
    """A map of strings; null or absent is empty, as Docker writes it."""
    fields: dict[str, Any] = _typed(value if value is not None else {}, dict, name)
    for key, text in fields.items():
        _typed(text, str, f"{name}.{key[:80]!a}")
    return fields


def _shown(value: object) -> str:
    """A foreign value for a message: ASCII, and truncated."""
    return ascii(value)[:120]


def _typed(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise ValueError(f"{name} is {type(value).__name__}, not {kind.__name__}")  # noqa: TRY004 -- foreign data
    return value

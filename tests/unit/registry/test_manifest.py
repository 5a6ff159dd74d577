"""Manifests as BuildKit, Docker and GHCR really write them. The hostile ones have tests of their own."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from shiplane.core.errors import VerificationError
from shiplane.registry.oci.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    REVISION,
    Index,
    InvalidManifestError,
    Manifest,
    RawManifest,
    parse_config,
    parse_manifest,
)
from shiplane.registry.oci.names import Digest, Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def descriptor(media_type: str, seed: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"mediaType": media_type, "digest": str(Digest.of(seed.encode())), "size": 1234, **more}


def attestation(of: str) -> dict[str, Any]:
    return descriptor(
        OCI_MANIFEST,
        f"attestation of {of}",
        platform={"architecture": "unknown", "os": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": str(Digest.of(of.encode())),
        },
    )


def index(*entries: dict[str, Any], media_type: str = OCI_INDEX, **more: Any) -> RawManifest:  # noqa: ANN401
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **more}
    return RawManifest(body=json.dumps(document).encode(), media_type=media_type)


def image(media_type: str = OCI_MANIFEST, **more: Any) -> RawManifest:  # noqa: ANN401
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor("application/vnd.oci.image.config.v1+json", "config"),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", "layer")],
        **more,
    }
    return RawManifest(body=json.dumps(document).encode(), media_type=media_type)


def test_an_index_of_buildkit_lists_its_platforms_and_sets_attestations_aside() -> None:
    raw = index(
        descriptor(OCI_MANIFEST, "amd64", platform={"architecture": "amd64", "os": "linux"}),
        descriptor(OCI_MANIFEST, "arm64", platform={"architecture": "arm64", "os": "linux"}),
        attestation("amd64"),
        attestation("arm64"),
        annotations={REVISION: "c" * 40},
    )
    parsed = parse_manifest(raw)
    assert isinstance(parsed, Index)
    assert [entry.platform for entry in parsed.images] == [AMD64, ARM64]
    assert [entry.is_attestation for entry in parsed.manifests] == [False, False, True, True]
    assert parsed.images[0].digest == Digest.of(b"amd64")
    assert parsed.annotations == {REVISION: "c" * 40}


def test_an_attestation_needs_the_mark_and_no_platform_of_its_own() -> None:
    marked = attestation("amd64") | {"platform": {"architecture": "amd64", "os": "linux"}}
    unmarked = attestation("amd64") | {"annotations": {}}
    bare = {key: value for key, value in attestation("amd64").items() if key != "platform"}
    parsed = parse_manifest(index(marked, unmarked, bare))
    assert isinstance(parsed, Index)
    assert [entry.is_attestation for entry in parsed.manifests] == [False, False, True]


@pytest.mark.parametrize("variant", ["", "v8"])
def test_arm64_is_arm64_v8(variant: str) -> None:
    platform = {"architecture": "arm64", "os": "linux"} | ({"variant": variant} if variant else {})
    parsed = parse_manifest(index(descriptor(OCI_MANIFEST, "arm64", platform=platform)))
    assert isinstance(parsed, Index)
    assert parsed.images[0].platform == ARM64


def test_other_variants_stay_apart() -> None:
    platform = {"architecture": "arm", "os": "linux", "variant": "v6"}
    parsed = parse_manifest(index(descriptor(OCI_MANIFEST, "arm", platform=platform)))
    assert isinstance(parsed, Index)
    assert str(parsed.images[0].platform) == "linux/arm/v6"


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_both_kinds_of_index_are_read(media_type: str) -> None:
    parsed = parse_manifest(index(media_type=media_type))
    assert isinstance(parsed, Index)
    assert parsed.manifests == ()


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_both_kinds_of_image_are_read(media_type: str) -> None:
    parsed = parse_manifest(image(media_type, annotations={"a": "b"}))
    assert isinstance(parsed, Manifest)
    assert parsed.config.digest == Digest.of(b"config")
    assert [layer.size for layer in parsed.layers] == [1234]
    assert parsed.annotations == {"a": "b"}


@pytest.mark.parametrize("nothing", [None, []])
def test_an_image_from_scratch_may_have_no_layer(nothing: object) -> None:
    parsed = parse_manifest(image(layers=nothing))
    assert isinstance(parsed, Manifest)
    assert parsed.layers == ()


def test_oci_documents_may_leave_their_media_type_out() -> None:
    body = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
    assert isinstance(parse_manifest(RawManifest(body=body, media_type=OCI_INDEX)), Index)


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_annotations_are_none(nothing: object) -> None:
    assert parse_manifest(image(annotations=nothing)).annotations == {}


def test_fields_that_nobody_reads_here_do_no_harm() -> None:
    parse_manifest(image(artifactType="application/x", subject=descriptor(OCI_MANIFEST, "subject")))
    parse_manifest(index(descriptor(OCI_MANIFEST, "x", urls=["https://example.com"], data="e30=")))


def test_the_digest_is_that_of_the_bytes_as_served() -> None:
    raw = RawManifest(body=b'{ "schemaVersion": 2,\n "manifests": [] }\n', media_type=OCI_INDEX)
    assert str(raw.digest) == "sha256:" + hashlib.sha256(raw.body).hexdigest()


def test_a_config_says_its_platform_and_labels() -> None:
    document = {"architecture": "arm64", "os": "linux", "variant": "v8", "config": {"Labels": {REVISION: "c" * 40}}}
    config = parse_config(json.dumps(document).encode())
    assert config.platform == ARM64
    assert config.labels == {REVISION: "c" * 40}


@pytest.mark.parametrize("rest", [{}, {"config": None}, {"config": {}}, {"config": {"Labels": None}}])
def test_a_config_without_labels_has_none(rest: dict[str, object]) -> None:
    config = parse_config(json.dumps({"architecture": "amd64", "os": "linux", **rest}).encode())
    assert config.platform == AMD64
    assert config.labels == {}


def test_an_invalid_manifest_is_a_failed_verification_that_names_its_bytes() -> None:
    with pytest.raises(InvalidManifestError) as caught:
        parse_manifest(RawManifest(body=b"<html>", media_type=OCI_INDEX))
    assert isinstance(caught.value, VerificationError)
    assert caught.value.exit_code == 6
    assert str(Digest.of(b"<html>")) in caught.value.what


@pytest.mark.parametrize("name", ["Manifests", "LAYERS", "Config", "mediatype", "Annotations"])
def test_a_field_that_only_some_readers_would_know_is_refused(name: str) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], name: []}
    with pytest.raises(InvalidManifestError, match="to some parsers"):
        parse_manifest(RawManifest(body=json.dumps(document).encode(), media_type=OCI_INDEX))

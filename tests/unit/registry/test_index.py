from __future__ import annotations

import json
from typing import Any

import pytest

from shiplane.core.errors import VerificationError
from shiplane.registry.oci.index_join import PartialIndex, join
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, RawManifest, parse_manifest
from shiplane.registry.oci.names import Platform

AMD, ARM7 = Platform.parse("linux/amd64"), Platform.parse("linux/arm/v6")
ABOUT = {"b": "2", "a": "1"}


def image(name: str) -> RawManifest:
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "name": name}
    return RawManifest(body=json.dumps(body).encode(), media_type=OCI_MANIFEST)


def entry(raw: RawManifest, platform: Platform, **more: str) -> dict[str, Any]:
    named = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant, **more}
    return {"mediaType": OCI_MANIFEST, "digest": str(raw.digest), "size": len(raw.body), "platform": named}


def proof(about: str) -> dict[str, Any]:
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about}
    unknown = {"os": "unknown", "architecture": "unknown"}
    return {
        **entry(image("proof of " + about), AMD),
        "platform": unknown,
        "annotations": marks,
        "artifactType": "application/vnd.docker.attestation.manifest.v1+json",
    }


def index(*entries: dict[str, Any]) -> RawManifest:
    body = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries), "annotations": {"stray": "x"}}
    return RawManifest(body=json.dumps(body).encode(), media_type=OCI_INDEX)


def part(raw: RawManifest, *platforms: Platform) -> tuple[PartialIndex, RawManifest]:
    return PartialIndex(platforms=platforms, digest=raw.digest), raw


def document(raw: RawManifest) -> dict[str, Any]:
    parse_manifest(raw)
    found: dict[str, Any] = json.loads(raw.body)
    return found


def test_images_come_in_the_order_of_the_platforms_and_their_attestations_after_them() -> None:
    first, second = entry(image("a"), AMD), entry(image("b"), ARM7)
    proofs = [proof(first["digest"]), proof(second["digest"])]
    parts = [part(index(proofs[1], second), ARM7), part(index(first, proofs[0]), AMD)]
    joined = join(parts, (AMD, ARM7), ABOUT)
    assert document(joined)["manifests"] == [first, second, *proofs]
    assert list(document(joined)["annotations"].items()) == [("a", "1"), ("b", "2")]
    assert join(parts[::-1], (AMD, ARM7), dict(reversed(ABOUT.items()))) == joined


def test_an_entry_is_taken_over_with_whatever_else_describes_it() -> None:
    windows = entry(image("w"), Platform("windows", "amd64"), **{"os.version": "10.0.1"})
    joined = join(
        [part(index(windows), Platform("windows", "amd64")), part(image("a"), AMD)],
        (AMD, Platform("windows", "amd64")),
        ABOUT,
    )
    assert document(joined)["manifests"][1] == windows


def test_a_manifest_that_was_pushed_alone_gets_an_entry_with_its_platform() -> None:
    alone = image("alone")
    joined = document(join([part(alone, ARM7), part(image("a"), AMD)], (AMD, ARM7), ABOUT))
    assert joined["manifests"][1] == {
        "mediaType": OCI_MANIFEST,
        "digest": str(alone.digest),
        "size": len(alone.body),
        "platform": {"architecture": "arm", "os": "linux", "variant": "v6"},
    }


def test_a_part_of_several_platforms_is_taken_apart() -> None:
    entries = [entry(image("b"), ARM7), entry(image("a"), AMD)]
    joined = document(join([part(index(*entries), ARM7, AMD)], (AMD, ARM7), ABOUT))
    assert joined["manifests"] == entries[::-1]


def test_an_image_whose_platform_the_index_does_not_tell_is_refused() -> None:
    nameless = {key: value for key, value in entry(image("a"), AMD).items() if key != "platform"}
    with pytest.raises(VerificationError, match="does not name the platform") as caught:
        join([part(index(nameless), AMD), part(image("b"), ARM7)], (AMD, ARM7), ABOUT)
    assert "Stage it again" in caught.value.remedy


def test_an_attestation_of_something_else_is_not_taken_over() -> None:
    known = entry(image("a"), AMD)
    with pytest.raises(VerificationError, match="not one of the images"):
        join([part(index(known, proof("sha256:" + "0" * 64)), AMD)], (AMD,), ABOUT)

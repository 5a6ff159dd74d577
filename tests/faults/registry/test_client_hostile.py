"""Manifests that could be read in two ways, or that are not what they say: refused, whoever serves them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from shiplane.registry.http.exchange import Response
from shiplane.registry.http.session import MANIFEST_LIMIT
from shiplane.registry.oci.lookup_result import Absent, Present, Unknown
from shiplane.registry.oci.manifest import (
    DOCKER_LIST,
    OCI_INDEX,
    OCI_MANIFEST,
    Index,
    InvalidManifestError,
    RawManifest,
    parse_config,
    parse_manifest,
)
from shiplane.registry.oci.names import Digest, Platform, Tag
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import Instead
from tests.faults.harness.images import push_image

V = Tag("v0.2.1")
DIGEST = str(Digest.of(b"child"))
CHILD: dict[str, Any] = {
    "mediaType": OCI_MANIFEST,
    "digest": DIGEST,
    "size": 10,
    "platform": {"os": "linux", "architecture": "amd64"},
}
INDEX: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [CHILD]}
IMAGE: dict[str, Any] = {
    "schemaVersion": 2,
    "mediaType": OCI_MANIFEST,
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 2},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": DIGEST, "size": 3}],
}


def raw(document: object, media_type: str = OCI_INDEX) -> RawManifest:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return RawManifest(body=body, media_type=media_type)


def child(**changes: object) -> dict[str, Any]:
    """An index whose only entry has other fields (``None`` leaves one out)."""
    entry = {name: value for name, value in {**CHILD, **changes}.items() if value is not None}
    return {**INDEX, "manifests": [entry]}


def text(document: object) -> bytes:
    return json.dumps(document).encode()


def test_what_the_hostile_ones_are_made_of_is_fine() -> None:
    parse_manifest(raw(INDEX))
    parse_manifest(raw(IMAGE, OCI_MANIFEST))


TWO_WAYS: dict[str, RawManifest] = {
    "a key given twice": raw(text(INDEX)[:-1] + b', "manifests": []}'),
    "a key given twice, once in escapes": raw(text(INDEX)[:-1] + b', "manifest\\u0073": []}'),
    "a key given twice, deep inside": raw(text(INDEX).replace(b'"size": 10', b'"size": 10, "size": 11')),
    # Go matches the names of fields whatever their case, and keeps the last: a runtime would see the other list.
    "a key given twice in another case": raw({**INDEX, "Manifests": []}),
    "layers in another case beside the real ones": raw({**IMAGE, "Layers": []}, OCI_MANIFEST),
    "a config in capitals beside the real one": raw({**IMAGE, "CONFIG": IMAGE["config"]}, OCI_MANIFEST),
    "a digest in another case beside the real one": raw(child(Digest=str(Digest.of(b"evil")))),
    "a platform in another case alone": raw(child(platform=None, Platform=CHILD["platform"])),
    "an operating system in capitals": raw(child(platform={"os": "linux", "OS": "windows", "architecture": "amd64"})),
    "a media type in another case": raw({**INDEX, "MediaType": OCI_MANIFEST}),
    "a letter that Go folds to another": raw({**INDEX, "manifest\u017f": []}),
    "layers with such a letter": raw({**IMAGE, "layer\u017f": []}, OCI_MANIFEST),
    "an index and an image at once": raw({**INDEX, "layers": IMAGE["layers"]}),
    "an index with a config": raw({**INDEX, "config": IMAGE["config"]}),
    "an image with manifests": raw({**IMAGE, "manifests": [CHILD]}, OCI_MANIFEST),
    "an image with an empty list of manifests": raw({**IMAGE, "manifests": []}, OCI_MANIFEST),
    "an index served as an image": raw(INDEX, OCI_MANIFEST),
    "an image served as an index": raw(IMAGE, OCI_INDEX),
    "an OCI index served as Docker's": raw(INDEX, DOCKER_LIST),
    "no declared type, served as an index": raw({k: v for k, v in IMAGE.items() if k != "mediaType"}),
    "a type that is null": raw({**INDEX, "mediaType": None}),
    "a type with a parameter": raw({**INDEX, "mediaType": OCI_INDEX + "; charset=utf-8"}),
    "an unknown type": raw({**INDEX, "mediaType": "text/html"}, "text/html"),
    "Docker's schema 1": raw({**INDEX, "schemaVersion": 1}),
    "a schema of another kind": raw({**INDEX, "schemaVersion": "2"}),
    "a schema with a fraction": raw(text(INDEX).replace(b'"schemaVersion": 2', b'"schemaVersion": 2.0')),
    "no schema": raw({"mediaType": OCI_INDEX, "manifests": [CHILD]}),
    "NaN": raw({**INDEX, "x": float("nan")}),
    "Infinity": raw({**INDEX, "x": float("inf")}),
    "UTF-16": raw(json.dumps(INDEX).encode("utf-16")),
    "UTF-32": raw(json.dumps(INDEX).encode("utf-32-le")),
    "a byte order mark": raw(b"\xef\xbb\xbf" + text(INDEX)),
    "bytes after the end": raw(text(INDEX) + b"x"),
    "a second document": raw(text(INDEX) * 2),
    "a NUL after the end": raw(text(INDEX) + b"\0"),
    "bytes that are no text": raw(b'{"schemaVersion": 2, "\xff": 1}'),
    "half a surrogate pair": raw(text(INDEX)[:-1] + b', "annotations": {"a": "\\ud800"}}'),
    "half a surrogate pair in a key": raw(text(INDEX)[:-1] + b', "annotations": {"\\uDFFF": "a"}}'),
    "nesting without end": raw(b"[" * 100_000 + b"]" * 100_000),
    "objects without end": raw(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a number of 5,000 digits": raw(text(INDEX).replace(b'"size": 10', b'"size": ' + b"9" * 5000)),
    "a comment": raw(text(INDEX) + b"/* */"),
    "a page": raw(b"<html>"),
    "nothing": raw(b""),
    "null": raw(b"null"),
    "a list": raw([INDEX]),
    "a word": raw("manifest"),
    "the gzip of a manifest": raw(gzip.compress(text(INDEX))),
}


@pytest.mark.parametrize("manifest", TWO_WAYS.values(), ids=TWO_WAYS.keys())
def test_a_document_that_could_be_read_in_two_ways_is_refused(manifest: RawManifest) -> None:
    with pytest.raises(InvalidManifestError, match="not a valid manifest"):
        parse_manifest(manifest)


LIES: dict[str, RawManifest] = {
    "manifests that are no list": raw({**INDEX, "manifests": {"0": CHILD}}),
    "manifests that are null": raw({**INDEX, "manifests": None}),
    "no manifests": raw({"schemaVersion": 2, "mediaType": OCI_INDEX}),
    "an entry that is a word": raw({**INDEX, "manifests": [DIGEST]}),
    "an entry that is null": raw({**INDEX, "manifests": [None]}),
    "no digest": raw(child(digest=None)),
    "a digest without its algorithm": raw(child(digest="0" * 64)),
    "a digest of another algorithm": raw(child(digest="sha512:" + "0" * 128)),
    "a digest that climbs": raw(child(digest="sha256:../../../../etc/passwd")),
    "a digest in capitals": raw(child(digest="sha256:" + "A" * 64)),
    "a digest that is short": raw(child(digest="sha256:" + "0" * 63)),
    "a digest with a line break": raw(child(digest=DIGEST + "\n")),
    "a digest with full-width digits": raw(child(digest="sha256:" + "\uff11" * 64)),
    "a digest with a query": raw(child(digest=DIGEST + "?x")),
    "a digest that is a number": raw(child(digest=7)),
    "no size": raw(child(size=None)),
    "a negative size": raw(child(size=-1)),
    "a size that is true": raw(child(size=True)),
    "a size with a fraction": raw(child(size=10.5)),
    "a size in powers of ten": raw(text(INDEX).replace(b'"size": 10', b'"size": 1e1')),
    "a size that is text": raw(child(size="10")),
    "no media type": raw(child(mediaType=None)),
    "a media type that is a list": raw(child(mediaType=[OCI_MANIFEST])),
    "a platform that is text": raw(child(platform="linux/amd64")),
    "an empty platform": raw(child(platform={})),
    "a platform without an architecture": raw(child(platform={"os": "linux"})),
    "a platform with an escape": raw(child(platform={"os": "linux\x1b[31m", "architecture": "amd64"})),
    "a platform with a line": raw(child(platform={"os": "linux", "architecture": "amd64\n::set-env name=X::y"})),
    "a platform without end": raw(child(platform={"os": "linux", "architecture": "a" * 100_000})),
    "a type without end": raw({**INDEX, "mediaType": "x" * 100_000}),
    "a size without end": raw(child(size="\x1b[31m" * 100_000)),
    "a schema without end": raw({**INDEX, "schemaVersion": ["\n"] * 10_000}),
    "a key with an escape": raw({**INDEX, "annotations": {"\x1b[31m\n::set-env": 1}}),
    "keys without end, given twice": raw(b'{"' + b"k" * 100_000 + b'": 1, "' + b"k" * 100_000 + b'": 1}'),
    "a platform with a number": raw(child(platform={"os": "linux", "architecture": 64})),
    "annotations that are a list": raw({**INDEX, "annotations": ["a"]}),
    "an annotation that is a number": raw({**INDEX, "annotations": {"a": 1}}),
    "an annotation that is null": raw({**INDEX, "annotations": {"a": None}}),
    "an image without a config": raw({k: v for k, v in IMAGE.items() if k != "config"}, OCI_MANIFEST),
    "an image without layers": raw({k: v for k, v in IMAGE.items() if k != "layers"}, OCI_MANIFEST),
    "layers that are no list": raw({**IMAGE, "layers": "none"}, OCI_MANIFEST),
}


@pytest.mark.parametrize("manifest", LIES.values(), ids=LIES.keys())
def test_a_document_whose_fields_are_not_what_they_must_be_is_refused(manifest: RawManifest) -> None:
    with pytest.raises(InvalidManifestError, match="not a valid manifest"):
        parse_manifest(manifest)


@pytest.mark.parametrize("manifest", [*TWO_WAYS.values(), *LIES.values()], ids=[*TWO_WAYS, *LIES])
def test_such_bytes_under_a_tag_are_never_absent_and_no_error_of_ours(manifest: RawManifest) -> None:
    setup = ClientSetup()
    served = Response(status=200, headers={"content-type": manifest.media_type}, body=manifest.body)
    answer = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: served})).get_manifest(V)
    assert isinstance(answer, Present | Unknown)


@pytest.mark.parametrize("manifest", [*TWO_WAYS.values(), *LIES.values()], ids=[*TWO_WAYS, *LIES])
def test_what_is_said_of_them_is_one_line_that_can_be_printed(manifest: RawManifest) -> None:
    with pytest.raises(InvalidManifestError) as refused:
        parse_manifest(manifest)
    words = str(refused.value)
    words.encode("utf-8")
    assert len(words) < 600
    assert words.isprintable()


# Legal, and for others to judge: parsed as they are, so that a verifier sees them.


def test_an_empty_index_is_read_as_empty() -> None:
    parsed = parse_manifest(raw({**INDEX, "manifests": []}))
    assert isinstance(parsed, Index)
    assert parsed.images == ()


def test_platforms_given_twice_are_both_seen() -> None:
    twin = {**CHILD, "digest": str(Digest.of(b"twin")), "platform": {"os": "linux", "architecture": "amd64"}}
    parsed = parse_manifest(raw({**INDEX, "manifests": [CHILD, twin]}))
    assert isinstance(parsed, Index)
    assert [entry.platform for entry in parsed.images] == [Platform("linux", "amd64")] * 2


ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}


@pytest.mark.parametrize(
    ("fields", "set_aside"),
    [
        ({"platform": UNKNOWN, "annotations": ATTESTATION}, True),
        ({"platform": None, "annotations": ATTESTATION}, True),
        ({"platform": UNKNOWN}, False),
        ({"platform": UNKNOWN, "annotations": {"vnd.docker.reference.type": "other"}}, False),
        ({"annotations": ATTESTATION}, False),
        ({"platform": {"os": "linux", "architecture": "unknown"}, "annotations": ATTESTATION}, False),
        ({"platform": {**UNKNOWN, "variant": "v8"}, "annotations": ATTESTATION}, False),
    ],
)
def test_only_what_is_marked_and_has_no_platform_is_set_aside(fields: dict[str, Any], set_aside: bool) -> None:  # noqa: FBT001
    parsed = parse_manifest(raw(child(**fields)))
    assert isinstance(parsed, Index)
    assert (parsed.images == ()) is set_aside


@pytest.mark.parametrize(
    "more",
    [
        {"urls": ["https://evil.example/layer"]},
        {"data": "e30="},
        {"artifactType": "application/x"},
        {"annotations": {"Size": "a", "size": "b"}},
    ],
)
def test_what_a_descriptor_may_have_beside_is_no_fault_and_changes_nothing(more: dict[str, Any]) -> None:
    parsed = parse_manifest(raw(child(**more)))
    assert isinstance(parsed, Index)
    assert str(parsed.manifests[0].digest) == DIGEST


def config(**changes: object) -> bytes:
    base: dict[str, object] = {"architecture": "arm64", "os": "linux", "config": {"Labels": {"a": "b"}}}
    return text({name: value for name, value in {**base, **changes}.items() if value is not None})


def test_labels_may_differ_by_case_alone() -> None:
    assert parse_config(config(config={"Labels": {"Version": "1", "version": "2"}})).labels["version"] == "2"


@pytest.mark.parametrize("empty", [{}, {"Labels": None}, None])
def test_a_config_without_labels_has_none(empty: object) -> None:
    assert parse_config(config(config=empty)).labels == {}


BAD_CONFIGS: dict[str, bytes] = {
    "no operating system": config(os=None),
    "no architecture": config(architecture=None),
    "an empty architecture": config(architecture=""),
    "an architecture that is a list": config(architecture=["arm64"]),
    "an architecture in another case beside": config(Architecture="amd64"),
    "an operating system in capitals beside": config(OS="windows"),
    "labels in another case": config(config={"labels": {"a": "b"}}),
    "labels in another case beside": config(config={"Labels": {}, "labels": {"a": "b"}}),
    "a second config in another case": config(Config={"Labels": {}}),
    "labels that are a list": config(config={"Labels": ["a=b"]}),
    "a label that is a number": config(config={"Labels": {"a": 1}}),
    "a config that is a list": config(config=["Labels"]),
    "a config that is a page": b"<html>",
    "an empty config": b"{}",
}


@pytest.mark.parametrize("body", BAD_CONFIGS.values(), ids=BAD_CONFIGS.keys())
def test_a_config_that_says_nothing_certain_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidManifestError):
        parse_config(body)


def served_with(size: int) -> object:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    body = text(INDEX) + b" " * (size - len(text(INDEX)))
    wrong = RawManifest(body=body, media_type=OCI_INDEX)
    setup.memory.shelf(AIONIS).manifests[str(wrong.digest)] = wrong
    setup.memory.tag(AIONIS, V, wrong.digest)
    return setup.registry().get_manifest(V)


def test_four_mebibytes_are_read_and_a_byte_more_is_not() -> None:
    assert isinstance(served_with(MANIFEST_LIMIT), Present)
    assert isinstance(served_with(MANIFEST_LIMIT + 1), Unknown)


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "damage",
    [lambda body: body[:-1], lambda body: body + b"\n", lambda body: body.replace(b" ", b""), lambda _: b"{}"],
    ids=["cut", "a line more", "other blanks", "another document"],
)
def test_bytes_that_are_not_the_digest_s_are_a_finding_whatever_they_say(damage: Damage) -> None:
    setup = ClientSetup()
    image = push_image(setup.memory, AIONIS, tag=V)
    other = RawManifest(body=damage(image.body), media_type=image.media_type)
    setup.memory.shelf(AIONIS).manifests[str(image.digest)] = other
    answer = setup.registry().get_manifest(image.digest)
    assert isinstance(answer, Unknown)
    assert answer.corrupt


def test_a_child_that_vanished_is_absent_by_its_digest() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    assert setup.registry().get_manifest(Digest.of(b"never")) == Absent()

"""What the OCI distribution-spec demands of a registry, where shiplane relies on it: each demand as a short exchange.

The check sites are those of the specification's own conformance suite (pull, push, content discovery, error codes),
told anew. A story gives what was seen; what ought to be seen stands beside it, and where a registry is known to do
otherwise, that stands in ``DEVIATIONS``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from shiplane.registry.http.error_response import error_codes
from shiplane.registry.http.exchange import Response
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, RawManifest
from shiplane.registry.oci.names import Digest
from tests.faults.harness.transfer import ask, push_blob

NOWHERE = "sha256:" + "0" * 64
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass
class Api:
    """A repository of a registry's own, asked request by request."""

    address: str
    path: str
    transport: HttpTransport = field(default_factory=lambda: HttpTransport({}, user_agent="test"))

    @property
    def base(self) -> str:
        return f"http://{self.address}/v2/{self.path}"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        return ask(self.transport, method, f"{self.base}/{path}", body, **headers)

    def blob(self, content: bytes) -> str:
        digest = str(Digest.of(content))
        push_blob(self.transport, self.base, digest, content)
        return digest

    def image(self, name: str = "one") -> RawManifest:
        """An image whose blobs are there, not yet put."""
        config, layer = json.dumps({"architecture": "amd64", "os": "linux", "author": name}).encode(), name.encode()
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": _CONFIG, "digest": self.blob(config), "size": len(config)},
            "layers": [{"mediaType": _LAYER, "digest": self.blob(layer), "size": len(layer)}],
        }
        return RawManifest(body=json.dumps(document).encode(), media_type=OCI_MANIFEST)

    def put(self, reference: object, raw: RawManifest) -> Response:
        return self.ask("PUT", f"manifests/{reference}", raw.body, content_type=raw.media_type)

    def get(self, reference: object, method: str = "GET") -> Response:
        return self.ask(method, f"manifests/{reference}", accept=f"{OCI_MANIFEST}, {OCI_INDEX}")

    def tagged(self, *names: str) -> RawManifest:
        raw = self.image()
        for name in names:
            assert self.put(name, raw).status == 201
        return raw


Seen = tuple[Any, ...]
Story = Callable[[Api], Seen]


def failed(answer: Response) -> Seen:
    """A refusal: its status and its codes."""
    return answer.status, *sorted(error_codes(answer))


def index_of(*children: RawManifest) -> RawManifest:
    entries = [
        {
            "mediaType": child.media_type,
            "digest": str(child.digest),
            "size": len(child.body),
            "platform": {"os": "linux", "architecture": "amd64"},
        }
        for child in children
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return RawManifest(body=json.dumps(document).encode(), media_type=OCI_INDEX)


def served(answer: Response, raw: RawManifest) -> Seen:
    """A manifest: its status, and whether type, length, digest and body are those of these bytes."""
    return (
        answer.status,
        answer.headers.get("content-type") == raw.media_type,
        answer.headers.get("content-length") == str(len(raw.body)),
        answer.headers.get("docker-content-digest") == str(raw.digest),
        answer.body == raw.body,
    )


def entrance(api: Api) -> Seen:
    return (ask(api.transport, "GET", f"http://{api.address}/v2/").status,)


def manifest_by(api: Api, method: str, *, digest: bool) -> Seen:
    raw = api.tagged("v1")
    return served(api.get(raw.digest if digest else "v1", method), raw)


def missing(api: Api, path: str, method: str = "GET") -> Seen:
    api.tagged("v1")
    return failed(api.ask(method, path))


def put_answers(api: Api, *, by_digest: bool) -> Seen:
    raw = api.image()
    answer = api.put(raw.digest if by_digest else "v1", raw)
    place = urlsplit(answer.headers.get("location", "")).path
    return answer.status, answer.headers.get("docker-content-digest") == str(raw.digest), place.startswith("/v2/")


def put_twice(api: Api) -> Seen:
    raw = api.image()
    return api.put("v1", raw).status, api.put("v1", raw).status, api.get("v1").body == raw.body


def put_moves(api: Api) -> Seen:
    first, second = api.tagged("v1"), api.image("two")
    answer = api.put("v1", second)
    return answer.status, api.get("v1").body == second.body, api.get(first.digest).body == first.body


def put_other_digest(api: Api) -> Seen:
    return failed(api.put(NOWHERE, api.image()))


def put_nonsense(api: Api) -> Seen:
    return failed(api.put("v1", RawManifest(body=b"blablabla", media_type=OCI_MANIFEST)))


def put_without_blob(api: Api) -> Seen:
    raw = api.image()
    document = json.loads(raw.body)
    document["layers"][0]["digest"] = NOWHERE
    return failed(api.put("v1", RawManifest(body=json.dumps(document).encode(), media_type=OCI_MANIFEST)))


def put_index(api: Api) -> Seen:
    child = api.image()
    assert api.put(child.digest, child).status == 201
    raw = index_of(child)
    return api.put("v1", raw).status, *served(api.get("v1"), raw)


def put_index_without_child(api: Api) -> Seen:
    return failed(api.put("v1", index_of(api.image())))


def untagged(api: Api) -> Seen:
    """A manifest that was put by its digest has no name."""
    api.tagged("v1")
    raw = api.image("two")
    api.put(raw.digest, raw)
    return api.get(raw.digest).status, json.loads(api.ask("GET", "tags/list").body)["tags"]


def blob_by(api: Api, method: str) -> Seen:
    digest = api.blob(b"content")
    answer = api.ask(method, f"blobs/{digest}")
    return answer.status, answer.headers.get("content-length"), answer.body


def blob_digest_header(api: Api) -> Seen:
    digest = api.blob(b"content")
    return (api.ask("HEAD", f"blobs/{digest}").headers.get("docker-content-digest") == digest,)


def upload_opens(api: Api) -> Seen:
    answer = api.ask("POST", "blobs/uploads/", content_length="0")
    return answer.status, "/blobs/uploads/" in urlsplit(urljoin(api.base, answer.headers.get("location", ""))).path


def upload_of_other_bytes(api: Api) -> Seen:
    opened = api.ask("POST", "blobs/uploads/", content_length="0")
    place = urljoin(api.base, opened.headers["location"])
    joint = "&" if "?" in place else "?"
    answer = ask(
        api.transport, "PUT", f"{place}{joint}digest={NOWHERE}", b"other", content_type="application/octet-stream"
    )
    return failed(answer)


def upload_needs_its_bytes_once(api: Api) -> Seen:
    return api.blob(b"content") == api.blob(b"content"), api.ask("HEAD", f"blobs/{Digest.of(b'content')}").status


def listed(api: Api, query: str = "") -> Seen:
    api.tagged("a1", "b2", "c3", "d4")
    answer = api.ask("GET", f"tags/list{query}")
    document = json.loads(answer.body)
    return answer.status, document["name"] == api.path, sorted(document["tags"])


def paged(api: Api) -> Seen:
    """Following Link from a first page of two: how many pages, and all the tags."""
    api.tagged("a1", "b2", "c3", "d4", "e5")
    url, pages, tags = f"{api.base}/tags/list?n=2", 0, []
    while url and pages < 9:
        answer = ask(api.transport, "GET", url)
        tags += json.loads(answer.body)["tags"]
        pages += 1
        link = answer.headers.get("link", "")
        url = urljoin(url, link.partition("<")[2].partition(">")[0]) if 'rel="next"' in link else ""
    return pages, sorted(tags)


def unnamed(api: Api) -> Seen:
    """The list of a repository that nobody ever wrote to."""
    return failed(ask(api.transport, "GET", f"{api.base}-unknown/tags/list"))


def stranger(api: Api) -> Seen:
    """A manifest of such a repository."""
    return failed(ask(api.transport, "GET", f"{api.base}-unknown/manifests/v1"))


def error_is_json(api: Api) -> Seen:
    answer = api.ask("GET", "manifests/nothing")
    (entry,) = json.loads(answer.body)["errors"]
    return answer.headers["content-type"].startswith("application/json"), "message" in entry


def deleted(api: Api) -> Seen:
    raw = api.tagged("v1")
    answer = api.ask("DELETE", f"manifests/{raw.digest}")
    return *failed(answer), api.get("v1").status


ALL_GOOD = (200, True, True, True)
STORIES: dict[str, tuple[Story, Seen]] = {
    "GET /v2/": (entrance, (200,)),
    "HEAD of a manifest by tag": (lambda api: manifest_by(api, "HEAD", digest=False), (*ALL_GOOD, False)),
    "HEAD of a manifest by digest": (lambda api: manifest_by(api, "HEAD", digest=True), (*ALL_GOOD, False)),
    "GET of a manifest by tag": (lambda api: manifest_by(api, "GET", digest=False), (*ALL_GOOD, True)),
    "GET of a manifest by digest": (lambda api: manifest_by(api, "GET", digest=True), (*ALL_GOOD, True)),
    "HEAD of a tag that is not there": (lambda api: missing(api, "manifests/v2", "HEAD"), (404,)),
    "GET of a tag that is not there": (lambda api: missing(api, "manifests/v2"), (404, "MANIFEST_UNKNOWN")),
    "HEAD of a digest that is not there": (lambda api: missing(api, f"manifests/{NOWHERE}", "HEAD"), (404,)),
    "GET of a digest that is not there": (lambda api: missing(api, f"manifests/{NOWHERE}"), (404, "MANIFEST_UNKNOWN")),
    "GET of a tag of an unknown repository": (stranger, (404, "NAME_UNKNOWN")),
    "HEAD of a blob that is not there": (lambda api: missing(api, f"blobs/{NOWHERE}", "HEAD"), (404,)),
    "GET of a blob that is not there": (lambda api: missing(api, f"blobs/{NOWHERE}"), (404, "BLOB_UNKNOWN")),
    "HEAD of a blob": (lambda api: blob_by(api, "HEAD"), (200, "7", b"")),
    "GET of a blob": (lambda api: blob_by(api, "GET"), (200, "7", b"content")),
    "a blob names its digest": (blob_digest_header, (True,)),
    "POST opens an upload": (upload_opens, (202, True)),
    "an upload of other bytes than its digest": (upload_of_other_bytes, (400, "DIGEST_INVALID")),
    "a blob that is there can be uploaded again": (upload_needs_its_bytes_once, (True, 200)),
    "PUT of a manifest by tag": (lambda api: put_answers(api, by_digest=False), (201, True, True)),
    "PUT of a manifest by digest": (lambda api: put_answers(api, by_digest=True), (201, True, True)),
    "PUT of the same manifest again": (put_twice, (201, 201, True)),
    "PUT moves a tag, and the old digest stays": (put_moves, (201, True, True)),
    "PUT under another digest": (put_other_digest, (400, "DIGEST_INVALID")),
    "PUT of nonsense": (put_nonsense, (400, "MANIFEST_INVALID")),
    "PUT of a manifest without one of its blobs": (put_without_blob, (400, "MANIFEST_BLOB_UNKNOWN")),
    "PUT of an index": (put_index, (201, *ALL_GOOD, True)),
    "PUT of an index without its child": (put_index_without_child, (400, "MANIFEST_BLOB_UNKNOWN")),
    "a manifest without a name is in no list": (untagged, (200, ["v1"])),
    "the list of tags": (listed, (200, True, ["a1", "b2", "c3", "d4"])),
    "the list, a first page": (lambda api: listed(api, "?n=2"), (200, True, ["a1", "b2"])),
    "the list, after a tag": (lambda api: listed(api, "?last=b2"), (200, True, ["c3", "d4"])),
    "the list, a page after a tag": (lambda api: listed(api, "?n=1&last=b2"), (200, True, ["c3"])),
    "the list, page by page": (paged, (3, ["a1", "b2", "c3", "d4", "e5"])),
    "the list of an unknown repository": (unnamed, (404, "NAME_UNKNOWN")),
    "an error is JSON with a message": (error_is_json, (True, True)),
    "DELETE is not served, as on GHCR": (deleted, (405, "UNSUPPORTED", 200)),
}

MEMORY, DISTRIBUTION, CRANE = "in memory", "distribution", "crane"
_ALL = (200, True, ["a1", "b2", "c3", "d4"])
# Distribution 2.8 knows no pages (n and last came with 3.0). Crane's keeps what it is given and asks nothing of it, and
# its pages do not say that there are more.
DEVIATIONS: dict[tuple[str, str], Seen] = {
    (DISTRIBUTION, "GET of a tag of an unknown repository"): (404, "MANIFEST_UNKNOWN"),
    (DISTRIBUTION, "the list, a first page"): _ALL,
    (DISTRIBUTION, "the list, after a tag"): _ALL,
    (DISTRIBUTION, "the list, a page after a tag"): _ALL,
    (DISTRIBUTION, "the list, page by page"): (1, ["a1", "b2", "c3", "d4", "e5"]),
    (CRANE, "PUT of a manifest by tag"): (201, True, False),
    (CRANE, "PUT of a manifest by digest"): (201, True, False),
    (CRANE, "PUT under another digest"): (201,),
    (CRANE, "PUT of nonsense"): (201,),
    (CRANE, "PUT of a manifest without one of its blobs"): (201,),
    (CRANE, "PUT of an index without its child"): (404, "MANIFEST_UNKNOWN"),
    (CRANE, "the list, page by page"): (1, ["a1", "b2"]),
    (CRANE, "an error is JSON with a message"): (False, True),
    (CRANE, "DELETE is not served, as on GHCR"): (202, 200),
}

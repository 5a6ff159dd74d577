"""From an in-memory shelf to a real registry: everything by its digest, and names only where they are asked for."""

from __future__ import annotations

import json
from urllib.parse import urljoin

from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Repository
from tests.faults.harness.memory import Shelf

_LIMIT = 1 << 20


def ask(transport: HttpTransport, method: str, url: str, body: bytes = b"", **headers: str) -> Response:
    """One request; header names are written with underscores."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return transport.send(Request(method=method, url=url, headers=named, body=body), limit=_LIMIT, deadline=10.0)


def upload(shelf: Shelf, repository: Repository) -> None:
    """Push all of a shelf's blobs, then its manifests, children first."""
    transport, base = HttpTransport({}, user_agent="test"), _base(repository)
    for digest, content in shelf.blobs.items():
        push_blob(transport, base, digest, content)
    for raw in sorted(shelf.manifests.values(), key=_is_index):
        _push_manifest(transport, base, str(raw.digest), raw)


def name(shelf: Shelf, repository: Repository) -> None:
    """Give what was pushed its names, in the order in which the shelf got them."""
    transport, base = HttpTransport({}, user_agent="test"), _base(repository)
    for tag, digest in shelf.tags.items():
        _push_manifest(transport, base, tag, shelf.manifests[digest])


def _base(repository: Repository) -> str:
    return f"http://{repository.registry}/v2/{repository.path}"


def _push_manifest(transport: HttpTransport, base: str, reference: str, raw: RawManifest) -> None:
    answer = ask(transport, "PUT", f"{base}/manifests/{reference}", raw.body, content_type=raw.media_type)
    assert answer.status == 201, answer


def push_blob(transport: HttpTransport, base: str, digest: str, content: bytes) -> Response:
    """Push one blob in one piece; gives the last answer."""
    opened = ask(transport, "POST", f"{base}/blobs/uploads/", content_length="0")
    assert opened.status == 202, opened
    place = urljoin(base, opened.headers["location"])
    joint = "&" if "?" in place else "?"
    headers = {"content_type": "application/octet-stream"}
    answer = ask(transport, "PUT", f"{place}{joint}digest={digest}", content, **headers)
    assert answer.status == 201, answer
    return answer


def _is_index(raw: RawManifest) -> bool:
    return "manifests" in json.loads(raw.body)

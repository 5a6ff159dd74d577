"""What an in-memory registry holds, pushed by digest into a real one: staging without a build."""

from __future__ import annotations

import http.client
from collections.abc import Mapping

from tests.faults.harness.memory import Shelf


def push(shelf: Shelf, address: str, repository: str) -> None:
    """Push every blob and then every manifest (children before their index), each by its digest and without a name."""
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        for digest, content in shelf.blobs.items():
            _upload(connection, repository, digest, content)
        for digest, raw in shelf.manifests.items():
            headers = {"Content-Type": raw.media_type}
            _send(connection, "PUT", f"/v2/{repository}/manifests/{digest}", raw.body, headers)
    finally:
        connection.close()


def _upload(connection: http.client.HTTPConnection, repository: str, digest: str, content: bytes) -> None:
    location = _send(connection, "POST", f"/v2/{repository}/blobs/uploads/", b"", {"Content-Length": "0"})
    path = location.partition("://")[2].partition("/")[2] if "://" in location else location.lstrip("/")
    joint = "&" if "?" in path else "?"
    headers = {"Content-Type": "application/octet-stream"}
    _send(connection, "PUT", f"/{path}{joint}digest={digest}", content, headers)


def _send(
    connection: http.client.HTTPConnection, method: str, url: str, body: bytes, headers: Mapping[str, str]
) -> str:
    connection.request(method, url, body=body, headers=dict(headers))
    answer = connection.getresponse()
    said = answer.read()
    if answer.status >= 300:
        raise AssertionError(f"{method} {url}: {answer.status} {said[:200]!r}")
    return answer.headers.get("Location", "")

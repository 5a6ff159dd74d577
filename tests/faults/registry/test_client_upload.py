"""Sending a blob: looked for before it is sent again, believed only when the registry says that it has it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import UnreachableError
from shiplane.ledger.artifact import LINES
from shiplane.registry.blob_upload import Uploader
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.manifest import Descriptor
from tests.faults.harness.access import failure
from tests.faults.harness.client_setup import AIONIS
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import store_blob
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.scene import PATH, Scene

CONTENT = b"some lines\n"
BLOB = Descriptor.of(CONTENT, LINES)


def uploader(scene: Scene) -> Uploader:
    registry = scene.client()
    return Uploader(registry)


def asked(scene: Scene) -> list[str]:
    """The methods of what was asked about blobs, in order."""
    return [entry.method for entry in scene.registry.log if "/blobs/" in entry.path and entry.status != 401]


def stored(scene: Scene) -> bool:
    return str(BLOB.digest) in scene.registry.shelf(PATH).blobs


def test_a_blob_is_sent_once_without_a_look() -> None:
    scene = Scene()
    assert uploader(scene).send(CONTENT, LINES) == BLOB
    assert (asked(scene), stored(scene)) == (["POST", "PUT"], True)


@pytest.mark.parametrize(("there", "methods"), [(True, ["HEAD"]), (False, ["HEAD", "POST", "PUT"])])
def test_one_that_is_probably_there_is_looked_for_first(methods: list[str], *, there: bool) -> None:
    scene = Scene()
    if there:
        store_blob(scene.registry.shelf(PATH), CONTENT, LINES)
    assert uploader(scene).send(CONTENT, LINES, likely_exists=True) == BLOB
    assert (asked(scene), stored(scene)) == (methods, True)


@pytest.mark.parametrize(("applied", "methods"), [(True, ["HEAD"]), (False, ["HEAD", "POST", "PUT"])])
def test_a_put_without_an_answer_is_looked_for_before_it_is_sent_again(methods: list[str], *, applied: bool) -> None:
    scene = Scene()
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", "blobs/uploads/", applied=applied)])
    assert uploader(scene).send(CONTENT, LINES) == BLOB
    assert [entry.method for entry in wire.log if "/blobs/" in entry.path and entry.status != 401] == [
        *("POST", "PUT"),
        *methods,
    ]
    assert stored(scene)


def test_a_put_that_is_always_lost_is_given_up_after_three() -> None:
    scene = Scene()
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", "blobs/uploads/", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match=f"blob {BLOB.digest} could not be uploaded to {AIONIS}: .*PUT"):
        uploader(scene).send(CONTENT, LINES)
    assert [entry.method for entry in wire.log].count("PUT") == 3


@dataclass
class Answering:
    """A registry that answers one method with something of its own, after it has done what was asked or not."""

    inner: MemoryRegistry
    method: str
    answer: Response
    sent: list[str] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method != self.method:
            return self.inner.send(request, limit=limit, deadline=deadline)
        self.sent.append(request.url)
        return self.answer


@pytest.mark.parametrize(
    ("method", "status"), [("PUT", 200), ("PUT", 202), ("PUT", 400), ("PUT", 503), ("POST", 200), ("POST", 400)]
)
def test_any_other_answer_is_no_yes_and_is_told(method: str, status: int) -> None:
    scene = Scene()
    scene.transport = wire = Answering(scene.registry, method, failure(status, "X", "the words"))
    with pytest.raises(UnreachableError, match=rf"HTTP {status}: .*the words"):
        uploader(scene).send(CONTENT, LINES)
    assert isinstance(scene.registry.clock, VirtualClock)
    assert (len(wire.sent), scene.registry.clock.sleeps) == (3, []), "sent by no client again, and not waited for"
    assert not stored(scene)


@dataclass
class Leading:
    """A registry that says where uploads go."""

    inner: MemoryRegistry
    location: str
    puts: list[str] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "PUT":
            self.puts.append(request.url)
            return Response(status=201, headers={}, body=b"")
        response = self.inner.send(request, limit=limit, deadline=deadline)
        if request.method != "POST" or response.status != 202:
            return response
        return replace(response, headers={**response.headers, "location": self.location})


DIGEST = f"digest=sha256%3A{str(BLOB.digest)[7:]}"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/v2/x/blobs/uploads/1", f"https://ghcr.io/v2/x/blobs/uploads/1?{DIGEST}"),
        ("/v2/x/blobs/uploads/1?state=a", f"https://ghcr.io/v2/x/blobs/uploads/1?state=a&{DIGEST}"),
        ("https://ghcr.io/upload/1", f"https://ghcr.io/upload/1?{DIGEST}"),
        ("https://GHCR.io:443/upload/1", f"https://GHCR.io:443/upload/1?{DIGEST}"),
        ("1", f"https://ghcr.io/v2/cognary/aionis/blobs/uploads/1?{DIGEST}"),
        ("?upload=1", f"https://ghcr.io/v2/cognary/aionis/blobs/uploads/?upload=1&{DIGEST}"),
    ],
)
def test_the_content_goes_where_the_registry_says_within_itself(location: str, url: str) -> None:
    scene = Scene()
    scene.transport = wire = Leading(scene.registry, location)
    assert uploader(scene).send(CONTENT, LINES) == BLOB
    assert wire.puts == [url]


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/upload/1",
        "https://ghcr.io.elsewhere.example/upload/1",
        "https://ghcr.io:8443/upload/1",
        "http://ghcr.io/upload/1",
        "//elsewhere.example/upload/1",
        "ftp://ghcr.io/upload/1",
        "https://ghcr.io:port/upload/1",
    ],
)
def test_it_goes_nowhere_else(location: str) -> None:
    scene = Scene()
    scene.transport = wire = Leading(scene.registry, location)
    with pytest.raises(UnreachableError, match=r"ghcr\.io: an upload was opened at"):
        uploader(scene).send(CONTENT, LINES)
    assert wire.puts == []

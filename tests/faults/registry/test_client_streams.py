"""Bodies that flow: over real sockets, piece by piece, and left to nobody when they stop."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from shiplane.registry.http.exchange import Request, Response, TransportError, Upload
from shiplane.registry.http.transport import HttpTransport
from tests.faults.harness.access import Access
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.server import Served, drip, raw, serve

CONTENT = bytes(range(256)) * 4096
LIMIT = 1 << 20


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(MemoryRegistry(access=Access(scheme="none"))) as served:
        yield served


def receive(served: Served, *, deadline: float = 10.0) -> Response:
    request = Request(method="GET", url=served.url("/blob"), download=len(CONTENT))
    return HttpTransport({}, user_agent="test").send(request, limit=LIMIT, deadline=deadline)


def ok(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length


def pieces_of(response: Response) -> Iterator[bytes]:
    assert response.download
    assert response.body == b""
    with closing(response.download) as pieces:
        yield from pieces


def test_a_download_arrives_in_pieces(served: Served) -> None:
    served.rude["GET /blob"] = raw(ok(len(CONTENT)), CONTENT)
    pieces = list(pieces_of(receive(served)))
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= 64 * 1024


def test_an_error_is_read_to_its_end_all_the_same(served: Served) -> None:
    served.rude["GET /blob"] = raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nwords")
    response = receive(served)
    assert (response.status, response.body, response.download) == (404, b"words", None)


def test_one_that_is_cut_off_says_so(served: Served) -> None:
    served.rude["GET /blob"] = raw(ok(len(CONTENT)), CONTENT[:-1])
    pieces = pieces_of(receive(served))
    with pytest.raises(TransportError, match=r"the connection broke|cut off"):
        list(pieces)


def test_one_that_drips_is_left_at_its_deadline(served: Served) -> None:
    served.rude["GET /blob"] = drip(ok(len(CONTENT)), b"x", pause=0.05, seconds=20.0)
    pieces = pieces_of(receive(served, deadline=0.4))
    with pytest.raises(TransportError, match="no response within the time limit"):
        list(pieces)


def test_one_that_nobody_reads_holds_no_thread_and_no_socket(served: Served) -> None:
    before = threading.active_count()
    served.rude["GET /blob"] = raw(ok(len(CONTENT)), CONTENT)
    response = receive(served)
    assert response.download
    response.download.close()
    del response
    gc.collect()
    # A socket that was left open would be a ResourceWarning, which is an error here.
    assert threading.active_count() <= before + 1  # the server's own


def send(served: Served, upload: Upload) -> Response:
    request = Request(method="PUT", url=served.url("/v2/x/blobs/uploads/1?digest=sha256:0"), upload=upload)
    return HttpTransport({}, user_agent="test").send(request, limit=LIMIT, deadline=10.0)


def test_an_upload_is_sent_with_its_length_and_in_pieces(served: Served) -> None:
    seen: list[tuple[str, int]] = []
    served.spoil = lambda request, _carry_out: seen.append((request.headers["Content-Length"], len(request.body)))
    upload = Upload(size=len(CONTENT), open=lambda: iter([CONTENT[:1000], CONTENT[1000:]]))
    assert send(served, upload).status == 400, "this is not its digest"
    assert seen == [(str(len(CONTENT)), len(CONTENT))]


def test_one_without_content_has_a_length_too(served: Served) -> None:
    seen: list[str] = []
    served.spoil = lambda request, _carry_out: seen.append(request.headers["Content-Length"])
    send(served, Upload(size=0, open=lambda: iter(())))
    assert seen == ["0"]


def test_one_whose_source_fails_never_arrives_whole(served: Served) -> None:
    closed: list[bool] = []

    def failing() -> Iterator[bytes]:
        try:
            yield CONTENT[:1000]
            raise KeyError("the source")
        finally:
            closed.append(True)

    with pytest.raises(KeyError, match="the source"):
        send(served, Upload(size=len(CONTENT), open=failing))
    assert closed == [True]
    assert served.memory.shelf("x").blobs == {}


def test_one_that_is_refused_while_it_is_sent_is_closed(served: Served) -> None:
    closed: list[bool] = []

    def refuse(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    def endless() -> Iterator[bytes]:
        try:
            for _ in range(16):
                yield CONTENT
        finally:
            closed.append(True)

    served.spoil = lambda _request, _carry_out: refuse
    with pytest.raises(TransportError):
        send(served, Upload(size=16 * len(CONTENT), open=endless))
    assert closed == [True]


def test_what_is_sent_may_be_read_from_the_same_server_meanwhile(served: Served) -> None:
    transport = HttpTransport({}, user_agent="test")
    served.rude["GET /blob"] = raw(ok(len(CONTENT)), CONTENT)
    request = Request(method="GET", url=served.url("/blob"), download=len(CONTENT))

    def read() -> Iterator[bytes]:
        yield from pieces_of(transport.send(request, limit=LIMIT, deadline=10.0))

    upload = Upload(size=len(CONTENT), open=read)
    url = served.url("/v2/x/blobs/uploads/1?digest=sha256:0")
    response = transport.send(Request(method="PUT", url=url, upload=upload), limit=LIMIT, deadline=10.0)
    assert response.status == 400, "it arrived, and this is not its digest"

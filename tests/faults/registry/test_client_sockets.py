"""The real transport over real sockets: what a peer may do to us, and that we notice within the deadline."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator

import pytest

from shiplane.core.credential import Credential
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import ERROR_LIMIT, OversizedError, Request, Response, TransportError
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.registry.oci.names import Repository, Tag
from tests.faults.harness.client_setup import PASSWORD, accounts
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.server import Rude, Served, drip, flood, raw, reset, serve

OK = b"HTTP/1.1 200 OK\r\n"
LIMIT = 1000
DEADLINE = 0.25


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(MemoryRegistry(access=accounts())) as running:
        yield running


def ask(served: Served, answer: Rude, *, limit: int = LIMIT, method: str = "GET", deadline: float = 10.0) -> Response:
    served.rude[f"{method} /x"] = answer
    request = Request(method=method, url=served.url("/x"))
    return HttpTransport({}, user_agent="test").send(request, limit=limit, deadline=deadline)


ENDLESS = {"pause": 0.02, "seconds": 4.0}
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NEVER_COMPLETE = {
    "a connection that is closed at once": raw(),
    "a connection that is reset at once": reset(),
    "a reset within the headers": reset(OK + b"Content-Le"),
    "a reset within the body": reset(OK + b"Content-Length: 100\r\n\r\n", b"x" * 40),
    "a body shorter than its length": raw(OK + b"Content-Length: 100\r\n\r\n" + b"x" * 40),
    "a chunked body that ends within a chunk": raw(CHUNKED + b"a\r\n12345"),
    "a chunked body that ends between chunks": raw(CHUNKED + b"5\r\n12345\r\n"),
    "a chunk whose size is no number": raw(CHUNKED + b"zz\r\n12345\r\n0\r\n\r\n"),
    "silence": raw(b"", pause=2.0),
    "silence after the headers": raw(OK + b"Content-Length: 9\r\n\r\n", b"", pause=1.0),
    "a status line that drips": drip(b"HTTP/1.1 200 ", b"O", **ENDLESS),
    "headers that drip": drip(OK + b"X-Slow: ", b"a", **ENDLESS),
    "headers without end, line by line": drip(OK, b"X: y\r\n", **ENDLESS),
    "a body that drips": drip(OK + b"Content-Length: 500\r\n\r\n", b"x", **ENDLESS),
    "a chunked body that drips": drip(CHUNKED, b"1\r\nx\r\n", **ENDLESS),
    "a chunk size that drips": drip(CHUNKED, b"0", **ENDLESS),
    "informational answers that drip": drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n", **ENDLESS),
    "another protocol": raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "something that is not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "two lengths that contradict": raw(OK + b"Content-Length: 5\r\nContent-Length: 4\r\n\r\n12345"),
    "a body in an encoding that was not asked for": raw(OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"),
}


@pytest.mark.parametrize("answer", NEVER_COMPLETE.values(), ids=NEVER_COMPLETE.keys())
def test_an_answer_that_is_not_complete_in_time_is_none(served: Served, answer: Rude) -> None:
    begun = time.monotonic()
    with pytest.raises(TransportError):
        ask(served, answer, deadline=DEADLINE)
    assert time.monotonic() - begun < DEADLINE + 0.5


TOO_LARGE = {
    "a body one byte over the limit": raw(OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001),
    "a body that is announced as huge": flood(OK + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65536),
    "a chunked body without end": flood(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "too many headers": raw(OK + b"A: b\r\n" * 200 + b"\r\n"),
    "too many headers of an informational answer": raw(b"HTTP/1.1 103 E\r\n" + b"A: b\r\n" * 200 + b"\r\n"),
    "a header line of a megabyte": raw(OK + b"A: " + b"b" * 1_000_000 + b"\r\n\r\n"),
    "a body that ends when it likes": flood(OK + b"Connection: close\r\n\r\n", b"x" * 65536),
}


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_body_over_the_limit_is_refused_without_reading_it(served: Served, answer: Rude) -> None:
    with pytest.raises(OversizedError):
        ask(served, answer)


def test_a_body_of_exactly_the_limit_is_taken(served: Served) -> None:
    assert len(ask(served, raw(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)).body) == LIMIT


def test_a_gzip_bomb_is_never_inflated(served: Served) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    with pytest.raises(TransportError, match="gzip"):
        ask(served, raw(OK + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb))


def test_the_body_of_a_failure_is_cut_and_is_no_failure_of_its_own(served: Served) -> None:
    response = ask(served, flood(b"HTTP/1.1 503 No\r\nConnection: close\r\n\r\n", b"x" * 65536), limit=2)
    assert (response.status, len(response.body)) == (503, ERROR_LIMIT)


def test_the_page_that_comes_with_a_redirect_may_be_longer_than_what_is_looked_for(served: Served) -> None:
    # Go writes an <a href> into every redirect; the empty config that artifacts have is 2 bytes.
    page = b"<a href='https://storage.example/blob?signature'>Temporary Redirect</a>"
    head = f"HTTP/1.1 307 T\r\nLocation: https://storage.example/\r\nContent-Length: {len(page)}\r\n\r\n".encode()
    assert ask(served, raw(head + page), limit=2).status == 307


def test_a_failure_keeps_its_status_even_in_an_encoding_that_was_not_asked_for(served: Served) -> None:
    response = ask(served, raw(b"HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"))
    assert (response.status, response.body) == (403, b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST"])
def test_informational_answers_are_passed_over(served: Served, method: str) -> None:
    early = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    )
    body = b"" if method == "HEAD" else b"{}"
    response = ask(served, raw(early, b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n" + body), method=method)
    assert (response.status, response.body, response.headers) == (201, body, {"content-length": "2"})


LEGAL = {
    "HTTP/1.0": raw(b"HTTP/1.0 200 OK\r\n\r\n{}"),
    "HTTP/1.0 that stays": raw(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"),
    "no length": raw(OK + b"\r\n{}"),
    "chunks": raw(CHUNKED + b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: z\r\n\r\n"),
    "no reason": raw(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}"),
    "line feeds alone": raw(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"),
    "99 headers": raw(OK + b"A: b\r\n" * 98 + b"Content-Length: 2\r\n\r\n{}"),
}


@pytest.mark.parametrize("answer", LEGAL.values(), ids=LEGAL.keys())
def test_what_is_legal_is_read(served: Served, answer: Rude) -> None:
    assert ask(served, answer).body == b"{}"


HEADS = {
    "a length": raw(OK + b"Content-Length: 70000\r\n\r\n"),
    "no length": raw(OK + b"\r\n"),
    "chunks": raw(CHUNKED),
    "HTTP/1.0": raw(b"HTTP/1.0 200 OK\r\n\r\n"),
}


@pytest.mark.parametrize("answer", HEADS.values(), ids=HEADS.keys())
def test_the_answer_to_a_head_has_no_body_whatever_it_says(served: Served, answer: Rude) -> None:
    response = ask(served, answer, method="HEAD")
    assert (response.status, response.body) == (200, b"")


def test_headers_that_are_given_twice_are_joined_so_that_none_is_hidden(served: Served) -> None:
    twice = b"Content-Type: a/b\r\nContent-Type: c/d\r\nLink: <1>\r\nLink: <2>\r\nContent-Length: 0\r\n\r\n"
    headers = ask(served, raw(OK + twice)).headers
    assert headers["content-type"] == "a/b, c/d"
    assert headers["link"] == "<1>, <2>"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_transport_itself_follows_no_redirect(served: Served, status: int) -> None:
    response = ask(served, raw(f"HTTP/1.1 {status} Moved\r\nLocation: /v2/\r\nContent-Length: 0\r\n\r\n".encode()))
    assert response.status == status
    assert served.memory.log == []


def test_a_port_where_nobody_listens_is_no_answer() -> None:
    request = Request(method="GET", url="http://127.0.0.1:1/")
    with pytest.raises(TransportError, match="refused"):
        HttpTransport({}, user_agent="test").send(request, limit=1, deadline=1)


@pytest.mark.parametrize("url", ["https://[::1/", "http://127.0.0.1:99999/", "http://exa mple/", "ftp://127.0.0.1/"])
def test_an_address_that_is_none_is_no_answer_either(url: str) -> None:
    with pytest.raises(TransportError):
        HttpTransport({}, user_agent="test").send(Request(method="GET", url=url), limit=1, deadline=1)


def test_a_connection_is_used_again_and_its_deadline_starts_anew(served: Served) -> None:
    transport = HttpTransport({}, user_agent="test")
    request = Request(method="GET", url=served.url("/v2/"))
    for _ in range(4):
        assert transport.send(request, limit=LIMIT, deadline=DEADLINE).status == 401
        time.sleep(DEADLINE / 3)
    assert served.connections == 1


def test_a_whole_story_over_a_real_socket(served: Served) -> None:
    raw_index = push_image(served.memory, "cognary/aionis")
    repository = Repository(served.address, "cognary/aionis")
    robot = Credential(registry=served.address, username="robot", password=PASSWORD, source="test")
    client = RegistryClient(Session(transport=HttpTransport({}, user_agent="test"), credential=robot), repository)
    assert client.probe_push() == ""
    assert client.get_manifest(Tag("v0.2.1")) == Absent()
    assert client.put_manifest(Tag("v0.2.1"), raw_index).certain
    assert client.get_manifest(Tag("v0.2.1")) == Present(raw_index)
    assert client.tags() == ["v0.2.1"]


def test_the_rest_of_an_answer_that_was_cut_is_not_taken_for_the_next_one(served: Served) -> None:
    # All of it is on its way before the connection would be used again.
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno" * 20_000
    head = f"HTTP/1.1 503 No\r\nContent-Length: {len(page)}\r\n\r\n".encode()
    served.rude["GET /x"] = raw(head + page, pause=0.2)
    transport = HttpTransport({}, user_agent="test")
    refused = transport.send(Request(method="GET", url=served.url("/x")), limit=LIMIT, deadline=DEADLINE)
    assert refused.status == 503
    assert transport.send(Request(method="GET", url=served.url("/v2/")), limit=LIMIT, deadline=DEADLINE).status == 401

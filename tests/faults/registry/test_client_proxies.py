"""Requests through a proxy: bounded from the first byte, with its login, and only where docker would use it."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from shiplane.core.errors import MisconfiguredError
from shiplane.registry.http.connections import ExchangeSocket
from shiplane.registry.http.exchange import OversizedError, Request, Response, TransportError
from shiplane.registry.http.proxies import bypasses, proxy_for, proxy_passwords
from shiplane.registry.http.retry import RetryPolicy
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.transport import HttpTransport
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.proxying import proxy
from tests.faults.harness.server import raw, reset, serve

DEADLINE = 0.25
# A name that resolves nowhere: what reaches it came through a proxy.
REGISTRY = "https://registry.example/v2/"
FORWARD = "http://registry.example/v2/"


def ask(env: Mapping[str, str], url: str = REGISTRY, *, deadline: float = 10.0) -> Response:
    return HttpTransport(env, user_agent="test").send(Request(method="GET", url=url), limit=1000, deadline=deadline)


@dataclass
class Drip:
    """Answers with a head, then one piece after the other with pauses: alive, but done only after many.

    With ``handshake`` it begins a handshake between the two, after the client's first word.
    """

    head: bytes
    piece: bytes
    handshake: bool = False
    sent: int = 0

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self.head)
        if self.handshake:
            connection.recv(1)
            connection.sendall(b"\x16\x03\x03\x40\x00")
        for self.sent in range(1, MANY + 1):
            connection.sendall(self.piece)
            time.sleep(0.02)


MANY = 100
TUNNELLED = {
    "a status line that drips": Drip(b"HTTP/1.1 200 ", b"O"),
    "headers that drip": Drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
    "headers without end": Drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "informational answers without end": Drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a handshake that drips": Drip(b"HTTP/1.1 200 OK\r\n\r\n", b"\x02", handshake=True),
}
FORWARDED = {name: answer for name, answer in TUNNELLED.items() if not answer.handshake}


@pytest.mark.parametrize(
    ("url", "answer"),
    [(REGISTRY, answer) for answer in TUNNELLED.values()] + [(FORWARD, answer) for answer in FORWARDED.values()],
    ids=[f"tunnelled: {name}" for name in TUNNELLED] + [f"forwarded: {name}" for name in FORWARDED],
)
def test_a_proxy_that_never_finishes_its_answer_is_cut_off(url: str, answer: Drip) -> None:
    answer.sent = 0
    with proxy(answer=answer) as running, pytest.raises(TransportError, match="no response within the time limit"):
        ask({"HTTPS_PROXY": running.address, "HTTP_PROXY": running.address}, url, deadline=DEADLINE)
    assert answer.sent < MANY


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["at once", "after the tunnel stands"])
def test_a_proxy_that_falls_silent_is_left(head: bytes) -> None:
    silent = raw(head, b"", pause=5.0)
    with proxy(answer=silent) as running, pytest.raises(TransportError, match="no response within the time limit"):
        ask({"HTTPS_PROXY": running.address}, deadline=DEADLINE)


def test_all_addresses_of_a_host_share_one_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        place = deaf.getsockname()
        filled = [socket.socket() for _ in range(4)]
        for waiting in filled:  # the queue of connections that nobody accepts: further ones get no answer
            waiting.setblocking(False)
            waiting.connect_ex(place)
        known = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place)] * 50
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_named: known)
        tried: list[object] = []
        connect = socket.socket.connect

        def counted(self: socket.socket, address: object) -> None:
            tried.append(address)
            connect(self, address)  # type: ignore[arg-type]

        monkeypatch.setattr(socket.socket, "connect", counted)
        with pytest.raises(TransportError, match="within the time limit"):
            ask({}, "http://registry.example/", deadline=DEADLINE)
        for waiting in filled:
            waiting.close()
    assert len(tried) == 1


def test_a_line_that_was_cut_before_there_was_a_socket_cuts_the_socket_that_comes() -> None:
    ours, theirs = socket.socketpair()
    line = ExchangeSocket(10)
    line.cut()
    with ours, theirs:
        line.watch(ours.fileno())
        assert theirs.recv(1) == b""
        assert line.left == 0
        line.release()


def test_a_proxy_may_send_informational_answers_before_it_answers() -> None:
    with serve(MemoryRegistry()) as served, proxy(before=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") as running:
        running.targets = {"registry.example:443": served.address}
        with pytest.raises(TransportError, match="TLS failed"):  # the tunnel stands; behind it nobody speaks TLS
            ask({"HTTPS_PROXY": running.address})


LOGINS = {
    "user:secret": "user:secret",
    "user:p%40ss%3Aw%2Frd": "user:p@ss:w/rd",
    "user:p@ss": "user:p@ss",
    "user": "user:",
    "us%C3%A9r:%E2%82%AC": "usér:€",
}


@pytest.mark.parametrize(("written", "meant"), LOGINS.items())
@pytest.mark.parametrize("url", [REGISTRY, FORWARD], ids=["tunnelled", "forwarded"])
def test_a_proxy_s_own_login_is_sent_to_it_and_to_nobody_else(written: str, meant: str, url: str) -> None:
    with proxy(answer=raw(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")) as running:
        env = {"HTTPS_PROXY": f"http://{written}@{running.address}", "http_proxy": f"{written}@{running.address}"}
        if url == REGISTRY:
            with pytest.raises(TransportError, match="HTTP 503"):
                ask(env, url)
        else:
            assert ask(env, url).status == 503
    (head,) = running.heads
    expected = base64.b64encode(meant.encode()).decode()
    assert f"proxy-authorization: Basic {expected}\r\n".lower() in head.lower()
    assert "@" not in head.splitlines()[0]


def test_the_login_of_a_proxy_does_not_go_through_its_tunnel() -> None:
    with serve(MemoryRegistry()) as served, proxy() as running:
        running.targets = {"registry.example:443": served.address}
        seen: list[bytes] = []

        def listen(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            seen.append(connection.recv(65536))

        running.answer = listen
        with pytest.raises(TransportError):
            ask({"HTTPS_PROXY": f"http://user:secret@{running.address}"})
    assert b"authorization" not in seen[0].lower()


@pytest.mark.parametrize("status", [403, 407])
@pytest.mark.parametrize("login", ["", "user:secret@"])
def test_a_proxy_that_refuses_is_named_with_the_remedy_and_not_asked_again(status: int, login: str) -> None:
    clock = VirtualClock()
    with proxy(answer=raw(f"HTTP/1.1 {status} No\x1b[31m way\r\n\r\n".encode())) as running:
        env = {"https_proxy": f"http://{login}{running.address}"}
        transport = HttpTransport(env, user_agent="test")
        sender = RetryPolicy(transport=transport, retry_budget=RetryBudget(clock=clock), error_text=str)
        with pytest.raises(MisconfiguredError) as refused:
            sender.send(Request(method="GET", url=REGISTRY), limit=10)
    text = str(refused.value)
    assert f"proxy http://{running.address} responded with HTTP {status} No way" in text
    assert ("https_proxy" if status == 407 else "NO_PROXY") in text
    assert "secret" not in text
    assert (len(running.heads), clock.sleeps) == (1, [])


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_proxy_that_may_answer_otherwise_in_a_moment_is_asked_again(status: int) -> None:
    answer = raw(f"HTTP/1.1 {status} Busy\r\n\r\n".encode())
    with proxy(answer=answer) as running, pytest.raises(TransportError, match=f"responded with HTTP {status} Busy"):
        ask({"HTTPS_PROXY": running.address})


def test_a_proxy_that_hangs_up_or_is_not_there_is_named() -> None:
    with proxy(answer=reset()) as running, pytest.raises(TransportError, match="the connection broke"):
        ask({"HTTPS_PROXY": running.address})
    with pytest.raises(TransportError, match=r"proxy 127\.0\.0\.1:1: the connection was refused"):
        ask({"HTTPS_PROXY": "127.0.0.1:1"})


def test_a_proxy_s_header_is_read_to_its_limit() -> None:
    answer = raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n")
    with proxy(answer=answer) as running, pytest.raises(OversizedError, match="65536 bytes"):
        ask({"HTTPS_PROXY": running.address})


def test_a_host_s_own_proxy_wins_over_the_one_for_all_and_lower_case_over_upper() -> None:
    env = {"ALL_PROXY": "a:1", "HTTPS_PROXY": "b:1", "https_proxy": "c:1"}
    for name, url in (("https_proxy", "http://c:1"), ("HTTPS_PROXY", "http://b:1"), ("ALL_PROXY", "http://a:1")):
        chosen = proxy_for(REGISTRY, env)
        assert chosen is not None
        assert (chosen.name, chosen.url) == (name, url)
        del env[name]
    assert proxy_for(REGISTRY, env) is None


@pytest.mark.parametrize("url", ["https://127.0.0.1:5000/", "http://localhost/", "https://[::1]/v2/"])
def test_this_machine_itself_is_never_asked_through_a_proxy(url: str) -> None:
    assert proxy_for(url, {"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:1"}) is None


BYPASSED = {
    "*": True,
    "corp.example": True,
    "registry.corp.example": True,
    "example": True,
    ".corp.example": True,
    "*.corp.example": True,
    "REGISTRY.Corp.Example": True,
    "a.example, corp.example": True,
    "a.example corp.example": True,
    "corp.example:443": True,
    "registry.corp.example:443": True,
    "corp.example:5000": False,
    ".registry.corp.example": False,
    "*.registry.corp.example": False,
    "p.example": False,
    "rp.example": False,
    "10.0.0.0/8": False,
    "": False,
    ",, ,": False,
}


@pytest.mark.parametrize(("exceptions", "bypassed"), BYPASSED.items())
def test_no_proxy_means_what_it_means_to_docker(exceptions: str, bypassed: bool) -> None:  # noqa: FBT001
    assert bypasses(exceptions, "registry.corp.example", 443) is bypassed
    env = {"HTTPS_PROXY": "p:1", "no_proxy": exceptions}
    assert (proxy_for("https://registry.corp.example/v2/", env) is None) is bypassed


@pytest.mark.parametrize(
    ("exceptions", "host", "bypassed"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3:443", "10.1.2.3", True),
        ("10.1.2.3:80", "10.1.2.3", False),
        ("10.1.2.4", "10.1.2.3", False),
        ("2.3", "10.1.2.3", True),  # as a name; no resolver gives such a one
        ("fd00::/8", "fd00::5", True),
        ("[fd00::5]", "fd00::5", True),
        ("[fd00::5]:443", "fd00::5", True),
        ("[fd00::5]:80", "fd00::5", False),
        ("fd00:0::5", "fd00::5", True),
        ("10.0.0.0/99", "10.0.0.1", False),
        ("[", "10.0.0.1", False),
        (":443", "10.0.0.1", False),
    ],
)
def test_no_proxy_knows_addresses_and_networks(exceptions: str, host: str, bypassed: bool) -> None:  # noqa: FBT001
    assert bypasses(exceptions, host, 443) is bypassed


def test_the_passwords_of_proxies_are_known_as_they_stand_there_and_as_they_are_meant() -> None:
    env = {"HTTPS_PROXY": "http://u:p%40ss@p:1", "http_proxy": "u:plain@p:1", "NO_PROXY": "a", "ALL_PROXY": "http://[@"}
    assert set(proxy_passwords(env)) == {"p%40ss", "p@ss", "plain"}

"""Certificates: who is trusted, what is shown, and that a wrong one is no outage."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from shiplane.core.errors import MisconfiguredError, UnreachableError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, TransportError
from shiplane.registry.http.retry import RetryPolicy
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Unknown
from shiplane.registry.oci.names import Repository, Tag
from tests.faults.harness.certificates import NOW, Authority
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.proxying import proxy
from tests.faults.harness.serving import serving

V = Tag("v0.2.1")


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext
    shown: list[bool]

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say of clients that do not trust it."""


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        plain = self.request.dup()
        with (
            plain,
            self.server.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False) as secured,
        ):
            try:
                secured.do_handshake()
            except ssl.SSLError:
                # Its alert has to be read before the connection is reset: TLS 1.3 sends it after the client's part.
                plain.recv(65536)
                return
            secured.recv(65536)
            self.server.shown.append(bool(secured.getpeercert()))
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


@contextmanager
def secure_server(context: ssl.SSLContext) -> Iterator[tuple[str, list[bool]]]:
    """A server with a certificate; gives its address, and for each request whether it was shown one, too."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.context, server.shown = context, []
    with serving(server) as address:
        yield address, server.shown


def ask(address: str, **env: str) -> Response:
    request = Request(method="GET", url=f"https://{address}/v2/")
    return HttpTransport(env, user_agent="test").send(request, limit=100, deadline=10)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def docker_folder(home: Path, address: str) -> Path:
    """Where an engine without root has the certificates of a registry."""
    folder = home / ".config/docker/certs.d" / address
    folder.mkdir(parents=True)
    return folder


def test_an_authority_that_nobody_named_is_not_trusted_and_the_remedy_says_where_to_put_it(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.server("127.0.0.1")
    with secure_server(context) as (address, shown), pytest.raises(MisconfiguredError) as refused:
        ask(address, HOME=str(tmp_path))
    assert f"the certificate of {address} is not trusted: " in refused.value.what
    assert f"/etc/docker/certs.d/{address}/ca.crt" in refused.value.remedy
    assert "SSL_CERT_FILE" in refused.value.remedy
    assert shown == []


def test_an_authority_is_trusted_where_docker_has_it_for_this_registry_and_for_no_other(
    authority: Authority, tmp_path: Path
) -> None:
    with secure_server(authority.server("127.0.0.1")) as (address, _):
        (docker_folder(tmp_path, address) / "ca.crt").write_bytes(authority.path.read_bytes())
        assert ask(address, HOME=str(tmp_path)).status == 200
        assert ask(address, XDG_CONFIG_HOME=str(tmp_path / ".config")).status == 200
        with secure_server(authority.server("127.0.0.1")) as (other, _), pytest.raises(MisconfiguredError):
            ask(other, HOME=str(tmp_path))


def test_what_docker_has_for_the_registry_is_trusted_beside_the_other_authorities(
    authority: Authority, tmp_path: Path
) -> None:
    with secure_server(authority.server("127.0.0.1")) as (address, _):
        other = Authority(tmp_path / "other")
        (docker_folder(tmp_path, address) / "other.crt").write_bytes(other.path.read_bytes())
        assert ask(address, HOME=str(tmp_path), REQUESTS_CA_BUNDLE=str(authority.path)).status == 200


def test_the_environment_s_file_of_authorities_is_trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secure_server(authority.server("127.0.0.1")) as (address, _):
        assert ask(address, REQUESTS_CA_BUNDLE=str(authority.path)).status == 200
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))  # OpenSSL reads it itself
        assert ask(address).status == 200


@pytest.mark.parametrize("content", [None, b"no certificate", b""])
def test_a_file_of_authorities_that_is_none_is_named(
    authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    with secure_server(authority.server("127.0.0.1")) as (address, shown):
        with pytest.raises(MisconfiguredError, match=r"REQUESTS_CA_BUNDLE names .*bundle\.pem, which cannot be read"):
            ask(address, REQUESTS_CA_BUNDLE=str(bundle))
        (docker_folder(tmp_path, address) / "ca.crt").write_bytes(b"no certificate")
        with pytest.raises(MisconfiguredError, match=r"ca\.crt cannot be read as certificates"):
            ask(address, HOME=str(tmp_path))
    assert shown == []


WRONG = {
    "expired": ({"until": NOW - timedelta(hours=1)}, "127.0.0.1", "certificate has expired", "renewed"),
    "another name": ({}, "registry.example", "certificate is not valid for '127.0.0.1'", "Use a name"),
}


@pytest.mark.parametrize(("more", "name", "words", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_a_certificate_that_is_wrong_is_named_as_it_is(
    authority: Authority, more: dict[str, object], name: str, words: str, remedy: str
) -> None:
    context = authority.server(name, **more)  # type: ignore[arg-type]
    with secure_server(context) as (address, shown), pytest.raises(MisconfiguredError) as refused:
        ask(address, REQUESTS_CA_BUNDLE=str(authority.path))
    assert words in refused.value.what
    assert remedy in refused.value.remedy
    assert shown == []


def test_a_registry_that_asks_for_a_certificate_gets_docker_s(authority: Authority, tmp_path: Path) -> None:
    with secure_server(authority.server("127.0.0.1", asks=True)) as (address, shown):
        folder = docker_folder(tmp_path, address)
        (folder / "ca.crt").write_bytes(authority.path.read_bytes())
        with pytest.raises(MisconfiguredError, match="rejected the client certificate") as refused:
            ask(address, HOME=str(tmp_path))
        assert "client.cert" in refused.value.remedy
        certificate, key = authority.issue("somebody", file="client")
        (folder / "client.cert").write_bytes(certificate.read_bytes())
        with pytest.raises(
            MisconfiguredError, match=r"client\.cert with client\.key cannot be used as a client certificate"
        ):
            ask(address, HOME=str(tmp_path))
        (folder / "client.key").write_bytes(key.read_bytes())
        assert ask(address, HOME=str(tmp_path)).status == 200
    assert shown == [True]


def test_a_key_with_a_password_asks_nobody(authority: Authority, tmp_path: Path) -> None:
    with secure_server(authority.server("127.0.0.1", asks=True)) as (address, _):
        folder = docker_folder(tmp_path, address)
        certificate, key = authority.issue("somebody", file="client", password=b"p4ss")
        (folder / "client.cert").write_bytes(certificate.read_bytes())
        (folder / "client.key").write_bytes(key.read_bytes())
        with pytest.raises(MisconfiguredError, match="the key has a password"):
            ask(address, HOME=str(tmp_path))


def test_a_host_that_is_a_step_upwards_has_no_certificates(tmp_path: Path) -> None:
    (tmp_path / ".config/docker/ca.crt").parent.mkdir(parents=True)
    (tmp_path / ".config/docker/certs.d").mkdir()
    (tmp_path / ".config/docker/ca.crt").write_bytes(b"no certificate: whoever read it would say so")
    # Since 3.13 Python itself refuses the name before there is a connection.
    with pytest.raises(TransportError, match=r"proxy|label empty"):
        ask("..", HOME=str(tmp_path), HTTPS_PROXY="127.0.0.1:1")


def test_a_certificate_is_no_outage_it_is_not_asked_again_and_the_remedy_reaches_the_user(authority: Authority) -> None:
    clock = VirtualClock()
    with secure_server(authority.server("registry.example")) as (address, shown), proxy() as running:
        running.targets = {"registry.example:443": address}
        transport = HttpTransport({"HTTPS_PROXY": running.address}, user_agent="test")
        session = Session(transport=transport, retry_budget=RetryBudget(clock=clock))
        registry = RegistryClient(session, Repository("registry.example", "cognary/aionis"))
        answer = registry.get_manifest(V)
        assert isinstance(answer, Unknown)
        assert "the certificate of registry.example is not trusted" in answer.reason
        with pytest.raises(MisconfiguredError) as ended:
            resolve(registry, V)
        assert ended.value.exit_code == 7
        assert ended.value.passing.endswith(ended.value.remedy)
        assert "/etc/docker/certs.d/registry.example/ca.crt" in ended.value.remedy
        with pytest.raises(MisconfiguredError):
            registry.tags()
    assert (len(running.heads), clock.sleeps, shown) == (3, [], [])


def test_the_certificate_of_a_proxy_on_https_is_told_as_the_proxy_s(authority: Authority, tmp_path: Path) -> None:
    with secure_server(authority.server("127.0.0.1")) as (address, _):
        with pytest.raises(MisconfiguredError, match=f"the certificate of {address} is not trusted"):
            ask("registry.example", HTTPS_PROXY=f"https://{address}", HOME=str(tmp_path))
        trusting = {"HTTPS_PROXY": f"https://{address}", "REQUESTS_CA_BUNDLE": str(authority.path)}
        with pytest.raises(TransportError, match=r"TLS failed|the connection broke"):  # it tunnels to nobody
            ask("registry.example", **trusting)


def test_a_server_without_tls_is_tried_again_since_it_may_be_starting(tmp_path: Path) -> None:
    from tests.faults.harness.memory import MemoryRegistry
    from tests.faults.harness.server import serve

    clock = VirtualClock()
    with serve(MemoryRegistry()) as served:
        transport = HttpTransport({"HOME": str(tmp_path)}, user_agent="test")
        sender = RetryPolicy(transport=transport, retry_budget=RetryBudget(clock=clock), error_text=str)
        with pytest.raises(UnreachableError, match="TLS failed"):
            sender.send(Request(method="GET", url=f"https://{served.address}/v2/"), limit=10)
    assert len(clock.sleeps) == 4

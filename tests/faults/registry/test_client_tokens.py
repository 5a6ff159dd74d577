"""Where a credential goes, and where it never goes: the place is named by foreign text, so this is a border."""

from __future__ import annotations

import threading

import pytest

from shiplane.core.credential import Credential
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.session import Session
from shiplane.registry.http.tokens import Challenge, realm_problem
from shiplane.registry.oci.lookup_result import Present, Refused, Unknown
from shiplane.registry.oci.names import Repository, Tag
from tests.faults.harness.access import answer, failure
from tests.faults.harness.client_setup import AIONIS, PASSWORD, ROBOT, ClientSetup
from tests.faults.harness.faults import F, Fault, Faulty, Instead
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry

V = Tag("v0.2.1")
LOCAL = Repository("127.0.0.1:5000", "x/y")
HUB = Repository("docker.io", "cognary/aionis")
DEEP = Repository("eu.registry.example.com", "x/y")
INNER = Repository("10.0.0.5", "x/y")

TRUSTED = [
    ("https://ghcr.io/token", AIONIS),
    ("https://GHCR.io/token", AIONIS),
    ("https://ghcr.io:443/token", AIONIS),
    ("https://ghcr.io/token?x=y", AIONIS),
    ("https://auth.ghcr.io/token", AIONIS),
    ("https://auth.docker.io/token", HUB),
    ("https://registry.example.com/token", DEEP),
    ("https://example.com/token", DEEP),
    ("https://10.0.0.5/token", INNER),
    ("http://127.0.0.1:5001/token", LOCAL),
    ("http://localhost:5001/token", LOCAL),
    ("http://[::1]:5001/token", Repository("[::1]:5000", "x/y")),
    ("https://127.0.0.1:5001/token", LOCAL),
]
DISTRUSTED = [
    ("https://evil.example/token", AIONIS),
    ("https://io/token", AIONIS),
    ("https://notghcr.io/token", AIONIS),
    ("https://ghcr.io.evil.example/token", AIONIS),
    ("https://ghcr.i0/token", AIONIS),
    ("https://ghcr.io./token", AIONIS),
    ("https://\u0261hcr.io/token", AIONIS),
    ("https://xn--hcr-qmc.io/token", AIONIS),
    ("https://ghcr.io@evil.example/token", AIONIS),
    ("https://user@ghcr.io/token", AIONIS),
    ("https://@ghcr.io/token", AIONIS),
    ("https://u:p@ghcr.io/token", AIONIS),
    ("https://evil.example\\.ghcr.io/token", AIONIS),
    ("https://evil.example\\@ghcr.io/token", AIONIS),
    ("https://evil.example#.ghcr.io/token", AIONIS),
    ("https://evil.example?.ghcr.io/token", AIONIS),
    ("https://evil.example/.ghcr.io/token", AIONIS),
    ("https://evil.example%2f.ghcr.io/token", AIONIS),
    ("https://evil.example%00.ghcr.io/token", AIONIS),
    ("https://evil.example\t.ghcr.io/token", AIONIS),
    ("https://evil.example .ghcr.io/token", AIONIS),
    ("https://evil.example\r\n.ghcr.io/token", AIONIS),
    ("https://evil.example;.ghcr.io/token", AIONIS),
    (" https://ghcr.io/token", AIONIS),
    ("https://ghcr.io/token\n", AIONIS),
    ("https://ghcr.io/token#", AIONIS),
    ("https://ghcr.io/token?a#b", AIONIS),
    ("http://ghcr.io/token", AIONIS),
    ("HTTPS//ghcr.io/token", AIONIS),
    ("//ghcr.io/token", AIONIS),
    ("ghcr.io/token", AIONIS),
    ("/token", AIONIS),
    ("", AIONIS),
    ("ftp://ghcr.io/token", AIONIS),
    ("file:///etc/passwd", AIONIS),
    ("javascript:alert(1)", AIONIS),
    ("https://[::1/token", AIONIS),
    ("https://ghcr.io:99999/token", AIONIS),
    ("https://ghcr.io:x/token", AIONIS),
    ("https://127.0.0.1/token", AIONIS),
    ("https://169.254.169.254/token", AIONIS),
    ("https://localhost/token", AIONIS),
    ("http://127.0.0.1/token", AIONIS),
    ("https://auth.docker.io/token", AIONIS),
    ("https://ghcr.io/token", HUB),
    ("https://com/token", DEEP),
    ("https://0.0.5/token", INNER),
    ("https://0.5/token", INNER),
    ("https://1.10.0.0.5/token", INNER),
    ("http://10.0.0.5/token", INNER),
    ("http://evil.example/token", LOCAL),
    ("https://evil.example/token", LOCAL),
    ("http://127.0.0.1.evil.example/token", LOCAL),
    ("http://localhost.evil.example/token", LOCAL),
    ("http://10.0.0.1/token", LOCAL),
]


@pytest.mark.parametrize(("realm", "repository"), TRUSTED, ids=lambda value: ascii(str(value)))
def test_a_registry_s_own_token_service_is_trusted(realm: str, repository: Repository) -> None:
    assert realm_problem(realm, repository) == ""


@pytest.mark.parametrize(("realm", "repository"), DISTRUSTED, ids=lambda value: ascii(str(value)))
def test_any_other_place_is_refused_with_a_reason(realm: str, repository: Repository) -> None:
    problem = realm_problem(realm, repository)
    assert problem
    assert problem.isprintable()


def test_a_configured_host_is_trusted_over_tls_and_no_other() -> None:
    assert realm_problem("https://login.corp.example/t", AIONIS, "login.corp.example") == ""
    assert realm_problem("http://login.corp.example/t", AIONIS, "login.corp.example")
    assert realm_problem("https://x.login.corp.example/t", AIONIS, "login.corp.example")


@pytest.mark.parametrize("realm", [realm for realm, repository in DISTRUSTED if repository is AIONIS and realm])
def test_nothing_at_all_is_sent_to_a_place_that_is_not_trusted(realm: str) -> None:
    setup = ClientSetup()
    setup.memory.access.realm = realm
    push_image(setup.memory, AIONIS, tag=V)
    # As if GHCR's own challenge were not known: what another registry does to us at first sight.
    wire = Faulty(setup.memory)
    session = setup.session(wire)
    session.tokens._challenges.clear()
    result = RegistryClient(session, AIONIS).get_manifest(V)
    assert isinstance(result, Refused)
    assert [entry.path.rpartition("/")[2] for entry in wire.log if entry.authorization] == []
    assert {entry.host for entry in wire.log} == {"ghcr.io"}


CHALLENGES = {
    'Bearer realm="https://a/t",service="s",scope="x"': Challenge(scheme="bearer", realm="https://a/t", service="s"),
    'BEARER REALM="https://a/t", Service="s"': Challenge(scheme="bearer", realm="https://a/t", service="s"),
    "Bearer realm=https://a/t": Challenge(scheme="bearer", realm="https://a/t"),
    'Bearer service="s",realm="https://a/t"': Challenge(scheme="bearer", realm="https://a/t", service="s"),
    'Bearer realm = "https://a/t"': Challenge(scheme="bearer", realm="https://a/t"),
    'Bearer realm="https://a/t", realm="https://evil/t"': Challenge(scheme="bearer", realm="https://a/t"),
    'Basic realm="r"': Challenge(scheme="basic", realm="r"),
    'Basic realm="r", Bearer realm="https://a/t"': Challenge(scheme="bearer", realm="https://a/t"),
    'Bearer realm="https://a/t", Basic realm="r"': Challenge(scheme="bearer", realm="https://a/t"),
    'Negotiate, Basic realm="r"': Challenge(scheme="basic", realm="r"),
    'Negotiate, Bearer realm="https://a/t"': Challenge(scheme="bearer", realm="https://a/t"),
    'Digest realm="Bearer realm=x", qop="auth"': Challenge(scheme="digest", realm="Bearer realm=x"),
    "Basic": Challenge(scheme="basic"),
    "Negotiate": Challenge(scheme="negotiate"),
    "": Challenge(scheme=""),
    ",,, =": Challenge(scheme=""),
    'realm="x"': Challenge(scheme="", realm="x"),
}


@pytest.mark.parametrize(("header", "challenge"), CHALLENGES.items())
def test_a_challenge_is_read_as_the_http_specification_writes_it(header: str, challenge: Challenge) -> None:
    assert Challenge.parse(header) == challenge


def test_a_header_without_end_is_read_in_no_time() -> None:
    Challenge.parse('Bearer realm="' + "\\" * 1_000_000)
    Challenge.parse("a" * 1_000_000)


def first_sight(memory: MemoryRegistry, credential: Credential | None) -> tuple[Session, Faulty]:
    """A session at a registry whose challenge nobody knows yet."""
    wire = Faulty(memory)
    return Session(transport=wire, credential=credential), wire


def other_registry() -> tuple[MemoryRegistry, Repository]:
    setup = ClientSetup()
    setup.memory.host = "registry.example.com"
    repository = Repository("registry.example.com", "x/y")
    push_image(setup.memory, repository, tag=V)
    return setup.memory, repository


def test_an_unknown_registry_is_asked_plainly_first_and_its_challenge_remembered() -> None:
    memory, repository = other_registry()
    session, wire = first_sight(memory, None)
    client = RegistryClient(session, repository)
    assert isinstance(client.get_manifest(V), Present)
    assert isinstance(client.get_manifest(V), Present)
    assert [(entry.status, bool(entry.authorization)) for entry in wire.log] == [
        (401, False),
        (200, False),
        (200, True),
        (200, True),
    ]


def test_a_credential_is_never_sent_to_another_registry() -> None:
    memory, repository = other_registry()
    session, wire = first_sight(memory, ROBOT)
    assert isinstance(RegistryClient(session, repository).get_manifest(V), Present)
    assert not any(entry.authorization.startswith("Basic") for entry in wire.log)
    assert not any(ROBOT.basic in entry.authorization for entry in wire.log)


def test_a_registry_that_wants_basic_gets_it_on_every_request_and_asks_no_token() -> None:
    memory, repository = other_registry()
    memory.access.scheme, memory.access.anonymous = "basic", ""
    own = Credential(registry=repository.registry, username="robot", password=PASSWORD, source="test")
    session, wire = first_sight(memory, own)
    assert isinstance(RegistryClient(session, repository).get_manifest(V), Present)
    assert [(entry.status, entry.authorization) for entry in wire.log] == [(401, ""), (200, f"Basic {own.basic}")]


def test_a_registry_that_asks_nobody_gets_nothing() -> None:
    memory, repository = other_registry()
    memory.access.scheme = "none"
    session, wire = first_sight(memory, ROBOT)
    assert isinstance(RegistryClient(session, repository).get_manifest(V), Present)
    assert [entry.authorization for entry in wire.log] == [""]


def test_the_scope_is_ours_and_not_the_placeholder_of_the_challenge() -> None:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    setup.registry().get_manifest(V)
    assert setup.memory.log[0].query == "service=ghcr.io&scope=repository%3Acognary%2Faionis%3Apull"


def test_reading_asks_for_pull_alone_and_pushing_for_both() -> None:
    setup = ClientSetup()
    client = setup.registry()
    client.get_manifest(V)
    client.probe_push()
    scopes = [entry.query.rpartition("%3A")[2] for entry in setup.memory.log if entry.path == "/token"]
    assert scopes == ["pull", "pull%2Cpush"]


def test_a_token_is_asked_for_once_and_used_for_everything_it_is_for() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    client = setup.registry()
    for _ in range(5):
        client.get_manifest(V)
        client.get_manifest(raw.digest)
        client.tags()
    assert [entry.path for entry in setup.memory.log].count("/token") == 1


@pytest.mark.parametrize("header", ["", "Negotiate", "Bearer", 'Digest realm="x"', "nonsense =,"])
def test_a_stray_401_does_not_make_us_forget_how_to_log_in(header: str) -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    fault = Fault(F.UNAUTHORIZED, "GET", "/manifests/", headers={"www-authenticate": header})
    assert setup.registry(Faulty(setup.memory, [fault], setup.clock)).get_manifest(V) == Present(raw)


def test_a_read_that_is_refused_is_not_tried_with_another_old_token() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    client = setup.registry()
    client.get_manifest(V)
    client.authorize_push()
    setup.memory.access.revoke()
    assert client.get_manifest(V) == Present(raw)
    assert [entry.path for entry in setup.memory.log].count("/token") == 3


def test_parallel_readers_share_one_renewal() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    client = setup.registry()
    client.get_manifest(V)
    setup.memory.access.revoke()
    # Every reader has been refused with the old token before the first asks for a new one.
    gate = threading.Barrier(8)

    def wait(request: Request) -> Response:
        gate.wait(5)
        return failure(401, "UNAUTHORIZED", "expired")

    old = setup.memory.log[-1].authorization
    wire = Instead(setup.memory, {"/manifests/": wait})

    class OldTokenMeetsTheGate:
        def send(self, request: Request, *, limit: int, deadline: float) -> Response:
            to = wire if request.headers.get("Authorization") == old else setup.memory
            return to.send(request, limit=limit, deadline=deadline)

    client.session.transport = OldTokenMeetsTheGate()
    answers: list[object] = []
    readers = [threading.Thread(target=lambda: answers.append(client.get_manifest(V))) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert answers == [Present(raw)] * 8
    assert [entry.path for entry in setup.memory.log].count("/token") == 2


NO_TOKENS = {
    "an empty document": answer(200, {}),
    "an empty token": answer(200, {"token": ""}),
    "a number": answer(200, {"token": 7}),
    "null": answer(200, {"token": None}),
    "a list": answer(200, ["token"]),
    "a page": Response(status=200, headers={}, body=b"<html>"),
    "nothing": Response(status=200, headers={}),
    "a line break": answer(200, {"token": "a\r\nX-Injected: b"}),
    "a blank": answer(200, {"token": "a b"}),
    "a letter that is none of ASCII": answer(200, {"token": "t\u00f6ken"}),
    "a NUL": answer(200, {"token": "a\0b"}),
    "a key twice": Response(status=200, headers={}, body=b'{"token": "a", "token": "b"}'),
    "another status": answer(201, {"token": "abc"}),
    "a redirect": Response(status=302, headers={"location": "https://evil.example/"}, body=b'{"token": "abc"}'),
    "a missing service": failure(404, "NOT_FOUND", "not found"),
}


@pytest.mark.parametrize("response", NO_TOKENS.values(), ids=NO_TOKENS.keys())
def test_what_is_no_token_is_not_sent(response: Response) -> None:
    setup = ClientSetup()
    wire = Faulty(Instead(setup.memory, {"/token": lambda _: response}))
    assert isinstance(setup.registry(wire).get_manifest(V), Unknown)
    assert [entry.path for entry in wire.log] == ["/token"]


@pytest.mark.parametrize("field", ["token", "access_token"])
def test_a_token_has_one_of_two_names(field: str) -> None:
    setup = ClientSetup()
    wire = Faulty(Instead(setup.memory, {"/token": lambda _: answer(200, {field: "opaque-canary-token"})}))
    client = setup.registry(wire)
    client.get_manifest(V)
    assert wire.log[1].authorization == "Bearer opaque-canary-token"
    assert client.session.redact("it is opaque-canary-token") == "it is ***"


def test_a_refused_credential_is_named_by_its_source_and_never_shown() -> None:
    setup = ClientSetup()
    setup.credential = Credential(registry="ghcr.io", username="robot", password="wr0ng-canary", source="GHCR_TOKEN")
    result = setup.registry().get_manifest(V)
    assert isinstance(result, Refused)
    assert "as robot (GHCR_TOKEN)" in result.what
    assert "wr0ng-canary" not in result.what + result.remedy

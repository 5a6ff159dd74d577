"""The four answers about a name. Nothing but a registry's own word makes a name absent."""

from __future__ import annotations

import json

import pytest

from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Response
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, Unknown
from shiplane.registry.oci.manifest import OCI_INDEX
from shiplane.registry.oci.names import Tag
from tests.faults.harness.access import answer, failure
from tests.faults.harness.client_setup import AIONIS, PASSWORD, ClientSetup
from tests.faults.harness.faults import F, Fault, Faulty, Instead
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry

V = Tag("v0.2.1")
HTML = Response(status=404, headers={"content-type": "text/html"}, body=b"<html>404 page not found</html>")


def told(response: Response, place: str = "/manifests/") -> LookupResult:
    setup = ClientSetup()
    push_image(setup.memory, AIONIS, tag=V)
    return setup.registry(Instead(setup.memory, {place: lambda _: response})).get_manifest(V)


def errors(*codes: str) -> Response:
    return answer(404, {"errors": [{"code": code, "message": "m"} for code in codes]})


@pytest.mark.parametrize("code", ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND"])
def test_a_404_in_a_registry_s_own_words_is_absent(code: str) -> None:
    assert told(errors(code)) == Absent()


NOT_ABSENT = {
    "a page of a proxy": HTML,
    "an empty 404": Response(status=404, headers={}),
    "JSON of somebody else": answer(404, {"message": "no Route matched"}),
    "an empty list of errors": answer(404, {"errors": []}),
    "errors that are no list": answer(404, {"errors": "MANIFEST_UNKNOWN"}),
    "errors that are null": answer(404, {"errors": None}),
    "an error that is a word": answer(404, {"errors": ["MANIFEST_UNKNOWN"]}),
    "a code of another kind": errors("BLOB_UNKNOWN"),
    "a code that is no word": answer(404, {"errors": [{"code": ["MANIFEST_UNKNOWN"]}]}),
    "a refusal in a 404's clothes": errors("DENIED"),
    "an unknown name beside a refusal": errors("MANIFEST_UNKNOWN", "DENIED"),
    "JSON with a key given twice": Response(
        status=404, headers={}, body=b'{"errors": [], "errors": [{"code": "MANIFEST_UNKNOWN"}]}'
    ),
    "a registry's words in UTF-16": Response(
        status=404, headers={}, body='{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'.encode("utf-16")
    ),
    "a 410": failure(410, "MANIFEST_UNKNOWN", "gone"),
    "a 400": failure(400, "MANIFEST_UNKNOWN", "manifest unknown"),
    "a 204": Response(status=204, headers={}),
    "a 304": Response(status=304, headers={}),
    "a 405": failure(405, "UNSUPPORTED", "unsupported"),
    "a 451": failure(451, "MANIFEST_UNKNOWN", "manifest unknown"),
    "a page with a 200": Response(status=200, headers={"content-type": "text/html"}, body=b"<html>Sign in</html>"),
    "nothing with a 200": Response(status=200, headers={}),
    "an error with a 200": answer(200, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}),
    "two types at once": Response(status=200, headers={"content-type": f"{OCI_INDEX}, text/html"}, body=b"{}"),
}


@pytest.mark.parametrize("response", NOT_ABSENT.values(), ids=NOT_ABSENT.keys())
def test_anything_else_is_unknown(response: Response) -> None:
    assert isinstance(told(response), Unknown)


@pytest.mark.parametrize("response", [HTML, errors("MANIFEST_UNKNOWN"), errors("NAME_UNKNOWN")])
def test_a_404_of_the_token_service_is_not_absent(response: Response) -> None:
    assert isinstance(told(response, "/token"), Unknown)


def test_a_token_in_an_answer_that_is_no_success_is_none() -> None:
    assert isinstance(told(answer(404, {"token": "opaque"}), "/token"), Unknown)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_the_registry_or_of_its_token_service_is_refused(status: int) -> None:
    refusal = failure(status, "DENIED", "permission_denied: read_package")
    for place in ("/manifests/", "/token"):
        result = told(refusal, place)
        assert isinstance(result, Refused)
        assert "permission_denied: read_package" in result.what
        assert result.remedy


def test_a_package_that_is_private_or_missing_is_refused_to_strangers_and_not_absent() -> None:
    setup = ClientSetup(credential=None)
    setup.memory.access.anonymous = ""
    assert isinstance(setup.registry().get_manifest(V), Refused)


def test_what_a_proxy_says_of_the_charset_does_not_change_the_type() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    served = Response(status=200, headers={"content-type": f"{OCI_INDEX} ; charset=utf-8"}, body=raw.body)
    assert setup.registry(Instead(setup.memory, {"/manifests/": lambda _: served})).get_manifest(V) == Present(raw)


@pytest.mark.parametrize("spelt", [OCI_INDEX.upper(), OCI_INDEX.title(), f"{OCI_INDEX.upper()};CHARSET=utf-8"])
def test_a_media_type_is_the_same_in_any_case_and_is_written_on_in_its_own(spelt: str) -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    served = Response(status=200, headers={"content-type": spelt}, body=raw.body)
    found = setup.registry(Instead(setup.memory, {"GET .*/manifests/": lambda _: served})).get_manifest(V)
    assert found == Present(raw)
    assert found.raw.media_type == OCI_INDEX


@pytest.mark.parametrize(
    ("response", "known"),
    [
        (answer(200, {"name": AIONIS.path, "tags": []}), True),
        (failure(404, "NAME_UNKNOWN", "repository name not known to registry"), False),
        (HTML, None),
        (failure(403, "DENIED", "denied"), None),
        (failure(405, "UNSUPPORTED", "unsupported"), None),
    ],
)
def test_whether_a_repository_exists_is_known_or_not(response: Response, known: bool | None) -> None:  # noqa: FBT001
    setup = ClientSetup()
    assert setup.registry(Instead(setup.memory, {"/tags/list": lambda _: response})).exists() is known


@pytest.mark.parametrize(
    "body",
    [
        PASSWORD.encode(),
        json.dumps({"errors": [{"code": "DENIED", "message": f"bad token {PASSWORD}"}]}).encode(),
        b"x" * 390 + PASSWORD.encode(),
        PASSWORD[:9].encode() + b"\x1b[0m" + PASSWORD[9:].encode(),
        b"%b" % PASSWORD[::-1].encode(),
    ],
    ids=["alone", "in a message", "where the text is cut", "with an escape within", "backwards"],
)
def test_a_secret_that_is_echoed_is_not_repeated(body: bytes) -> None:
    setup = ClientSetup()
    session = setup.session(
        Instead(setup.memory, {"/manifests/": lambda _: Response(status=400, headers={}, body=body)})
    )
    session.redact.add(PASSWORD)
    result = RegistryClient(session, AIONIS).get_manifest(V)
    assert isinstance(result, Unknown)
    assert PASSWORD[:8] not in result.reason
    assert PASSWORD[::-1][:8] not in result.reason


@pytest.mark.parametrize("text", ["::set-env name=X::y", "a\nb\rc", "\x1b]0;title\x07", "\u202eevil", "\ud800"])
def test_words_of_a_registry_are_one_harmless_line(text: str) -> None:
    setup = ClientSetup()
    result = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: failure(400, "X", text)})).get_manifest(V)
    assert isinstance(result, Unknown)
    result.reason.encode("utf-8")
    assert not set(result.reason) & set("\n\r\x1b\x07\u202e")


# PUT. ``certain`` needs a yes and our digest; everything else has to be read back.


def put(response: Response) -> tuple[bool, str, MemoryRegistry]:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    written = setup.registry(Instead(setup.memory, {"PUT .*/manifests/": lambda _: response})).put_manifest(V, raw)
    return written.certain, written.detail, setup.memory


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_yes_without_a_digest_is_certain(status: int) -> None:
    assert put(Response(status=status, headers={}))[0]


UNCERTAIN = {
    "another digest": Response(status=201, headers={"docker-content-digest": "sha256:" + "0" * 64}),
    "an empty digest": Response(status=201, headers={"docker-content-digest": ""}),
    "a 204": Response(status=204, headers={}),
    "a redirect": Response(status=307, headers={"location": "https://elsewhere.example/"}),
    "a 400": failure(400, "MANIFEST_INVALID", "manifest invalid"),
    "a 404": failure(404, "NAME_UNKNOWN", "unknown"),
    "a 409": failure(409, "CONFLICT", "tag is immutable"),
    "a 413": failure(413, "SIZE_INVALID", "too large"),
    "a 429": failure(429, "TOOMANYREQUESTS", "retry-after: 1ms"),
    "a 500": failure(500, "UNKNOWN", "boom"),
    "a 503": Response(status=503, headers={}, body=b"<html>"),
    "a rate limit that is a 403": failure(403, "DENIED", "You have exceeded a secondary rate limit"),
}


@pytest.mark.parametrize("response", UNCERTAIN.values(), ids=UNCERTAIN.keys())
def test_any_other_answer_to_a_put_is_uncertain_and_says_why(response: Response) -> None:
    certain, words, _ = put(response)
    assert not certain
    assert words


@pytest.mark.parametrize(
    "kind",
    [F.RESET, F.TIMEOUT, F.TOO_MANY, F.SERVER_ERROR, F.BAD_GATEWAY, F.UNAVAILABLE, F.TRUNCATED, F.SLOW, F.OVERSIZED],
    ids=lambda kind: kind.value,
)
@pytest.mark.parametrize("applied", [False, True])
def test_a_put_is_sent_once_and_its_loss_is_told(kind: F, applied: bool) -> None:  # noqa: FBT001
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    wire = Faulty(setup.memory, [Fault(kind, "PUT", applied=applied, times=9)], setup.clock)
    written = setup.registry(wire).put_manifest(V, raw)
    assert not written.certain
    assert wire.met == 1
    assert setup.memory.tags(AIONIS) == ({V: str(raw.digest)} if applied else {})


def test_a_put_that_meets_an_expired_token_is_sent_again_whole() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    client = setup.registry()
    client.probe_push()
    setup.clock.pass_by(301)
    assert client.put_manifest(V, raw).certain
    puts = [entry for entry in setup.memory.log if entry.is_manifest_put]
    assert [entry.status for entry in puts] == [401, 201]
    assert puts[0].sent == puts[1].sent == str(raw.digest)
    assert puts[0].authorization != puts[1].authorization


def test_a_registry_that_is_down_when_the_token_is_fetched_leaves_the_put_unsent() -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS)
    wire = Faulty(setup.memory, [Fault(F.UNAVAILABLE, "GET", "/token", times=99)], setup.clock)
    assert not setup.registry(wire).put_manifest(V, raw).certain
    assert not any(entry.is_manifest_put for entry in setup.memory.log)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "HTTP 404, but not a registry's response about v0.2.1"),
        (418, "HTTP 418"),
        (403 + 2, "HTTP 405"),
        (400, "HTTP 400"),
    ],
)
def test_an_answer_that_is_none_is_told_by_its_status(status: int, words: str) -> None:
    setup = ClientSetup()
    page = Response(status=status, headers={"content-type": "text/html"}, body=b"<html>")
    found = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: page})).get_manifest(Tag("v0.2.1"))
    assert isinstance(found, Unknown)
    assert found.reason.startswith(words)


def test_every_word_for_absent_may_be_said_at_once() -> None:
    setup = ClientSetup()
    errors = [{"code": code} for code in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND")]
    page = Response(status=404, headers={}, body=json.dumps({"errors": errors}).encode())
    found = setup.registry(Instead(setup.memory, {"/manifests/": lambda _: page})).get_manifest(Tag("v0.2.1"))
    assert found == Absent()

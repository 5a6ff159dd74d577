"""Every fault at every kind of read: what is tried again, how often, and what is made of it in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError, VerificationError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import OversizedError, Request, Response
from shiplane.registry.http.session import MANIFEST_LIMIT
from shiplane.registry.oci.lookup_result import Absent, Refused, Unknown
from shiplane.registry.oci.manifest import Descriptor, Manifest, RawManifest, parse_manifest
from shiplane.registry.oci.names import Digest, Tag
from tests.faults.harness.client_setup import AIONIS, ClientSetup
from tests.faults.harness.faults import ELSEWHERE, FOR_EVER, F, Fault, Faulty, Instead
from tests.faults.harness.images import children, push_image

V = Tag("v0.2.1")
Call = Callable[[RegistryClient, RawManifest], object]


@dataclass(frozen=True)
class Read:
    """One kind of read: the request that it makes, and how it is called."""

    method: str
    path: str
    call: Call


def _config(registry: RegistryClient, raw: RawManifest) -> Manifest:
    memory = registry.session.transport.inner  # type: ignore[attr-defined] # always behind a Faulty here
    child = memory.shelf(AIONIS).manifests[children(raw)[0]["digest"]]
    parsed = parse_manifest(child)
    assert isinstance(parsed, Manifest)
    return parsed


READS = {
    "a tag": Read("GET", "/manifests/v0", lambda r, _: r.get_manifest(V)),
    "a digest": Read("GET", "/manifests/sha256", lambda r, raw: r.get_manifest(raw.digest)),
    "the tag list": Read("GET", "/tags/list", lambda r, _: r.tags()),
    "a config": Read("GET", "/blobs/", lambda r, raw: r.blob(_config(r, raw).config)),
    "a layer's size": Read("HEAD", "/blobs/", lambda r, raw: r.blob_size(_config(r, raw).layers[0])),
    "a token": Read("GET", "/token", lambda r, _: r.get_manifest(V)),
    "push permission": Read("POST", "/blobs/uploads/", lambda r, _: r.probe_push()),
}


def outcome(read: Read, *faults: Fault) -> tuple[object, Faulty, ClientSetup]:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    wire = Faulty(setup.memory, faults, setup.clock)
    try:
        return read.call(setup.registry(wire), raw), wire, setup
    except ShiplaneError as error:
        return type(error), wire, setup


def undisturbed(read: Read) -> object:
    return outcome(read)[0]


PASSING = (F.RESET, F.TIMEOUT, F.TOO_MANY, F.SERVER_ERROR, F.BAD_GATEWAY, F.UNAVAILABLE, F.TRUNCATED, F.SLOW)


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("kind", PASSING, ids=lambda kind: kind.value)
@pytest.mark.parametrize("times", [1, 4])
def test_a_passing_fault_is_waited_out(read: Read, kind: F, times: int) -> None:
    result, wire, setup = outcome(read, Fault(kind, read.method, read.path, times=times))
    assert result == undisturbed(read)
    assert wire.met == times
    assert len(setup.clock.sleeps) == len(setup.said) == times


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("kind", PASSING, ids=lambda kind: kind.value)
def test_a_fault_that_stays_ends_after_five_tries_as_no_answer(read: Read, kind: F) -> None:
    result, wire, setup = outcome(read, Fault(kind, read.method, read.path, times=FOR_EVER))
    assert result is UnreachableError or isinstance(result, Unknown)
    assert wire.met == 5
    assert setup.clock.sleeps == [0.5, 1.0, 2.0, 4.0]


# What a lasting fault is taken for, by the kind of read. "same": it does no harm there.
LASTING = {
    F.UNAUTHORIZED: "refused",
    F.FORBIDDEN: "refused",
    F.NOT_FOUND: "missing",
    F.REDIRECT: "no answer",
    F.OVERSIZED: "no answer",
}
MISSING = {
    "a tag": Absent(),
    "a digest": Absent(),
    "the tag list": [],
    "a config": VerificationError,
    "a layer's size": None,
}


def category(result: object) -> str:
    if isinstance(result, Refused) or result is AccessError:
        return "refused"
    if isinstance(result, Unknown | str) or result in (UnreachableError, VerificationError):
        return "no answer"
    return "an answer"


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("kind", LASTING, ids=lambda kind: kind.value)
def test_what_will_not_pass_is_told_apart(name: str, kind: F) -> None:
    read = READS[name]
    # Why a HEAD is refused only a GET is told, so that it comes after it.
    asks_again = read.method == "HEAD" and LASTING[kind] == "refused"
    result, wire, setup = outcome(read, Fault(kind, "" if asks_again else read.method, read.path, times=FOR_EVER))
    if kind is F.NOT_FOUND:
        assert result == MISSING.get(name, result)
        assert name in MISSING or category(result) == "no answer"
    else:
        assert category(result) == LASTING[kind]
    # A redirected blob is looked for where it is said to be, and that host does not exist.
    followed = kind is F.REDIRECT and "/blobs/" in read.path and read.method != "POST"
    assert wire.met <= (4 if asks_again else 2)
    assert setup.clock.sleeps == ([0.5, 1.0, 2.0, 4.0] if followed else [])


@pytest.mark.parametrize("name", ["a tag", "a digest"])
@pytest.mark.parametrize("kind", [F.WRONG_DIGEST, F.WRONG_TYPE])
def test_a_manifest_that_is_not_what_its_header_says_is_no_answer(name: str, kind: F) -> None:
    read = READS[name]
    result, _, _ = outcome(read, Fault(kind, read.method, read.path, times=FOR_EVER))
    assert isinstance(result, Unknown)
    assert result.corrupt is (kind is F.WRONG_DIGEST)


def test_a_config_with_other_bytes_is_a_finding() -> None:
    read = READS["a config"]
    result, _, _ = outcome(read, Fault(F.WRONG_DIGEST, read.method, read.path))
    assert result is VerificationError


@pytest.mark.parametrize("name", [name for name in READS if name != "a token"])
def test_an_expired_token_is_renewed_once(name: str) -> None:
    read = READS[name]
    result, wire, _ = outcome(read, Fault(F.UNAUTHORIZED, read.method, read.path))
    assert result == undisturbed(read)
    assert [entry.path for entry in wire.log].count("/token") == 2


@pytest.mark.parametrize("name", [name for name in READS if name != "a token"])
def test_a_token_that_was_not_taken_is_never_sent_again(name: str) -> None:
    read = READS[name]
    _, wire, _ = outcome(read, Fault(F.UNAUTHORIZED, read.method, read.path, times=FOR_EVER))
    refused = [entry.authorization for entry in wire.log if entry.status == 401]
    assert len(refused) == len(set(refused)) == 2


@pytest.mark.parametrize("name", READS)
def test_a_403_that_speaks_of_a_rate_limit_is_a_wait_and_no_denial(name: str) -> None:
    read = READS[name]
    words = "You have exceeded a secondary rate limit"
    result, wire, _ = outcome(read, Fault(F.FORBIDDEN, read.method, read.path, words=words))
    assert result == undisturbed(read)
    assert wire.met == 1


@pytest.mark.parametrize("name", READS)
def test_a_rate_limit_that_stays_is_no_denial_either(name: str) -> None:
    read = READS[name]
    words = "You have exceeded a secondary rate limit"
    result, wire, _ = outcome(read, Fault(F.FORBIDDEN, read.method, read.path, words=words, times=FOR_EVER))
    assert category(result) == "no answer"
    assert wire.met == 5


@pytest.mark.parametrize("name", READS)
def test_no_credential_goes_where_a_redirect_leads(name: str) -> None:
    read = READS[name]
    _, wire, _ = outcome(read, Fault(F.REDIRECT, read.method, read.path, times=FOR_EVER))
    taken = [entry for entry in wire.log if entry.host in ELSEWHERE]
    assert all(not entry.authorization for entry in taken)
    assert bool(taken) is (name in ("a config", "a layer's size"))


def test_no_story_of_a_wait_names_a_token_or_a_signature() -> None:
    setup = ClientSetup()
    setup.memory.storage = "storage.example"
    raw = push_image(setup.memory, AIONIS, tag=V)
    wire = Faulty(setup.memory, [Fault(F.UNAVAILABLE, "", "storage.example", words="bad opaque_ token")], setup.clock)
    client = setup.registry(wire)
    client.blob(_config(client, raw).config)
    assert setup.said
    assert not any("sig=" in line for line in setup.said)


def ranged(request: Request, total: str, *, size: int) -> Response:
    """A registry that leaves the length out of a HEAD, and sends it with a range."""
    if request.method == "HEAD":
        return Response(status=200, headers={})
    assert request.headers["Range"] == "bytes=0-0"
    return Response(status=416 if size == 0 else 206, headers={"content-range": total}, body=b"x"[:size])


@pytest.mark.parametrize("size", [0, 1, 70_000_000_000])
def test_a_size_that_a_head_leaves_out_is_told_by_a_range(size: int) -> None:
    setup = ClientSetup()
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=size)
    total = f"bytes 0-0/{size}" if size else "bytes */0"
    wire = Instead(setup.memory, {"/blobs/": lambda request: ranged(request, total, size=size)})
    assert setup.registry(wire).blob_size(blob) == size
    assert [request.method for request in wire.asked] == ["HEAD", "GET"]


def test_a_size_that_no_range_tells_is_that_of_the_whole_body_where_it_is_small() -> None:
    setup = ClientSetup()
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=5)
    body = Response(status=200, headers={}, body=b"12345")
    answers = {"HEAD .*/blobs/": lambda _: Response(status=200, headers={}), "/blobs/": lambda _: body}
    wire = Instead(setup.memory, answers)
    assert setup.registry(wire).blob_size(blob) == 5


def test_a_head_that_is_refused_without_a_word_is_a_rate_limit_where_a_get_says_so() -> None:
    setup = ClientSetup()
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=1)
    limited = Response(status=403, headers={}, body=b'{"errors": [{"message": "secondary rate limit"}]}')
    answers = iter([limited, Response(status=206, headers={"content-range": "bytes 0-0/1"}, body=b"x")])
    wire = Instead(
        setup.memory, {"HEAD .*/blobs/": lambda _: Response(status=403, headers={}), "/blobs/": lambda _: next(answers)}
    )
    assert setup.registry(wire).blob_size(blob) == 1
    assert [request.method for request in wire.asked] == ["HEAD", "GET", "GET"]


def refused_head(answer: Response) -> Instead:
    """A registry that refuses a HEAD without a word, and answers a GET so."""
    return Instead(
        ClientSetup().memory,
        {"HEAD .*/blobs/": lambda _: Response(status=403, headers={}), "/blobs/": lambda _: answer},
    )


def test_a_head_that_is_refused_without_a_word_is_what_a_get_is_told() -> None:
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=1)
    denied = Response(status=403, headers={}, body=b'{"errors": [{"message": "denied"}]}')
    with pytest.raises(AccessError, match="denied"):
        ClientSetup().registry(refused_head(denied)).blob_size(blob)
    assert ClientSetup().registry(refused_head(Response(status=404, headers={}))).blob_size(blob) is None


UNTOLD = {
    "an unknown total": Response(status=206, headers={"content-range": "bytes 0-0/*"}, body=b"x"),
    "no range": Response(status=206, headers={}, body=b"x"),
    "a refusal": Response(status=400, headers={}),
}


@pytest.mark.parametrize("answer", UNTOLD.values(), ids=UNTOLD.keys())
def test_a_size_that_is_not_told_at_all_is_no_size(answer: Response) -> None:
    setup = ClientSetup()
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=1)
    answers = {"HEAD .*/blobs/": lambda _: Response(status=200, headers={}), "/blobs/": lambda _: answer}
    with pytest.raises(UnreachableError, match="GET of blob"):
        setup.registry(Instead(setup.memory, answers)).blob_size(blob)


def test_a_large_blob_whose_size_is_not_told_is_not_read_to_measure_it() -> None:
    setup = ClientSetup()
    blob = Descriptor(media_type="application/x", digest=Digest.of(b"x"), size=70_000_000_000)
    limits = []

    class Whole:
        """Sends all of it, whatever is asked for."""

        def send(self, request: Request, *, limit: int, deadline: float) -> Response:
            if "/blobs/" not in request.url:
                return setup.memory.send(request, limit=limit, deadline=deadline)
            if request.method == "HEAD":
                return Response(status=200, headers={})
            limits.append(limit)
            raise OversizedError(f"more than {limit} bytes")

    with pytest.raises(UnreachableError, match="unknown: HEAD has no Content-Length, and GET ignores Range"):
        setup.registry(Whole()).blob_size(blob)
    assert limits == [MANIFEST_LIMIT]

"""Every fault at every kind of read: what is tried again, how often, and what is made of it in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shiplane.clients.registry import Registry
from shiplane.model.answer import Absent, Refused, Unknown
from shiplane.model.errors import AccessError, ShiplaneError, UnreachableError, VerificationError
from shiplane.model.image import Tag
from shiplane.model.manifest import Manifest, RawManifest, parse_manifest
from tests.faults.desk import AIONIS, Desk
from tests.faults.faults import ELSEWHERE, FOR_EVER, F, Fault, Faulty
from tests.faults.images import children, push_image

V = Tag("v0.2.1")
Call = Callable[[Registry, RawManifest], object]


@dataclass(frozen=True)
class Read:
    """One kind of read: the request that it makes, and how it is called."""

    method: str
    path: str
    call: Call


def _config(registry: Registry, raw: RawManifest) -> Manifest:
    memory = registry.session.transport.inner  # type: ignore[attr-defined] # always behind a Faulty here
    child = memory.shelf(AIONIS).manifests[children(raw)[0]["digest"]]
    parsed = parse_manifest(child)
    assert isinstance(parsed, Manifest)
    return parsed


READS = {
    "a tag": Read("GET", "/manifests/v0", lambda r, _: r.look(AIONIS, V)),
    "a digest": Read("GET", "/manifests/sha256", lambda r, raw: r.look(AIONIS, raw.digest)),
    "the tag list": Read("GET", "/tags/list", lambda r, _: r.tags(AIONIS)),
    "a config": Read("GET", "/blobs/", lambda r, raw: r.blob(AIONIS, _config(r, raw).config)),
    "a layer's size": Read("HEAD", "/blobs/", lambda r, raw: r.blob_size(AIONIS, _config(r, raw).layers[0])),
    "a token": Read("GET", "/token", lambda r, _: r.look(AIONIS, V)),
    "push permission": Read("POST", "/blobs/uploads/", lambda r, _: r.probe_push(AIONIS)),
}


def outcome(read: Read, *faults: Fault) -> tuple[object, Faulty, Desk]:
    desk = Desk()
    raw = push_image(desk.memory, AIONIS, tag=V)
    wire = Faulty(desk.memory, faults, desk.clock)
    try:
        return read.call(desk.registry(wire), raw), wire, desk
    except ShiplaneError as error:
        return type(error), wire, desk


def undisturbed(read: Read) -> object:
    return outcome(read)[0]


PASSING = (F.RESET, F.TIMEOUT, F.TOO_MANY, F.SERVER_ERROR, F.BAD_GATEWAY, F.UNAVAILABLE, F.TRUNCATED, F.SLOW)


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("kind", PASSING, ids=lambda kind: kind.value)
@pytest.mark.parametrize("times", [1, 4])
def test_a_passing_fault_is_waited_out(read: Read, kind: F, times: int) -> None:
    result, wire, desk = outcome(read, Fault(kind, read.method, read.path, times=times))
    assert result == undisturbed(read)
    assert wire.met == times
    assert len(desk.clock.sleeps) == len(desk.said) == times


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("kind", PASSING, ids=lambda kind: kind.value)
def test_a_fault_that_stays_ends_after_five_tries_as_no_answer(read: Read, kind: F) -> None:
    result, wire, desk = outcome(read, Fault(kind, read.method, read.path, times=FOR_EVER))
    assert result is UnreachableError or isinstance(result, Unknown)
    assert wire.met == 5
    assert desk.clock.sleeps == [0.5, 1.0, 2.0, 4.0]


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
    result, wire, desk = outcome(read, Fault(kind, read.method, read.path, times=FOR_EVER))
    if kind is F.NOT_FOUND:
        assert result == MISSING.get(name, result)
        assert name in MISSING or category(result) == "no answer"
    else:
        assert category(result) == LASTING[kind]
    # A redirected blob is looked for where it is said to be, and that host does not exist.
    followed = kind is F.REDIRECT and "/blobs/" in read.path and read.method != "POST"
    assert wire.met <= 2
    assert desk.clock.sleeps == ([0.5, 1.0, 2.0, 4.0] if followed else [])


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
    desk = Desk()
    desk.memory.storage = "storage.example"
    raw = push_image(desk.memory, AIONIS, tag=V)
    wire = Faulty(desk.memory, [Fault(F.UNAVAILABLE, "", "storage.example", words="bad opaque_ token")], desk.clock)
    client = desk.registry(wire)
    client.blob(AIONIS, _config(client, raw).config)
    assert desk.said
    assert not any("sig=" in line for line in desk.said)

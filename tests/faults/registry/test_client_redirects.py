"""Blobs are followed to where storage is, without a credential; nothing else is followed anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shiplane.core.errors import ShiplaneError, UnreachableError, VerificationError
from shiplane.ledger.artifact import LINES
from shiplane.registry.blob_upload import Uploader
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.lookup_result import Unknown
from shiplane.registry.oci.manifest import Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Repository, Tag
from tests.faults.harness.client_setup import AIONIS, PASSWORD, ClientSetup
from tests.faults.harness.faults import Faulty, Instead
from tests.faults.harness.images import push_image

CODES = (301, 302, 303, 307, 308)
CONTENT = b'{"architecture": "amd64", "os": "linux"}'
CONFIG = Descriptor(media_type="application/json", digest=Digest.of(CONTENT), size=len(CONTENT))
V = Tag("v0.2.1")
ITSELF = "where it was asked for"
STORAGE = "https://storage.example/blob?sig=signed"


def storage_setup(*, storage: str = "storage.example") -> ClientSetup:
    setup = ClientSetup()
    setup.memory.shelf(AIONIS).blobs[str(CONFIG.digest)] = CONTENT
    setup.memory.storage = storage
    return setup


def to(location: str, status: int = 307) -> Callable[[Request], Response]:
    return lambda request: Response(
        status=status, headers={"location": request.url if location == ITSELF else location}
    )


def content(_: Request) -> Response:
    return Response(status=200, headers={"content-length": str(len(CONTENT))}, body=CONTENT)


GOOD = {
    "another host": "https://storage.example/x?sig=1",
    "the same host": "https://ghcr.io/v2/storage/x",
    "a path alone": "/storage/x",
    "another port": "https://storage.example:8443/x",
    "a public address": "https://140.82.112.33/x",
    "upper case": "https://Storage.Example/x",
}


@pytest.mark.parametrize("location", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("status", CODES)
def test_a_blob_is_read_where_it_is_said_to_be(location: str, status: int) -> None:
    setup = storage_setup()
    wire = Instead(setup.memory, {"/v2/cognary/aionis/blobs/": to(location, status), "/x": content})
    assert setup.registry(wire).blob(CONFIG) == CONTENT
    assert "Authorization" in wire.asked[0].headers
    assert "Authorization" not in wire.asked[1].headers
    assert PASSWORD not in str(wire.asked[1])


@pytest.mark.parametrize("status", CODES)
def test_the_size_of_a_blob_too(status: int) -> None:
    setup = storage_setup()
    wire = Instead(setup.memory, {"/v2/cognary/aionis/blobs/": to(STORAGE, status), "storage": content})
    assert setup.registry(wire).blob_size(CONFIG) == len(CONTENT)
    assert [request.method for request in wire.asked] == ["HEAD", "HEAD"]


REFUSED = {
    "down to http": "http://storage.example/x",
    "to another scheme": "ftp://storage.example/x",
    "into a file": "file:///etc/passwd",
    "to cloud metadata": "https://169.254.169.254/latest/meta-data",
    "to an inner network": "https://10.0.0.1/x",
    "to another inner network": "https://192.168.1.1/x",
    "to a carrier's network": "https://100.64.0.1/x",
    "to this machine": "https://127.0.0.1/x",
    "to this machine by name": "https://localhost/x",
    "to this machine in IPv6": "https://[::1]/x",
    "to this machine, mapped": "https://[::ffff:127.0.0.1]/x",
    "to a local IPv6 network": "https://[fd00::1]/x",
    "to a link-local IPv6 address": "https://[fe80::1]/x",
    "to no address": "https://0.0.0.0/x",
    "to a number that is an address": "https://2852039166/x",
    "to a hexadecimal address": "https://0xa9fea9fe/x",
    "to a short address": "https://127.1/x",
    "to an octal address": "https://0177.0.0.1/x",
    "with a user": "https://user@storage.example/x",
    "with a user and a password": "https://u:p@storage.example/x",
    "with our own host for a user": "https://ghcr.io@storage.example/x",
    "behind a backslash": "https://169.254.169.254\\.storage.example/x",
    "behind a tab": "https://10.0.0\t.1/x",
    "behind a blank": "https://storage.example /x",
    "to a port that is none": "https://storage.example:99999/x",
    "to a broken address": "https://[::1/x",
    "with a line break": "https://storage.example/x\r\nAuthorization: y",
    "nowhere": "",
}


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("status", [302, 307])
def test_a_blob_is_not_looked_for_in_places_where_no_registry_keeps_one(location: str, status: int) -> None:
    setup = storage_setup()
    wire = Instead(setup.memory, {"/v2/cognary/aionis/blobs/": to(location, status), "": content})
    setup.memory.access.scheme = "none"
    with pytest.raises(UnreachableError, match="is not allowed"):
        RegistryClient(setup.session(Instead(wire, {"/token": setup_token})), AIONIS).blob(CONFIG)
    assert len(wire.asked) == 1


def setup_token(_: Request) -> Response:
    return Response(status=200, headers={}, body=b'{"token": "opaque"}')


@pytest.mark.parametrize("hops", [1, 5])
def test_up_to_five_hops_are_followed(hops: int) -> None:
    setup = storage_setup()
    chain = {f"/hop{number}$": to(f"https://storage.example/hop{number + 1}") for number in range(1, hops)}
    wire = Instead(setup.memory, {"/v2/.*/blobs/": to("https://storage.example/hop1"), **chain, "/hop": content})
    assert setup.registry(wire).blob(CONFIG) == CONTENT
    assert len(wire.asked) == hops + 1


@pytest.mark.parametrize("location", ["https://storage.example/again", "/v2/cognary/aionis/blobs/again"])
def test_a_circle_is_left_after_the_fifth(location: str) -> None:
    setup = storage_setup()
    wire = Instead(setup.memory, {"/v2/.*/blobs/|/again": to(location)})
    with pytest.raises(UnreachableError, match="redirected more than 5 times"):
        setup.registry(wire).blob(CONFIG)
    assert len(wire.asked) == 6


def test_a_later_hop_is_judged_like_the_first() -> None:
    setup = storage_setup()
    answers = {"/v2/.*/blobs/": to(STORAGE), "storage": to("https://169.254.169.254/x"), "": content}
    wire = Instead(setup.memory, answers)
    with pytest.raises(UnreachableError, match="is not allowed"):
        setup.registry(Instead(wire, {"/token": setup_token})).blob(CONFIG)
    assert len(wire.asked) == 2


def test_coming_back_to_the_registry_brings_no_credential_either() -> None:
    setup = storage_setup()
    back = "https://ghcr.io/storage"
    wire = Instead(setup.memory, {"/v2/.*/blobs/": to(STORAGE), "storage.example": to(back), "/storage": content})
    assert setup.registry(wire).blob(CONFIG) == CONTENT
    assert "Authorization" not in wire.asked[2].headers


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_other_codes_of_that_family_are_no_redirects(status: int) -> None:
    setup = storage_setup()
    wire = Instead(setup.memory, {"/v2/.*/blobs/": to(STORAGE, status)})
    with pytest.raises(UnreachableError):
        setup.registry(wire).blob(CONFIG)
    assert len(wire.asked) == 1


def test_a_registry_on_this_machine_may_keep_its_blobs_on_this_machine() -> None:
    setup = ClientSetup()
    local = Repository("127.0.0.1:5000", "x/y")
    wire = Instead(setup.memory, {"5000/v2/": to("http://127.0.0.1:9000/blob"), ":9000/": content})
    assert setup.registry(wire, local).blob(CONFIG) == CONTENT


def test_a_registry_on_an_inner_network_may_keep_them_there_over_tls() -> None:
    setup = ClientSetup()
    inner = Repository("10.0.0.5", "x/y")
    wire = Instead(setup.memory, {"10.0.0.5/": to("https://10.0.0.6/blob"), "10.0.0.6/": content})
    assert setup.registry(wire, inner).blob(CONFIG) == CONTENT


def test_ghcr_s_own_redirect_is_followed_as_a_whole() -> None:
    setup = storage_setup(storage="pkg-containers.githubusercontent.com")
    assert setup.registry().blob(CONFIG) == CONTENT
    assert setup.registry().blob_size(CONFIG) == len(CONTENT)
    stored = [entry for entry in setup.memory.log if entry.host == setup.memory.storage]
    assert [entry.status for entry in stored] == [200, 200]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_storage_that_refuses_is_an_outage_and_only_a_404_a_finding(status: int) -> None:
    setup = storage_setup()
    refusal = Response(status=status, headers={}, body=b"<Error>AuthenticationFailed</Error>")
    client = setup.registry(Instead(setup.memory, {"storage.example": lambda _: refusal}))
    with pytest.raises(VerificationError if status == 404 else UnreachableError):
        client.blob(CONFIG)


CALLS: dict[str, tuple[str, Callable[[RegistryClient, RawManifest], object]]] = {
    "a manifest by tag": ("GET .*/manifests/v0", lambda r, _: r.get_manifest(V)),
    "a manifest by digest": ("GET .*/manifests/sha256", lambda r, raw: r.get_manifest(raw.digest)),
    "the tag list": ("GET .*/tags/list", lambda r, _: r.tags()),
    "a token": ("GET .*/token", lambda r, _: r.get_manifest(V)),
    "a write": ("PUT .*/manifests/", lambda r, raw: r.put_manifest(V, raw)),
    "the proof of permission": ("POST .*/uploads/", lambda r, _: r.probe_push()),
    "a blob's upload": ("POST .*/uploads/", lambda r, _: Uploader(r).send(CONTENT, LINES)),
    "a blob": ("PUT .*/uploads/", lambda r, _: Uploader(r).send(CONTENT, LINES)),
}
LOCATIONS = {
    "the same host": "/v2/",
    "another host": "https://elsewhere.example/",
    "http": "http://ghcr.io/",
    "an inner network": "https://10.0.0.1/",
    "a place with a user": "https://u:p@ghcr.io/",
    "itself": ITSELF,
}


@pytest.mark.parametrize(("place", "call"), CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS.keys())
@pytest.mark.parametrize("status", CODES)
def test_nothing_else_is_followed_anywhere(
    place: str, call: Callable[[RegistryClient, RawManifest], object], location: str, status: int
) -> None:
    setup = ClientSetup()
    raw = push_image(setup.memory, AIONIS, tag=V)
    wire = Faulty(Instead(setup.memory, {place: to(location, status)}))
    try:
        result = call(setup.registry(wire), raw)
    except ShiplaneError as error:
        result = error
    assert isinstance(result, Unknown | UnreachableError | str) or result.certain is False  # type: ignore[attr-defined]
    assert result != ""
    assert [entry.status for entry in wire.log][-1] == status
    assert {entry.host for entry in wire.log} == {"ghcr.io"}

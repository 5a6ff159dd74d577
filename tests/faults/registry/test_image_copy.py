"""Copying an image: the same bytes by digest, what is there is not sent, and nothing incomplete ever looks complete."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Step, StepOutcome
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, Transport, TransportError
from shiplane.registry.image_copy import ImageCopier
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, RawManifest
from shiplane.registry.oci.names import Repository
from tests.faults.harness.access import failure
from tests.faults.harness.client_setup import AIONIS, ClientSetup, accounts
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty, Instead
from tests.faults.harness.images import lose_blob, lose_child, push_image, rewrite, store, store_blob
from tests.faults.harness.memory import MemoryRegistry, Shelf
from tests.faults.harness.scene import finish

MIRROR = Repository("registry.example", "acme/app")
SIBLING = Repository("ghcr.io", "cognary/sibling")


@dataclass
class Copying:
    """A registry with an image, and another one; ``before`` stands between the client and one of both."""

    there: Repository = MIRROR
    source: ClientSetup = field(default_factory=ClientSetup)
    target: MemoryRegistry = field(init=False)
    image: RawManifest = field(init=False)
    to_source: Transport = field(init=False)
    to_target: Transport = field(init=False)

    def __post_init__(self) -> None:
        self.image = push_image(self.source.memory, AIONIS)
        same = self.there.registry == AIONIS.registry
        self.target = self.source.memory if same else MemoryRegistry(host=self.there.registry, access=accounts())
        self.to_source, self.to_target = self.source.memory, self.target

    def copier(self) -> ImageCopier:
        """A new process."""
        credential = self.source.credential
        assert credential
        target = self.source.session(self.to_target)
        target.credential = replace(credential, registry=self.there.registry)
        return ImageCopier(
            source=self.source.registry(self.to_source), target=RegistryClient(target, self.there), workers=1
        )

    def copy(self) -> list[str]:
        """Copy from beginning to end; gives the outcomes."""
        said: list[str] = []
        finish(
            self.copier().copy(self.image),
            lambda event: said.append(event.reason) if isinstance(event, StepOutcome) else None,
        )
        return said

    @property
    def shelf(self) -> Shelf:
        return self.target.shelf(self.there)

    def is_whole(self) -> bool:
        """Whether the target has what the source has, and no tag."""
        whole = self.source.memory.shelf(AIONIS)
        return (self.shelf.manifests, self.shelf.blobs, self.shelf.tags) == (whole.manifests, whole.blobs, {})

    def writes(self) -> list[str]:
        """What the target was sent, in order: ``POST``, ``PUT blob``, ``PUT manifest``."""
        sent = [entry for entry in self.target.log if entry.repository == self.there.path and entry.status < 400]
        return [
            entry.method + ("" if entry.method == "POST" else " manifest" if entry.reference else " blob")
            for entry in sent
            if entry.method in ("POST", "PUT")
        ]


def test_an_image_is_copied_whole_and_by_digest() -> None:
    copying = Copying()
    said = copying.copy()
    assert copying.is_whole()
    # Two platforms and their attestations, with a config and a layer each; both attestations have the same config.
    assert said == [*["sent"] * 7, "7 blobs (3.2 KB), 5 manifests"]
    assert copying.writes() == ["POST", "PUT blob"] * 7 + ["PUT manifest"] * 5


def test_what_is_there_is_not_sent_again() -> None:
    copying = Copying()
    copying.copy()
    copying.target.log.clear()
    assert copying.copy() == ["everything is there"]
    assert copying.writes() == []


def test_a_blob_that_the_target_lost_under_a_whole_index_is_sent_again() -> None:
    copying = Copying()
    copying.copy()
    lose_blob(copying.target, MIRROR, copying.image, "layers")
    copying.copy()
    assert copying.is_whole()


def test_within_one_registry_blobs_are_mounted_and_not_read() -> None:
    copying = Copying(there=SIBLING)
    assert copying.copy()[:-1] == ["mounted from cognary/aionis"] * 7
    assert copying.is_whole()
    assert not [entry for entry in copying.target.log if entry.method == "GET" and "/blobs/" in entry.path]


@pytest.mark.parametrize("closed", [True, False])
def test_blobs_that_cannot_be_mounted_are_sent(*, closed: bool) -> None:
    copying = Copying(there=SIBLING)
    copying.target.mounts = closed
    copying.target.access.closed = {AIONIS.path} if closed else set()
    assert copying.copy()[:-1] == ["sent"] * 7
    assert copying.is_whole()


def test_an_answer_to_a_mount_that_is_neither_is_followed_by_a_plain_upload() -> None:
    copying = Copying(there=SIBLING)
    copying.to_target = Instead(copying.target, {"POST .*mount=": lambda _request: failure(404, "X", "no such thing")})
    assert copying.copy()[:-1] == ["sent"] * 7


def test_a_package_that_does_not_exist_yet_may_not_be_read_and_is_copied_to() -> None:
    copying = Copying()
    copying.target.hides_missing = True
    copying.target.access.anonymous = ""
    copying.to_target = Instead(
        copying.target, {"(HEAD|GET) .*/(blobs|manifests)/sha256": lambda _request: failure(403, "DENIED", "denied")}
    )
    copying.copy()
    assert copying.is_whole()


def test_without_the_right_to_push_nothing_is_sent() -> None:
    copying = Copying()
    copying.target.access.accounts["robot"] = replace(copying.target.access.accounts["robot"], actions="pull")
    with pytest.raises(AccessError, match=r"registry\.example refused to push to registry\.example/acme/app as robot"):
        copying.copy()
    assert (copying.shelf.blobs, copying.shelf.manifests) == ({}, {})


def test_each_registry_gets_its_own_credential() -> None:
    copying = Copying()
    secret = "pw_0ther_c4n4ry"
    copying.target.access.accounts["robot"] = replace(copying.target.access.accounts["robot"], password=secret)
    with pytest.raises(AccessError):
        copying.copy()
    assert not [
        e for e in copying.target.log if e.authorization.removeprefix("Bearer ") in copying.source.memory.access.given
    ]


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_without_head_is_asked_for_a_first_byte(status: int) -> None:
    copying = Copying()
    copying.to_target = Instead(copying.target, {"HEAD ": lambda _request: Response(status=status, headers={})})
    copying.copy()
    copying.copy()
    assert copying.is_whole()
    assert copying.writes() == ["POST", "PUT blob"] * 7 + ["PUT manifest"] * 5


# What the source may lack or have wrong, and what it is called.
DAMAGES: dict[str, tuple[Callable[[Copying], object], str]] = {
    "child": (lambda c: lose_child(c.source.memory, AIONIS, c.image), "which .* lists, is missing"),
    "layer": (lambda c: lose_blob(c.source.memory, AIONIS, c.image, "layers"), "blob .* is missing"),
    "attestation": (lambda c: lose_child(c.source.memory, AIONIS, c.image, 2), "which .* lists, is missing"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_an_incomplete_image_is_not_copied(name: str) -> None:
    copying, (damage, words) = Copying(), DAMAGES[name]
    damage(copying)
    with pytest.raises(VerificationError, match=words):
        copying.copy()
    assert copying.shelf.manifests == {}


def test_a_child_of_another_size_than_its_index_says_is_refused() -> None:
    copying = Copying()
    copying.image = rewrite(
        copying.source.memory, AIONIS, copying.image, lambda document: document["manifests"][0].update(size=5)
    )
    with pytest.raises(VerificationError, match=r"does not have 5 bytes"):
        copying.copy()


def test_indexes_within_indexes_are_copied_up_to_a_depth() -> None:
    copying = Copying()
    for depth in range(1, 5):
        entry = {"mediaType": OCI_INDEX, "digest": str(copying.image.digest), "size": len(copying.image.body)}
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry, entry]}
        copying.image = store(copying.source.memory.shelf(AIONIS), document)
        if depth < 3:
            copying.copy()
            assert str(copying.image.digest) in copying.shelf.manifests
    with pytest.raises(VerificationError, match="nests indexes too deeply"):
        copying.copy()


def test_a_manifest_without_layers_is_copied() -> None:
    copying = Copying()
    shelf = copying.source.memory.shelf(AIONIS)
    config = store_blob(shelf, b"", "application/vnd.oci.empty.v1+json")
    copying.image = store(shelf, {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []})
    assert copying.copy() == ["sent", "1 blob (0 B), 1 manifest"]
    assert copying.shelf.blobs == {config["digest"]: b""}


@dataclass
class Piecewise:
    """A source that gives blobs piece by piece, and breaks off after so many, so many times.

    Attributes:
        changes: What it makes of the pieces of a blob.
    """

    inner: MemoryRegistry
    breaks: int = 0
    after: int = 2
    changes: Callable[[list[bytes]], list[bytes]] = lambda pieces: pieces
    asked: list[str] = field(default_factory=list)
    closed: int = 0

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.inner.send(replace(request, download=None), limit=limit, deadline=deadline)
        if request.download is None or response.status not in (200, 206):
            return response
        assert deadline > request.download / (128 * 1024)
        self.asked.append(request.headers.get("Range", ""))
        return replace(response, body=b"", download=_Pieces(self, response.body))


@dataclass
class _Pieces:
    source: Piecewise
    body: bytes

    def __iter__(self) -> Iterator[bytes]:
        pieces = [self.body[at : at + 10] for at in range(0, len(self.body), 10)]
        for number, piece in enumerate(self.source.changes(pieces)):
            if number == self.source.after and self.source.breaks:
                self.source.breaks -= 1
                raise TransportError("the connection broke")
            yield piece

    def close(self) -> None:
        self.source.closed += 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_that_breaks_goes_on_where_it_ended(*, ranges: bool) -> None:
    copying = Copying()
    copying.source.memory.ranges = ranges
    copying.to_source = wire = Piecewise(copying.source.memory, breaks=3)
    copying.copy()
    assert copying.is_whole()
    expected = ["", "bytes=20-", "bytes=40-", "bytes=60-"] if ranges else ["", "bytes=20-", "bytes=20-", "bytes=20-"]
    assert wire.asked[:4] == expected
    assert wire.closed == len(wire.asked)
    assert copying.writes() == ["POST", "PUT blob"] * 7 + ["PUT manifest"] * 5


def test_a_download_that_always_breaks_is_given_up() -> None:
    copying = Copying()
    copying.source.memory.ranges = True
    copying.to_source = wire = Piecewise(copying.source.memory, breaks=100, after=1)
    with pytest.raises(UnreachableError, match=r"the connection broke at 50 bytes"):
        copying.copy()
    assert (len(wire.asked), copying.shelf.blobs) == (5, {})


def test_one_that_ends_early_in_silence_goes_on_too() -> None:
    copying = Copying()
    copying.source.memory.ranges = True
    copying.to_source = wire = Piecewise(copying.source.memory, changes=lambda pieces: pieces[:3])
    with pytest.raises(UnreachableError, match=r"the content was cut off at 150 bytes"):
        copying.copy()
    assert wire.asked == ["", "bytes=30-", "bytes=60-", "bytes=90-", "bytes=120-"]


def test_a_blob_that_is_shorter_than_it_should_be_is_a_finding() -> None:
    copying = Copying()
    copying.source.memory.ranges = True
    copying.image = longer(copying)
    with pytest.raises(VerificationError, match=r"has at most 5 bytes"):
        copying.copy()
    assert copying.shelf.blobs == {}


def longer(copying: Copying) -> RawManifest:
    """A manifest that says that its layer has more bytes than it has."""
    shelf = copying.source.memory.shelf(AIONIS)
    layer = {**store_blob(shelf, b"12345", "application/octet-stream"), "size": 6}
    return store(shelf, {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": layer, "layers": []})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda pieces: [b"0123456789", *pieces[1:]], "has other content: sha256:"),
        (lambda pieces: [*pieces[:-1], bytes(len(pieces[-1]))], "has other content: sha256:"),
        (lambda pieces: [*pieces, b"more"], "has other content: more than"),
    ],
)
def test_other_bytes_never_arrive_complete(change: Callable[[list[bytes]], list[bytes]], words: str) -> None:
    copying, sent = Copying(), list[bytes]()
    copying.to_source = Piecewise(copying.source.memory, changes=change)

    def upload(request: Request) -> Response:
        assert request.upload
        for piece in request.upload.open():
            sent.append(piece)
        raise AssertionError("it came to its end")

    copying.to_target = Instead(copying.target, {"PUT .*/blobs/": upload})
    with pytest.raises(VerificationError, match=words):
        copying.copy()
    assert sum(map(len, sent)) < max(len(blob) for blob in copying.source.memory.shelf(AIONIS).blobs.values())


def test_an_upload_that_breaks_is_begun_again() -> None:
    copying = Copying()
    copying.to_target = wire = Faulty(copying.target, [Fault(F.RESET, "PUT", "/blobs/", times=2)])
    said = copying.copy()
    assert copying.is_whole()
    assert wire.met == 2
    assert len(said) == 8 + 2


def test_one_that_arrived_without_an_answer_is_not_sent_again() -> None:
    copying = Copying()
    copying.to_target = Faulty(copying.target, [Fault(F.RESET, "PUT", "/blobs/", applied=True)])
    assert copying.copy()[1] == "it had arrived after all"
    assert copying.writes().count("PUT blob") == 7


@pytest.mark.parametrize("path", ["/blobs/", "/manifests/"])
def test_what_is_never_taken_is_given_up_within_the_budget(path: str) -> None:
    copying = Copying()
    copying.to_target = wire = Faulty(copying.target, [Fault(F.SERVER_ERROR, "PUT", path, times=FOR_EVER)])
    with pytest.raises(UnreachableError, match=r"could not be copied to registry\.example/acme/app: .*HTTP 500"):
        copying.copy()
    assert wire.met == 5


@pytest.mark.parametrize("applied", [True, False])
def test_a_manifest_without_a_certain_answer_is_looked_for(*, applied: bool) -> None:
    copying = Copying()
    copying.to_target = Faulty(copying.target, [Fault(F.RESET, "PUT", "/manifests/", applied=applied)])
    copying.copy()
    assert copying.is_whole()
    assert copying.writes().count("PUT manifest") == 5


KINDS = (F.RESET, F.FORBIDDEN, F.NOT_FOUND, F.SERVER_ERROR, F.TRUNCATED, F.REDIRECT)


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("at_source", [True, False])
def test_a_copy_that_any_request_ends_is_completed_by_the_next(kind: F, *, at_source: bool, applied: bool) -> None:
    quiet = Copying()
    quiet.copy()
    count = len((quiet.source.memory if at_source else quiet.target).log)
    for position in range(count):
        copying = Copying()
        faulty = Faulty(
            copying.to_source if at_source else copying.to_target, [Fault(kind, skip=position, applied=applied)]
        )
        copying.to_source, copying.to_target = (
            (faulty, copying.target) if at_source else (copying.source.memory, faulty)
        )
        try:
            copying.copy()
        except ShiplaneError:
            # Whatever is named by a manifest there is whole: a reader never sees half an image.
            assert all(complete(copying.shelf, raw) for raw in copying.shelf.manifests.values())
            faulty.plan = []
            copying.copy()
        assert copying.is_whole(), position


def complete(shelf: Shelf, raw: RawManifest) -> bool:
    """Whether all that a manifest names is there."""
    named = re.findall(rb'"digest": "(sha256:[0-9a-f]{64})"', raw.body)
    return all(digest.decode() in {*shelf.blobs, *shelf.manifests} for digest in named)


def test_a_copy_that_is_stopped_before_any_step_is_completed_by_the_next() -> None:
    steps = sum(isinstance(event, Step) for event in Copying().copier().copy(Copying().image))
    for last in range(steps):
        copying = Copying()
        flow = copying.copier().copy(copying.image)
        for _ in range(last + 1):
            next(event for event in flow if isinstance(event, Step))
        flow.close()
        copying.copy()
        assert copying.is_whole()

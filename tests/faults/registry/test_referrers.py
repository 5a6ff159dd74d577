"""Copying what refers to an image: nothing is chosen by type, lists are merged, never replaced, and read back."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import (
    AccessError,
    LostRaceError,
    RefusedError,
    ShiplaneError,
    UnreachableError,
    VerificationError,
)
from shiplane.core.progress import Event, Flow, Step, StepOutcome
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.image_copy import ImageCopier
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, InvalidManifestError, RawManifest
from shiplane.registry.oci.names import Repository
from shiplane.registry.referrers import reading
from shiplane.registry.referrers.copying import copy_attached, find_attached
from shiplane.registry.referrers.reading import read_referrers
from tests.faults.harness.access import failure
from tests.faults.harness.client_setup import AIONIS, ClientSetup, accounts
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty, Instead
from tests.faults.harness.images import push_image, store, store_blob
from tests.faults.harness.memory import Lag, MemoryRegistry, Shelf
from tests.faults.harness.referring import (
    EMPTY,
    add_to_list,
    attach,
    entry_of,
    listed,
    sign_by_tag,
    signature_tag,
    signatures,
)
from tests.faults.harness.scene import finish
from tests.thorough import THOROUGH

THERE = Repository("registry.example", "acme/app")


@dataclass
class Attached:
    """An image in two registries, to which something is attached in the first."""

    source: ClientSetup = field(default_factory=ClientSetup)
    target: MemoryRegistry = field(init=False)
    image: RawManifest = field(init=False)
    to_source: Transport = field(init=False)
    to_target: Transport = field(init=False)

    def __post_init__(self) -> None:
        self.image = push_image(self.source.memory, AIONIS)
        self.target = MemoryRegistry(host=THERE.registry, access=accounts(), clock=self.source.clock)
        push_image(self.target, THERE)
        self.to_source, self.to_target = self.source.memory, self.target

    def sign(self, what: str = "signature", subject: RawManifest | None = None, *, listed: bool = True) -> RawManifest:
        return attach(self.source.memory, AIONIS, subject or self.image, what, listed=listed)

    def sign_there(self, what: str = "foreign", *, listed: bool = True) -> RawManifest:
        return attach(self.target, THERE, self.image, what, listed=listed)

    @property
    def copier(self) -> ImageCopier:
        """A new process."""
        session = self.source.session(self.to_target)
        assert session.credential
        session.credential = replace(session.credential, registry=THERE.registry)
        source, target = self.source.registry(self.to_source), RegistryClient(session, THERE)
        return ImageCopier(source=source, target=target, workers=1)

    def copy(self) -> list[str]:
        """Copy from beginning to end; gives the outcomes."""
        said: list[str] = []
        finish(self.steps(), lambda event: said.append(event.reason) if isinstance(event, StepOutcome) else None)
        return said

    def steps(self) -> Flow[None]:
        """Find what refers to the image, and attach it, as a promotion does."""
        copier = self.copier
        attached = yield from find_attached(copier.source, self.image, workers=1)
        yield from copy_attached(copier, attached)

    @property
    def shelf(self) -> Shelf:
        return self.target.shelf(THERE)

    def there(self, subject: RawManifest | None = None) -> list[str]:
        return listed(self.target, THERE, subject or self.image)

    def puts(self) -> list[str]:
        return [entry.reference for entry in self.target.log if entry.is_manifest_put]


def child_of(attached: Attached, position: int = 0) -> RawManifest:
    """A platform's image, or an attestation."""
    digest = json.loads(attached.image.body)["manifests"][position]["digest"]
    return attached.source.memory.shelf(AIONIS).manifests[digest]


def test_a_signature_arrives_byte_for_byte_and_listed_as_it_was() -> None:
    attached = Attached()
    signature = attached.sign()
    attached.copy()
    assert attached.shelf.manifests[str(signature.digest)] == signature
    (entry,) = json.loads(attached.shelf.manifests[attached.shelf.tags[_tag(attached.image)]].body)["manifests"]
    assert entry == {**entry_of(signature), "artifactType": EMPTY}
    assert all(blob in attached.shelf.blobs for blob in attached.source.memory.shelf(AIONIS).blobs)


def _tag(subject: RawManifest) -> str:
    return str(subject.digest).replace(":", "-")


def test_what_is_attached_to_a_platform_an_attestation_or_a_signature_comes_along() -> None:
    attached = Attached()
    first = attached.sign()
    others = [attached.sign(f"of {n}", child_of(attached, n)) for n in (0, 3)]
    second = attached.sign("of the signature", first)
    attached.copy()
    assert attached.there() == [str(first.digest)]
    assert [attached.there(child_of(attached, n)) for n in (0, 3)] == [[str(other.digest)] for other in others]
    assert attached.there(first) == [str(second.digest)]


def test_what_the_target_lists_already_stays_and_stands_first() -> None:
    attached = Attached()
    foreign, signature = attached.sign_there(), attached.sign()
    said = attached.copy()
    assert attached.there() == [str(foreign.digest), str(signature.digest)]
    assert "1 added to 1" in said


def test_the_list_keeps_what_else_it_says() -> None:
    attached = Attached()
    attached.sign_there()
    index = json.loads(attached.shelf.manifests[attached.shelf.tags[_tag(attached.image)]].body)
    changed = store(attached.shelf, {**index, "annotations": {"by": "somebody"}})
    attached.target.tag(THERE, _tag(attached.image), changed.digest)
    attached.sign()
    attached.copy()
    now = json.loads(attached.shelf.manifests[attached.shelf.tags[_tag(attached.image)]].body)
    assert (now["annotations"], len(now["manifests"])) == ({"by": "somebody"}, 2)


def test_nothing_is_written_again() -> None:
    attached = Attached()
    attached.sign()
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
    attached.copy()
    before = attached.puts()
    attached.copy()
    assert attached.puts() == before


def test_an_image_without_anything_attached_writes_nothing() -> None:
    attached = Attached()
    assert attached.copy() == ["none"]
    assert attached.puts() == []


def test_a_registry_that_lists_by_itself_needs_no_tag_and_one_that_does_not_gets_one() -> None:
    attached = Attached()
    attached.source.memory.lists_referrers = True
    signature = attached.sign(listed=False)
    attached.copy()
    assert attached.there() == [str(signature.digest)]
    attached = Attached()
    attached.target.lists_referrers = True
    signature = attached.sign()
    attached.copy()
    assert attached.shelf.tags == {}
    found = read_referrers(attached.copier.target, attached.image.digest)
    assert (list(found.by_api or {}), found.by_tag) == ([signature.digest], {})


def test_both_lists_of_a_registry_are_read() -> None:
    attached = Attached()
    attached.source.memory.lists_referrers = True
    new, old = attached.sign("new", listed=False), attached.sign("old")
    attached.copy()
    assert sorted(attached.there()) == sorted([str(new.digest), str(old.digest)])


def test_a_list_of_its_own_that_never_shows_what_was_pushed_is_helped_by_the_tag() -> None:
    attached = Attached()
    signature = attached.sign()
    empty = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
    answer = Response(status=200, headers={"content-type": OCI_INDEX}, body=empty)
    attached.to_target = Instead(attached.target, {"GET .*/referrers/": lambda _request: answer})
    attached.copy()
    assert attached.there() == [str(signature.digest)]


@pytest.mark.parametrize("status", [303, 400, 404, 405, 501])
def test_a_registry_without_the_path_lists_by_its_tag(status: int) -> None:
    attached = Attached()
    attached.sign()
    answer = Response(status=status, headers={"location": "https://github.com/"}, body=b"<html>")
    attached.to_source = Instead(attached.source.memory, {"GET .*/referrers/": lambda _request: answer})
    attached.copy()
    assert len(attached.there()) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(status=200, headers={"content-type": "text/html"}, body=b"<html>"), UnreachableError),
        (Response(status=418, headers={}, body=b""), UnreachableError),
        (failure(503, "UNAVAILABLE", "later"), UnreachableError),
        (failure(403, "DENIED", "no"), AccessError),
        (Response(status=200, headers={"content-type": OCI_INDEX}, body=b"{}"), VerificationError),
    ],
)
def test_a_list_that_cannot_be_read_is_no_empty_list(answer: Response, error: type[ShiplaneError]) -> None:
    attached = Attached()
    attached.to_source = Instead(attached.source.memory, {"GET .*/referrers/": lambda _request: answer})
    with pytest.raises(error):
        attached.copy()
    assert attached.puts() == []


@dataclass
class Paged:
    """A registry that lists one referrer on each page, and leads from each to the next."""

    inner: MemoryRegistry
    link: str = '<{path}?page={page}>; rel="next"'
    last: int = 2

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        path = request.url.partition("://")[2].partition("/")[2]
        bare = request.url.partition("?")[0] if "/referrers/" in path else request.url
        response = self.inner.send(replace(request, url=bare), limit=limit, deadline=deadline)
        if "/referrers/" not in path or response.status != 200:
            return response
        number = int(path.partition("page=")[2] or 1)
        document = json.loads(response.body)
        page = {**document, "manifests": document["manifests"][number - 1 : number]}
        link = self.link.format(path=f"/{path.partition('?')[0]}", page=number + 1)
        headers = {**response.headers, **({"link": link} if number < self.last else {})}
        return replace(response, headers=headers, body=json.dumps(page).encode())


def test_a_list_goes_on_page_by_page() -> None:
    attached = Attached()
    attached.source.memory.lists_referrers = True
    both = [str(attached.sign(what, listed=False).digest) for what in ("one", "two")]
    attached.to_source = Paged(attached.source.memory)
    attached.copy()
    assert sorted(attached.there()) == sorted(both)


@pytest.mark.parametrize(
    ("link", "last", "words"),
    [
        ('<https://elsewhere.example/>; rel="next"', 2, "continue on another host"),
        ('<{path}?page=1>; rel="next"', 9999, "does not end"),
    ],
)
def test_a_list_that_leads_away_or_round_in_circles_is_left(link: str, last: int, words: str) -> None:
    attached = Attached()
    attached.source.memory.lists_referrers = True
    attached.sign(listed=False)
    attached.to_source = Paged(attached.source.memory, link, last)
    with pytest.raises(UnreachableError, match=words):
        attached.copy()


def test_more_referrers_than_anybody_attaches_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    attached = Attached()
    for number in range(4):
        attached.sign(f"number {number}")
    monkeypatch.setattr(reading, "MAX_REFERRERS", 3)
    with pytest.raises(VerificationError, match="lists more than 3 referrers"):
        attached.copy()


def test_nor_are_those_of_many_lists_together(monkeypatch: pytest.MonkeyPatch) -> None:
    attached = Attached()
    for position in range(4):
        attached.sign(f"number {position}", child_of(attached, position))
    monkeypatch.setattr("shiplane.registry.referrers.copying.MAX_REFERRERS", 3)
    with pytest.raises(VerificationError, match=r"has more than 3 referrers, or more than 5 levels"):
        attached.copy()


def test_nor_is_a_chain_that_goes_on_and_on() -> None:
    attached = Attached()
    last = attached.image
    for number in range(6):
        last = attached.sign(f"level {number}", last)
    with pytest.raises(VerificationError, match="more than 5 levels"):
        attached.copy()


def test_a_listed_manifest_that_is_gone_or_has_another_subject_is_left_out_and_told() -> None:
    attached = Attached()
    gone, strange, signature = attached.sign("gone"), attached.sign("strange", child_of(attached)), attached.sign()
    add_to_list(attached.source.memory, AIONIS, attached.image.digest, entry_of(strange))
    del attached.source.memory.shelf(AIONIS).manifests[str(gone.digest)]
    said = attached.copy()
    assert attached.there() == [str(signature.digest)]
    assert f"{gone.digest.short}, listed for {attached.image.digest.short}, is gone" in said[0]
    assert f"{strange.digest.short}, listed for {attached.image.digest.short}, names another subject" in said[0]
    assert attached.there(child_of(attached)) == [str(strange.digest)]


@pytest.mark.parametrize("what", ["list", "signatures"])
def test_a_tag_that_the_registry_names_and_does_not_serve_yet_is_waited_for(what: str) -> None:
    attached = Attached()
    attached.sign()
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
    tag = _tag(attached.image) if what == "list" else signature_tag(attached.image)
    missing = Fault(F.NOT_FOUND, "GET", f"/manifests/{tag}$", times=3)
    attached.to_source = Faulty(attached.source.memory, [missing])
    attached.copy()
    assert len(attached.there()) == 1
    assert signatures(attached.target, THERE, attached.image) == ["one"]


def test_a_registry_that_lists_some_and_not_others_is_not_believed() -> None:
    attached = Attached()
    attached.source.memory.lists_referrers = True
    attached.sign(listed=False)
    missing = Fault(F.NOT_FOUND, "GET", f"/referrers/{attached.image.digest}")
    attached.to_source = Faulty(attached.source.memory, [missing])
    with pytest.raises(UnreachableError, match="lists the referrers of some manifests, but not of others"):
        attached.copy()


def test_a_listed_manifest_that_is_missing_once_is_looked_for_again() -> None:
    attached = Attached()
    signature = attached.sign()
    missing = Fault(F.NOT_FOUND, "GET", f"/manifests/{signature.digest}")
    attached.to_source = Faulty(attached.source.memory, [missing])
    attached.copy()
    assert attached.there() == [str(signature.digest)]


def test_an_entry_with_a_wrong_size_is_listed_with_the_right_one() -> None:
    attached = Attached()
    signature = attached.sign(listed=False)
    add_to_list(attached.source.memory, AIONIS, attached.image.digest, {**entry_of(signature), "size": 1})
    attached.copy()
    (entry,) = json.loads(attached.shelf.manifests[attached.shelf.tags[_tag(attached.image)]].body)["manifests"]
    assert entry == entry_of(signature)


def test_an_entry_of_the_target_whose_manifest_is_gone_is_no_obstacle() -> None:
    attached = Attached()
    gone, foreign, signature = attached.sign_there("gone"), attached.sign_there(), attached.sign()
    del attached.shelf.manifests[str(gone.digest)]
    said = attached.copy()
    assert attached.there() == [str(foreign.digest), str(signature.digest)]
    assert "1 added to 1, 1 dropped, no longer in the repository" in said


def test_one_that_is_missing_for_a_moment_is_not_left_out() -> None:
    attached = Attached()
    foreign, signature = attached.sign_there(), attached.sign()
    missing = Fault(F.NOT_FOUND, "GET", f"/manifests/{foreign.digest}", times=2)
    attached.to_target = wire = Faulty(attached.target, [missing])
    attached.copy()
    assert wire.met == 2
    assert attached.there() == [str(foreign.digest), str(signature.digest)]


@pytest.mark.parametrize("at_source", [True, False])
def test_a_tag_that_is_no_list_is_a_finding(*, at_source: bool) -> None:
    attached = Attached()
    attached.sign()
    registry, repository = (attached.source.memory, AIONIS) if at_source else (attached.target, THERE)
    registry.tag(repository, _tag(attached.image), child_of(attached).digest)
    with pytest.raises(VerificationError, match="is not a list of referrers"):
        attached.copy()
    assert [name for name in attached.puts() if ":" not in name] == []


def test_signatures_under_the_old_tag_are_merged_layer_by_layer() -> None:
    attached = Attached()
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one", "two")
    attached.copy()
    assert signatures(attached.target, THERE, attached.image) == ["one", "two"]
    sign_by_tag(attached.target, THERE, attached.image, "foreign", "two")
    attached.copy()
    assert signatures(attached.target, THERE, attached.image) == ["foreign", "two", "one"]


def test_of_two_old_tags_the_one_that_has_all_is_kept_as_it_is() -> None:
    attached = Attached()
    source = sign_by_tag(attached.source.memory, AIONIS, attached.image, "one", "two")
    sign_by_tag(attached.target, THERE, attached.image, "two")
    attached.copy()
    assert attached.shelf.tags[signature_tag(attached.image)] == str(source.digest)
    more = sign_by_tag(attached.target, THERE, attached.image, "three", "two", "one")
    before = attached.puts()
    attached.copy()
    assert attached.shelf.tags[signature_tag(attached.image)] == str(more.digest)
    assert attached.puts() == before


def test_an_old_tag_with_something_else_is_not_replaced() -> None:
    attached = Attached()
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
    attached.target.tag(THERE, signature_tag(attached.image), attached.image.digest)
    with pytest.raises(RefusedError, match="has other content"):
        attached.copy()
    assert attached.shelf.tags[signature_tag(attached.image)] == str(attached.image.digest)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"schemaVersion": 2, "layers": 5}'])
@pytest.mark.parametrize("where", ["listed", "tagged", "tagged there"])
def test_what_is_no_manifest_although_a_registry_serves_it_as_one_is_a_finding(where: str, body: bytes) -> None:
    attached = Attached()
    raw = RawManifest(body=body, media_type=OCI_MANIFEST)
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
    registry, repository = (attached.target, THERE) if where == "tagged there" else (attached.source.memory, AIONIS)
    registry.shelf(repository).manifests[str(raw.digest)] = raw
    if where == "listed":
        add_to_list(registry, repository, attached.image.digest, entry_of(raw))
    else:
        registry.tag(repository, signature_tag(attached.image), raw.digest)
    with pytest.raises(InvalidManifestError, match="is not a valid manifest"):
        attached.copy()


@dataclass
class Rival:
    """Another tool that attaches something at the worst moment: it has read a list before we write, and writes after.

    Attributes:
        times: How often it does.
        others: What it attached.
    """

    attached: Attached
    times: int = 1
    others: list[str] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        target, image = self.attached.target, self.attached.image
        before = target.tags(THERE).get(_tag(image), "")
        response = target.send(request, limit=limit, deadline=deadline)
        if request.method == "PUT" and request.url.endswith(_tag(image)) and len(self.others) < self.times:
            target.shelf(THERE).tags[_tag(image)] = before
            if not before:
                del target.shelf(THERE).tags[_tag(image)]
            self.others.append(str(self.attached.sign_there(f"rival {len(self.others)}").digest))
        return response


def test_an_entry_that_another_tool_overwrites_is_added_again_beside_its_own() -> None:
    attached = Attached()
    signature = attached.sign()
    attached.to_target = rival = Rival(attached, times=3)
    attached.copy()
    assert sorted(attached.there()) == sorted([*rival.others, str(signature.digest)])


def test_one_that_is_always_overwritten_ends_the_run() -> None:
    attached = Attached()
    attached.sign()
    attached.to_target = Rival(attached, times=1000)
    with pytest.raises(LostRaceError):
        attached.copy()


@dataclass
class Late:
    """Another tool that has read the list before we wrote it, and writes once we have read back: at the next look.

    Attributes:
        times: How often it does.
    """

    attached: Attached
    times: int
    others: list[str] = field(default_factory=list)
    is_due: bool = False

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        tags, tag = self.attached.shelf.tags, _tag(self.attached.image)
        if self.is_due and "/referrers/" in request.url and len(self.others) < self.times:
            tags.pop(tag)
            self.others.append(str(self.attached.sign_there(f"late {len(self.others)}").digest))
        self.is_due |= request.method == "PUT" and request.url.endswith(tag)
        return self.attached.target.send(request, limit=limit, deadline=deadline)


def test_an_entry_that_another_tool_overwrites_once_it_was_read_back_is_added_again_with_all_that_was_seen() -> None:
    attached = Attached()
    foreign, signature = attached.sign_there(), attached.sign()
    attached.to_target = late = Late(attached, times=2)
    attached.copy()
    assert len(late.others) == 2
    assert set(attached.there()) == {str(foreign.digest), str(signature.digest), *late.others}


def test_one_that_vanishes_again_and_again_ends_the_run() -> None:
    attached = Attached()
    attached.sign()
    attached.to_target = Late(attached, times=1000)
    with pytest.raises(UnreachableError, match="other tools keep replacing the lists"):
        attached.copy()


def test_reads_that_lag_behind_writes_end_in_one_list() -> None:
    attached = Attached()
    foreign, signature = attached.sign_there(), attached.sign()
    attached.target.lag = Lag(seconds=3.0)
    attached.copy()
    assert attached.there() == [str(foreign.digest), str(signature.digest)]


def test_two_runs_at_once_lose_nothing_whatever_the_order_of_their_steps() -> None:
    """But for one that is held up between its last look and its write: the other one's next run adds what is lost."""
    held_up = []
    for turn in range(1, 30):
        attached = Attached()
        foreign = attached.sign_there()
        sign_by_tag(attached.target, THERE, attached.image, "foreign")
        one = attached.sign("one")
        sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
        first = attached.steps()
        event = list(itertools.islice(first, turn))[-1]
        two = attached.sign("two")
        sign_by_tag(attached.source.memory, AIONIS, attached.image, "one", "two")
        attached.copy()
        finish(first)
        if _has_looked(event):
            held_up.append(turn)
            attached.copy()
        assert sorted(attached.there()) == sorted(str(raw.digest) for raw in (foreign, one, two)), turn
        assert set(signatures(attached.target, THERE, attached.image)) == {"foreign", "one", "two"}, turn
    assert len(held_up) == 4, "the look and the write, of the list and of the tag"


def _has_looked(event: Event) -> bool:
    """Whether it has read a tag for the last time before it writes it."""
    return event.writes if isinstance(event, Step) else event.step.name == "re-check"


KINDS = (F.RESET, F.FORBIDDEN, F.NOT_FOUND, F.SERVER_ERROR, F.TRUNCATED, F.REDIRECT, F.WRONG_TYPE)


def signed() -> Attached:
    attached = Attached()
    attached.sign()
    attached.sign("of a platform", child_of(attached))
    attached.sign_there()
    sign_by_tag(attached.source.memory, AIONIS, attached.image, "one")
    sign_by_tag(attached.target, THERE, attached.image, "foreign")
    return attached


def arrived(attached: Attached) -> bool:
    source, target = attached.source.memory, attached.target
    return (
        set(listed(target, THERE, attached.image)) >= set(listed(source, AIONIS, attached.image))
        and attached.there(child_of(attached)) == listed(source, AIONIS, child_of(attached))
        and set(signatures(target, THERE, attached.image)) == {"one", "foreign"}
    )


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("at_source", [True, False])
def test_a_copy_that_any_request_ends_loses_nothing_and_is_completed_by_the_next(
    kind: F, *, at_source: bool, applied: bool
) -> None:
    quiet = signed()
    quiet.copy()
    count = len((quiet.source.memory if at_source else quiet.target).log)
    for position in range(0 if THOROUGH else KINDS.index(kind) + applied, count, 1 if THOROUGH else 9):
        attached = signed()
        foreign = attached.there()
        inner = attached.source.memory if at_source else attached.target
        faulty = Faulty(inner, [Fault(kind, skip=position, applied=applied)])
        if at_source:
            attached.to_source = faulty
        else:
            attached.to_target = faulty
        try:
            attached.copy()
        except ShiplaneError:
            assert set(foreign) <= set(attached.there()), position
            assert "foreign" in signatures(attached.target, THERE, attached.image)
            faulty.plan = []
            attached.copy()
        assert arrived(attached), position
        assert set(foreign) <= set(attached.there()), position


def test_a_copy_that_is_stopped_before_any_step_is_completed_by_the_next() -> None:
    attached = signed()
    steps = sum(isinstance(event, Step) for event in attached.steps())
    for last in range(0, steps, 1 if THOROUGH else 3):
        attached = signed()
        flow = attached.steps()
        for _ in range(last + 1):
            next(event for event in flow if isinstance(event, Step))
        flow.close()
        attached.copy()
        assert arrived(attached), last


def test_a_target_that_takes_no_tag_is_told_within_the_budget() -> None:
    attached = Attached()
    attached.sign()
    attached.to_target = Faulty(attached.target, [Fault(F.SERVER_ERROR, "PUT", "/manifests/sha256-", times=FOR_EVER)])
    with pytest.raises(UnreachableError):
        attached.copy()
    clock = attached.source.clock
    assert isinstance(clock, VirtualClock)
    assert clock.seconds < 900


def test_an_index_that_refers_to_an_image_is_copied_with_its_children() -> None:
    attached = Attached()
    shelf = attached.source.memory.shelf(AIONIS)
    part = store(shelf, {**json.loads(child_of(attached).body), "config": store_blob(shelf, b"{}", EMPTY)})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry_of(part)]}
    raw = store(shelf, {**index, "subject": entry_of(attached.image)})
    add_to_list(attached.source.memory, AIONIS, attached.image.digest, entry_of(raw))
    of_part = attached.sign("of the part", part)
    attached.copy()
    assert attached.there() == [str(raw.digest)]
    assert attached.there(part) == [str(of_part.digest)]

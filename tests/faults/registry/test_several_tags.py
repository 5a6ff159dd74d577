"""Several tags by one PUT: only where the project says that the registry takes it, and its answer proves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import AccessError, RefusedError
from shiplane.core.progress import Event, Flow, StepOutcome
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Repository, Tag
from shiplane.registry.tag_writer import TagWriter
from tests.faults.harness.access import Access
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import AIONIS, PATH, Scene, a_registry, finish
from tests.faults.harness.server import serve

TAGS = [Tag("0.2.1-bookworm"), Tag("x-0.2.1"), Tag("0.2.1-slim")]


@dataclass
class Claiming:
    """A transport whose registry says that it made these tags, whatever it did."""

    inner: Transport
    claim: str

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.inner.send(request, limit=limit, deadline=deadline)
        if "?tag=" in request.url:
            return replace(response, headers={**response.headers, "oci-tag": self.claim})
        return response


@dataclass
class Desk:
    """A scene with an image that is not yet tagged, and who tags it."""

    scene: Scene = field(default_factory=lambda: Scene(a_registry(joins_tags=True)))
    joining: bool = True
    raw: RawManifest = field(init=False)

    def __post_init__(self) -> None:
        self.raw = push_image(self.scene.registry, PATH)

    def create(self, tags: Sequence[Tag] = TAGS) -> list[str]:
        """Create the tags; gives the outcomes."""
        registry = self.scene.client()
        if self.joining:
            registry.session.joining = frozenset({AIONIS.registry})
        told: list[Event] = []
        finish(TagWriter(registry=registry).create_all(tags, self.raw), told.append)
        outcomes = [event for event in told if isinstance(event, StepOutcome)]
        return [f"{one.step.name} {one.step.subject}: {one.state.value}: {one.reason}" for one in outcomes]

    def puts(self) -> list[str]:
        """What was put, in order: by digest is ``*``."""
        sent = [entry.reference for entry in self.scene.registry.log if entry.is_manifest_put]
        return ["*" if ":" in reference else reference for reference in sent]

    def is_right(self, tags: Sequence[Tag] = TAGS) -> bool:
        return self.scene.tags() == dict.fromkeys(tags, str(self.raw.digest))


def test_one_request_makes_them_all_and_each_is_read_before_and_after() -> None:
    desk = Desk()
    told = desk.create()
    assert told == [
        *(f"re-check {tag}: done: still unpublished" for tag in TAGS),
        f"tag {', '.join(TAGS)}: done: created by one request",
        *(f"read back {tag}: done: {tag} is {desk.raw.digest}" for tag in TAGS),
    ]
    assert (desk.puts(), desk.is_right()) == (["*"], True)
    assert [line.partition(": ")[2] for line in desk.create() if line.startswith("tag ")] == [
        "unchanged: it has this digest"
    ] * 3
    assert desk.puts() == ["*"]


def test_it_is_never_tried_where_nobody_says_so_nor_for_one_tag_or_none() -> None:
    for desk, tags in ((Desk(joining=False), TAGS), (Desk(), TAGS[:1]), (Desk(), [])):
        plain = Desk(joining=False)
        assert desk.create(tags) == plain.create(tags)
        assert desk.puts() == plain.puts() == list(tags)
        assert desk.scene.registry.log[1:] == plain.scene.registry.log[1:]


def test_at_most_ten_go_together_and_the_rest_alone() -> None:
    desk, tags = Desk(), [Tag(f"alias-{number}") for number in range(12)]
    desk.create(tags)
    assert (desk.puts(), desk.is_right(tags)) == (["*", "alias-10", "alias-11"], True)


def test_a_registry_that_answers_201_and_makes_no_tag_is_noticed_and_each_is_written_alone() -> None:
    desk = Desk(Scene(a_registry(joins_tags=False)))
    told = desk.create()
    reason = "the registry makes no tags of one request (HTTP 201); writing each alone"
    assert f"tag {', '.join(TAGS)}: skipped: {reason}" in told
    assert (desk.puts(), desk.is_right()) == (["*", *TAGS], True)


@pytest.mark.parametrize("claim", [TAGS[1], f" {TAGS[1]} ,another", f"{TAGS[1]},"])
def test_what_is_not_acknowledged_is_written_alone(claim: str) -> None:
    desk = Desk(Scene(a_registry(joins_tags=False)))
    desk.scene.registry.tag(PATH, "another", desk.raw.digest)
    # It names one of ours, and makes none.
    desk.scene.transport = Claiming(Faulty(desk.scene.registry), claim)
    told = desk.create()
    assert (
        f"tag {', '.join(TAGS)}: failed: {TAGS[0]}, {TAGS[2]} not acknowledged (HTTP 201); writing each alone" in told
    )
    assert f"read back {TAGS[1]}: failed: it did not arrive; sending it alone" in told
    assert (desk.puts(), desk.is_right([*TAGS, Tag("another")])) == (["*", *TAGS], True)


def test_a_claim_that_nothing_stands_behind_is_noticed_by_reading() -> None:
    desk = Desk(Scene(a_registry(joins_tags=False)))
    desk.scene.transport = Claiming(desk.scene.registry, ", ".join(TAGS))
    told = desk.create()
    assert [line for line in told if "did not arrive" in line] == [
        f"read back {tag}: failed: it did not arrive; sending it alone" for tag in TAGS
    ]
    assert (desk.puts(), desk.is_right()) == (["*", *TAGS], True)


def test_late_reads_are_waited_for() -> None:
    desk = Desk(Scene(a_registry(joins_tags=True, lag=Lag(seconds=3.0))))
    desk.create()
    assert (desk.puts(), desk.is_right()) == (["*"], True)


@pytest.mark.parametrize(("kind", "applied"), [(F.UNAVAILABLE, False), (F.RESET, True), (F.RESET, False)])
def test_without_a_certain_answer_each_is_read_again_first(kind: F, applied: bool) -> None:  # noqa: FBT001
    desk = Desk()
    desk.scene.transport = Faulty(desk.scene.registry, [Fault(kind, "PUT", "manifests/sha256:", applied=applied)])
    told = desk.create()
    assert any("not acknowledged" in line for line in told)
    assert (desk.puts(), desk.is_right()) == (["*"] if applied else list(TAGS), True)


def test_where_one_is_taken_nothing_is_written_together() -> None:
    desk = Desk()
    other = push_image(desk.scene.registry, PATH, salt="other")
    desk.scene.registry.tag(PATH, TAGS[1], other.digest)
    with pytest.raises(RefusedError, match=f"{TAGS[1]} now exists"):
        desk.create()
    assert desk.puts() == TAGS[:1]


def test_a_denial_ends_the_run_with_nothing_written() -> None:
    desk = Desk()
    desk.scene.transport = Faulty(desk.scene.registry, [Fault(F.FORBIDDEN, "PUT", times=FOR_EVER)])
    with pytest.raises(AccessError):
        desk.create()
    assert (desk.puts(), desk.scene.tags()) == ([], {})


def test_a_run_that_was_cut_anywhere_is_completed_by_the_next() -> None:
    whole = len(list(_flow(Desk())))
    for cut in range(whole):
        desk = Desk()
        flow = _flow(desk)
        for _ in range(cut):
            next(flow)
        flow.close()
        desk.create()
        assert desk.is_right(), cut


def _flow(desk: Desk) -> Flow[None]:
    registry = desk.scene.client()
    registry.session.joining = frozenset({AIONIS.registry})
    return TagWriter(registry=registry).create_all(TAGS, desk.raw)


@pytest.mark.parametrize("joins", [True, False])
def test_over_a_socket(joins: bool) -> None:  # noqa: FBT001
    memory = MemoryRegistry(access=Access(scheme="none"), joins_tags=joins)
    raw = push_image(memory, PATH)
    with serve(memory) as served:
        session = Session(HttpTransport({}, user_agent="test"), joining=frozenset({served.address}))
        finish(TagWriter(registry=RegistryClient(session, Repository(served.address, PATH))).create_all(TAGS, raw))
    assert memory.tags(PATH) == dict.fromkeys(TAGS, str(raw.digest))
    assert len([entry for entry in memory.log if entry.is_manifest_put]) == (1 if joins else 4)

"""Naming, step by step: what is read, what is written, and how each doubt ends."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

import pytest

from shiplane.core.errors import AccessError, ShiplaneError, UnreachableError, VerificationError
from shiplane.core.progress import Event, Flow, StepOutcome
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.lookup import require_certain, wait_for_digest
from shiplane.registry.oci.lookup_result import Absent, Present, Refused, Unknown
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.tag_writer import TagWriter
from tests.faults.harness.client_setup import AIONIS
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import PATH, Scene, a_registry

TAG = Tag("v0.2.1")


def test_present_and_absent_are_certain() -> None:
    raw = push_image(Scene().registry, PATH)
    assert require_certain(Present(raw), AIONIS, TAG) == Present(raw)
    assert require_certain(Absent(), AIONIS, TAG) == Absent()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Refused("no", "ask"), AccessError, "no\n  ask"),
        (
            Unknown("a page"),
            UnreachableError,
            "could not read v0.2.1: a page\n  Could not read the registry; nothing was changed",
        ),
        (Unknown("bytes", corrupt=True), VerificationError, "ghcr.io/cognary/aionis: bytes\n  The registry serves"),
    ],
)
def test_everything_else_ends_the_run_with_its_own_error(
    answer: Refused | Unknown, kind: type[ShiplaneError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        require_certain(answer, AIONIS, TAG)
    assert type(caught.value) is kind
    assert words in str(caught.value)


def namer(scene: Scene) -> TagWriter:
    registry = scene.client()
    return TagWriter(registry=registry)


def floating(scene: Scene, raw: RawManifest, old: Digest) -> Flow[Digest | None]:
    return namer(scene).move(Tag("latest"), raw, change="old -> new", expected_digests=[old], recorded_digests=())


def told(flow: Flow[Any]) -> list[str]:
    """The events of a flow, each in a line."""
    return [_line(event) for event in flow]


def _line(event: Event) -> str:
    if isinstance(event, StepOutcome):
        return f"{_line(event.step)}: {event.state.value}: {event.reason}"
    return f"{event.name}{'!' if event.writes else ''} {event.subject}"


def test_a_name_is_looked_at_written_and_read_back() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    assert told(namer(scene).create(TAG, raw)) == [
        "re-check v0.2.1",
        "re-check v0.2.1: done: still unpublished",
        "tag! v0.2.1",
        "tag! v0.2.1: done: created",
        "read back v0.2.1",
        f"read back v0.2.1: done: v0.2.1 is {raw.digest}",
    ]
    assert told(namer(scene).create(TAG, raw)) == [
        "re-check v0.2.1",
        f"re-check v0.2.1: done: at {raw.digest.short}",
        "tag! v0.2.1: unchanged: it has this digest",
    ]
    assert told(namer(scene).confirm(TAG, raw)) == [
        "confirm v0.2.1",
        f"confirm v0.2.1: done: still {raw.digest.short}",
    ]


def test_a_floating_tag_is_looked_at_moved_and_read_back() -> None:
    scene = Scene()
    old, raw = push_image(scene.registry, PATH, tag="latest", salt="old"), push_image(scene.registry, PATH)
    for _ in range(2):
        assert told(floating(scene, raw, old.digest))[2:4] == ["move! latest", "move! latest: done: old -> new"]
        assert scene.tags() == {"latest": str(raw.digest)}


class Losing:
    """A connection over which no PUT arrives, although each is answered with a yes."""

    def __init__(self, registry: MemoryRegistry) -> None:
        self._registry = registry

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "PUT":
            return Response(status=201, headers={"docker-content-digest": str(Digest.of(request.body))}, body=b"")
        return self._registry.send(request, limit=limit, deadline=deadline)


def test_a_yes_alone_is_no_name() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    scene.transport = Losing(scene.registry)
    with pytest.raises(UnreachableError, match="could not be read back"):
        told(namer(scene).create(TAG, raw))


def test_a_lost_put_that_had_arrived_is_told_as_what_it_is() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    scene.transport = Faulty(scene.registry, [Fault(F.RESET, "PUT", applied=True)])
    story = told(namer(scene).create(TAG, raw))
    assert "no certain answer" in story[3]
    assert story[-1] == "tag! v0.2.1: done: created; it had arrived after all"
    assert scene.tag_writes() == ["v0.2.1"]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_put_that_is_lost_is_sent_up_to_three_times(lost: int) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", times=lost)])
    story = told(namer(scene).create(TAG, raw))
    assert story.count("read back v0.2.1: failed: it did not arrive; sending it again") == lost
    assert [entry.method for entry in wire.log].count("PUT") == lost + 1
    assert scene.tags() == {"v0.2.1": str(raw.digest)}


@pytest.mark.parametrize("start", ["absent", "elsewhere"])
def test_a_put_that_is_always_lost_is_given_up_after_three(start: str) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    old = push_image(scene.registry, PATH, salt="old", tag="latest") if start == "elsewhere" else None
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", times=FOR_EVER)])
    flow: Flow[object] = floating(scene, raw, old.digest) if old else namer(scene).create(TAG, raw)
    with pytest.raises(UnreachableError, match="could not be read back"):
        told(flow)
    assert [entry.method for entry in wire.log].count("PUT") == 3


def test_a_put_that_was_answered_is_never_sent_twice() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    scene.transport = wire = Faulty(
        scene.registry, [Fault(F.NOT_FOUND, "GET", "/manifests/v0", skip=1, times=FOR_EVER)]
    )
    with pytest.raises(UnreachableError, match="could not be read back"):
        told(namer(scene).create(TAG, raw))
    assert [entry.method for entry in wire.log].count("PUT") == 1


def test_the_last_put_is_waited_for_for_a_minute_whatever_its_answer_was() -> None:
    scene = Scene(a_registry(lag=Lag(seconds=20.0)))
    raw = push_image(scene.registry, PATH)
    scene.transport = Faulty(scene.registry, [Fault(F.RESET, "PUT", applied=True, times=FOR_EVER)])
    assert told(namer(scene).create(TAG, raw))[-1] == "tag! v0.2.1: done: created; it had arrived after all"


def waited(faults: list[Fault]) -> float:
    """The seconds of virtual time from the first reading back to its end, whatever that is."""
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    scene.transport = Faulty(scene.registry, faults)
    moments = [0.0]
    with suppress(UnreachableError):
        for event in namer(scene).create(TAG, raw):
            moments.append(scene.registry.clock.now())
            if "sending it again" in _line(event):
                break
    return scene.registry.clock.now() - moments[4]


def test_a_put_that_was_answered_is_waited_for_for_a_minute_and_a_doubtful_one_for_seconds() -> None:
    unseen = Fault(F.NOT_FOUND, "GET", "/manifests/v0", skip=1, times=FOR_EVER)
    assert 60 <= waited([unseen]) <= 69
    assert 4 <= waited([unseen, Fault(F.RESET, "PUT")]) <= 8


def test_a_name_that_does_not_show_at_its_confirmation_is_waited_for_for_a_minute() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1")
    for times in (8, FOR_EVER):
        scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "/manifests/v0", times=times)])
        began = clock_of(scene).now()
        with pytest.raises(UnreachableError) if times == FOR_EVER else nullcontext():
            told(namer(scene).confirm(TAG, raw))
        assert 20 < clock_of(scene).now() - began < 70


@pytest.mark.parametrize("gone", ["gone", "other"])
def test_a_confirmation_ends_the_run_where_the_name_is_not_what_it_was(gone: str) -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH, tag="v0.2.1")
    if gone == "gone":
        del scene.registry.shelf(PATH).tags["v0.2.1"]
    else:
        push_image(scene.registry, PATH, salt="other", tag="v0.2.1")
    with pytest.raises(ShiplaneError) as caught:
        told(namer(scene).confirm(TAG, raw))
    assert caught.value.kind == ("unreachable" if gone == "gone" else "lost-race")
    assert scene.tag_writes() == []


def test_a_read_that_lags_for_long_says_what_is_waited_for() -> None:
    scene = Scene(a_registry(lag=Lag(seconds=20.0)))
    raw = push_image(scene.registry, PATH)
    told(namer(scene).create(TAG, raw))
    assert scene.told[0] == "v0.2.1 does not read as it was written after 2 s: looking again in 2.0 s, for up to 60 s"
    assert len(scene.told) == len(scene.registry.clock.sleeps) - 3, "the first waits are usual"  # type: ignore[attr-defined]


def test_a_read_that_lags_as_usual_says_nothing() -> None:
    scene = Scene(a_registry(lag=Lag(seconds=1.0)))
    told(namer(scene).create(TAG, push_image(scene.registry, PATH)))
    assert scene.told == []


def test_a_rate_limit_says_how_long_and_which_try() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    slow = Fault(F.TOO_MANY, "GET", "/manifests/v0", headers={"retry-after": "8"}, times=1)
    scene.transport = Faulty(scene.registry, [slow])
    told(namer(scene).create(TAG, raw))
    (line,) = scene.told
    assert "HTTP 429" in line
    assert line.endswith(": waiting 8.0 s, then try 2 of 5")


def clock_of(scene: Scene) -> VirtualClock:
    assert isinstance(scene.registry.clock, VirtualClock)
    return scene.registry.clock


def test_what_reads_as_it_was_written_is_not_waited_for() -> None:
    scene = Scene()
    raw = push_image(scene.registry, PATH)
    told(namer(scene).create(TAG, raw))
    told(namer(scene).confirm(TAG, raw))
    assert clock_of(scene).sleeps == []


@pytest.mark.parametrize("seconds", [5.0, 20.0])
def test_a_moved_name_that_still_shows_its_old_digest_is_read_until_it_does_not(seconds: float) -> None:
    scene = Scene(a_registry(lag=Lag(seconds=seconds)))
    old, raw = push_image(scene.registry, PATH, tag="latest", salt="old"), push_image(scene.registry, PATH)
    clock_of(scene).pass_by(60)
    began = clock_of(scene).now()
    told(floating(scene, raw, old.digest))
    assert seconds <= clock_of(scene).now() - began < 2 * seconds + 1


def test_what_never_arrives_is_a_finding_that_says_who_said_it_had() -> None:
    scene = Scene()
    registry = scene.client()
    with pytest.raises(VerificationError, match=r"does not have sha256:\w+, although the builder pushed it"):
        wait_for_digest(registry, Digest.of(b"nothing"), "the builder pushed it")
    assert 50 < clock_of(scene).now() < 70

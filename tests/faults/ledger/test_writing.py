"""Ledgers as one writer writes them: what a release records, in which pieces, and what an unsure answer is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from shiplane.config.lane import MAIN, STANDALONE, Lane
from shiplane.core.errors import AccessError, UnreachableError
from shiplane.core.progress import Step
from shiplane.ledger.ledger import Action, BrokenLedgerError
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.ledger.store import AppendResult
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.names import Digest, Repository
from tests.faults.harness.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.ledgers import actions, clock_of, ledger_puts, note, store, writing
from tests.faults.harness.memory import Lag, MemoryRegistry
from tests.faults.harness.scene import PATH, Scene, a_plan, a_registry, events, finish, until


def test_a_release_is_recorded_once_with_what_a_reader_wants_to_know() -> None:
    scene = Scene()
    scene.publish()
    scene.publish()
    assert actions(scene) == ["publish v0.2.1 0.2.1", "float latest 0.2.1"]
    publish, float_ = scene.ledger().entries
    tags = scene.tags()
    assert (str(publish.after), publish.commit, publish.who) == (tags["v0.2.1"], a_plan().commit, "releaser")
    assert set(publish.platforms) == {"linux/amd64", "linux/arm64"}
    assert (float_.before, str(float_.after), float_.late) == (None, tags["latest"], False)
    assert len(scene.ledger(STANDALONE).entries) == 2


def test_the_next_release_says_where_the_floating_tag_came_from() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    before = scene.tags()["latest"]
    scene.publish()
    assert str(scene.ledger().entries[-1].before) == before


@pytest.mark.parametrize("lane", [MAIN, STANDALONE], ids=lambda lane: lane.name)
def test_what_a_run_could_not_record_is_recorded_by_the_next_one_and_said_meanwhile(lane: Lane) -> None:
    scene = Scene()
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, "PUT", f"manifests/{lane.ledger}", times=FOR_EVER)])
    with pytest.raises(AccessError) as caught:
        scene.publish()
    assert caught.value.what.startswith(
        "publish v0.2.1, float latest, publish standalone-v0.2.1, float standalone-latest: "
        "done, but perhaps not recorded in ledger-main, ledger-standalone: "
    ), "the lane after it has not been begun, the lane before it not seen to stay"
    assert {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"} == set(scene.tags())
    scene.transport = scene.registry
    assert not scene.ledger(lane).entries
    scene.publish()
    late = [(Action.PUBLISH, True), (Action.FLOAT, True)]
    assert [(entry.action, entry.late) for entry in scene.ledger(lane).entries] == late
    assert not scene.audit().drift


def test_where_the_ledger_may_not_be_written_nothing_is_built_or_named() -> None:
    """Push access to the images proves nothing about a ledger in another repository: it is asked for, too."""
    scene = Scene(records=Repository.parse("ghcr.io/cognary/records"))
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, "POST", "records/blobs/uploads", times=FOR_EVER)])
    with pytest.raises(AccessError, match=r"ghcr\.io/cognary/records"):
        scene.publish()
    assert (scene.tags(), scene.stager.built) == ({}, [])
    scene.transport = scene.registry
    published, *_ = scene.publish()
    assert published.recorded is not None
    assert published.recorded.to_json() == {
        "tag": "ledger-main",
        "image": "ghcr.io/cognary/records:ledger-main",
        "digest": scene.registry.tags("cognary/records")["ledger-main"],
        "added": ["publish", "float"],
    }
    again, *_ = scene.publish()
    assert again.recorded is not None
    assert (again.recorded.digest, again.recorded.added) == (published.recorded.digest, ())


def test_without_a_ledger_a_release_writes_none() -> None:
    scene = Scene(keeps_ledger=False)
    scene.publish()
    assert not [tag for tag in scene.registry.tags(PATH) if tag.startswith("ledger-")]


def test_all_but_the_last_piece_stay_as_they_are() -> None:
    scene = Scene()
    for number in range(3):
        finish(writing(scene, *(note(scene, f"{number}.{i}.0", "x" * 300) for i in range(300))))
    finish(record([LedgerUpdate(store=store(scene, STANDALONE), entries=[note(scene, "1.0.0")])]))
    page = store(scene).read()
    assert page.manifest is not None
    assert len(page.manifest.pieces) > 1
    assert len(page.ledger.entries) == 900
    sent = [e for e in scene.registry.log if e.method == "PUT" and "/blobs/uploads/" in e.path]
    assert len(sent) == 1 + len({e.query for e in sent if "44136fa" not in e.query})
    assert store(scene).verify_chain(page)


def test_the_story_of_a_record_says_what_was_added_and_what_stood_there() -> None:
    scene, step = Scene(), Step("record", "ledger-main", writes=True)
    one, other = note(scene, "1.0.0"), note(scene, "2.0.0")
    assert events(store(scene).append([one, other])) == [step, step.done("2 mark")]
    assert events(store(scene).append([one])) == [step, step.unchanged("recorded before")]
    stands = finish(store(scene).append([one]))
    digest = Digest(scene.registry.tags(PATH)["ledger-main"])
    assert stands == AppendResult(digest=digest, ledger=scene.ledger(), took=0.0), (
        "nothing was written, and took nothing"
    )


def test_an_entry_has_a_word_that_nobody_else_has() -> None:
    scene = Scene()
    words = {note(scene, "1.0.0").id for _ in range(50)}
    assert (len(words), {len(word) for word in words}) == (50, {16})
    assert note(scene, "1.0.0").late is False


@pytest.mark.parametrize("kind", [F.RESET, F.TIMEOUT, F.SERVER_ERROR, F.BAD_GATEWAY, F.UNAVAILABLE, F.WRONG_DIGEST])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("path", ["manifests/ledger-main", "blobs/uploads/upload"])
def test_a_write_without_a_certain_answer_is_looked_for_before_it_is_sent_again(
    path: str, kind: F, *, applied: bool
) -> None:
    scene = Scene()
    scene.transport = Faulty(scene.registry, [Fault(kind, "PUT", path, applied=applied)])
    finish(writing(scene, note(scene, "1.0.0")))
    assert actions(scene) == ["mark v1.0.0 1.0.0"]


def test_reads_that_lag_are_waited_for() -> None:
    scene = Scene(a_registry(lag=Lag(seconds=20.0)))
    finish(writing(scene, note(scene, "1.0.0")))
    finish(writing(scene, note(scene, "2.0.0")))
    assert actions(scene) == ["mark v1.0.0 1.0.0", "mark v2.0.0 2.0.0"]


@dataclass
class Moved:
    """A registry that wants uploads at another host."""

    inner: MemoryRegistry

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.inner.send(request, limit=limit, deadline=deadline)
        where = {"location": "https://elsewhere.example/upload/1"} if request.method == "POST" else {}
        return replace(response, headers={**response.headers, **where})


def test_uploads_go_to_the_registry_itself_and_nowhere_else() -> None:
    scene = Scene()
    scene.transport = Moved(scene.registry)
    with pytest.raises(UnreachableError, match="an upload was opened at 'https://elsewhere"):
        finish(writing(scene, note(scene, "1.0.0")))
    assert {entry.host for entry in scene.registry.log} == {"ghcr.io"}


def test_a_writer_that_never_gets_through_says_so() -> None:
    scene = Scene()
    scene.transport = Faulty(scene.registry, [Fault(F.RESET, "PUT", "manifests/ledger-main", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match="done, but perhaps not recorded"):
        finish(writing(scene, note(scene, "2.0.0")))
    assert scene.ledger().entries == ()


@dataclass
class Losing:
    """A connection over which no ledger arrives, although each is answered with a yes."""

    inner: MemoryRegistry

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "PUT" and request.url.endswith("/manifests/ledger-main"):
            return Response(status=201, headers={"docker-content-digest": str(Digest.of(request.body))}, body=b"")
        return self.inner.send(request, limit=limit, deadline=deadline)


@pytest.mark.parametrize("before", [0, 1])
def test_a_ledger_whose_put_is_answered_and_lost_is_not_called_written(before: int) -> None:
    scene = Scene()
    finish(writing(scene, *[note(scene, "1.0.0")] * before))
    scene.transport = Losing(scene.registry)
    with pytest.raises(UnreachableError, match=r"was sent \(HTTP 201\), but could not be read back"):
        finish(writing(scene, note(scene, "2.0.0")))


def test_a_ledger_is_not_sent_again_where_it_does_not_show_what_became_of_it() -> None:
    scene, path = Scene(), "manifests/ledger-main"
    hidden = Fault(F.FORBIDDEN, "GET", path, skip=2, times=FOR_EVER)
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", path), hidden])
    with pytest.raises(UnreachableError, match=r"was sent .*, but could not be read back"):
        finish(store(scene).append([note(scene, "1.0.0")]))
    assert ledger_puts(wire) == 1


def test_a_ledger_that_was_answered_for_is_waited_for_for_a_minute() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry)
    with pytest.raises(UnreachableError, match="could not be read back"):
        finish(store(scene).append([note(scene, "1.0.0")]))
    assert 50 < clock_of(scene).now() < 70


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_ledger_is_sent_up_to_three_times_and_looked_for_shortly_in_between(lost: int) -> None:
    scene = Scene()
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", "manifests/ledger-main", times=lost)])
    if lost == 3:
        with pytest.raises(UnreachableError, match="ledger-main could not be written: no certain answer"):
            finish(store(scene).append([note(scene, "1.0.0")]))
    else:
        finish(store(scene).append([note(scene, "1.0.0")]))
    assert ledger_puts(wire) == min(lost + 1, 3)
    assert clock_of(scene).now() < 8.0 * lost


def test_a_ledger_that_was_read_before_is_looked_at_before_its_write_and_after_it_and_when_it_has_settled() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    page = store(scene).read()
    scene.registry.log.clear()
    finish(record([LedgerUpdate(store=store(scene), entries=[note(scene, "2.0.0")], snapshot=page)]))
    asked = [f"{e.method} {e.reference or 'a piece'}" for e in scene.registry.log if e.repository and e.status != 401]
    sent, written = ["POST a piece", "PUT a piece"], ["GET ledger-main", "PUT ledger-main", "GET ledger-main"]
    assert asked == [*sent, *written, "GET ledger-main"]


def test_what_cannot_be_looked_at_afterwards_is_not_surely_recorded() -> None:
    scene = Scene()
    flow = writing(scene, note(scene, "1.0.0"))
    until(flow, lambda step: step.name == "record")
    next(flow)
    scene.registry.tag(PATH, "ledger-main", push_image(scene.registry, PATH).digest)
    with pytest.raises(BrokenLedgerError, match=r"mark v1\.0\.0: done, but perhaps not recorded") as caught:
        finish(flow)
    assert "ledger.restart --lane main" in caught.value.remedy

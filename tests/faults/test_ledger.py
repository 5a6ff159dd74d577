"""Ledgers in a registry: what a release writes, what two writers at once lose (nothing), and what is never mended."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from shiplane.clients.http import Request, Response
from shiplane.flows.ledger import SETTLE, Book
from shiplane.flows.ledgers import Writing, record
from shiplane.model.errors import AccessError, RefusedError, UnreachableError
from shiplane.model.image import Digest, Repository, Tag
from shiplane.model.lane import MAIN, STANDALONE
from shiplane.model.ledger import Action, BrokenLedgerError, Entry, Ledger
from shiplane.model.ledgerfile import LINES, PREVIOUS, blob_of, ledger_manifest
from shiplane.model.step import Flow, Outcome
from tests.faults.clock import VirtualClock
from tests.faults.faults import FOR_EVER, F, Fault, Faulty
from tests.faults.images import push_image, store_blob
from tests.faults.memory import Lag, MemoryRegistry
from tests.faults.release import PATH, Scene, a_plan, a_registry, events, finish, until

SOME = Digest.of(b"some image")


def book(scene: Scene) -> Book:
    registry, patience = scene.client()
    return scene.ledgers(registry, patience).book(MAIN)


def put(scene: Scene, content: bytes, previous: Digest | None) -> None:
    """Put lines under the ledger's tag behind everybody's back, with everything that a registry checks in order."""
    store_blob(scene.registry.shelf(PATH), content, LINES)
    raw = ledger_manifest("main", [blob_of(content, LINES)], previous)
    scene.registry.shelf(PATH).manifests[str(raw.digest)] = raw
    scene.registry.tag(PATH, "ledger-main", raw.digest)


def note(scene: Scene, version: str) -> Entry:
    registry, patience = scene.client()
    scribe = scene.ledgers(registry, patience).scribe
    return scribe.entry(Action.MARK, tag=Tag(f"v{version}"), version=version, after=SOME, why="a note")


def writing(scene: Scene, *entries: Entry) -> Flow[None]:
    return record([Writing(book=book(scene), entries=entries)])


def actions(scene: Scene) -> list[str]:
    return [f"{entry.action.value} {entry.tag} {entry.version}" for entry in scene.ledger().entries]


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


def test_what_a_run_could_not_record_is_recorded_by_the_next_one_and_said_meanwhile() -> None:
    scene = Scene()
    scene.transport = Faulty(scene.registry, [Fault(F.FORBIDDEN, "PUT", "manifests/ledger-main", times=FOR_EVER)])
    with pytest.raises(AccessError, match="float latest: done, but not surely recorded in ledger-main"):
        scene.publish()
    assert {"v0.2.1", "latest"} <= set(scene.tags())
    scene.transport = scene.registry
    assert not scene.ledger().entries
    scene.publish()
    assert [(entry.action, entry.late) for entry in scene.ledger().entries] == [
        (Action.PUBLISH, True),
        (Action.FLOAT, True),
    ]
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
        finish(writing(scene, *(_long(scene, f"{number}.{i}.0") for i in range(300))))
    page = book(scene).read()
    assert page.manifest is not None
    assert len(page.manifest.pieces) > 1
    assert len(page.ledger.entries) == 900
    sent = [e for e in scene.registry.log if e.method == "PUT" and "/blobs/uploads/" in e.path]
    assert len(sent) == 1 + len({e.query for e in sent if "44136fa" not in e.query})
    assert book(scene).trace(page)


def _long(scene: Scene, version: str) -> Entry:
    registry, patience = scene.client()
    scribe = scene.ledgers(registry, patience).scribe
    return scribe.entry(Action.MARK, tag=Tag(f"v{version}"), version=version, after=SOME, why="x" * 300)


def test_two_writers_lose_no_entry_however_their_steps_fall() -> None:
    length = len(events(writing(Scene(), note(Scene(), "1.0.0"))))
    for order in itertools.product([0, 1], repeat=2 * length + 2):
        scene = Scene()
        flows = [writing(scene, note(scene, "1.0.0")), writing(scene, note(scene, "2.0.0"))]
        for turn in order:
            next(flows[turn], None)
        for flow in flows:
            finish(flow)
        assert sorted(actions(scene)) == ["mark v1.0.0 1.0.0", "mark v2.0.0 2.0.0"], order


def test_an_entry_that_another_writer_overwrote_is_added_again() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    stale = book(scene).read()
    flow = writing(scene, note(scene, "2.0.0"))
    for event in flow:
        if str(getattr(event, "reason", "")).startswith("mark"):
            break
    theirs = stale.ledger.append([note(scene, "3.0.0")])
    put(scene, theirs.content, stale.digest)
    finish(flow)
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "3.0.0", "2.0.0"]


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
    with pytest.raises(UnreachableError, match="wants uploads elsewhere: 'https://elsewhere"):
        finish(writing(scene, note(scene, "1.0.0")))
    assert {entry.host for entry in scene.registry.log} == {"ghcr.io"}


def tampered(scene: Scene, change: Callable[[bytes], bytes]) -> None:
    page = book(scene).read()
    put(scene, change(page.ledger.content), page.digest)


def test_a_broken_chain_stops_a_release_before_anything_is_built_and_stays_as_it_is() -> None:
    scene = Scene()
    scene.publish()
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    before, built = scene.registry.tags(PATH), list(scene.stager.built)
    with pytest.raises(BrokenLedgerError, match="line 2 of the ledger is wrong") as caught:
        scene.publish(a_plan("0.2.2", commit="b" * 40))
    assert caught.value.exit_code == 6
    assert "ledger.restart --lane main" in caught.value.remedy
    assert (scene.registry.tags(PATH), scene.stager.built) == (before, built)


def _rewritten(content: bytes) -> bytes:
    """All lines anew, with a chain that is whole: as somebody would who knows how."""
    entries = Ledger.parse(content).entries
    return Ledger().append([replace(entry, who="nobody") for entry in entries]).content


def test_a_ledger_that_was_written_anew_is_told_from_one_that_was_added_to() -> None:
    scene = Scene()
    scene.publish()
    tampered(scene, _rewritten)
    page = book(scene).read()
    with pytest.raises(BrokenLedgerError, match="it was written anew"):
        book(scene).trace(page)
    assert [what for what in scene.audit().drift if "written anew" in what]


def test_an_earlier_ledger_that_was_cleaned_away_cannot_be_compared() -> None:
    scene = Scene()
    scene.publish()
    finish(writing(scene, note(scene, "1.0.0")))
    page = book(scene).read()
    assert page.manifest is not None
    del scene.registry.shelf(PATH).manifests[str(page.manifest.previous)]
    assert book(scene).trace(page) is False


def test_a_ledger_that_was_set_back_shows_as_a_registry_that_is_ahead_of_it() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40))
    old = scene.registry.tags(PATH)["ledger-main"]
    scene.publish()
    scene.registry.tag(PATH, "ledger-main", old)
    assert [what for what in scene.audit().drift if "the last recorded move is to 0.2.0" in what]


@pytest.mark.parametrize("lost", ["blob", "other"])
def test_what_is_no_whole_ledger_is_left_alone_until_somebody_begins_it_anew(lost: str) -> None:
    scene = Scene()
    scene.publish()
    if lost == "blob":
        del scene.registry.shelf(PATH).blobs[str(Digest.of(scene.ledger().content))]
    else:
        push_image(scene.registry, PATH, tag="ledger-main")
    broken = scene.registry.tags(PATH)["ledger-main"]
    with pytest.raises(BrokenLedgerError):
        scene.ledger()
    replaced = finish(scene.marker().restart(MAIN, "somebody pushed over it"))
    assert str(replaced) == broken
    assert actions(scene) == ["restart ledger-main "]
    page = book(scene).read()
    assert page.manifest is not None
    assert str(page.manifest.previous) == broken
    assert book(scene).trace(page)
    scene.publish()
    assert actions(scene) == ["restart ledger-main ", "publish v0.2.1 0.2.1", "float latest 0.2.1"]


def test_a_whole_ledger_is_not_begun_anew() -> None:
    scene = Scene()
    for _ in range(2):
        with pytest.raises(RefusedError, match="ledger-main is not broken"):
            finish(scene.marker().restart(MAIN, "for fun"))
        scene.publish()
    assert len(scene.ledger().entries) == 2


def test_a_writer_that_never_gets_through_says_so() -> None:
    scene = Scene()
    scene.transport = Faulty(scene.registry, [Fault(F.RESET, "PUT", "manifests/ledger-main", times=FOR_EVER)])
    with pytest.raises(UnreachableError, match="done, but not surely recorded"):
        finish(writing(scene, note(scene, "2.0.0")))
    assert scene.ledger().entries == ()


def test_no_ledger_is_written_over_one_that_was_not_read() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    stale = book(scene).read()
    finish(writing(scene, note(scene, "2.0.0")))
    finish(record([Writing(book=book(scene), entries=[note(scene, "3.0.0")], page=stale)]))
    manifests = scene.registry.shelf(PATH).manifests
    replaced = [
        (effect.before, json.loads(manifests[effect.after].body)["annotations"].get(PREVIOUS, ""))
        for effect in scene.registry.effects()
    ]
    assert len(replaced) == 3
    assert all(before == said for before, said in replaced)


def test_a_slow_writer_is_waited_for_twice_as_long_as_the_write_took() -> None:
    scene = Scene()
    assert isinstance(scene.registry.clock, VirtualClock)
    clock = scene.registry.clock

    class Slow(MemoryRegistry):
        def send(self, request: Request, *, limit: int, deadline: float) -> Response:
            response = scene.registry.send(request, limit=limit, deadline=deadline)
            clock.pass_by(2.0 if request.method == "PUT" and "/manifests/" in request.url else 0.0)
            return response

    finish(writing(scene, note(scene, "1.0.0")))
    assert clock.sleeps == [SETTLE]
    scene.transport = Slow()
    finish(writing(scene, note(scene, "2.0.0")))
    assert clock.sleeps[1:] == pytest.approx([4.0])


@dataclass
class Losing:
    """A connection over which no ledger arrives, although each is answered with a yes."""

    inner: MemoryRegistry

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        if request.method == "PUT" and request.url.endswith("/manifests/ledger-main"):
            return Response(status=201, headers={"docker-content-digest": str(Digest.of(request.body))}, body=b"")
        return self.inner.send(request, limit=limit, deadline=deadline)


def test_a_ledger_whose_put_is_answered_and_lost_is_not_called_written() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry)
    with pytest.raises(UnreachableError, match=r"was sent \(HTTP 201\), but could not be read back"):
        finish(writing(scene, note(scene, "1.0.0")))


def test_a_ledger_that_was_broken_meanwhile_is_not_written_over() -> None:
    scene = Scene()
    scene.publish()
    flow = scene.flow(a_plan("0.2.2", commit="b" * 40))
    until(flow, lambda step: step.name == "record")
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    broken = scene.registry.tags(PATH)["ledger-main"]
    with pytest.raises(BrokenLedgerError, match="done, but not surely recorded in ledger-main"):
        finish(flow)
    assert scene.registry.tags(PATH)["ledger-main"] == broken


def test_a_ledger_that_was_mended_meanwhile_is_not_begun_anew() -> None:
    scene = Scene()
    scene.publish()
    good = scene.registry.tags(PATH)["ledger-main"]
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    flow = scene.marker().restart(MAIN, "it was tampered with")
    until(flow, lambda step: step.name == "record")
    scene.registry.tag(PATH, "ledger-main", Digest(good))
    with pytest.raises(UnreachableError, match="written by somebody else meanwhile"):
        finish(flow)
    assert scene.registry.tags(PATH)["ledger-main"] == good


def clock_of(scene: Scene) -> VirtualClock:
    assert isinstance(scene.registry.clock, VirtualClock)
    return scene.registry.clock


def ledger_puts(wire: Faulty) -> int:
    return len([entry for entry in wire.log if entry.is_manifest_put and entry.reference == "ledger-main"])


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_ledger_is_sent_up_to_three_times_and_looked_for_shortly_in_between(lost: int) -> None:
    scene = Scene()
    scene.transport = wire = Faulty(scene.registry, [Fault(F.RESET, "PUT", "manifests/ledger-main", times=lost)])
    if lost == 3:
        with pytest.raises(UnreachableError, match="ledger-main could not be written: no certain answer"):
            finish(book(scene).append([note(scene, "1.0.0")]))
    else:
        finish(book(scene).append([note(scene, "1.0.0")]))
    assert ledger_puts(wire) == min(lost + 1, 3)
    assert clock_of(scene).now() < 8.0 * lost


def test_a_ledger_that_was_answered_for_is_waited_for_for_a_minute() -> None:
    scene = Scene()
    scene.transport = Losing(scene.registry)
    with pytest.raises(UnreachableError, match="could not be read back"):
        finish(book(scene).append([note(scene, "1.0.0")]))
    assert 50 < clock_of(scene).now() < 70


@dataclass
class Rival:
    """Somebody who writes into the ledger after each of our looks at it, so many times."""

    scene: Scene
    times: int
    written: int = 0

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.scene.registry.send(request, limit=limit, deadline=deadline)
        looked = request.method == "GET" and request.url.endswith("manifests/ledger-main") and response.status == 200
        if looked and self.written < self.times:
            self.written += 1
            mine, self.scene.transport = self.scene.transport, self.scene.registry
            page = book(self.scene).read()
            put(self.scene, page.ledger.append([note(self.scene, f"9.0.{self.written}")]).content, page.digest)
            self.scene.transport = mine
        return response


@pytest.mark.parametrize("times", [1, 2, 11])
def test_a_writer_comes_again_after_others_and_loses_nobody_s_entry(times: int) -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    clock_of(scene).sleeps.clear()
    scene.transport = Rival(scene, times)
    finish(book(scene).append([note(scene, "2.0.0")]))
    scene.transport = scene.registry
    known = [entry.version for entry in scene.ledger().entries]
    assert known == ["1.0.0", *(f"9.0.{number}" for number in range(1, times + 1)), "2.0.0"]
    assert set(clock_of(scene).sleeps) == {SETTLE / 2}


def test_a_writer_that_others_always_come_before_gives_up_after_twelve_encounters() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    clock_of(scene).sleeps.clear()
    scene.transport = rival = Rival(scene, 99)
    with pytest.raises(UnreachableError, match="ledger-main could not be written: somebody else wrote into it"):
        finish(book(scene).append([note(scene, "2.0.0")]))
    assert len(clock_of(scene).sleeps) == 12
    assert rival.written == 24, "a read and a look in each"


def test_a_ledger_that_is_shown_late_is_read_and_not_begun_anew() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    scene.transport = Faulty(scene.registry, [Fault(F.NOT_FOUND, "GET", "manifests/ledger-main", times=3)])
    finish(book(scene).append([note(scene, "2.0.0")]))
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "2.0.0"]


def test_the_story_of_a_record_says_what_was_added_and_what_stood_there() -> None:
    scene = Scene()
    one, other = note(scene, "1.0.0"), note(scene, "2.0.0")
    told = [event for event in events(book(scene).append([one, other])) if isinstance(event, Outcome)]
    assert [f"{event.state.value}: {event.reason}" for event in told] == ["done: mark, mark"]
    told = [event for event in events(book(scene).append([one])) if isinstance(event, Outcome)]
    assert [f"{event.state.value}: {event.reason}" for event in told] == ["already so: it stands there"]
    assert finish(book(scene).append([one])).digest == Digest(scene.registry.tags(PATH)["ledger-main"])


def test_after_a_restart_the_ledger_that_goes_on_is_compared_again() -> None:
    scene = Scene()
    scene.publish()
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    finish(scene.marker().restart(MAIN, "it was tampered with"))
    finish(writing(scene, note(scene, "1.0.0")))
    page = book(scene).read()
    assert book(scene).trace(page)
    assert len(page.ledger.entries) == 2
    tampered(scene, _rewritten)
    with pytest.raises(BrokenLedgerError, match="it was written anew"):
        book(scene).trace(book(scene).read())


@dataclass
class Overwriting:
    """Somebody whose write, made from what stood there before ours, arrives right after ours, so many times."""

    scene: Scene
    stale: Ledger
    times: int = 1

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.scene.registry.send(request, limit=limit, deadline=deadline)
        ours = request.method == "PUT" and request.url.endswith("manifests/ledger-main") and self.times > 0
        if ours:
            self.times -= 1
            put(self.scene, self.stale.append([note(self.scene, f"9.0.{self.times}")]).content, None)
        return response


def test_what_another_wrote_right_after_us_is_not_taken_for_ours() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    scene.transport = Overwriting(scene, scene.ledger())
    told = [str(getattr(event, "reason", "")) for event in events(book(scene).append([note(scene, "2.0.0")]))]
    assert "somebody else wrote into it at the same time; reading it again before anything else" in told
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "9.0.0", "2.0.0"]


def test_a_writer_that_is_overwritten_for_ever_says_what_may_be_missing() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    stale, rounds = scene.ledger(), []

    def disturbed() -> None:
        for event in writing(scene, note(scene, "2.0.0")):
            if str(getattr(event, "reason", "")) == "mark":
                rounds.append(event)
                put(scene, stale.append([note(scene, f"9.0.{len(rounds)}")]).content, None)

    with pytest.raises(UnreachableError, match=r"mark v2\.0\.0: done, but not surely recorded") as caught:
        disturbed()
    assert "others write over it all the time" in caught.value.what
    assert (len(rounds), caught.value.remedy) == (12, "Run it again: it adds what is missing.")


def test_entries_to_which_others_added_theirs_have_come_to_stay() -> None:
    scene = Scene()
    flow = writing(scene, note(scene, "1.0.0"))
    until(flow, lambda step: step.name == "record")
    next(flow)
    page = book(scene).read()
    put(scene, page.ledger.append([note(scene, "9.0.0")]).content, page.digest)
    sent = len(scene.registry.log)
    finish(flow)
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "9.0.0"]
    assert "PUT" not in {entry.method for entry in scene.registry.log[sent:]}


def test_what_cannot_be_looked_at_afterwards_is_not_surely_recorded() -> None:
    scene = Scene()
    flow = writing(scene, note(scene, "1.0.0"))
    until(flow, lambda step: step.name == "record")
    next(flow)
    scene.registry.tag(PATH, "ledger-main", push_image(scene.registry, PATH).digest)
    with pytest.raises(BrokenLedgerError, match=r"mark v1\.0\.0: done, but not surely recorded") as caught:
        finish(flow)
    assert "ledger.restart --lane main" in caught.value.remedy


def test_a_look_at_a_ledger_that_stays_costs_one_request() -> None:
    scene = Scene()
    flow = writing(scene, note(scene, "1.0.0"))
    until(flow, lambda step: step.name == "record")
    next(flow)
    sent = len(scene.registry.log)
    finish(flow)
    assert len(scene.registry.log) == sent + 1


def test_an_entry_has_a_word_that_nobody_else_has() -> None:
    scene = Scene()
    words = {note(scene, "1.0.0").id for _ in range(50)}
    assert (len(words), {len(word) for word in words}) == (50, {16})
    assert note(scene, "1.0.0").late is False

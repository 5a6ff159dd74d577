"""Ledgers with several writers at once: what they lose (nothing), and what a writer who is disturbed says."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

import pytest

from shiplane.core.errors import LostRaceError, UnreachableError
from shiplane.ledger.artifact import PREVIOUS
from shiplane.ledger.ledger import Action, BrokenLedgerError, Ledger
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.ledger.store import MAX_SETTLE, SETTLE
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.names import Digest
from tests.faults.harness.faults import F, Fault, Faulty
from tests.faults.harness.ledgers import actions, clock_of, entry, note, put, store, tampered, writing
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish, until
from tests.ledger_content import content_of


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
    stale = store(scene).read()
    flow = writing(scene, note(scene, "2.0.0"))
    for event in flow:
        if str(getattr(event, "reason", "")).startswith("mark"):
            break
    theirs = stale.ledger.append([note(scene, "3.0.0")])
    put(scene, content_of(theirs), stale.digest)
    finish(flow)
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "3.0.0", "2.0.0"]


def test_no_ledger_is_written_over_one_that_was_not_read() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    stale = store(scene).read()
    finish(writing(scene, note(scene, "2.0.0")))
    finish(record([LedgerUpdate(store=store(scene), entries=[note(scene, "3.0.0")], snapshot=stale)]))
    manifests = scene.registry.shelf(PATH).manifests
    replaced = [
        (effect.before, json.loads(manifests[effect.after].body)["annotations"].get(PREVIOUS, ""))
        for effect in scene.registry.effects()
    ]
    assert len(replaced) == 3
    assert all(before == said for before, said in replaced)


@dataclass
class Slow:
    """A registry that takes so many seconds for each manifest that is written."""

    scene: Scene
    seconds: float

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.scene.registry.send(request, limit=limit, deadline=deadline)
        if request.method == "PUT" and "/manifests/" in request.url:
            clock_of(self.scene).pass_by(self.seconds)
        return response


def test_a_slow_writer_is_waited_for_twice_as_long_as_the_write_took() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    assert clock_of(scene).sleeps == [SETTLE]
    scene.transport = Slow(scene, 2.0)
    finish(writing(scene, note(scene, "2.0.0")))
    assert clock_of(scene).sleeps[1:] == pytest.approx([4.0])


def test_a_writer_that_is_very_slow_is_waited_for_at_most_half_a_minute_and_it_is_said() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    assert scene.told == []
    scene.transport = Slow(scene, 91.0)
    finish(writing(scene, note(scene, "2.0.0")))
    assert clock_of(scene).sleeps[1:] == [MAX_SETTLE]
    assert scene.told == [
        "writing the ledger took 91.0 s; checking it again after twice that, at most 30 s: waiting 30.0 s"
    ]


def test_a_ledger_that_was_broken_meanwhile_is_not_written_over() -> None:
    scene = Scene()
    scene.publish()
    flow = scene.flow(a_plan("0.2.2", commit="b" * 40))
    until(flow, lambda step: step.name == "record")
    tampered(scene, lambda content: content.replace(b"releaser", b"nobody!!"))
    broken = scene.registry.tags(PATH)["ledger-main"]
    with pytest.raises(BrokenLedgerError, match="done, but perhaps not recorded in ledger-main"):
        finish(flow)
    assert scene.registry.tags(PATH)["ledger-main"] == broken


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
            page = store(self.scene).read()
            put(self.scene, content_of(page.ledger.append([note(self.scene, f"9.0.{self.written}")])), page.digest)
            self.scene.transport = mine
        return response


@pytest.mark.parametrize("times", [1, 2, 11])
def test_a_writer_comes_again_after_others_and_loses_nobody_s_entry(times: int) -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    clock_of(scene).sleeps.clear()
    scene.transport = Rival(scene, times)
    finish(store(scene).append([note(scene, "2.0.0")]))
    scene.transport = scene.registry
    known = [entry.version for entry in scene.ledger().entries]
    assert known == ["1.0.0", *(f"9.0.{number}" for number in range(1, times + 1)), "2.0.0"]
    assert set(clock_of(scene).sleeps) == {SETTLE / 2}


def test_a_writer_that_others_always_come_before_gives_up_after_twelve_encounters() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    clock_of(scene).sleeps.clear()
    scene.transport = rival = Rival(scene, 99)
    with pytest.raises(UnreachableError, match="ledger-main could not be written: another run wrote to it"):
        finish(store(scene).append([note(scene, "2.0.0")]))
    assert len(clock_of(scene).sleeps) == 12
    assert rival.written == 24, "a read and a look in each"


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
            put(self.scene, content_of(self.stale.append([note(self.scene, f"9.0.{self.times}")])), None)
        return response


@pytest.mark.parametrize("unanswered", [0, 1])
def test_what_another_wrote_right_after_us_is_not_taken_for_ours(unanswered: int) -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    lost = Fault(F.RESET, "PUT", "manifests/ledger-main", times=unanswered, applied=True)
    scene.transport = Faulty(Overwriting(scene, scene.ledger()), [lost])
    told = [str(getattr(event, "reason", "")) for event in events(store(scene).append([note(scene, "2.0.0")]))]
    assert "another run wrote to it at the same time; reading it again first" in told
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "9.0.0", "2.0.0"]


def test_a_writer_that_is_overwritten_for_ever_says_what_may_be_missing() -> None:
    scene = Scene()
    finish(writing(scene, note(scene, "1.0.0")))
    stale, rounds = scene.ledger(), []

    def disturbed() -> None:
        for event in writing(scene, note(scene, "2.0.0")):
            if str(getattr(event, "reason", "")) == "mark":
                rounds.append(event)
                put(scene, content_of(stale.append([note(scene, f"9.0.{len(rounds)}")])), None)

    with pytest.raises(UnreachableError, match=r"mark v2\.0\.0: done, but perhaps not recorded") as caught:
        disturbed()
    assert "other runs keep overwriting it" in caught.value.what
    assert (len(rounds), caught.value.remedy) == (12, "Run it again to add what is missing.")


def test_entries_to_which_others_added_theirs_have_come_to_stay() -> None:
    scene = Scene()
    flow = writing(scene, note(scene, "1.0.0"))
    until(flow, lambda step: step.name == "record")
    next(flow)
    page = store(scene).read()
    put(scene, content_of(page.ledger.append([note(scene, "9.0.0")])), page.digest)
    sent = len(scene.registry.log)
    finish(flow)
    assert [entry.version for entry in scene.ledger().entries] == ["1.0.0", "9.0.0"]
    assert "PUT" not in {entry.method for entry in scene.registry.log[sent:]}
    assert clock_of(scene).sleeps == [SETTLE]


def test_who_records_second_is_told_what_the_first_one_recorded_otherwise_and_both_stand() -> None:
    scene = Scene()
    first, second = (entry(scene, Action.PUBLISH, Digest.of(build)) for build in (b"one", b"two"))
    finish(record([LedgerUpdate(store=store(scene), entries=[first], base=Ledger())]))
    with pytest.raises(
        LostRaceError, match=r"a concurrent run contradicts this one: v1\.0\.0 was published as"
    ) as caught:
        finish(record([LedgerUpdate(store=store(scene), entries=[second], base=Ledger())]))
    assert "This run's entries are recorded." in caught.value.remedy
    assert scene.ledger().entries == (first, second)
    finish(record([LedgerUpdate(store=store(scene), entries=[second], base=Ledger(entries=(first,)))]))

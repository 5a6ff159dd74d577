"""Whether the judge of the races between real processes sees what goes wrong, and finds nothing where all is well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shiplane.config.lane import MAIN
from shiplane.ledger.artifact import LINES, ledger_manifest
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Repository
from tests.faults.harness.access import Access
from tests.faults.harness.clock import QuickClock
from tests.faults.harness.images import store_blob
from tests.faults.harness.invariants import entries_of
from tests.faults.harness.memory import MemoryRegistry, Shelf
from tests.faults.harness.races import Contender, Start
from tests.faults.harness.scene import PATH
from tests.faults.harness.server import serve
from tests.race.courses import COURSES, Course
from tests.race.judging import Judge
from tests.race.processes import Ended, Recorder, carried_out, releaser
from tests.race.racing import Run, wrong

TWO = Course("two versions")


@dataclass
class Track:
    """Where a race is run one after the other: a registry behind a socket, as it was before the first."""

    course: Course
    memory: MemoryRegistry
    ends: list[Ended] = field(default_factory=list)

    @property
    def shelf(self) -> Shelf:
        return self.memory.shelf(PATH)

    def run(self, contender: Contender, *, recorded: bool = True) -> None:
        wire = Recorder()
        who = releaser(Repository(self.memory.host, PATH), wire, recorded=recorded, clock=QuickClock())
        self.ends.append(carried_out(contender, who, wire))

    def judge(self) -> Judge:
        before = Start(self.course.scenario, claimed=False).shelf
        return Judge(self.course, before, Repository(self.memory.host, PATH), self.ends)

    def broken(self) -> list[str]:
        return self.judge().broken()


@pytest.fixture
def track(request: pytest.FixtureRequest) -> Iterator[Track]:
    course = getattr(request, "param", TWO)
    memory = MemoryRegistry(access=Access(scheme="none"), shelves={PATH: Start(course.scenario, claimed=False).shelf})
    with serve(memory):
        yield Track(course, memory)


@pytest.mark.parametrize("track", [course for course in COURSES if not course.claimed], indirect=True, ids=str)
def test_one_after_the_other_breaks_nothing(track: Track) -> None:
    for contender in track.course.scenario.contenders:
        track.run(contender, recorded=track.course.recorded)
    assert track.broken() == []


def both(track: Track) -> None:
    for contender in track.course.scenario.contenders:
        track.run(contender)


def told(track: Track, words: str) -> int:
    """How often that is said."""
    return sum(words in what for what in track.broken())


def rewritten(track: Track, entries: Sequence[dict[str, Any]], first: int = 1) -> None:
    """Put other lines into the ledger, each of which names the one before."""
    lines: list[bytes] = []
    for number, entry in enumerate(entries, start=first):
        before = f"sha256:{hashlib.sha256(lines[-1]).hexdigest()}" if lines else None
        lines.append(json.dumps({**entry, "number": number, "previous": before}).encode())
    content = b"".join(line + b"\n" for line in lines)
    store_blob(track.shelf, content, LINES)
    raw = ledger_manifest("main", [Descriptor.of(content, LINES)], None)
    track.shelf.manifests[str(raw.digest)] = raw
    track.shelf.tags[MAIN.ledger] = str(raw.digest)


def test_a_version_that_is_no_longer_what_it_was_called_is_seen(track: Track) -> None:
    both(track)
    track.memory.tag(PATH, "v0.2.1", track.shelf.tags["v0.2.0"])
    assert [what[:19] for what in track.broken() if what.startswith("I9")] == ["I9: v0.2.1 was call"]


@pytest.mark.parametrize("track", [Course("same version, another commit")], indirect=True, ids=str)
def test_a_version_that_both_wrote_is_seen(track: Track) -> None:
    track.run(track.course.scenario.first)
    del track.shelf.tags["v0.2.1"]
    track.run(track.course.scenario.second, recorded=False)
    assert "I1: v0.2.1 had 2 digests over time" in track.broken()


def test_what_was_done_and_is_not_on_record_is_seen(track: Track) -> None:
    track.run(track.course.scenario.first)
    track.run(track.course.scenario.second, recorded=False)
    assert told(track, "was done, and is not on record") == 2, "a publication and a move"


@pytest.mark.parametrize("track", [Course("rollback and mark of where it goes")], indirect=True, ids=str)
def test_a_mark_that_is_gone_again_is_seen(track: Track) -> None:
    before = track.shelf.tags[MAIN.ledger]
    track.run(track.course.scenario.second)
    track.shelf.tags[MAIN.ledger] = before
    assert told(track, "('mark', 'v0.2.0'") == 1


def test_what_is_on_record_twice_is_seen(track: Track) -> None:
    both(track)
    entries = entries_of(track.shelf, MAIN)
    rewritten(track, [*entries, {**entries[-1], "id": "again"}])
    assert told(track, "is on record 2 times") == 1


def test_what_is_on_record_and_was_not_done_is_seen(track: Track) -> None:
    both(track)
    entries = entries_of(track.shelf, MAIN)
    rewritten(track, [*entries, {**entries[-1], "id": "dreamt", "to": entries[0]["to"]}])
    assert told(track, "is on record, and was not done") == 1


def test_a_ledger_that_was_begun_anew_is_seen(track: Track) -> None:
    both(track)
    rewritten(track, entries_of(track.shelf, MAIN)[2:])
    assert told(track, "the ledger was begun anew") == 1


def test_a_ledger_whose_chain_is_broken_is_seen(track: Track) -> None:
    both(track)
    entries = entries_of(track.shelf, MAIN)
    rewritten(track, entries, first=7)
    assert told(track, "line 1 of the ledger is invalid") == 1


def test_an_end_that_no_race_may_have_is_seen(track: Track) -> None:
    both(track)
    track.ends[1] = replace(track.ends[1], code=7, words="not today")
    assert told(track, "exit 7: not today") == 1


def test_what_a_tag_is_now_was_written_last_whenever_its_answer_came(track: Track) -> None:
    both(track)
    first, second = (end.written() for end in track.ends)
    late = [replace(entry, at=second[-1].at + 1) if entry.reference == "latest" else entry for entry in first]
    track.ends[0] = replace(track.ends[0], log=late)
    case = track.judge()._case
    assert [effect.after for effect in case.effects() if effect.tag == "latest"][-1] == track.shelf.tags["latest"]


# What of it is wrong.


def test_what_the_claim_holds_may_be_broken_without_it_alone() -> None:
    name = "same version, another commit"
    runs = [
        Run(Course(name, claimed=claimed), (0, 8), ("I1: v0.2.1 had 2 digests over time",)) for claimed in (True, False)
    ]
    assert wrong(runs) == runs[:1]


def test_with_a_ledger_nothing_may_be_broken_in_silence() -> None:
    runs = [Run(Course("two versions", recorded), (0, 0), ("I4: latest was lowered",)) for recorded in (True, False)]
    assert wrong(runs) == runs[:1]
    assert [run.told for run in runs] == ["by nobody", "by nobody"]


def test_whoever_tells_of_it_breaks_the_silence() -> None:
    broken = ("I4: latest was lowered",)
    at_once, later = Run(TWO, (0, 8), broken), Run(TWO, (0, 0), broken, complaints=("record of latest",))
    assert [at_once.told, later.told, wrong([at_once, later])] == ["at once", "by verify", []]

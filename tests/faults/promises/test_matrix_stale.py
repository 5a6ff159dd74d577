"""Every read of a command, met by a stale answer: what ends with 0 is true, nothing goes down, nothing is forgotten.

The ordinary run takes a sample of all cases, and whatever has found something once; ``SHIPLANE_THOROUGH=1`` takes all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pytest

from shiplane.config.lane import BUILT_IN, MAIN
from shiplane.config.plan import Plan
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Event, StepOutcome
from shiplane.ledger.ledger import Action
from shiplane.release.result import LaneResult
from shiplane.rollback.marks import MarkResult
from shiplane.rollback.result import RollbackRequest, RollbackResult
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.faults import FOR_EVER
from tests.faults.harness.invariants import Case, entries_of, violations
from tests.faults.harness.scene import PATH, Scene, a_plan, finish
from tests.faults.harness.stale import LIST, Lagging, StaleReads, listed
from tests.thorough import THOROUGH

A, B, C = ("a" * 40, "b" * 40, "c" * 40)
SAMPLE = 120
MARKED_AGAIN = "a rollback from a marked version"


def main(version: str, commit: str, latest: str = "yes") -> Plan:
    return a_plan(version, ["main"], latest, commit)


def publish(version: str, commit: str, latest: str = "yes") -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        scene.publish(main(version, commit, latest))

    return act


def both(version: str, commit: str) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        scene.publish(a_plan(version, commit=commit))

    return act


def roll_back(scene: Scene) -> None:
    """To the version before, which is left unmarked."""
    finish(scene.rollback(RollbackRequest(lane=MAIN, reason="too slow", mark=False)))


def mark(scene: Scene) -> None:
    finish(scene.marker().mark(MAIN, Version.parse("0.2.1"), "crashes"))


BEFORE = (publish("0.1.0", A), publish("0.2.0", B))
BOTH = (both("0.1.0", A), both("0.2.0", B))
THREE = (*BEFORE, publish("0.2.1", C))


def back(to: str = "", *, leave_marked: bool = True) -> RollbackRequest:
    return RollbackRequest(lane=MAIN, to=Version.parse(to) if to else None, reason="crashes", mark=leave_marked)


# What was done before, the last of it seconds ago; and the command that is disturbed.
SCENES: Mapping[str, tuple[Sequence[Callable[[Scene], None]], Plan | RollbackRequest | Action]] = {
    "the next version": (BEFORE, main("0.2.1", C)),
    "the next version of both lanes": (BOTH, a_plan("0.2.1", commit=C)),
    "the first release of both lanes": ((), a_plan("0.2.1", commit=C)),
    "the same again": ((*BEFORE, publish("0.2.1", C)), main("0.2.1", C)),
    "the same again, now floating": ((*BEFORE, publish("0.2.1", C, "no")), main("0.2.1", C)),
    "a lower version": (BEFORE, main("0.1.5", C)),
    "a lower version again": ((*BEFORE[:1], publish("0.1.5", C), publish("0.2.0", B)), main("0.1.5", C)),
    "the first to float, below one that does not": ((publish("0.3.0", A, "no"),), main("0.2.1", C)),
    "of another commit": ((*BEFORE, publish("0.2.1", A)), main("0.2.1", C)),
    "after a rollback": ((*BEFORE, publish("0.2.1", C), roll_back), main("0.2.1", C)),
    "after a rollback, the next version": ((*BEFORE, publish("0.2.1", A), roll_back), main("0.2.2", C)),
    "after a rollback, one between": ((*BEFORE, publish("0.3.0", A), roll_back), main("0.2.1", C)),
    "of a marked version": ((*BEFORE, publish("0.2.1", C, "no"), mark), main("0.2.1", C)),
    "a rollback": (THREE, back()),
    "a rollback to the version before": (THREE, back("0.2.0")),
    "a rollback to an older version": (THREE, back("0.1.0", leave_marked=False)),
    "a rollback after a rollback": ((*THREE, roll_back), back("0.1.0")),
    "a rollback up again": ((*THREE, roll_back), back("0.2.1")),
    MARKED_AGAIN: ((*THREE, mark), back("0.2.0")),
    "a mark": (THREE, Action.MARK),
    "a mark after a rollback": ((*THREE, roll_back), Action.MARK),
    "an unmark": ((*THREE, mark), Action.UNMARK),
}


def scene_of(name: str) -> tuple[Scene, frozenset[str]]:
    """A scene, and the tags that there were before the last thing was done in it."""
    scene, older = Scene(), frozenset[str]()
    for act in SCENES[name][0]:
        older = listed(scene.registry.shelf(PATH))
        act(scene)
    return scene, older


@dataclass
class Run:
    """A command and how it ended: what it came to, or the error; and all that it said."""

    published: Sequence[LaneResult] = ()
    rolled: RollbackResult | None = None
    marked: MarkResult | None = None
    error: ShiplaneError | None = None
    said: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        return self.error.exit_code if self.error else 0


def carried_out(scene: Scene, name: str) -> Run:
    run = Run()

    def hear(event: Event) -> None:
        run.said.append(event.reason if isinstance(event, StepOutcome) else "")

    wanted = SCENES[name][1]
    try:
        if isinstance(wanted, Plan):
            run.published = finish(scene.flow(wanted), hear)
        elif isinstance(wanted, RollbackRequest):
            run.rolled = finish(scene.rollback(wanted), hear)
        else:
            act = scene.marker().mark if wanted is Action.MARK else scene.marker().unmark
            run.marked = finish(act(MAIN, Version.parse("0.2.1"), "crashes"), hear)
    except ShiplaneError as error:
        run.error = error
    return run


def floats(scene: Scene) -> dict[str, list[str]]:
    """Each tag with those that have the same digest: builds differ, this does not."""
    tags = scene.tags()
    return {tag: sorted(other for other in tags if tags[other] == digest) for tag, digest in tags.items()}


@cache
def undisturbed(name: str) -> tuple[tuple[str, ...], int, dict[str, list[str]]]:
    """The names that are read, in order; the exit code; and what each tag stands beside in the end."""
    scene, _ = scene_of(name)
    scene.transport = wire = StaleReads(scene.registry)
    code = carried_out(scene, name).code
    return tuple(wire.reads), code, floats(scene)


def cases(name: str) -> list[Lagging]:
    """One and two reads in a row, of all and of each name; and each name from one read on."""
    reads, _, _ = undisturbed(name)
    found = [Lagging("", skip, times) for skip in range(len(reads)) for times in (1, 2)]
    for one in dict.fromkeys(reads):
        found += [Lagging(one, skip, times) for skip in range(reads.count(one)) for times in (1, 2, FOR_EVER)]
    return found


# What went wrong once: the name that reads stale, how many of its reads pass first, how many are stale then.
FOUND: Mapping[str, Sequence[tuple[str, int, float]]] = {
    "the next version": (
        ("latest", 0, 2),
        ("ledger-main", 1, 2),
    ),
    "the next version of both lanes": (
        ("latest", 0, 2),
        ("ledger-main", 1, 2),
        ("standalone-latest", 0, 2),
        ("ledger-standalone", 1, 2),
    ),
    "the same again, now floating": (
        ("latest", 0, 2),
        ("ledger-main", 1, 2),
    ),
    "a lower version": (
        ("latest", 0, 2),
        ("latest", 0, FOR_EVER),
        ("ledger-main", 1, 2),
    ),
    "a lower version again": (
        ("latest", 0, 1),
        ("latest", 0, 2),
        ("latest", 0, FOR_EVER),
    ),
    "the first to float, below one that does not": (
        (LIST, 0, 1),
        (LIST, 0, 2),
        (LIST, 0, FOR_EVER),
    ),
    "after a rollback": (
        ("latest", 0, 1),
        ("latest", 0, 2),
        ("latest", 0, FOR_EVER),
        ("latest", 1, 2),
        ("latest", 1, FOR_EVER),
        ("ledger-main", 1, 2),
    ),
    "after a rollback, the next version": (
        ("latest", 0, 2),
        ("ledger-main", 1, 2),
    ),
    "after a rollback, one between": (
        ("latest", 0, 1),
        ("latest", 0, 2),
        ("latest", 0, FOR_EVER),
        ("ledger-main", 1, 2),
    ),
    "of a marked version": (
        ("latest", 0, 1),
        ("latest", 0, 2),
        ("latest", 0, FOR_EVER),
        ("ledger-main", 0, 1),
        ("ledger-main", 0, FOR_EVER),
    ),
    "the same again": (("ledger-main", 0, FOR_EVER),),
    "a rollback": (("latest", 0, 1), ("ledger-main", 0, 2)),
    "a rollback after a rollback": (("ledger-main", 0, 2),),
    "a mark": (("latest", 0, 1), ("ledger-main", 0, 2)),
    "a mark after a rollback": (("ledger-main", 0, 2),),
    "an unmark": (("ledger-main", 0, 1), ("ledger-main", 0, 2)),
}

CASES = [(name, lagging) for name in SCENES for lagging in cases(name)]
CHOSEN = CASES if THOROUGH else random.Random(12).sample(CASES, SAMPLE)


@pytest.mark.parametrize(("name", "lagging"), CHOSEN, ids=str)
def test_a_command_among_stale_reads(name: str, lagging: Lagging) -> None:
    disturbed(name, lagging)


@pytest.mark.parametrize(
    ("name", "lagging"), [(name, Lagging(*one)) for name, found in FOUND.items() for one in found], ids=str
)
def test_what_has_been_found_once(name: str, lagging: Lagging) -> None:
    disturbed(name, lagging)


@pytest.mark.parametrize("name", ["latest", "ledger-main", "v0.2.0"])
@pytest.mark.parametrize(
    "scene", ["the same again", "the next version", "a lower version again", "a rollback", "a mark"]
)
def test_one_read_of_seconds_ago_is_waited_out(scene: str, name: str) -> None:
    made, older = scene_of(scene)
    made.transport = StaleReads(made.registry, [Lagging(name, 0, 1)], older)
    run = carried_out(made, scene)
    assert run.error is None
    assert floats(made) == undisturbed(scene)[2]


def disturbed(name: str, lagging: Lagging) -> None:
    """Act among stale reads, judge; do the same again among true ones, judge again."""
    scene, older = scene_of(name)
    initial, recorded = scene.registry.tags(PATH), facts(scene)
    scene.transport = wire = StaleReads(scene.registry, [lagging], older)
    scene.registry.log.clear()
    run = carried_out(scene, name)
    assert wire.met
    judged(name, scene, [wire], initial, run, marks_lag=unseen(name, lagging))
    assert all(before <= now for before, now in zip(recorded, facts(scene), strict=True)), "the ledger has forgotten"
    if unseen(name, lagging):
        return
    assert isinstance(scene.registry.clock, VirtualClock)
    scene.registry.clock.pass_by(60)
    scene.transport = again = StaleReads(scene.registry)
    _, code, end = undisturbed(name)
    if SCENES[name][1] == back():
        return  # the same again goes one version further down
    run = carried_out(scene, name)
    assert (run.code, floats(scene)) == (code, end), run.error
    judged(name, scene, [wire, again], initial, run)


def unseen(name: str, lagging: Lagging) -> bool:
    """Whether a mark of seconds ago shows itself in no read before it counts: nothing but the ledger has it."""
    alone = (lagging.name, lagging.skip) == ("ledger-main", 0) and lagging.times > 1
    return alone and name in {"of a marked version", MARKED_AGAIN}


def judged(
    name: str, scene: Scene, wires: Sequence[StaleReads], initial: dict[str, str], run: Run, *, marks_lag: bool = False
) -> None:
    well = run.error is None
    views = [one.log for one in wires]
    lowers = isinstance(SCENES[name][1], RollbackRequest)
    broken = violations(Case(scene.registry, seen=views, initial=initial, recorded=well, lowers=lowers))
    if marks_lag:
        # Who is for ever one write behind never sees it: then not even the record can tell.
        # A rollback that marks the version itself writes that mark once more, in the place of the one it did not see.
        assert not well or name == MARKED_AGAIN or wires[0].plan[0].times == FOR_EVER
        assert name != MARKED_AGAIN or "v0.2.1" in scene.ledger().marks
        broken = [what for what in broken if not what.startswith("I11" if name == MARKED_AGAIN else "I3")]
    assert not broken, "\n".join(broken)
    if run.error:
        assert run.error.exit_code in (5, 6, 7, 8)
        assert run.error.what
    for lane in run.published:
        tags = scene.tags()
        assert tags[lane.plan.tag] == str(lane.digest)
        # Asked to move, one stays by what tag and ledger both said: that ends with 5, and the next run knows better.
        told = lane.unmet or any("the registry and the ledger differ" in said for said in run.said)
        for floating in lane.floating_tags:
            true = tags.get(floating.tag, "None") == str(floating.digest)
            assert true or (not floating.moved and told)

    if run.rolled:
        assert scene.tags()["latest"] == str(run.rolled.digest) == scene.tags()[f"v{run.rolled.target}"]
        assert set(filter(None, [run.rolled.marked])) <= set(scene.ledger().marks)
    if run.marked:
        assert ("v0.2.1" in scene.ledger().marks) == (SCENES[name][1] is Action.MARK)
        assert scene.tags()["v0.2.1"] == str(run.marked.digest)
        floats = scene.tags()["latest"] == str(run.marked.digest)
        assert bool(run.marked.floating_tags) == floats or wires[0].plan[0].times == FOR_EVER


def facts(scene: Scene) -> list[set[tuple[str, ...]]]:
    """What the entries of each ledger say."""
    shelf = scene.registry.shelf(PATH)
    return [
        {
            tuple(str(entry.get(key)) for key in ("action", "tag", "from", "to", "why"))
            for entry in entries_of(shelf, lane)
        }
        for lane in BUILT_IN
    ]

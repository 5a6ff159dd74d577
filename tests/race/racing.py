"""So many races, and what they came to."""

from __future__ import annotations

import random
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

from shiplane.registry.oci.names import Repository
from tests.faults.harness.races import Start
from tests.faults.harness.scene import PATH
from tests.faults.harness.transfer import name, upload
from tests.race.courses import COURSES, Course
from tests.race.judging import Judge
from tests.race.processes import Ended, Job, workers

_LATE = 0.01


@dataclass(frozen=True)
class Run:
    """One race, judged.

    Attributes:
        course: What was raced.
        codes: How both processes ended.
        broken: Every promise that did not hold.
        complaints: What ``verify`` said afterwards.
        story: What both did, for whoever has to find out how it came.
    """

    course: Course
    codes: tuple[int, int]
    broken: tuple[str, ...]
    complaints: tuple[str, ...] = ()
    story: tuple[str, ...] = ()

    @property
    def numbers(self) -> frozenset[str]:
        """The invariants that broke."""
        return frozenset(what.partition(":")[0] for what in self.broken)

    @property
    def told(self) -> str:
        """Who says that a promise broke: one of the two by its exit code, or nobody before the next ``verify``."""
        if not self.broken:
            return ""
        if self.codes != (0, 0):
            return "at once"
        return "by verify" if self.complaints else "by nobody"

    @property
    def silent(self) -> bool:
        """A promise broke, both processes said that all is well, and ``verify`` sees nothing."""
        return self.told == "by nobody"


def race(registry: str, courses: Iterable[Course], seed: int = 0) -> list[Run]:
    """Races between two processes, one after the other."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="race-") as folder, workers(Path(folder)) as both:
        return [_once(registry, both, course, dice) for course in courses]


def _once(registry: str, both: Sequence[Connection], course: Course, dice: random.Random) -> Run:
    repository, start = Repository(registry, f"{PATH}-{uuid.uuid4().hex[:10]}"), _start(course)
    upload(start.shelf, repository)
    name(start.shelf, repository)
    for worker, contender, steps in zip(both, course.scenario.contenders, _steps(course), strict=True):
        meets, late = dice.randrange(steps), dice.random() * _LATE
        worker.send(Job(contender, repository, course.recorded, course.claimed, meets, late))
    ends: list[Ended] = [worker.recv() for worker in both]
    judge = Judge(course, start.shelf, repository, ends)
    return Run(
        course,
        (ends[0].code, ends[1].code),
        tuple(judge.broken()),
        tuple(map(str, judge.complaints)),
        tuple(judge.story()),
    )


@cache
def _start(course: Course) -> Start:
    """The repository before the race: its names, and what both will have staged."""
    return Start(course.scenario, course.claimed)


@cache
def _steps(course: Course) -> list[int]:
    """How many steps that others can see each of the two has when it is alone: they meet at each with each."""
    return [_turns(course, number) for number in (0, 1)]


def _turns(course: Course, number: int) -> int:
    runner, turns = _start(course).race().runners[number], 0
    while runner.code is None:
        runner.turn()
        turns += 1
    return turns


def report(runs: Sequence[Run]) -> str:
    """A line for each course and end, with how often it was so; then the sums."""
    counted = Counter((run.course, run.codes, ", ".join(sorted(run.numbers)), run.told) for run in runs)
    lines = [
        f"{course.name:<58}  {_yes(course.recorded)}       {_yes(course.claimed)}      "
        f"{codes[0]}, {codes[1]}   {broken or 'nothing':<8}  {told:<9}  {count:>4}"
        for (course, codes, broken, told), count in sorted(counted.items(), key=lambda item: _order(*item[0]))
    ]
    head = f"{'':<58}  ledger    claim    exits  broken    told       runs"
    return "\n".join([head, *lines, *_sums(runs)])


def _yes(what: bool) -> str:  # noqa: FBT001 -- a cell of the table
    return "yes" if what else "no "


def _order(course: Course, *rest: object) -> tuple[object, ...]:
    return COURSES.index(course), *rest


def _sums(runs: Sequence[Run]) -> Iterator[str]:
    for recorded in (True, False):
        some = [run for run in runs if run.course.recorded is recorded]
        told = Counter(run.told for run in some if run.broken)
        kept = "with" if recorded else "without"
        yield (
            f"{kept} a ledger: {len(some)} runs, {sum(told.values())} broken, of which told at once {told['at once']}, "
            f"by the next verify {told['by verify']}, by nobody {told['by nobody']}"
        )


def wrong(runs: Sequence[Run]) -> list[Run]:
    """The runs that must not be: what no race may break was broken, or with a ledger anything in silence."""
    return [run for run in runs if run.numbers - run.course.may_break or (run.course.recorded and run.silent)]

"""Measures rows: all commands of a row in turn, so that what slows the machine down slows all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.builds import Build
from tests.bench.figures import Figures, ratio
from tests.bench.measure import Command, Sample, measure
from tests.bench.rows import Row, Target
from tests.bench.scene import Scene
from tests.bench.wire import Wire


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was measured of a row: figures by the names of builds and of peers; the first is this checkout's."""

    name: str
    row: Row
    builds: tuple[str, ...]
    figures: Mapping[str, Figures]

    @property
    def ours(self) -> Figures:
        """This checkout's."""
        return self.figures[self.builds[0]]

    def value(self, target: Target) -> float:
        """What a target's value is."""
        if target.peer:
            return ratio(self.ours, self.figures[target.peer]).median
        return self.ours.medians()[target.value]


Measure = Callable[[Wire, Command, float], Sample]


def compare(wire: Wire, builds: Sequence[Build], name: str, row: Row, rounds: int, by: Measure = measure) -> Result:
    """Measure a row; each command is run once before that, unmeasured, so that caches are warm for all.

    Raises:
        BenchError: A command failed.
    """
    scenes = [Scene(wire, build) for build in builds]
    for scene in scenes:
        row.seed(scene)
    commands = {scene.build.name: row.ours(scene) for scene in scenes}
    commands |= {peer: make(scenes[0]) for peer, make in row.peers.items()}
    for command in commands.values():
        by(wire, command, 0)
    samples: dict[str, dict[float, list[Sample]]] = {one: {trip: [] for trip in row.round_trips} for one in commands}
    for one, trip in turns(list(commands), row.round_trips, rounds):
        samples[one][trip].append(by(wire, commands[one], trip))
    figures = {one: Figures(samples=taken) for one, taken in samples.items()}
    return Result(name=name, row=row, builds=tuple(build.name for build in builds), figures=figures)


def turns(names: Sequence[str], round_trips: Sequence[float], rounds: int) -> Iterator[tuple[str, float]]:
    """Who is measured when: each once at each round trip in a round; another one begins in each."""
    for number in range(rounds):
        start = number % len(names)
        for trip in round_trips:
            for name in (*names[start:], *names[:start]):
                yield name, trip

"""What a command costs as its world grows: versions in the registry, lanes of a project, entries of a ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiplane.config.lane import MAIN
from tests.bench.builds import Build
from tests.bench.comparison import Measure
from tests.bench.figures import Figures
from tests.bench.measure import Command, measure
from tests.bench.rows import FAR
from tests.bench.scene import Scene, lanes
from tests.bench.wire import Wire


@dataclass(frozen=True, kw_only=True)
class Series:
    """What grows.

    Attributes:
        sizes: The smallest first.
        seed: Makes the world of a size.
        commands: What is measured in it, by what the report calls it.
    """

    sizes: tuple[int, ...]
    seed: Callable[[Scene, int], None]
    commands: Mapping[str, Callable[[Scene], Command]]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One command of one build in one world."""

    series: str
    command: str
    build: str
    size: int
    figures: Figures

    @property
    def ended(self) -> bool:
        """Whether it took so long that it was ended."""
        return any(sample.ended for sample in self.figures.samples[FAR])


def _lanes(scene: Scene, size: int) -> None:
    every = lanes(size)
    scene.configure(every)
    scene.seed(every, 3)


def _release(scene: Scene, major: int) -> str:
    """Releases of the main lane; the one before leaves the ledger as its build writes it."""
    return f"release --lane main --version {major}.0.0 --latest=yes --builder {scene.wire.builder}"


SERIES = {
    "versions": Series(
        sizes=(10, 100, 1000, 10_000),
        seed=lambda scene, size: scene.seed([MAIN], size, recorded=False),
        commands={
            "status": lambda scene: scene.invoke("status --lane main"),
            "history": lambda scene: scene.invoke("history --lane main"),
        },
    ),
    "lanes": Series(
        sizes=(1, 2, 5, 10, 20),
        seed=_lanes,
        commands={"verify": lambda scene: scene.invoke("verify"), "status": lambda scene: scene.invoke("status")},
    ),
    "entries": Series(
        sizes=(10, 100, 1000, 10_000),
        seed=lambda scene, size: scene.seed_ledger(size),
        commands={
            "verify": lambda scene: scene.invoke("verify --lane main"),
            "history": lambda scene: scene.invoke("history --lane main --limit 20"),
            "release": lambda scene: scene.invoke(_release(scene, 999), restored=True, before=_release(scene, 998)),
        },
    ),
}


def grow(
    wire: Wire, builds: Sequence[Build], rounds: int, series: Mapping[str, Series] = SERIES, by: Measure = measure
) -> Iterator[Point]:
    """Measure each command in each world, builds in turn; one that was ended is not run again.

    Raises:
        BenchError: A command failed.
    """
    for name, one in series.items():
        for size in one.sizes:
            scenes = [Scene(wire, build, f"{name}-{size}") for build in builds]
            for scene in scenes:
                one.seed(scene, size)
            for command, make in one.commands.items():
                made = {scene.build.name: make(scene) for scene in scenes}
                for build, figures in _measured(wire, made, rounds, by).items():
                    yield Point(series=name, command=command, build=build, size=size, figures=figures)


def _measured(wire: Wire, commands: Mapping[str, Command], rounds: int, by: Measure) -> dict[str, Figures]:
    """Once unmeasured, so that caches are warm, then round by round."""
    samples = {name: [first] if (first := by(wire, command, FAR)).ended else [] for name, command in commands.items()}
    for _ in range(rounds):
        for name, command in commands.items():
            if not any(sample.ended for sample in samples[name]):
                samples[name].append(by(wire, command, FAR))
    return {name: Figures(samples={FAR: taken}) for name, taken in samples.items()}


HEAD = ("", "command", "build", "median (min - max)", "requests", "peak")


def text(points: Sequence[Point]) -> list[str]:
    """The points as one table."""
    table = [HEAD, *map(_cells, points)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _cells(point: Point) -> tuple[str, ...]:
    medians = point.figures.medians()
    spread = point.figures.spread(lambda sample: sample.seconds)
    name = (f"{point.size:,} {point.series}", point.command, point.build)
    if point.ended:
        return (*name, f"ended after {spread.most:.0f} s", f"{medians['requests']:g}", "")
    took = f"{spread.median:.2f} s ({spread.least:.2f} - {spread.most:.2f})"
    return (*name, took, f"{medians['requests']:g}", f"{medians['memory']:.0f} MiB")


def document(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The points as JSON values, with each sample."""
    return [
        {
            **{key: getattr(point, key) for key in ("series", "command", "build", "size", "ended")},
            "medians": point.figures.medians(),
            "samples": [dataclasses.asdict(sample) for sample in point.figures.samples[FAR]],
        }
        for point in points
    ]

"""``python -m tests.bench``: measure, and print what was measured; nothing is asserted."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import chart, growth, growth_chart, report
from tests.bench.build import bench as bench_build
from tests.bench.builds import Build, builds
from tests.bench.comparison import Result, compare
from tests.bench.growth import Point
from tests.bench.measure import BenchError
from tests.bench.rows import ROWS
from tests.bench.wire import Wire, wired
from tests.counts import at_least_one
from tests.rig import RigError


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What is wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*ROWS, "build"], help="row, repeatable; default: all")
    parser.add_argument("--rounds", type=at_least_one, default=7)
    parser.add_argument("--against", default="", help="folder of a checkout, or revision, to measure beside this one")
    parser.add_argument("--growth", action="store_true", help="measure how costs grow instead of the rows")
    parser.add_argument("--json", action="store_true", help="print all samples as JSON instead of tables")
    parser.add_argument("--svg", type=Path, help="draw the ratios into this file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure; 3 where this machine cannot have the rig, 1 where a command failed."""
    wanted = options(arguments)
    try:
        with builds(wanted.against) as measured:
            _run(wanted, measured)
    except RigError as fault:
        print(fault, file=sys.stderr)
        return 3
    except BenchError as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _run(wanted: argparse.Namespace, measured: Sequence[Build]) -> None:
    tell = sys.stderr if wanted.json else sys.stdout
    print(*report.machine(measured, wanted.rounds), sep="\n", file=tell, flush=True)
    results = []
    if wanted.growth:
        with wired() as wire:
            _write_growth(wanted, list(_growing(wire, measured, wanted.rounds)))
        return
    with wired() as wire:
        if "build" in (wanted.only or ()):
            print("build: both lanes from a cold cache", *bench_build(wire.rig, wanted.rounds), sep="\n", file=tell)
        for name in (name for name in wanted.only or ROWS if name in ROWS):
            results.append(compare(wire, measured, name, ROWS[name], wanted.rounds))
            print("", *report.text(results[-1]), sep="\n", file=tell, flush=True)
    _write(wanted, results)


def _growing(wire: Wire, measured: Sequence[Build], rounds: int) -> Iterator[Point]:
    for point in growth.grow(wire, measured, rounds):
        print(*growth.text([point])[1:], file=sys.stderr, flush=True)
        yield point


def _write_growth(wanted: argparse.Namespace, points: Sequence[Point]) -> None:
    print(*([json.dumps(growth.document(points), indent=2)] if wanted.json else growth.text(points)), sep="\n")
    if wanted.svg:
        picture = growth_chart.svg("Costs of shiplane's commands as versions, lanes and entries grow", points)
        wanted.svg.write_text(picture, encoding="utf-8")


def _write(wanted: argparse.Namespace, results: Sequence[Result]) -> None:
    if wanted.json:
        print(json.dumps(report.document(results), indent=2))
    if wanted.svg:
        picture = chart.svg("Time of shiplane's commands in that of others", chart.bars(results))
        wanted.svg.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

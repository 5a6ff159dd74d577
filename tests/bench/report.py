"""The comparison to read: a table for each row, and all of it as JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench.builds import Build, described
from tests.bench.comparison import Result
from tests.bench.figures import Figures, Spread, ratio
from tests.bench.rows import Target

HEAD = ("", "requests", "connections", "received", "sent", "median (min - max)", "rounds", "CPU", "peak", "our ratio")
UNITS = {
    "seconds": "{:.2f} s",
    "cpu": "{:.2f} s",
    "memory": "{:.0f} MiB",
    "requests": "{:g} requests",
    "ledger_requests": "{:g} requests for the ledger",
    "ledger_bytes": "{:,.0f} bytes of the ledger",
    "ratio": "{:.2f}",
}


def machine(builds: Sequence[Build], rounds: int) -> list[str]:
    """Where and when the figures are from: without that they say nothing."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    lines = [f"{now}, {cores} processors, load {load:.1f}, {rounds} rounds", *map(described, builds)]
    if load > cores / 2:
        lines.append("The machine is busy: the counts hold, the times do not.")
    return lines


def text(result: Result) -> list[str]:
    """A row as a table, and under it each target with what came of it."""
    table = [HEAD, *(tuple(_cells(result, name)) for name in result.figures)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    trips = " and ".join(f"{trip * 1000:g} ms" for trip in result.row.round_trips)
    shown = f"{result.ours.farthest * 1000:g}"
    title = f"{result.name}: {result.row.title}; round trips of {trips}, shown at {shown} ms"
    ends = [verdict(result, target) for target in result.row.targets]
    ends += [f"note: {result.row.note}"] if result.row.note else []
    return [title, *(f"  {line}" for line in [*lines, *ends])]


def _cells(result: Result, name: str) -> Iterator[str]:
    figures = result.figures[name]
    medians = figures.medians()
    yield name
    yield f"{medians['requests']:g}"
    yield f"{medians['connections']:g}"
    yield _bytes(medians["received"])
    yield _bytes(medians["sent"])
    yield _spread(figures.spread(lambda sample: sample.seconds), " s")
    yield "" if figures.rounds is None else f"{figures.rounds:.1f}"
    yield f"{medians['cpu']:.2f} s"
    yield f"{medians['memory']:.0f} MiB"
    yield "" if name == result.builds[0] else _spread(ratio(result.ours, figures))


def _spread(spread: Spread, unit: str = "") -> str:
    return f"{spread.median:.2f}{unit} ({spread.least:.2f} - {spread.most:.2f})"


def _bytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def verdict(result: Result, target: Target) -> str:
    """A target, and whether it was reached."""
    value, unit = result.value(target), UNITS[target.value]
    if any(sample.ended for sample in result.ours.samples[result.ours.farthest]):
        return f"target: at most {unit.format(target.at_most)}; missed: it was ended, for it took too long"
    what = f" of {target.peer}" if target.peer else ""
    reached = "reached" if value <= target.at_most else "missed"
    return f"target: at most {unit.format(target.at_most)}{what}; {reached}: {unit.format(value)}"


def document(results: Sequence[Result]) -> list[dict[str, Any]]:
    """All results as JSON values, with each sample."""
    return [
        {
            "row": result.name,
            "title": result.row.title,
            "commands": {name: _figures(result, name) for name in result.figures},
            "targets": [{**dataclasses.asdict(target), "is": result.value(target)} for target in result.row.targets],
        }
        for result in results
    ]


def _figures(result: Result, name: str) -> dict[str, Any]:
    figures: Figures = result.figures[name]
    against = None if name == result.builds[0] else dataclasses.asdict(ratio(result.ours, figures))
    samples = {
        f"{trip * 1000:g} ms": [dataclasses.asdict(one) for one in taken] for trip, taken in figures.samples.items()
    }
    return {"medians": figures.medians(), "rounds": figures.rounds, "ratio": against, "samples": samples}

"""Growth as a picture: a panel for what grows and what it costs, both axes with equal steps for equal factors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from tests.bench.chart import STYLE
from tests.bench.growth import Point

WIDE, HIGH, GAP, LEFT, TOP = 190, 120, 62, 66, 60
VALUES = {"seconds": "seconds", "requests": "requests", "memory": "MiB at the peak"}
COLORS = ("a", "b", "c", "d")
LINES = """\
<style>
  .a { stroke: #1a7f64; fill: #1a7f64; } .b { stroke: #8250df; fill: #8250df; }
  .c { stroke: #59636e; fill: #59636e; } .d { stroke: #b35900; fill: #b35900; }
  polyline { fill: none !important; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    .a { stroke: #3fb68f; fill: #3fb68f; } .b { stroke: #ab7df8; fill: #ab7df8; }
    .c { stroke: #9198a1; fill: #9198a1; } .d { stroke: #e0913a; fill: #e0913a; }
  }
</style>"""


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis from a power of ten to another, over some pixels."""

    least: int
    most: int
    pixels: int

    @classmethod
    def over(cls, values: Sequence[float], pixels: int) -> Axis:
        """One that has room for all of these values."""
        positive = [value for value in values if value > 0] or [1.0]
        least, most = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
        return cls(least, max(most, least + 1), pixels)

    def place(self, value: float) -> float:
        """Where a value is, from the axis' start."""
        share = (math.log10(max(value, 10.0**self.least)) - self.least) / (self.most - self.least)
        return round(share * self.pixels, 1)

    @property
    def ticks(self) -> list[int]:
        """The powers of ten on it."""
        return list(range(self.least, self.most + 1))


def svg(title: str, points: Sequence[Point]) -> str:
    """The picture: a column for each of what grows."""
    names = list(dict.fromkeys(point.series for point in points))
    width, height = LEFT + len(names) * (WIDE + GAP), TOP + len(VALUES) * (HIGH + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    lines = [head, f"<title>{escape(title)}</title>", STYLE, LINES]
    for column, name in enumerate(names):
        own = [point for point in points if point.series == name]
        left = LEFT + column * (WIDE + GAP)
        lines += _legend(own, left)
        for row, value in enumerate(VALUES):
            lines += _panel(own, value, left, TOP + row * (HIGH + GAP))
    return "\n".join([*lines, "</svg>", ""])


def _kinds(points: Sequence[Point]) -> dict[tuple[str, str], str]:
    """The color of each command of each build."""
    kinds = dict.fromkeys((point.command, point.build) for point in points)
    return dict(zip(kinds, COLORS, strict=False))


def _legend(points: Sequence[Point], left: int) -> Iterator[str]:
    for number, ((command, build), color) in enumerate(_kinds(points).items()):
        x, y = left + 100 * (number % 2), 14 + 16 * (number // 2)
        yield f'<circle class="{color}" cx="{x + 4}" cy="{y - 4}" r="4"/>'
        yield f'<text class="small" x="{x + 12}" y="{y}">{escape(f"{command}, {build}")}</text>'


def _panel(points: Sequence[Point], value: str, left: int, top: int) -> Iterator[str]:
    whole = [point for point in points if not point.ended]
    across = Axis.over([point.size for point in points], WIDE)
    up = Axis.over([point.figures.medians()[value] for point in whole], HIGH)
    yield f'<text class="small" x="{left}" y="{top - 6}">{VALUES[value]}</text>'
    for power in up.ticks:
        y = top + HIGH - up.place(10.0**power)
        yield f'<line class="grid" x1="{left}" y1="{y}" x2="{left + WIDE}" y2="{y}"/>'
        yield f'<text class="small" x="{left - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>'
    for power in across.ticks:
        x = left + across.place(10.0**power)
        yield f'<text class="small" x="{x}" y="{top + HIGH + 16}" text-anchor="middle">{10.0**power:g}</text>'
    yield f'<text class="small" x="{left}" y="{top + HIGH + 32}">{escape(points[0].series)}</text>'
    for (command, build), color in _kinds(points).items():
        own = [point for point in whole if (point.command, point.build) == (command, build)]
        places = [
            (left + across.place(point.size), round(top + HIGH - up.place(point.figures.medians()[value]), 1))
            for point in own
        ]
        yield f'<polyline class="{color}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
        yield from (f'<circle class="{color}" cx="{x}" cy="{y}" r="3"/>' for x, y in places)

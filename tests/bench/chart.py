"""The comparison as a picture: an SVG that needs nothing else, in the reader's light or dark colors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from tests.bench.comparison import Result
from tests.bench.figures import ratio
from tests.bench.rows import Target

WIDTH, LEFT, RIGHT, STEP, TOP = 760, 330, 90, 34, 46
LEAST, MOST = 1 / 32, 32.0
"""The ends of the axis; a bar that would leave it ends there, and its number says how far it is."""

STYLE = """\
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .small { font-size: 11px; fill: #59636e; }
  .line { stroke: #818b98; stroke-width: 1; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .ahead { fill: #1a7f64; } .behind { fill: #b35900; }
  .target { stroke: #8250df; stroke-width: 2; }
  .before { stroke: #818b98; stroke-width: 2; stroke-dasharray: 3 2; }
  .ours { fill: none; stroke: #1a7f64; stroke-width: 2; } .theirs { fill: none; stroke: #818b98; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .ahead { fill: #3fb68f; } .behind { fill: #e0913a; }
    .target { stroke: #ab7df8; }
    .ours { stroke: #3fb68f; }
  }
</style>"""


@dataclass(frozen=True)
class Bar:
    """One comparison: our time in a peer's, what it is to be, and what it was before (None: not measured)."""

    title: str
    peer: str
    ratio: float
    target: float | None = None
    before: float | None = None


def bars(results: Sequence[Result]) -> list[Bar]:
    """A bar for each peer of each row."""
    return [_bar(result, peer) for result in results for peer in result.row.peers]


def _bar(result: Result, peer: str) -> Bar:
    theirs = result.figures[peer]
    earlier = [ratio(result.figures[name], theirs).median for name in result.builds[1:]]
    targets = [target.at_most for target in result.row.targets if target == Target("ratio", target.at_most, peer)]
    return Bar(
        title=result.row.title,
        peer=peer,
        ratio=ratio(result.ours, theirs).median,
        target=next(iter(targets), None),
        before=next(iter(earlier), None),
    )


def place(value: float) -> float:
    """Where a ratio is on the axis, which has the same step from each ratio to its double."""
    share = math.log(min(max(value, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def svg(title: str, shown: Sequence[Bar]) -> str:
    """The picture."""
    height = TOP + STEP * len(shown) + 34
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    lines = [head, f"<title>{escape(title)}</title>", STYLE, *_axis(height)]
    for number, bar in enumerate(shown):
        lines += _drawn(bar, TOP + STEP * number)
    return "\n".join([*lines, "</svg>", ""])


def _axis(height: int) -> Iterator[str]:
    bottom = height - 30
    for power in range(-5, 6):
        across = place(2.0**power)
        kind = "line" if power == 0 else "grid"
        yield f'<line class="{kind}" x1="{across}" y1="{TOP - 8}" x2="{across}" y2="{bottom}"/>'
        if power % 2 == 0 or power == 0:
            label = "as long" if power == 0 else f"{2**power}x" if power > 0 else f"1/{2**-power}"
            yield f'<text class="small" x="{across}" y="{TOP - 14}" text-anchor="middle">{label}</text>'
    yield f'<text class="small" x="{LEFT}" y="{height - 10}">time in that of the command named on the left</text>'
    yield f'<line class="target" x1="{WIDTH - 180}" y1="{height - 20}" x2="{WIDTH - 180}" y2="{height - 6}"/>'
    yield f'<text class="small" x="{WIDTH - 172}" y="{height - 10}">target</text>'
    yield f'<line class="before" x1="{WIDTH - 110}" y1="{height - 20}" x2="{WIDTH - 110}" y2="{height - 6}"/>'
    yield f'<text class="small" x="{WIDTH - 102}" y="{height - 10}">before</text>'


def _drawn(bar: Bar, top: int) -> Iterator[str]:
    even, end = place(1.0), place(bar.ratio)
    kind = "ahead" if bar.ratio <= 1 else "behind"
    yield f'<text x="0" y="{top + 10}">{escape(bar.title)}</text>'
    yield f'<text class="small" x="0" y="{top + 24}">beside {escape(bar.peer)}</text>'
    width = round(abs(end - even), 1)
    yield f'<rect class="{kind}" x="{min(even, end)}" y="{top + 4}" width="{width}" height="14" rx="2"/>'
    for name, value in (("target", bar.target), ("before", bar.before)):
        if value is not None:
            across = place(value)
            yield f'<line class="{name}" x1="{across}" y1="{top}" x2="{across}" y2="{top + 22}"/>'
    yield f'<text x="{WIDTH - RIGHT + 10}" y="{top + 15}">{bar.ratio:.2f}</text>'

"""The picture of the rooms in ``.github/CONTRIBUTING.md``, drawn from the imports: ``invoke dev.rooms`` writes it.

A box for each room, the bottom one imported by all others; a line from a room to each one that it imports, those left
out that another line implies.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tasks" / "shiplane"
PICTURE = ROOT / ".github" / "rooms.svg"
# From the bottom: each may import what stands before it.
ROOMS = (
    *("core", "registry", "config", "docker", "git", "ledger", "workflows", "signing", "verify"),
    *("release", "promote", "rollback", "deployments", "adopt", "doctor", "init", "pages", "cli"),
)
_WIDTH, _HEIGHT, _GAP, _LEFT, _TRACK = 560, 34, 14, 24, 15
_STYLE = """
    text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
    .name { font-weight: 600 }
    .about { fill: #59636e }
    rect { fill: #f6f8fa; stroke: #d1d9e0 }
    path { fill: none; stroke: #8c959f }
    circle { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .about { fill: #9198a1 } rect { fill: #151b23; stroke: #3d444d }
      path { stroke: #656c76 } circle { fill: #656c76 }
    }
"""


def draw() -> str:
    """The picture, as SVG."""
    edges = [(room, lower) for room, lowers in essential(imports()).items() for lower in lowers]
    columns = _columns(edges)
    width = _LEFT + _WIDTH + _TRACK * (max(columns.values(), default=0) + 2)
    height = len(ROOMS) * (_HEIGHT + _GAP) + _GAP
    lines = [_line(*edge, columns[edge]) for edge in edges]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            "  <title>The rooms of shiplane, and which of them imports which</title>",
            f"  <style>{_STYLE}  </style>",
            *map(_box, ROOMS),
            *lines,
            "</svg>",
            "",
        ]
    )


def imports() -> dict[str, set[str]]:
    """Which rooms each room imports."""
    return {room: {other for other in _imported(PACKAGE / room) if other != room} for room in ROOMS}


def essential(graph: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """The imports that no others imply, each room's from the nearest to the furthest."""
    reach: dict[str, set[str]] = {}
    for room in ROOMS:
        reach[room] = graph[room].union(*(reach[lower] for lower in graph[room]))
    implied = {room: set().union(*(reach[lower] for lower in graph[room])) for room in ROOMS}
    return {room: sorted(graph[room] - implied[room], key=ROOMS.index, reverse=True) for room in ROOMS}


def _imported(folder: Path) -> Iterator[str]:
    for module in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            name = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            room = name.removeprefix("shiplane.").partition(".")[0]
            if name.startswith("shiplane.") and room in ROOMS:
                yield room


def _columns(edges: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """A track for each line to the right of the boxes; two that would overlap get different ones."""
    tracks: list[list[tuple[int, int]]] = []
    columns = {}
    for edge in sorted(edges, key=lambda edge: ROOMS.index(edge[0]) - ROOMS.index(edge[1])):
        high, low = (ROOMS.index(room) for room in edge)
        number = next(
            (n for n, taken in enumerate(tracks) if all(low >= top or high <= bottom for top, bottom in taken)), None
        )
        if number is None:
            number = len(tracks)
            tracks.append([])
        tracks[number].append((high, low))
        columns[edge] = number
    return columns


def _top(room: str) -> int:
    return _GAP + (len(ROOMS) - 1 - ROOMS.index(room)) * (_HEIGHT + _GAP)


def _box(room: str) -> str:
    top = _top(room)
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
    about = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
    return (
        f'  <rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>\n'
        f'  <text class="name" x="{_LEFT + 14}" y="{top + 22}">{room}</text>\n'
        f'  <text class="about" x="{_LEFT + 116}" y="{top + 22}">{escape(about)}</text>'
    )


def _line(high: str, low: str, column: int) -> str:
    """From the lower edge's height of one box to the upper edge's height of another, around what is between them."""
    right, track = _LEFT + _WIDTH, _LEFT + _WIDTH + _TRACK * (column + 1)
    start, end = _top(high) + _HEIGHT - 9, _top(low) + 9
    return (
        f'  <path d="M {right} {start} H {track - 6} Q {track} {start} {track} {start + 6} '
        f'V {end - 6} Q {track} {end} {track - 6} {end} H {right + 3}"/>\n'
        f'  <circle cx="{right + 1}" cy="{end}" r="3"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")

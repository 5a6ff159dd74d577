"""The history of lanes as a picture: versions from left to right, time downwards, and the way of each floating tag.

From the document that ``history --json`` prints. A circle is a publication, a line to the right a move forward, a
broken red one to the left a rollback, a cross a mark as bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shiplane.pages.colours import variables
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.lane_picture import MARGIN, LanePicture, cross, text

Json = Mapping[str, Any]
_HEAD, _KEY, _NARROWEST = 64, 40, 660
_STYLE = """\
svg { background: var(--page); }
text { fill: var(--text); font-size: 13px; }
svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 12px; }
.title { font-size: 19px; font-weight: 650; }
.lane { font-size: 15px; font-weight: 600; }
.strong { font-weight: 600; }
.small { font-size: 12px; }
.quiet { fill: var(--quiet); }
text.bad { fill: var(--bad); }
.card { fill: var(--card); stroke: var(--line); }
.rule { stroke: var(--line); fill: none; }
.way { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
.back { fill: none; stroke: var(--bad); stroke-width: 2.5; stroke-dasharray: 5 4; }
.lost { fill: none; stroke: var(--care); stroke-width: 2.5; stroke-dasharray: 2 4; }
.dot { fill: var(--card); stroke: var(--text); stroke-width: 2; }
.cross { fill: none; stroke: var(--bad); stroke-width: 3; stroke-linecap: round; }
.accent { stroke: var(--accent); }
.good { stroke: var(--good); }
.care { stroke: var(--care); }
.grey { stroke: var(--quiet); }
rect.pill { fill: var(--card); stroke-width: 1.5; }
path.head { stroke: none; }
path.head.accent { fill: var(--accent); }
path.head.good { fill: var(--good); }
path.head.care { fill: var(--care); }
path.head.grey { fill: var(--quiet); }
path.head.bad { fill: var(--bad); }
"""


def history_picture(data: Json) -> str:
    """The picture, as an SVG file."""
    lanes = [LanePicture(lane) for lane in data["lanes"]]
    images = ", ".join(dict.fromkeys(lane["image"] for lane in data["lanes"])) or data["image"]
    width = max([_NARROWEST, *(lane.width for lane in lanes)])
    parts, y = [text(MARGIN, 38, f"History of {images}", "title")], float(_HEAD)
    for lane in lanes:
        parts.append(lane.draw(y, width))
        y += lane.height + MARGIN
    parts.append(_key(y))
    return _file(f"History of {images}", _about(data["lanes"]), parts, width, y + _KEY)


def _file(title: str, about: str, parts: Sequence[Markup], width: float, height: float) -> str:
    picture = element(
        "svg",
        element("title", title, id="title"),
        element("desc", about, id="about"),
        element("style", Markup(f"\n{variables()}{_STYLE}")),
        joined(parts, "\n"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=width,
        height=height,
        style="max-width:100%;height:auto",
        role="img",
        aria_labelledby="title about",
    )
    return f"{picture}\n"


def _about(lanes: Sequence[Json]) -> str:
    """Where every floating tag is, for those who do not see the picture."""
    return " ".join(f"Lane {lane['lane']}: {', '.join(_places(lane)) or 'no floating tag'}." for lane in lanes)


def _places(lane: Json) -> list[str]:
    return [f"{tag} is at {version['tag']}" for version in lane["versions"] for tag in version["floating_tags"]]


def _key(y: float) -> Markup:
    """What the signs mean."""
    line = y + 14
    parts = [
        element("circle", cx=MARGIN + 6, cy=line - 4, r=5, class_="dot"),
        text(MARGIN + 18, line, "published", "small quiet"),
        element("path", d=f"M {MARGIN + 96} {line - 4} h 26", class_="way accent"),
        text(MARGIN + 130, line, "moved forward", "small quiet"),
        element("path", d=f"M {MARGIN + 240} {line - 4} h 26", class_="back"),
        text(MARGIN + 274, line, "rolled back", "small quiet"),
        cross(MARGIN + 366, line - 4),
        text(MARGIN + 380, line, "marked as bad", "small quiet"),
    ]
    return element("g", *parts)

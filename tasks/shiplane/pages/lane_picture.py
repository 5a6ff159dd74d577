"""One lane of the picture of a history: a column for each version, a row for each release, rollback or mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shiplane.core.timestamps import short_time
from shiplane.pages.elements import Markup, element, joined
from shiplane.pages.lane_rows import moved_tags, rows_of

Json = Mapping[str, Any]
# Lengths in pixels; a sign of the fixed-width font is taken for as wide as that of the widest common one.
MARGIN = 24
_SIGN = 7.4
_GUTTER, _TITLE, _ROW, _HEAD, _PILL, _LINE = 350, 36, 44, 86, 26, 20
_NARROWEST_COLUMN = 96
# Floating tags that go the same way are drawn beside each other.
_APART, _ASIDE = 7, 24
# From where on a line leads to where a tag was moved without a record.
_UNRECORDED = 14
_TONES = ("accent", "good", "care", "grey")
# How many signs a line beside the rows, and one below them, has room for.
_BESIDE, _BELOW = 44, 84


class LanePicture:
    """A lane's part of the picture."""

    def __init__(self, lane: Json) -> None:
        """Lay the lane out."""
        self._lane = lane
        self._versions = list(reversed(lane["versions"]))
        shown = {version["version"] for version in self._versions}
        self._rows = [row for row in rows_of(lane) if row.versions & shown or not row.versions]
        self._tags = list(dict.fromkeys([*moved_tags(self._rows), *_placed(self._versions)]))
        self._column = max([_NARROWEST_COLUMN, *(len(v["tag"]) * _SIGN + 22 for v in self._versions)])
        self._columns = {version["version"]: at for at, version in enumerate(self._versions)}
        self._below = [line for what in lane["drift"] for line in wrapped(f"Drift: {what}", _BELOW)]

    @property
    def width(self) -> float:
        """How wide it is, with margins."""
        return 2 * MARGIN + _GUTTER + self._column * len(self._versions)

    @property
    def height(self) -> float:
        """How high it is."""
        stack = max((len(version["floating_tags"]) for version in self._versions), default=0)
        return self._foot + _PILL * stack + _LINE * len(self._below) + 14

    @property
    def _foot(self) -> float:
        """Where the floating tags' names begin, from the lane's top."""
        return self._head + _ROW * max(1, len(self._rows)) + 8

    def draw(self, top: float, width: float) -> Markup:
        """The lane at a height, as wide as the picture."""
        box = element("rect", x=MARGIN / 2, y=0, width=width - MARGIN, height=self.height, rx=10, class_="card")
        title = text(MARGIN, 28, f"Lane {self._lane['lane']}", "lane")
        parts = [
            box,
            title,
            *self._heads(),
            *self._labels(width),
            *self._ways(),
            *self._signs(),
            *self._pills(),
            *self._drift(),
        ]
        return element("g", joined(parts, "\n"), transform=f"translate(0 {top:.0f})")

    def _x(self, version: str | None) -> float:
        """The middle of a version's column; left of all of them for one that is not shown."""
        return MARGIN + _GUTTER + self._column * (self._columns.get(version or "", -0.75) + 0.5)

    @property
    def _head(self) -> float:
        """Where the rows begin, from the lane's top: below the versions' names, if there are any."""
        return _HEAD if self._versions else _TITLE

    def _y(self, row: int) -> float:
        """The middle of a row."""
        return self._head + _ROW * (row + 0.5)

    def _heads(self) -> Iterator[Markup]:
        """The names of the columns, and a rule down each."""
        for version in self._versions:
            x, bad = self._x(version["version"]), version["marked"]
            date = short_time(version["date"])[:10] if version["date"] else ""
            yield text(x, 56, version["tag"], "mono strong bad" if bad else "mono strong", "middle")
            yield text(x, 73, "marked as bad" if bad else date, "small bad" if bad else "small quiet", "middle")
            yield element("path", d=f"M {x:.1f} {self._head} V {self._foot:.1f}", class_="rule")

    def _labels(self, width: float) -> Iterator[Markup]:
        """When and what, beside each row, and a rule above it."""
        if not self._rows:
            yield text(MARGIN, self._y(0), "No move is recorded.", "quiet")
        for number, row in enumerate(self._rows):
            y, who = self._y(number), f"{row.who}: {row.why}" if row.why else row.who
            yield element("path", d=f"M {MARGIN} {y - _ROW / 2:.1f} H {width - MARGIN:.1f}", class_="rule")
            yield element(
                "g",
                element("title", f"{short_time(row.when)}, {row.label}: {row.version}, {who}"),
                text(MARGIN, y - 3, short_time(row.when), "mono quiet"),
                text(MARGIN + 168, y - 3, row.label, "strong bad" if row.action in {"rollback", "mark"} else "strong"),
                text(MARGIN, y + 14, cut(who, _BESIDE), "small quiet"),
            )

    def _ways(self) -> Iterator[Markup]:
        """The way of each floating tag down the rows."""
        apart = min(_APART, _ASIDE / max(1, len(self._tags) - 1))
        for number, tag in enumerate(self._tags):
            yield from self._way(tag, (number - (len(self._tags) - 1) / 2) * apart, _TONES[number % len(_TONES)])

    def _way(self, tag: str, aside: float, tone: str) -> Iterator[Markup]:
        x, y = None, 0.0
        for number, row in enumerate(self._rows):
            if tag not in row.moves:
                continue
            before, after = row.moves[tag]
            end, level = self._x(after) + aside, self._y(number) + aside
            begin = self._x(before) + aside if before else x
            if x is not None:
                yield _line(x, y, x, level, f"way {tone}")
            if begin is not None and begin != end:
                yield _line(begin, level, end, level, "back" if end < begin else f"way {tone}")
                yield _head(begin, end, level, "bad" if end < begin else tone)
            x, y = end, level
        if x is not None:
            yield from self._arrival(tag, x, y, f"way {tone}")

    def _arrival(self, tag: str, x: float, y: float, class_: str) -> Iterator[Markup]:
        """Down to the tag's name: elsewhere if it was moved without a record, nowhere if it is gone."""
        here = next((version["version"] for version in self._versions if tag in version["floating_tags"]), None)
        yield _line(x, y, x, self._foot - _UNRECORDED, class_)
        if here is not None:
            straight = abs(self._x(here) - x) < self._column / 2
            end = x if straight else self._x(here)
            yield _line(x, self._foot - _UNRECORDED, end, self._foot, class_ if straight else "lost")

    def _signs(self) -> Iterator[Markup]:
        """Publications and marks."""
        for number, row in enumerate(self._rows):
            y = self._y(number)
            yield from (element("circle", cx=self._x(each), cy=y, r=5.5, class_="dot") for each in row.published)
            yield from (cross(self._x(each), y) for each in row.marked)
            yield from (element("circle", cx=self._x(each), cy=y, r=3, class_="dot") for each in row.unmarked)

    def _pills(self) -> Iterator[Markup]:
        """The names of the floating tags below the versions that they are at now."""
        for version in self._versions:
            for number, tag in enumerate(reversed(version["floating_tags"])):
                tone = _TONES[self._tags.index(tag) % len(_TONES)]
                x, y, width = self._x(version["version"]), self._foot + _PILL * number, len(tag) * _SIGN + 18
                yield element("rect", x=x - width / 2, y=y, width=width, height=20, rx=10, class_=f"pill {tone}")
                yield text(x, y + 14, tag, "mono strong", "middle")

    def _drift(self) -> Iterator[Markup]:
        """How the registry differs from the record."""
        first = self.height - _LINE * len(self._below)
        yield from (text(MARGIN, first + _LINE * at, line, "small bad") for at, line in enumerate(self._below))


def _placed(versions: list[Json]) -> list[str]:
    return [tag for version in versions for tag in reversed(version["floating_tags"])]


def text(x: float, y: float, words: str, class_: str, anchor: str | None = None) -> Markup:
    """A line of text from a point on, or around it."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def cross(x: float, y: float) -> Markup:
    """The sign of a mark as bad."""
    return element("path", d=f"M {x - 5:.1f} {y - 5:.1f} l 10 10 m 0 -10 l -10 10", class_="cross")


def _line(x: float, y: float, to_x: float, to_y: float, class_: str) -> Markup:
    return element("path", d=f"M {x:.1f} {y:.1f} L {to_x:.1f} {to_y:.1f}", class_=class_)


def _head(begin: float, end: float, y: float, tone: str) -> Markup:
    """The head of an arrow, half-way."""
    way = 1 if end > begin else -1
    x = (begin + end) / 2 + 5 * way
    return element("path", d=f"M {x:.1f} {y:.1f} l {-9 * way} -5 v 10 z", class_=f"head {tone}")


def cut(words: str, signs: int) -> str:
    """A text that is not longer than so many signs."""
    return words if len(words) <= signs else f"{words[: signs - 1].rstrip()}…"


def wrapped(words: str, signs: int) -> list[str]:
    """A text in lines of so many signs; a word that is longer is broken."""
    import textwrap

    return textwrap.wrap(words, signs) or [""]

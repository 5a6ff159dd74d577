"""The picture on the front page: what a real release and a real rollback show on a terminal, as SVG.

``invoke dev.picture`` runs both with a real engine and a registry, on a terminal of our own, and draws its screen:
signs, colours and lines are those of the run, nothing is written by hand but the commands.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from tests.terminal import Emulator, Session, start

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / ".github" / "release.svg"
COLUMNS, _ROWS = 80, 400
_TITLE = "A release of two lanes while it builds and when it is done, and a rollback, on a terminal"
# The codes of colorama that shiplane prints, by the accents that they stand for.
_ACCENTS = {"0": "", "1": "more", "2": "less", "31": "bad", "32": "good", "33": "care", "36": "same"}
_SIZE, _ADVANCE, _LINE, _EDGE = 13, 7.83, 18, 16
# Two of the builds are at one of their stages.
_BUILDING = r"linux/\w+ +[\w-]+ \d+/\d+[^~]*linux/\w+ +([\w-]+ \d+/\d+|pushed)"
_STYLE = """
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
    rect { fill: #f6f8fa; stroke: #d1d9e0 }
    .less { fill: #59636e } .more { font-weight: 700 } .typed { fill: #0550ae; font-weight: 700 }
    .good { fill: #116329 } .same { fill: #0b5c73 } .care { fill: #7d4e00 } .bad { fill: #a40e26 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } rect { fill: #0d1117; stroke: #3d444d } .less { fill: #9198a1 }
      .typed { fill: #79c0ff } .good { fill: #56d364 } .same { fill: #76e3ea } .care { fill: #e3b341 }
      .bad { fill: #ff7b72 }
    }
"""

Line: TypeAlias = Sequence[tuple[str, str]]


class _Sign(str):
    """A sign on the screen with its accent."""

    __slots__ = ("accent",)
    accent: str


@dataclass
class PaintedScreen(Emulator):
    """A terminal's screen that knows how each sign is painted."""

    accent: str = field(default="")

    def lines_shown(self) -> list[Line]:
        """The screen, each line as texts with their accents."""
        return [list(_runs(line)) for line in self.lines]

    def _obey(self, name: str, argument: str) -> None:
        super()._obey(name, argument)
        if name == "m":
            self.accent = _ACCENTS[argument or "0"]

    def _print(self, sign: str) -> None:
        painted = _Sign(sign)
        painted.accent = self.accent
        super()._print(painted)


def _runs(line: Sequence[str]) -> Iterator[tuple[str, str]]:
    for accent, signs in groupby(line, key=lambda sign: getattr(sign, "accent", "")):
        yield "".join(signs), accent


def draw(lines: Sequence[Line]) -> str:
    """Lines of a terminal as SVG."""
    width, height = round(COLUMNS * _ADVANCE + 2 * _EDGE), len(lines) * _LINE + 2 * _EDGE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"  <title>{_TITLE}</title>",
            f"  <style>{_STYLE}  </style>",
            f'  <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>',
            *(_text(line, _EDGE + _LINE * number + _SIZE) for number, line in enumerate(lines)),
            "</svg>",
            "",
        ]
    )


def _text(line: Line, y: int) -> str:
    """A line; each text starts in its own column, whatever the font."""
    spans, column = [], 0
    for text, accent in line:
        kind = f' class="{accent}"' if accent else ""
        spans.append(f'<tspan x="{_EDGE + column * _ADVANCE:.1f}"{kind}>{escape(text)}</tspan>')
        column += len(text)
    return f'  <text y="{y}" xml:space="preserve">{"".join(spans)}</text>'


def typed(command: str) -> Line:
    """A command as a person types it."""
    return [("$ ", "less"), (command, "typed")]


def note(text: str) -> Line:
    """What is said about the lines below."""
    return [(f"# {text}", "less")]


@dataclass(frozen=True)
class Recording:
    """A command on a terminal.

    Attributes:
        command: As it is typed.
        lines: The screen at its end.
        during: The screen while it ran, when it was asked for.
    """

    command: str
    lines: list[Line]
    during: list[Line]


def record(begin: Callable[[str], Session], command: str, moment: str = "") -> Recording:
    """Run a command to its end.

    Args:
        begin: Starts a command.
        command: As it is typed.
        moment: The screen is kept as it is when it first has what this expression matches.
    """
    session = begin(command)
    session.screen = screen = PaintedScreen(COLUMNS, _ROWS)
    during: list[Line] = []
    try:
        while not session.ended:
            session.read()
            if moment and not during and re.search(moment, screen.text):
                during = screen.lines_shown()
        if session.code:
            raise SystemExit(f"{command} ended with {session.code}:\n{screen.text}")
    finally:
        session.close()
    return Recording(command, _stripped(screen.lines_shown()), _stripped(during))


def _stripped(lines: list[Line]) -> list[Line]:
    """Lines without blank ones at both ends."""
    filled = [number for number, line in enumerate(lines) if "".join(text for text, _ in line).strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else []


def transcript(released: Recording, rolled_back: Recording) -> list[Line]:
    """The lines of the picture."""
    return [
        typed(released.command),
        *released.during,
        [],
        note("and when it is done"),
        *released.lines,
        [],
        typed(rolled_back.command),
        *rolled_back.lines,
    ]


def main() -> None:
    """Release the sample twice, roll it back, and write the picture."""
    import tempfile

    from tests import rig as rigs
    from tests.e2e.person import Person, succeeded
    from tests.rig.sample import checkout, commit, git

    rig = rigs.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            person = Person(rig, checkout(Path(folder) / "aionis"), {"IMAGE_REPO": f"{rig.plain}/cognary/aionis"})
            succeeded(person.invoke("release", "--version", "0.2.1", "--latest"))
            page = person.checkout / "src" / "index.html"
            page.write_text(page.read_text(encoding="utf-8") + "<p>the next version</p>\n", encoding="utf-8")
            git(person.checkout, "add", "--all")
            commit(person.checkout, "the next version")

            def begin(command: str) -> Session:
                argv = [sys.executable, "-m", *shlex.split(command)]
                return start(argv, person.checkout, person.environ(TERM="xterm", CI=""), COLUMNS, _ROWS)

            released = record(begin, "shiplane release --version 0.2.2 --latest", _BUILDING)
            back = record(begin, 'shiplane rollback --lane main --reason "crashes on start"')
            PICTURE.write_text(draw(transcript(released, back)), encoding="utf-8")
    finally:
        rigs.stop(rig.folder)


if __name__ == "__main__":
    main()

"""The front page's picture: a screen's signs and colours as SVG."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.picture import COLUMNS, PaintedScreen, draw, note, record, transcript, typed
from tests.terminal import Session, start

SVG = "{http://www.w3.org/2000/svg}"
# A program that redraws a line, and ends with another.
PROGRAM = r"""
import sys, time
sys.stdout.write("build 1/2\n"); sys.stdout.flush(); time.sleep(0.3)
sys.stdout.write("\x1b[1A\x1b[J\x1b[32mv0.2.2 <published>\x1b[0m  now\n")
"""


def test_a_screen_knows_how_each_sign_is_painted() -> None:
    screen = PaintedScreen(20, 5)
    screen.feed("a \x1b[31mred\x1b[0m b\r\nsecond\x1b[1A\r\x1b[K\x1b[2mless\x1b[0m")
    assert screen.lines_shown() == [[("less", "less")], [("second", "")]]


def test_a_recording_is_the_screen_at_a_moment_and_at_the_end(tmp_path: Path) -> None:
    def begin(_command: str) -> Session:
        return start([sys.executable, "-c", PROGRAM], tmp_path, {}, COLUMNS, 24)

    recording = record(begin, "shiplane release", r"\d/\d")
    assert recording.during == [[("build 1/2", "")]]
    assert recording.lines == [[("v0.2.2 <published>", "good"), ("  now", "")]]
    text = draw(transcript(recording, recording))
    spans = [(span.text, span.get("class")) for span in ET.fromstring(text).iter(f"{SVG}tspan")]
    assert spans[:3] == [("$ ", "less"), ("shiplane release", "typed"), ("build 1/2", None)]
    assert ("v0.2.2 <published>", "good") in spans


def test_what_is_typed_and_said_is_told_from_what_is_printed() -> None:
    assert [typed("x"), note("y")] == [[("$ ", "less"), ("x", "typed")], [("# y", "less")]]

"""Pages and pictures in a real browser: at the width of a phone and of a desk, in light and in dark."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shiplane.cli.flows.lane_status import history_json
from shiplane.pages.history_picture import history_picture
from shiplane.pages.report_page import report_page
from shiplane.pages.status_page import status_page
from tests.faults.harness.scene import AIONIS, PATH
from tests.faults.harness.several_tags import SEVERAL
from tests.faults.harness.several_tags import released as several_released
from tests.faults.rollback.test_rollback import roll, scene_of
from tests.rig.browser import Browser, browsing
from tests.rig.model import RigUnavailableError
from tests.unit.pages.looking import faint, measured, outside, overlapping
from tests.unit.pages.reports import RAN, failed, released, rolled_back, status_document

NOW = 1_800_000_000.0
SIZES = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]
# What can be read in each.
PAGES = {
    "release.html": "v0.2.1, standalone-v0.2.1 published",
    "failed.html": "Release failed",
    "rollback.html": "Rolled back main to v0.2.1",
    "status.html": "Drift in lane main",
    "history.svg": "rolled back",
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser; where none can be had, the test is skipped."""
    try:
        with browsing(tmp_path_factory.mktemp("profile")) as started:
            yield started
    except RigUnavailableError as fault:
        pytest.skip(str(fault))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages and pictures."""
    folder = tmp_path_factory.mktemp("pages")
    lost, back = scene_of("0.2.0", "0.2.1"), scene_of()
    lost.registry.tag(PATH, "latest", lost.tags()["v0.2.0"])
    roll(back)
    states = [lost.audit(), several_released().audit(SEVERAL)]
    lanes = [history_json(state) for state in (back.audit(), *states)]
    texts = {
        "release.html": report_page(released()),
        "failed.html": report_page(failed()),
        "rollback.html": report_page(replace(RAN, task="rollback", data=rolled_back(), text="next: publish the fix")),
        "status.html": status_page(status_document(states), NOW),
        "history.svg": history_picture({"image": str(AIONIS), "lanes": lanes}),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.thorough("overflow and contrast as a browser draws them; the colours and the markup are tested without")
@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_all_of_it_can_be_read(browser: Browser, pages: Path, name: str, width: int, scheme: str) -> None:
    browser.open(pages / name, width=width, scheme=scheme)
    seen = measured(browser)
    assert PAGES[name] in [text["words"] for text in seen["texts"]]
    assert (seen["width"], seen["dark"]) == (width, scheme == "dark")
    assert (seen["across"], outside(seen), faint(seen)) == (width, [], [])
    if name.endswith(".svg"):
        assert overlapping(seen) == []
    picture = browser.screenshot()
    (pages / f"{name}-{width}-{scheme}.png").write_bytes(picture)
    assert (picture[:8], struct.unpack(">I", picture[16:20])) == (b"\x89PNG\r\n\x1a\n", (width,))


@pytest.mark.thorough("paper is light, whatever the screen is: the two are combined by the browser alone")
def test_paper_is_light_though_the_screen_is_dark(browser: Browser, pages: Path) -> None:
    browser.open(pages / "failed.html", width=794, scheme="dark", media="print")
    seen = measured(browser)
    assert (seen["across"], outside(seen), faint(seen)) == (794, [], [])
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.thorough("that the measuring finds what it is for, without which the tests above would show nothing")
def test_what_cannot_be_read_is_found(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><body style="background:#fff;margin:0"><p style="color:#999">grey</p>'
        '<p style="width:600px;white-space:nowrap;text-align:right">far</p>'
        '<svg width="99" height="40"><text y="20">one</text><text y="20">two</text></svg>'
    )
    browser.open(page, width=360, scheme="light")
    seen = measured(browser)
    assert [words for words, _ in faint(seen)] == ["grey"]
    assert (seen["across"], outside(seen)) == (600, ["far"])
    assert overlapping(seen) == [("one", "two")]

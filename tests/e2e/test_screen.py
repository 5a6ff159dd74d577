"""A release on a terminal, with what buildx really writes."""

from __future__ import annotations

import re

import pytest

from tests.e2e.person import Person, Reader
from tests.terminal import start

pytestmark = pytest.mark.e2e

ROW = r"  {lane} +linux/{architecture} +{state}"


def test_a_release_shows_each_lane_and_platform_and_ends_with_what_it_came_to(
    workstation: tuple[Person, Reader],
) -> None:
    person, reader = workstation
    argv = [*person.program, "release", "--version", "0.3.0", "--latest", "--skip", "build"]
    session = start(argv, person.checkout, person.environ(TERM="xterm", CI=""), columns=80, rows=40)
    try:
        session.until(lambda shown: _rows(shown, r"(waiting|running|[\w-]+ \d+/\d+|cached|export)"))
        session.until(lambda _shown: "pushed" in session.output)
        shown = session.end()
    finally:
        session.close()
    assert session.code == 0
    assert max(map(len, session.screen.text.splitlines())) <= 80
    assert "  | #" not in shown
    assert "pushing layers" not in shown
    end = shown[shown.index("v0.3.0 published\n") :].splitlines()
    digest = reader.digest("v0.3.0")
    assert end[1] == "  latest: new -> v0.3.0"
    assert re.fullmatch(rf"  {re.escape(reader.image)}:v0.3.0, {digest[:19]}, in \d+ s", end[2])
    assert end[3:5] == ["standalone-v0.3.0 published", "  standalone-latest: new -> standalone-v0.3.0"]


def _rows(shown: str, state: str) -> bool:
    """Whether there is a row in such a state for each lane and platform."""
    rows = (
        ROW.format(lane=lane, architecture=architecture, state=state)
        for lane in ("main", "standalone")
        for architecture in ("amd64", "arm64")
    )
    return all(re.search(row, shown) for row in rows)

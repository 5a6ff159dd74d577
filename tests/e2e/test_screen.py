"""A release on a terminal, with what buildx really writes."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.e2e.person import ROOT, Person, Reader, succeeded
from tests.rig.sample import commit
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


# What is another one in every run; on the front page it is an example.
_OTHER = (
    (r"sha256:[0-9a-f]+", "sha256:D"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "DATE"),
    (r"\d+ (s|min) ago", "AGO"),
    (r"by \S+@[\w.-]+", "by WHO"),
    (r"in \d+ s$", "in SECONDS"),
)


@pytest.mark.thorough("output on the front page that is not what its commands print any more")
def test_the_front_page_shows_what_its_commands_print(workstation: tuple[Person, Reader]) -> None:
    person, reader = workstation
    person.variables["PLATFORMS"] = "linux/amd64"
    for command, shown in _front_page():
        if "rollback" in command:  # of a version that the page does not release
            commit(person.checkout, "the bad one")
            succeeded(person.invoke("publish", "--lane", "main", "--version", "0.2.2", "--latest"))
        printed = iter(_same(_on_a_terminal(person, command).replace(reader.image, "ghcr.io/acme/app")).splitlines())
        assert [line for line in _same(shown).splitlines() if line not in printed] == [], command


def _front_page() -> list[tuple[str, str]]:
    """Each command on the front page that prints something there, with that."""
    blocks = re.findall(r"^```console\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    parts = [part.partition("\n…\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(command.splitlines()[-1].partition("  #")[0], shown) for command, _, shown in parts if shown]


def _on_a_terminal(person: Person, command: str) -> str:
    argv = [*person.program, *shlex.split(command)[1:]]
    session = start(argv, person.checkout, person.environ(TERM="xterm", CI=""), columns=100, rows=60)
    try:
        shown = session.end()
    finally:
        session.close()
    assert session.code == 0, shown
    return shown


def _same(text: str) -> str:
    for pattern, example in _OTHER:
        text = re.sub(pattern, example, text, flags=re.MULTILINE)
    return text

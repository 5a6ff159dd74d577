"""A run that is killed anywhere and run again: the registry, the disk and the process table, as if never killed."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.e2e.person import Log, Person, Reader, succeeded, wait_until
from tests.rig import Rig
from tests.thorough import THOROUGH

pytestmark = pytest.mark.e2e
Workstation = tuple[Person, Reader]
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
# Exit codes by signal, as a shell would tell them; nobody is asked about SIGKILL.
CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129, signal.SIGQUIT: 131}
MOMENTS = {
    "access": "done       access",
    "survey": "done       registry",
    "building": "  | #",
    "staged": "done       stage",
    "inspected": "done       inspect",
    "named": "done       tag",
    "read back": "done       read back v0",
    "floating": "done       move",
}
POLITE = {
    signal.SIGTERM: {"survey", "named"},
    signal.SIGINT: {"building", "floating"},
    signal.SIGHUP: {"building"},
    signal.SIGQUIT: {"staged"},
}
NOTHING_YET = {"access", "survey", "building"}
# Where a polite end differs from a rude one: something is under way, or has to be said.
CASES = [
    (moment, number)
    for moment in MOMENTS
    for number in CODES
    if number is signal.SIGKILL or moment in POLITE.get(number, set()) or THOROUGH
]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """A temporary folder of the test's own: it identifies the test's processes and files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def owner(guarded_workstation: Workstation, temporary: Path) -> Workstation:
    """A person whose runs log in, and leave their traces in that folder."""
    guarded_workstation[0].variables["TMPDIR"] = str(temporary)
    return guarded_workstation


def processes(temporary: Path) -> list[str]:
    """The commands of every process that has this temporary folder in its environment."""
    return [command for process in Path("/proc").glob("[0-9]*") if (command := command_of(process, temporary))]


def command_of(process: Path, temporary: Path) -> str:
    try:
        if f"TMPDIR={temporary}".encode() in (process / "environ").read_bytes().split(b"\0"):
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it ended meanwhile, or is nobody's business
        pass
    return ""


@pytest.mark.share(3)
@pytest.mark.parametrize(("moment", "number"), CASES, ids=lambda part: getattr(part, "name", part))
def test_killed_anywhere_and_run_again_it_ends_as_an_undisturbed_run(
    rig: Rig, owner: Workstation, temporary: Path, moment: str, number: signal.Signals
) -> None:
    person, reader = owner
    log = Log(rig.guarded_log)
    code = person.killed(number, lambda line: line.startswith(MOMENTS[moment]), *PUBLISH)
    assert code in {CODES[number], *(() if moment in NOTHING_YET else (0,))}
    halfway = reader.tags()
    if moment in NOTHING_YET:
        assert halfway == {}
    done = person.invoke(*PUBLISH)
    assert done.code == 0, str(done)
    tags = reader.tags()
    assert set(tags) == {"v0.2.1", "latest"}
    assert tags["v0.2.1"] == tags["latest"]
    assert {tag: tags[tag] for tag in halfway} == halfway
    written = [line for line in log.lines() if re.search(r"^PUT \S+/manifests/v0\.2\.1 201$", line)]
    assert len(written) == 1, "a version tag is written once"
    assert list(temporary.glob("shiplane-*")) == []
    assert wait_until(lambda: processes(temporary) == []), processes(temporary)


@pytest.mark.share(2)
@pytest.mark.parametrize("number", [n for n in CODES if n is not signal.SIGKILL], ids=lambda number: number.name)
def test_a_polite_signal_ends_the_build_and_leaves_nothing_behind(
    owner: Workstation, temporary: Path, number: signal.Signals
) -> None:
    person, reader = owner
    assert person.killed(number, lambda line: line.startswith("  | #"), *PUBLISH) == CODES[number]
    assert processes(temporary) == []
    assert list(temporary.iterdir()) == []
    assert reader.tags() == {}


def test_a_login_left_by_a_kill_is_readable_by_its_owner_alone_until_the_next_run_sweeps_it(
    owner: Workstation, temporary: Path
) -> None:
    person, _ = owner
    person.killed(signal.SIGKILL, lambda line: line.startswith("  | #"), *PUBLISH)
    left = list(temporary.glob("shiplane-login-*"))
    assert [folder.stat().st_mode & 0o777 for folder in left] == [0o700]
    assert (left[0] / "config.json").stat().st_mode & 0o777 == 0o600
    succeeded(person.invoke(*PUBLISH))
    assert list(temporary.glob("shiplane-*")) == []
    assert wait_until(lambda: processes(temporary) == [])

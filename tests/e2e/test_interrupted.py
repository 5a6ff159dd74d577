"""A signal at every request of a release, before it arrives and after it was answered; then the same run twice more."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.held import CODES, PROMPT, Held, Scene, interrupted, named
from tests.e2e.person import Done, succeeded, wait_until
from tests.thorough import THOROUGH

pytestmark = pytest.mark.e2e
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
# Ours in an undisturbed first release: probe and survey (5), both once more after the build command (5), the image (5),
# the version looked at before, read back and confirmed (4), the ledger asked what keeps latest back (2), latest alike
# (4), the version again; then the ledger: its two blobs (5), looked at before and after (3), and once more for what
# another writer may have done.
REQUESTS = 35
WRITES = ("PUT v0.2.1", "PUT latest", "PUT ledger-main")
# Beside the move of latest: the ledger's two blobs.
UPLOADS = ("PUT upload", "PUT upload")


def publish(scene: Scene) -> Done:
    return scene.person.invoke(*PUBLISH)


def recorded(scene: Scene) -> list[str]:
    return [f"{entry.action.value} {entry.tag}" for entry in scene.recorded()]


def converges(scene: Scene, halfway: dict[str, str]) -> None:
    """The same run again finishes what was begun, and a third one has nothing to do."""
    succeeded(publish(scene))
    tags = scene.tags()
    assert set(tags) == {"v0.2.1", "latest"}
    assert tags["v0.2.1"] == tags["latest"]
    assert {tag: tags[tag] for tag in halfway} == halfway
    assert recorded(scene) == ["publish v0.2.1", "float latest"]
    puts = scene.puts()
    assert all(puts.count(name) <= 2 for name in puts), puts
    succeeded(publish(scene))
    assert (scene.tags(), scene.puts()) == (tags, puts)
    assert list(scene.temporary.iterdir()) == []
    assert wait_until(lambda: scene.processes() == []), scene.processes()


def test_an_undisturbed_release_has_so_many_requests(scene: Scene) -> None:
    done = succeeded(publish(scene))
    ours = [passing for passing in scene.door.passed if passing.ours]
    assert len(ours) == REQUESTS, "\n".join(f"{p.method} {p.path}" for p in ours)
    assert sorted(named(p) for p in ours if p.method == "PUT") == sorted((*WRITES, *UPLOADS))
    assert scene.puts() == ["v0.2.1", "latest", "ledger-main"]
    converges(scene, scene.tags())
    assert done.built


Case = tuple[int | str, bool, signal.Signals]
EVERY: list[Case] = [(at, answered, number) for at in range(REQUESTS) for answered in (False, True) for number in CODES]
# Every eighth request, with the signals and the two positions in turn; and every write of a tag in both positions.
SOME: list[Case] = [(at, bool(at // 8 % 2), list(CODES)[at // 8 % len(CODES)]) for at in range(0, REQUESTS, 8)]
SOME += [(name, answered, signal.SIGKILL) for name in WRITES for answered in (False, True)]


@pytest.mark.share(3)
@pytest.mark.parametrize(("at", "answered", "number"), EVERY if THOROUGH else SOME)
def test_a_signal_at_any_request_ends_the_run_and_the_next_one_repairs_it(
    scene: Scene,
    at: int | str,
    answered: bool,  # noqa: FBT001 -- a table's column
    number: signal.Signals,
) -> None:
    interrupted(scene, Held(at, answered), number, *PUBLISH)
    halfway = scene.tags()
    assert set(halfway) <= {"v0.2.1", "latest"}
    assert "latest" not in halfway or halfway["latest"] == halfway["v0.2.1"]
    converges(scene, halfway)


def building(scene: Scene) -> tuple[subprocess.Popen[str], int]:
    """A run whose build is at work; gives the process of the build itself."""
    scene.person.variables["FAKE_BUILD"] = "60"
    child = scene.begin(*PUBLISH)
    assert child.stderr is not None
    for line in child.stderr:
        if found := re.search(r"building, process ([0-9]+)", line):
            del scene.person.variables["FAKE_BUILD"]
            return child, int(found[1])
    raise AssertionError("it never came to build")


@pytest.mark.share(2)
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
def test_a_signal_during_the_build_leaves_no_process_and_no_login(scene: Scene, number: signal.Signals) -> None:
    child, builds = building(scene)
    login = next(scene.temporary.glob("shiplane-login-*/config.json"))
    assert login.stat().st_mode & 0o777 == 0o600
    with child:
        began = time.monotonic()
        child.send_signal(number)
        assert child.stderr is not None
        if number is signal.SIGKILL:
            assert child.wait(30) == CODES[number]
            os.kill(builds, signal.SIGKILL)  # nobody is left who could; it may go on, and what it pushes has no name
        said = child.stderr.read()
        assert child.wait(30) == CODES[number], said
        assert time.monotonic() - began < PROMPT
    assert wait_until(lambda: scene.processes() == []), scene.processes()
    assert bool(list(scene.temporary.iterdir())) is (number is signal.SIGKILL)
    converges(scene, {})


@pytest.mark.share(3)
@pytest.mark.parametrize(
    "number", CODES if THOROUGH else [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name
)
@pytest.mark.parametrize("whom", ["the build", "docker itself"])
def test_a_build_that_is_killed_is_a_failed_build(scene: Scene, whom: str, number: signal.Signals) -> None:
    child, builds = building(scene)
    target = builds if whom == "the build" else _parent_of(builds)
    with child:
        os.kill(target, number)
        assert child.stderr is not None
        said = child.stderr.read()
        assert child.wait(30) == 3, said
    assert "error: the build failed" in said
    assert "Traceback (most recent call last)" not in said.replace("  | Traceback", "")
    assert wait_until(lambda: scene.processes() == []), scene.processes()
    assert list(scene.temporary.iterdir()) == []
    assert scene.tags() == {}
    converges(scene, {})


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])

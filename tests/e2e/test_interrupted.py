"""A signal at every request of a release, before it arrives and after it was answered; then the same run twice more.

The registry is real, and so are the processes; only the build is not, so that a case costs seconds. Each release is
held by a door before the registry (:mod:`tests.faults.relay`) while the signal is sent.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.person import Done, Person, runbook, succeeded, wait_until
from tests.faults import fakedocker
from tests.faults.relay import HangUpError, Passing, Relay, relay
from tests.rig import Rig
from tests.thorough import THOROUGH

pytestmark = pytest.mark.e2e
PUBLISH = ("publish", "--lane", "main", "--tag", "v0.2.1", "--latest")
CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
# Ours, in an undisturbed release: probe, survey (3), index, children and configs (4), and both names.
REQUESTS = 17
WRITES = (10, 14)
PROMPT = 7.5


@dataclass
class Held:
    """Stands at the door and holds one request of ours: on its way there, or its answer on its way back."""

    number: int = -1
    answered: bool = False
    count: int = -1
    due: Passing | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, passing: Passing) -> None:
        if not passing.ours:
            return
        with self.lock:
            self.count += not passing.status
            if self.count == self.number and not passing.status:
                self.due = passing
        if passing is self.due and bool(passing.status) is self.answered:
            self.reached.set()
            self.over.wait(60)
            raise HangUpError


@dataclass
class Scene:
    """A person at a registry with a door."""

    person: Person
    door: Relay
    repository: str
    temporary: Path

    def tags(self) -> dict[str, str]:
        """The tags as the registry itself has them."""
        import http.client
        import json

        connection = http.client.HTTPConnection(self.door.upstream, timeout=30)
        connection.request("GET", f"/v2/{self.repository}/tags/list")
        answer = connection.getresponse()
        names = (
            json.loads(answer.read()).get("tags") or [] if answer.status == 200 else json.loads(answer.read() or "0")
        )
        found = {}
        for name in names if isinstance(names, list) else []:
            connection.request("HEAD", f"/v2/{self.repository}/manifests/{name}", headers={"Accept": "*/*"})
            answer = connection.getresponse()
            answer.read()
            found[name] = answer.headers["Docker-Content-Digest"]
        connection.close()
        return found

    def puts(self) -> list[str]:
        """The tags that were written, in order, as they passed the door."""
        found = [re.search(r"/manifests/([^:/]+)$", passing.path) for passing in self.door.passed]
        return [name[1] for name, p in zip(found, self.door.passed, strict=True) if name and p.method == "PUT"]

    def processes(self) -> list[str]:
        """The commands of every process of this scene: they have its temporary folder in their environment."""
        mark = f"TMPDIR={self.temporary}".encode()
        return [command for process in Path("/proc").glob("[0-9]*") if (command := _command_of(process, mark))]

    def publish(self) -> Done:
        return self.person.invoke(*PUBLISH)

    def begin(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.person.program, *PUBLISH],
            cwd=self.person.checkout,
            env=self.person.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )


def _command_of(process: Path, mark: bytes) -> str:
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:  # it ended meanwhile, or is nobody's business
        pass
    return ""


@pytest.fixture
def scene(rig: Rig, sample: Path, tmp_path: Path) -> Iterator[Scene]:
    """A checkout, a ``docker`` that builds nothing, and an empty repository behind a door."""
    fakedocker.install(tmp_path / "bin")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with relay(rig.plain) as door:
        repository = f"cognary/aionis-{uuid.uuid4().hex[:8]}"
        variables = runbook(rig, f"{door.address}/{repository}", TMPDIR=str(temporary))
        variables |= {"DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        yield Scene(Person(rig, sample, variables), door, repository, temporary)
    shutil.rmtree(temporary)


def interrupted(scene: Scene, held: Held, number: signal.Signals) -> tuple[int, float, str]:
    """Run until the held request, signal, and see it end: its code, the seconds that it took, and its last words."""
    scene.door.meet = held
    with scene.begin() as child:
        assert child.stderr is not None
        assert held.reached.wait(30), child.stderr.read()
        began = time.monotonic()
        child.send_signal(number)
        said = child.stderr.read()
        code = child.wait(timeout=60)
        took = time.monotonic() - began
    held.over.set()
    scene.door.meet = lambda _passing: None
    return code, took, said


def converges(scene: Scene, halfway: dict[str, str]) -> None:
    """The same run again finishes what was begun, and a third one has nothing to do."""
    succeeded(scene.publish())
    tags = scene.tags()
    assert set(tags) == {"v0.2.1", "latest"}
    assert tags["v0.2.1"] == tags["latest"]
    assert {tag: tags[tag] for tag in halfway} == halfway
    puts = scene.puts()
    assert all(puts.count(name) <= 2 for name in puts), puts
    succeeded(scene.publish())
    assert (scene.tags(), scene.puts()) == (tags, puts)
    assert list(scene.temporary.iterdir()) == []
    assert wait_until(lambda: scene.processes() == []), scene.processes()


def test_an_undisturbed_release_has_so_many_requests(scene: Scene) -> None:
    done = succeeded(scene.publish())
    ours = [passing for passing in scene.door.passed if passing.ours]
    assert len(ours) == REQUESTS, "\n".join(f"{p.method} {p.path}" for p in ours)
    assert tuple(at for at, p in enumerate(ours) if p.method == "PUT") == WRITES
    assert scene.puts() == ["v0.2.1", "latest"]
    converges(scene, scene.tags())
    assert done.built


EVERY = [(at, answered, number) for at in range(REQUESTS) for answered in (False, True) for number in CODES]
# Every request once, with the signals and the two positions in turn; every write in all ways.
SOME = [(at, bool(at // 3 % 2), list(CODES)[at % 3]) for at in range(REQUESTS)]
SOME += [case for case in EVERY if case[0] in WRITES and case not in SOME and case[2] is not signal.SIGTERM]


@pytest.mark.parametrize(("at", "answered", "number"), EVERY if THOROUGH else SOME)
def test_a_signal_at_any_request_ends_the_run_and_the_next_one_repairs_it(
    scene: Scene,
    at: int,
    answered: bool,  # noqa: FBT001 -- a table's column
    number: signal.Signals,
) -> None:
    code, took, said = interrupted(scene, Held(at, answered), number)
    assert code == CODES[number], said
    assert took < PROMPT
    if number is not signal.SIGKILL:
        assert "error: interrupted" in said or "error: terminated" in said
        assert "Traceback" not in said
        assert sum(line.startswith("next: ") for line in said.splitlines()) == 1
        assert list(scene.temporary.iterdir()) == []
    assert wait_until(lambda: scene.processes() == []), scene.processes()
    halfway = scene.tags()
    assert set(halfway) <= {"v0.2.1", "latest"}
    assert "latest" not in halfway or halfway["latest"] == halfway["v0.2.1"]
    converges(scene, halfway)


def building(scene: Scene) -> tuple[subprocess.Popen[str], int]:
    """A run whose build is at work; gives the process of the build itself."""
    scene.person.variables["FAKE_BUILD"] = "60"
    child = scene.begin()
    assert child.stderr is not None
    for line in child.stderr:
        if found := re.search(r"building, process ([0-9]+)", line):
            del scene.person.variables["FAKE_BUILD"]
            return child, int(found[1])
    raise AssertionError("it never came to build")


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


@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
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

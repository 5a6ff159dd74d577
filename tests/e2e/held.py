"""A signal at a request: a door before the registry holds it while the signal is sent to the run whose it is.

The registry is real, and so are the processes; only the build is not, so that a case costs seconds.
"""

from __future__ import annotations

import http.client
import json
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

from shiplane.config.lane import MAIN
from shiplane.ledger.ledger import Entry
from shiplane.ledger.store import LedgerStore
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.session import Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.manifest import INDEX_TYPES
from shiplane.registry.oci.names import Repository
from tests.e2e.person import Person, runbook, wait_until
from tests.faults.harness import fakedocker
from tests.faults.harness.relay import HangUpError, Passing, Relay, relay
from tests.rig import Rig
from tests.rig.sample import name_pair

CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129, signal.SIGQUIT: 131}
WORDS = {
    signal.SIGTERM: "terminated",
    signal.SIGINT: "interrupted",
    signal.SIGHUP: "hung up",
    signal.SIGQUIT: "quit",
}
PROMPT = 7.5


@dataclass
class Held:
    """Stands at the door and holds one request of ours: on its way there, or its answer on its way back.

    It is known by its number, or as the first of its name, ``PUT latest``: of requests that are sent side by side
    nobody knows which comes first.
    """

    which: int | str = -1
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
            is_sent = not passing.status and self.due is None
            if is_sent and self.which in (self.count, named(passing)):
                self.due = passing
        if passing is self.due and bool(passing.status) is self.answered:
            self.reached.set()
            self.over.wait(60)
            raise HangUpError


def named(passing: Passing) -> str:
    """What a request is about: ``PUT latest``, ``POST upload``."""
    path = passing.path.partition("?")[0]
    return f"{passing.method} {'upload' if '/blobs/uploads/' in path else path.rpartition('/')[2]}"


@dataclass
class Scene:
    """A person at a registry with a door."""

    person: Person
    door: Relay
    repository: str
    temporary: Path

    def tags(self) -> dict[str, str]:
        """The images' tags as the registry itself has them; a ledger's is nobody's image."""
        connection = http.client.HTTPConnection(self.door.upstream, timeout=30)
        connection.request("GET", f"/v2/{self.repository}/tags/list")
        answer = connection.getresponse()
        names = (
            json.loads(answer.read()).get("tags") or [] if answer.status == 200 else json.loads(answer.read() or "0")
        )
        found, wanted = {}, {"Accept": ", ".join(INDEX_TYPES)}
        for name in names if isinstance(names, list) else []:
            if name.startswith("ledger-"):
                continue
            connection.request("HEAD", f"/v2/{self.repository}/manifests/{name}", headers=wanted)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
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

    def recorded(self) -> list[Entry]:
        """The entries of the lane's ledger, in their order."""
        repository = Repository.parse(f"{self.door.upstream}/{self.repository}")
        registry = RegistryClient(Session(HttpTransport({}, user_agent="the test")), repository)
        store = LedgerStore(registry=registry, lane=MAIN)
        page = store.read()
        assert store.verify_chain(page)
        return list(page.ledger.entries)

    def begin(self, *task: str) -> subprocess.Popen[str]:
        """Start a task, and leave it to itself."""
        return subprocess.Popen(
            [*self.person.program, *task],
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
        name_pair(sample, door.address)
        variables = runbook(rig, f"{door.address}/{repository}", TMPDIR=str(temporary))
        variables |= {"DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        yield Scene(Person(rig, sample, variables), door, repository, temporary)
    shutil.rmtree(temporary)


def interrupted(scene: Scene, held: Held, number: signal.Signals, *task: str) -> str:
    """Run a task until the held request, signal, and see it end as it should; gives its last words."""
    scene.door.meet = held
    with scene.begin(*task) as child:
        assert child.stderr is not None
        assert held.reached.wait(30), child.stderr.read()
        began = time.monotonic()
        child.send_signal(number)
        said = child.stderr.read()
        code = child.wait(timeout=60)
        took = time.monotonic() - began
    held.over.set()
    scene.door.meet = lambda _passing: None
    assert code == CODES[number], said
    assert took < PROMPT, said
    if number is not signal.SIGKILL:
        assert f"error: {WORDS[number]}" in said, said
        assert "Traceback" not in said, said
        assert sum(line.startswith("next: ") for line in said.splitlines()) == 1, said
        assert list(scene.temporary.iterdir()) == []
    assert wait_until(lambda: scene.processes() == []), scene.processes()
    return said

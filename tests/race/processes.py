"""The two processes: each with a checkout of its own, and one remote for the claims of both."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from shiplane.config.lane import Lane
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Event, Step
from shiplane.core.redact import Redactor
from shiplane.git.claim_store import GitClaims
from shiplane.git.remote import Remote
from shiplane.ledger.recorder import EntryAuthor
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.retry_budget import Clock
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.names import Repository
from shiplane.release.claiming import ReleaseClaims
from tests.faults.harness.exchange import Exchange, exchange
from tests.faults.harness.races import LOCAL, Contender, promised
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import finish

_SPAWN = multiprocessing.get_context("spawn")
_PATIENCE = 120.0


@dataclass(frozen=True)
class Job:
    """What one process is to do.

    Attributes:
        contender: What it does.
        repository: Where.
        recorded: Whether it keeps a ledger.
        claimed: Whether it claims versions.
        meets: After how many steps that others can see it waits for the other one.
        late: How many seconds after the meeting it goes on.
    """

    contender: Contender
    repository: Repository
    recorded: bool
    claimed: bool
    meets: int
    late: float


@dataclass(frozen=True)
class Ended:
    """How it went: exit code, what was promised of each tag, what went over the wire, the last words."""

    code: int
    promised: Sequence[tuple[str, str]]
    log: Sequence[Exchange]
    words: str = ""

    def written(self) -> list[Exchange]:
        """Each write of a tag that was answered well."""
        return [e for e in self.log if e.is_manifest_put and ":" not in e.reference and e.status == 201]

    def moves(self, lane: Lane) -> list[tuple[str, str, str]]:
        """Each time that it set a floating tag of a lane: which, what it had last seen there, and what it put."""
        seen, found = dict[str, str](), []
        for entry in self.log:
            tag = entry.reference
            if lane.floating_tag(tag) and entry.method == "GET":
                seen[tag] = entry.received if entry.status == 200 else ""
            elif lane.floating_tag(tag) and entry.status == 201:
                found.append((tag, seen.get(tag, ""), entry.sent))
        return found


@dataclass
class Recorder:
    """A transport that remembers what was sent and answered. Requests go out side by side, as in a release."""

    inner: HttpTransport = field(default_factory=lambda: HttpTransport({}, user_agent="shiplane/race"))
    log: list[Exchange] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        """See :class:`shiplane.registry.http.exchange.Transport`. The time is the same clock's in both processes."""
        response = self.inner.send(request, limit=limit, deadline=deadline)
        self.log.append(exchange(time.monotonic(), request, response))
        return response


@contextmanager
def workers(folder: Path) -> Iterator[list[Connection]]:
    """Two processes that wait for jobs, with a checkout each, and one remote for both."""
    _git(folder, "init", "--quiet", "--bare", "remote.git")
    barrier = _SPAWN.Barrier(2)
    pipes = [_SPAWN.Pipe() for _ in range(2)]
    processes = []
    for number, (_, theirs) in enumerate(pipes):
        process = _SPAWN.Process(target=_work, args=(theirs, barrier, _checkout(folder, number)), daemon=True)
        process.start()
        theirs.close()
        processes.append(process)
    ours = [pipe for pipe, _ in pipes]
    try:
        yield ours
    finally:
        for pipe, process in zip(ours, processes, strict=True):
            pipe.close()
            process.join(10)
            process.close()


def _checkout(folder: Path, number: int) -> Path:
    place = folder / f"checkout-{number}"
    place.mkdir()
    identity = ("-c", "user.name=Race", "-c", "user.email=race@localhost", "-c", "commit.gpgsign=false")
    _git(place, "init", "--quiet")
    _git(place, *identity, "commit", "--quiet", "--allow-empty", "--message", "one")
    _git(place, "remote", "add", "origin", (folder / "remote.git").as_uri())
    return place


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def _work(pipe: Connection, barrier: Barrier, checkout: Path) -> None:
    """A process's life: jobs until there are none."""
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        pipe.send(_done(job, Meeting(barrier, job.meets, job.late), checkout))


@dataclass
class Meeting:
    """Where a process waits for the other one: after so many steps that others can see, or at its end."""

    barrier: Barrier
    steps: int
    late: float
    over: bool = False

    def see(self, event: Event) -> None:
        """Wait before this step if it is the one."""
        if isinstance(event, Step) and event.name not in LOCAL and not self.over:
            if self.steps == 0:
                self.come()
            self.steps -= 1

    def come(self) -> None:
        """Wait for the other one, once."""
        if not self.over:
            self.over = True
            self.barrier.wait(_PATIENCE)
            time.sleep(self.late)


def _done(job: Job, meeting: Meeting, checkout: Path) -> Ended:
    """Carry a job out, and meet the other one on the way."""
    wire = Recorder()
    who = releaser(job.repository, wire, recorded=job.recorded)
    claiming = _claiming(checkout) if job.claimed else None
    try:
        return carried_out(job.contender, replace(who, claiming=claiming), wire, meeting.see)
    finally:
        meeting.come()


def carried_out(
    contender: Contender, who: Releaser, wire: Recorder, see: Callable[[Event], None] = lambda _event: None
) -> Ended:
    """Run a contender's flow to its end."""
    try:
        result = finish(contender(who), see)
    except ShiplaneError as error:
        return Ended(error.exit_code, (), wire.log, str(error))
    return Ended(0, tuple(promised(result)), wire.log)


def releaser(repository: Repository, wire: Recorder, *, recorded: bool, clock: Clock | None = None) -> Releaser:
    """A process that releases as the product does."""
    who = Releaser.anonymous(wire, repository, clock)
    return who.recording(EntryAuthor(who=f"process {os.getpid()}")) if recorded else who


def _claiming(checkout: Path) -> ReleaseClaims:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    remote = Remote(folder=checkout, env=env, login={}, redact=Redactor())
    return ReleaseClaims(claims=GitClaims(remote=remote, prefix="refs/release-claims"), by=f"process {os.getpid()}")

"""``python -m tests.race``: two real processes release at the same moment, against a real registry, again and again.

No image is built: what the two would have staged lies in the registry already, by digest. Half of the runs claim their
versions on a bare git remote. Judged afterwards: the tags, what each process was told, and what each said of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from shiplane.clients.claims import GitClaims
from shiplane.clients.http import HttpTransport
from shiplane.clients.patience import Patience
from shiplane.clients.registry import Registry
from shiplane.clients.remote import Remote
from shiplane.clients.session import Session
from shiplane.flows.claim import Claiming
from shiplane.flows.publish import Publisher
from shiplane.model.answer import Present
from shiplane.model.errors import ShiplaneError
from shiplane.model.image import Repository, Tag
from shiplane.model.redact import Redactor
from shiplane.model.settings import Setting
from tests.faults.contenders import OTHER, Publishing
from tests.faults.exchange import Exchange
from tests.faults.faults import Faulty
from tests.faults.invariants import Case, violations
from tests.faults.memory import MemoryRegistry
from tests.faults.release import PATH, finish
from tests.faults.transfer import upload

_SPAWN = multiprocessing.get_context("spawn")
_OTHERS = Publishing(build="two", commit=OTHER)
PAIRS: dict[str, tuple[Publishing, Publishing]] = {
    "same bytes": (Publishing(), Publishing()),
    "other bytes, same commit": (Publishing(), Publishing(build="two")),
    "other bytes, other commit": (Publishing(), _OTHERS),
    "other bytes, both float": (Publishing(latest="yes"), replace(_OTHERS, latest="yes")),
    "two versions": (Publishing(latest="yes"), replace(_OTHERS, version="0.3.0", latest="yes")),
}


@dataclass(frozen=True)
class Job:
    """What one process is to do: release this into that repository, a little later than the signal."""

    publishing: Publishing
    repository: Repository
    claimed: bool
    late: float


@dataclass(frozen=True)
class Ended:
    """How it went: exit code, what was promised of each tag, what went over the wire."""

    code: int
    promised: Mapping[str, str]
    log: Sequence[Exchange]
    words: str = ""

    def written(self) -> dict[str, set[str]]:
        """The digests that it put under each tag."""
        found: dict[str, set[str]] = {}
        for entry in self.log:
            if entry.is_manifest_put and ":" not in entry.reference and entry.status == 201:
                found.setdefault(entry.reference, set()).add(entry.sent)
        return found


@dataclass(frozen=True)
class Run:
    """One race, judged."""

    pair: str
    claimed: bool
    codes: tuple[int, int]
    broken: tuple[str, ...]

    @property
    def silent(self) -> bool:
        """A promise broke, and both processes said that all is well."""
        return bool(self.broken) and self.codes == (0, 0)


def race(registry: str, runs: int, seed: int = 0) -> list[Run]:
    """So many races between two processes, every other one with the claim."""
    randomness = random.Random(seed)
    pairs = [list(PAIRS)[number // 2 % len(PAIRS)] for number in range(runs)]
    with tempfile.TemporaryDirectory(prefix="shiplane-race-") as folder, _workers(Path(folder)) as workers:
        return [
            _once(registry, workers, pair, claimed=number % 2 == 0, randomness=randomness)
            for number, pair in enumerate(pairs)
        ]


def _once(registry: str, workers: Sequence[Connection], pair: str, *, claimed: bool, randomness: random.Random) -> Run:
    repository = Repository(registry, f"{PATH}-{uuid.uuid4().hex[:10]}")
    memory = MemoryRegistry()
    for publishing in PAIRS[pair]:
        publishing.prepare(memory)
    upload(memory.shelf(PATH), repository)
    for worker, publishing in zip(workers, PAIRS[pair], strict=True):
        worker.send(Job(publishing, repository, claimed, randomness.random() * 0.01))
    ends: list[Ended] = [worker.recv() for worker in workers]
    return Run(pair, claimed, (ends[0].code, ends[1].code), tuple(_judge(repository, ends)))


def _judge(repository: Repository, ends: Sequence[Ended]) -> Iterator[str]:
    """What broke: by the shared rules for each process's view, by the tags at the end, by what was said."""
    for end in ends:
        if end.code not in {0, 5, 8}:
            yield f"exit {end.code}: {end.words}"
    nobody = MemoryRegistry(host=repository.registry)
    yield from violations(Case(nobody, seen=[end.log for end in ends], repository=repository.path))
    client = Registry(Session(HttpTransport({}, user_agent="test")))
    tags = {str(tag): _digest(client, repository, tag) for tag in client.tags(repository)}
    for tag in ("v0.2.1", "v0.3.0"):
        written = set().union(*(end.written().get(tag, set()) for end in ends))
        if len(written) > 1:
            yield f"I1: {tag} was written with {len(written)} digests"
    floated = set().union(*(end.written().get("latest", set()) for end in ends))
    if tags.get("v0.3.0") in floated and tags["latest"] != tags["v0.3.0"]:
        yield f"I4: latest was at 0.3.0 and is {tags['latest']} now"
    for end in ends:
        for tag, digest in end.promised.items():
            # A floating tag may have moved on to a higher version since.
            if tag.startswith("v") and tags.get(tag) != digest:
                yield f"I9: {tag} was called {digest[:19]}, but is {tags.get(tag)}"


def _digest(client: Registry, repository: Repository, tag: Tag) -> str:
    answer = client.look(repository, tag)
    return str(answer.digest) if isinstance(answer, Present) else ""


@contextmanager
def _workers(folder: Path) -> Iterator[list[Connection]]:
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
        barrier.wait(60)
        time.sleep(job.late)
        pipe.send(_released(job, checkout))


def _released(job: Job, checkout: Path) -> Ended:
    wire = Faulty(HttpTransport({}, user_agent="test"))
    patience = Patience()
    plan = replace(job.publishing.plan, image=Setting(job.repository, "the race"))
    publisher = Publisher(
        registry=Registry(Session(wire, None, patience)),
        patience=patience,
        stager=lambda: job.publishing,
        claiming=_claiming(checkout) if job.claimed else None,
    )
    try:
        published = finish(publisher.publish(plan))
    except ShiplaneError as error:
        return Ended(error.exit_code, {}, wire.log, str(error))
    promised = {str(lane.plan.tag): str(lane.digest) for lane in published}
    promised |= {str(lane.plan.lane.floating): str(lane.floating) for lane in published if lane.moved}
    return Ended(0, promised, wire.log)


def _claiming(checkout: Path) -> Claiming:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    remote = Remote(folder=checkout, env=env, login={}, redact=Redactor())
    return Claiming(claims=GitClaims(remote=remote, prefix="refs/release-claims"), by=f"process {os.getpid()}")


def report(runs: Sequence[Run]) -> str:
    """A line for each pair and end, with how often it was so."""
    counted = Counter((run.pair, run.claimed, run.codes, ", ".join(word[:2] for word in run.broken)) for run in runs)
    lines = [
        f"{pair:<26} {'with' if claimed else 'without':<7} the claim  exits {codes}  {broken or 'good':<8} {count}"
        for (pair, claimed, codes, broken), count in sorted(counted.items())
    ]
    silent = sum(run.silent for run in runs)
    return "\n".join([*lines, f"{len(runs)} runs, {sum(bool(run.broken) for run in runs)} broken, {silent} silent"])


def wrong(runs: Sequence[Run]) -> list[Run]:
    """The runs that must not be: what the claim promises was broken, or a rule that needs no claim."""
    return [
        run for run in runs if {word[:2] for word in run.broken} - ({"I4"} if run.claimed else {"I1", "I3", "I4", "I9"})
    ]


def main(arguments: Sequence[str]) -> int:
    """Race, report; 1 when a run went wrong."""
    from tests import rig as rigs

    parser = argparse.ArgumentParser(prog="python -m tests.race", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--registry", help="host:port of one that asks nobody; the rig's by default")
    options = parser.parse_args(arguments)
    if options.registry:
        runs = race(options.registry, options.runs, options.seed)
    elif os.environ.get("SHIPLANE_RIG"):
        runs = race(rigs.load(Path(os.environ["SHIPLANE_RIG"])).plain, options.runs, options.seed)
    else:
        with rigs.running() as rig:
            runs = race(rig.plain, options.runs, options.seed)
    print(report(runs))
    return 1 if wrong(runs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

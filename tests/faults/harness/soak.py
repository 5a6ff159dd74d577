"""Many releases of one lane in a row against a real registry, some of whose answers go wrong: does anything wear out?

Now and then one is bad and is rolled back, and the next release moves on; at the end each move is on record once.

``python -m tests.faults.harness.soak --releases 1000``, or ``invoke dev.soak``. Staging pushes tiny images by digest
instead of building them, and waits pass at once; everything else is as in a release: the flow, the client, HTTP over
sockets.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import hashlib
import os
import random
import re
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from shiplane.config.lane import MAIN
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.config.version import Version
from shiplane.core.errors import ShiplaneError
from shiplane.core.progress import Flow
from shiplane.ledger.ledger import Action
from shiplane.ledger.recorder import EntryAuthor
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.names import Digest, Repository
from shiplane.release.planning.planner import make_plan
from shiplane.rollback.result import RollbackRequest
from tests.counts import at_least_one
from tests.faults.harness.clock import QuickClock
from tests.faults.harness.exchange import Effect, Exchange, exchange
from tests.faults.harness.faults import Faulty
from tests.faults.harness.images import push_image
from tests.faults.harness.invariants import Case, violations
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.pushing import push
from tests.faults.harness.relay import HangUpError, Passing, Relay, relay
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import finish
from tests.lanes import widest

_TRIES = 8
_BEFORE = ("reset", "500", "502", "503", "429", "403 of a rate limit")
_AFTER = ("lost answer", "truncated", "other bytes", "500 after all")


@dataclass
class Chaos:
    """Stands at the door: of each hundred requests of ours so many go wrong, by a seed that can be had again."""

    dice: random.Random
    share: float
    met: Counter[str] = field(default_factory=Counter)

    def __call__(self, passing: Passing) -> None:
        if not passing.ours or self.dice.random() >= self.share / 2:
            return
        kind = self.dice.choice(_AFTER if passing.status else _BEFORE)
        self.met[kind] += 1
        self._happen(kind, passing)

    def _happen(self, kind: str, passing: Passing) -> None:
        if kind in ("reset", "lost answer"):
            raise HangUpError
        if kind == "truncated":
            passing.answer["content-length"] = str(len(passing.content) + 7)
            passing.answer["connection"] = "close"
        elif kind == "other bytes":
            passing.content += b" "
            passing.answer["content-length"] = str(len(passing.content))
        else:
            passing.status = int(kind[:3])
            passing.answer = {"content-type": "application/json"}
            words = "toomanyrequests: retry-after: 2ms" if kind[0] == "4" else "ouch"
            passing.content = b'{"errors": [{"code": "X", "message": "%s"}]}' % words.encode()


@dataclass
class Staged:
    """Pushes an image by digest past the door, and remembers what is in it."""

    upstream: str
    repository: str
    memory: MemoryRegistry = field(default_factory=MemoryRegistry)

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """See :class:`shiplane.release.publish.Stager`."""
        (lane_plan,) = lanes
        raw = push_image(self.memory, self.repository, revision=plan.commit, version=str(lane_plan.version.value))
        push(self.memory.shelf(self.repository), self.upstream, self.repository)
        return {lane_plan.lane.name: raw.digest}


@dataclass
class Wear:
    """What a process holds: memory, open files, children, its folders in the temporary folder.

    Attributes:
        memory: Resident, in MiB. It grows with what one run has to read at once, a ledger of all releases.
        blocks: Pieces of memory that Python objects hold, in thousands: what nobody lets go of grows here.
    """

    memory: float
    blocks: float
    files: int
    children: int
    folders: int

    @classmethod
    def now(cls) -> Wear:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        folders = list(Path(tempfile.gettempdir()).glob(f"shiplane-*-{os.getpid()}-*"))
        files = len(list(Path("/proc/self/fd").iterdir()))
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return cls(memory, sys.getallocatedblocks() / 1000, files, len(children), len(folders))

    def outgrew(self, early: Wear) -> bool:
        """Whether something was not let go of; the soak itself remembers a few words of each release."""
        return (
            self.blocks > early.blocks * 1.05
            or self.memory > early.memory + 64
            # Reads side by side leave a few connections more or less; one lost in each run would be more than that.
            or self.files > early.files + 6
            or self.children > early.children
            or self.folders > 0
        )


@dataclass
class Soak:
    """The run as a whole."""

    door: Relay
    chaos: Chaos
    repository: str
    every: int = 50
    tags: dict[str, str] = field(default_factory=dict)
    moves: list[tuple[str, str]] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    tries: int = 0
    requests: int = 0
    waited: float = 0.0
    broken: list[str] = field(default_factory=list)

    def release(self, number: int) -> None:
        """One release, tried until it succeeds, and judged; now and then it is a bad one."""
        staged, version = Staged(self.door.upstream, self.repository), _version(number)
        views = self._tried(version, lambda releaser: releaser.publish(self._plan(version), staged))
        self._judge(version, staged.memory, views)
        if self.every and number % self.every == self.every - 1:
            self._roll_back(version, _version(number - 1))

    def _tried(self, what: str, run: Callable[[Releaser], Flow[object]]) -> list[list[Exchange]]:
        """The same run until it ends well; gives what each of them saw."""
        views = []
        for attempt in range(1, _TRIES + 1):
            wire, clock = Faulty(HttpTransport({}, user_agent="shiplane/soak")), QuickClock()
            self.tries += 1
            views.append(wire.log)
            try:
                finish(run(self._releaser(wire, self.door.address, clock)))
                break
            except ShiplaneError as error:
                if attempt == _TRIES or error.exit_code not in (6, 7):
                    self.broken.append(f"{what}: {error}")
                    break
            finally:
                self.waited += clock.waited
        return views

    def _releaser(self, wire: Transport, address: str, clock: QuickClock) -> Releaser:
        """A process of its own, whose waits pass at once."""
        who = Releaser.anonymous(wire, Repository(address, self.repository), clock).recording(
            EntryAuthor(who="the soak")
        )
        return replace(who, commit_of=lambda _lane, version: _commit(str(version)))

    def _plan(self, version: str) -> Plan:
        flags = Flags(lanes=("main",), tag=version, image=f"{self.door.address}/{self.repository}", latest="yes")
        checkout = Checkout(commit=_commit(version), committed_at="2026-02-28T12:00:00Z")
        return make_plan(Resolver(flags=flags, checkout=checkout))

    def _roll_back(self, bad: str, target: str) -> None:
        """Back to the version before, which is named: the same command may have to be given again."""
        memory = MemoryRegistry()
        push_image(memory, self.repository, revision=_commit(target), version=target)
        wish = RollbackRequest(lane=MAIN, to=Version.parse(target), reason="the soak wants it")
        views = self._tried(f"back to {target}", lambda releaser: releaser.roll_back(wish))
        self.bad.append(f"v{bad}")
        self._judge(target, memory, views, lowers=True)

    def settle(self) -> None:
        """At the end the ledger has each release, each move and each mark once, and as they were."""
        reader = self._releaser(HttpTransport({}, user_agent="the test"), self.door.upstream, QuickClock())
        assert reader.ledgers
        page = reader.ledgers.store(MAIN).read()
        moves = [(str(entry.before or ""), str(entry.after)) for entry in page.ledger.moves(widest(MAIN))]
        if moves != self.moves:
            self.broken.append(f"the ledger has {len(moves)} moves, and there were {len(self.moves)}")
        published = [entry.tag for entry in page.ledger.entries if entry.action is Action.PUBLISH]
        marked = [entry.tag for entry in page.ledger.entries if entry.action is Action.MARK]
        if len(published) != len(set(published)) or marked != self.bad:
            self.broken.append(f"the ledger has {len(published)} publications and the marks {marked}")

    def _judge(
        self, version: str, memory: MemoryRegistry, views: list[list[Exchange]], *, lowers: bool = False
    ) -> None:
        initial = dict(self.tags)
        memory.host = self.door.address
        memory.log = [self._arrived(passing) for passing in self.door.passed if passing.ours]
        self.requests += len(memory.log)
        self.door.passed.clear()
        self.broken += violations(
            Case(memory, seen=views, repository=self.repository, touched=(MAIN,), lowers=lowers, initial=initial)
        )
        if self.tags.get("latest") != self.tags.get(f"v{version}"):
            self.broken.append(f"{version} is not what latest is")
        versions = [name for name in self.tags if name.startswith("v")]
        for name in versions[:-2]:
            del self.tags[name]

    def _arrived(self, passing: Passing) -> Exchange:
        """A request that the registry got, with what came of it there: the client may have got another answer."""
        request = Request(
            method=passing.method, url=f"http://{self.door.address}{passing.path}", headers={}, body=passing.body
        )
        named = re.search(r"/manifests/([^:/]+)$", passing.path)
        effect = None
        if passing.method == "PUT" and named and passing.arrived == 201:
            after = str(Digest.of(passing.body))
            effect = Effect(self.repository, named[1], self.tags.get(named[1], ""), after)
            if named[1] == widest(MAIN) and after != effect.before:
                self.moves.append((effect.before, after))
            self.tags[named[1]] = after
        response = Response(status=passing.arrived, headers={}, body=b"")
        return exchange(0.0, request, response, effect=effect)


def _version(number: int) -> str:
    return f"0.{number // 100}.{number % 100}"


def _commit(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()[:40]


def soak(
    address: str, releases: int, *, share: float = 0.05, seed: int = 1, every: int = 50
) -> tuple[Soak, Wear, Wear]:
    """Release so many versions, and roll each so-manieth back; gives the run, and the wear early and at the end."""
    with relay(address) as door:
        made = Soak(door, Chaos(random.Random(seed), share), f"cognary/soak-{uuid.uuid4().hex[:8]}", every)
        door.meet = made.chaos
        early = Wear.now()
        for number in range(releases):
            made.release(number)
            if number == releases // 10:
                early = Wear.now()
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {releases}", end="", file=sys.stderr, flush=True)
        made.settle()
        return made, early, Wear.now()


def main(arguments: Sequence[str]) -> int:
    """Run against the rig, which is started where there is none."""
    from tests import rig as rigs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=at_least_one, default=1000)
    parser.add_argument("--share", type=float, default=0.05, help="how many of the requests go wrong")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with rigs.at_hand() as rig:
        made, early, late = soak(rig.plain, given.releases, share=given.share, seed=given.seed)
    print(
        f"{given.releases} releases and {len(made.bad)} rollbacks in {made.tries} runs, {made.requests} requests, "
        f"{len(made.moves)} moves on record [{time.monotonic() - began:.0f} s]"
    )
    print(
        f"faults: {sum(made.chaos.met.values())} ({', '.join(f'{n} x {k}' for k, n in made.chaos.met.most_common())})"
    )
    print(f"waits that passed at once: {made.waited:.0f} s; seed {given.seed}")
    print(f"after a tenth: {early}\nat the end: {late}")
    print("\n".join(made.broken) or "no invariant was broken")
    return 1 if made.broken or late.outgrew(early) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

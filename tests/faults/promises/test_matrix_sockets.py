"""Some of the matrix once more over real sockets: what the in-memory faults say of the world, the world does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.errors import ShiplaneError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import MANIFEST_LIMIT, Session
from shiplane.registry.http.transport import HttpTransport
from shiplane.registry.oci.names import Repository
from shiplane.release.publish import Publisher
from tests.faults.harness.access import failure
from tests.faults.harness.faults import ELSEWHERE, FOR_EVER, STATUS, F, Fault, Faulty, altered
from tests.faults.harness.invariants import Case, assert_invariants
from tests.faults.harness.scene import PATH, USER, Stager, a_plan, a_registry, finish, to_images
from tests.faults.harness.server import Rude, Served, drip, flood, raw, reset, serve

DEADLINE = 0.15
NAMES = {"v0.2.1", "latest", "standalone-v0.2.1", "standalone-latest"}
OVERSIZED = MANIFEST_LIMIT + 1


class Hurry:
    """The machine's clock, a thousand times as fast: a wait of a second takes a millisecond."""

    def now(self) -> float:
        return time.monotonic() * 1000

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 1000)


@dataclass
class Short:
    """The real transport; where a fault is expected, with a deadline that a test can wait for."""

    fault: Fault | None
    inner: HttpTransport = field(default_factory=lambda: HttpTransport({}, user_agent="test"))

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        short = self.fault is not None and self.fault.meets(request)
        return self.inner.send(request, limit=limit, deadline=min(deadline, DEADLINE) if short else deadline)


def as_bytes(response: Response) -> Rude:
    """An answer as it goes over the wire."""
    headers = {"content-length": str(len(response.body)), **response.headers, "connection": "close"}
    head = f"HTTP/1.1 {response.status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return raw(head.encode() + b"\r\n" + response.body)


def rude(fault: Fault) -> Rude:
    """What a fault looks like from the other end of the wire."""
    if fault.kind in STATUS:
        return as_bytes(failure(*STATUS[fault.kind], fault.words))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    return {
        F.RESET: reset(head),
        F.TIMEOUT: raw(b"", pause=2 * DEADLINE),
        F.TRUNCATED: raw(head + b"Content-Length: 1000\r\n\r\n{"),
        F.SLOW: drip(head + b"Content-Length: 1000\r\n\r\n", b" ", pause=0.02, seconds=2 * DEADLINE),
        F.REDIRECT: as_bytes(Response(status=307, headers={"location": ELSEWHERE})),
        F.OVERSIZED: flood(head + f"Content-Length: {OVERSIZED}\r\n\r\n".encode(), b" " * 65536),
    }[fault.kind]


@dataclass
class Spoiled:
    """A plan of one fault, at the server's side."""

    fault: Fault
    count: int = 0
    met: int = 0

    def __call__(self, request: Request, carry_out: Callable[[], Response]) -> Rude | None:
        if not self.fault.meets(request):
            return None
        self.count += 1
        if not self.fault.skip < self.count <= self.fault.skip + self.fault.times:
            return None
        self.met += 1
        if self.fault.kind in (F.WRONG_DIGEST, F.WRONG_TYPE):
            return as_bytes(altered(self.fault, request, carry_out()))
        if self.fault.applied:
            carry_out()
        return rude(self.fault)


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(a_registry()) as running:
        yield running


def release(served: Served, fault: Fault | None = None) -> tuple[Faulty, ShiplaneError | None]:
    """A release by a process of its own: what it saw, and what ended it."""
    wire = Faulty(Short(fault))
    retry_budget = RetryBudget(clock=Hurry(), jitter=lambda: 0.5)
    session = Session(wire, replace(USER, registry=served.address), retry_budget)
    repository = Repository(served.address, PATH)
    plan = to_images(a_plan(), repository)
    publisher = Publisher(registry=RegistryClient(session, repository), stager=lambda: Stager(served.memory), workers=2)
    try:
        finish(publisher.publish(plan))
    except ShiplaneError as error:
        return wire, error
    return wire, None


def judged(served: Served, wires: Sequence[Faulty]) -> None:
    assert_invariants(Case(served.memory, seen=[wire.log for wire in wires]))


VERSION, FLOATING = "/manifests/v0.2.1$", "/manifests/latest$"
PLACES = {
    "looking at the version": Fault(F.RESET, "GET", VERSION),
    "writing the version": Fault(F.RESET, "PUT", VERSION),
    "the answer to writing the version": Fault(F.RESET, "PUT", VERSION, applied=True),
    "reading the floating tag, for ever": Fault(F.RESET, "GET", FLOATING, times=FOR_EVER),
}


@pytest.mark.parametrize("kind", F, ids=lambda kind: kind.value)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_fault_over_a_real_socket(served: Served, place: Fault, kind: F) -> None:
    served.spoil = spoiled = Spoiled(replace(place, kind=kind))
    first, ended = release(served, place)
    assert spoiled.met
    assert ended is None or (ended.exit_code in (4, 5, 6, 7, 8) and ended.what)
    judged(served, [first])
    assert ended or set(served.memory.tags(PATH)) >= NAMES
    halfway = {tag: digest for tag, digest in served.memory.tags(PATH).items() if "v0" in tag}
    served.spoil = lambda _request, _carry_out: None
    second, ended = release(served)
    assert ended is None
    tags = served.memory.tags(PATH)
    assert set(tags) >= NAMES
    assert tags["latest"] == tags["v0.2.1"] != tags["standalone-latest"] == tags["standalone-v0.2.1"]
    assert {tag: tags[tag] for tag in halfway} == halfway
    judged(served, [first, second])


def test_nothing_is_done_to_a_release_that_nothing_is_done_to(served: Served) -> None:
    wire, ended = release(served)
    assert ended is None
    judged(served, [wire])
    assert [entry for entry in wire.log if entry.fault or entry.status >= 500] == []

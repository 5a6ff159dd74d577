"""Commands that only read try without credentials first, and send one only where that is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from shiplane.core.credential import Credential
from shiplane.core.errors import AccessError
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Request, Response
from shiplane.registry.oci.lookup_result import Absent, Present, Refused
from shiplane.registry.oci.names import Repository, Tag
from tests.faults.harness.access import Access, Account
from tests.faults.harness.client_setup import AIONIS, PASSWORD, ROBOT, ClientSetup
from tests.faults.harness.images import push_image

GOOD = Tag("v0.2.1")


@dataclass
class Recorded:
    """A registry that keeps every request; it stands for any."""

    setup: ClientSetup
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        self.requests.append(request)
        return self.setup.memory.send(request, limit=limit, deadline=deadline)

    @property
    def shown(self) -> list[str]:
        """The credentials that were shown: Basic values."""
        values = (request.headers.get("Authorization", "") for request in self.requests)
        return [value for value in values if value.startswith("Basic ")]


@dataclass
class Reserve:
    """What is held back, and how often it was asked for."""

    credential: Credential | None = ROBOT
    asked: int = 0

    def __call__(self) -> Credential | None:
        self.asked += 1
        return self.credential


def reader(setup: ClientSetup, reserve: Reserve, repository: Repository = AIONIS) -> tuple[RegistryClient, Recorded]:
    setup.credential = None
    wire = Recorded(setup)
    session = setup.session(wire)
    session.fallback = reserve
    return RegistryClient(session, repository), wire


def private(scheme: str = "bearer") -> ClientSetup:
    setup = ClientSetup()
    setup.memory.access = Access(accounts={"robot": Account(PASSWORD)}, anonymous="", scheme=scheme)
    push_image(setup.memory, AIONIS.path, tag="v0.2.1")
    return setup


def test_a_public_image_is_read_by_nobody_in_particular() -> None:
    setup, reserve = ClientSetup(), Reserve()
    push_image(setup.memory, AIONIS.path, tag="v0.2.1")
    registry, wire = reader(setup, reserve)
    assert isinstance(registry.get_manifest(GOOD), Present)
    assert isinstance(registry.get_manifest(Tag("v9.9.9")), Absent)
    assert (wire.shown, reserve.asked) == ([], 0)


@pytest.mark.parametrize("scheme", ["bearer", "basic"])
def test_where_a_stranger_is_refused_the_credential_that_belongs_there_is_shown(scheme: str) -> None:
    known = replace(ROBOT, registry="registry.example")
    setup, reserve, repository = private(scheme), Reserve(known), Repository(known.registry, AIONIS.path)
    setup.memory.host = known.registry
    registry, wire = reader(setup, reserve, repository)
    assert isinstance(registry.get_manifest(GOOD), Present)
    assert isinstance(registry.get_manifest(Tag("v9.9.9")), Absent)
    assert (set(wire.shown), reserve.asked) == ({f"Basic {ROBOT.basic}"}, 1)
    assert registry.session.credential is known


@pytest.mark.parametrize("held", [None, Credential(registry="r.example", username="r", password=PASSWORD, source="t")])
def test_without_one_or_with_anothers_it_stays_refused(held: Credential | None) -> None:
    reserve = Reserve(held)
    registry, wire = reader(private(), reserve)
    for _ in range(2):
        assert isinstance(registry.get_manifest(GOOD), Refused)
    assert (wire.shown, reserve.asked) == ([], 1)


def test_a_credential_that_cannot_be_read_is_told_where_it_is_needed() -> None:
    def broken() -> Credential | None:
        raise AccessError("docker-credential-absent is not installed")

    setup = private()
    setup.credential = None
    session = setup.session()
    session.fallback = broken
    found = RegistryClient(session, AIONIS).get_manifest(GOOD)
    assert isinstance(found, Refused)
    assert "docker-credential-absent is not installed" in str(found)


def test_readers_side_by_side_ask_for_it_once_and_all_go_on_with_it() -> None:
    reserve, together = Reserve(), threading.Barrier(4)
    registry, _ = reader(private(), reserve)

    def look(_number: int) -> object:
        together.wait(10)
        return registry.get_manifest(GOOD)

    with ThreadPoolExecutor(4) as pool:
        assert all(isinstance(found, Present) for found in pool.map(look, range(4)))
    assert reserve.asked == 1

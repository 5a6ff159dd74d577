"""What every test of the client layer begins with: a registry, a clock, and a client for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiplane.core.credential import Credential
from shiplane.core.redact import Redactor
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.retry_budget import RetryBudget
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Repository
from tests.faults.harness.access import Access, Account
from tests.faults.harness.clock import VirtualClock
from tests.faults.harness.memory import MemoryRegistry

AIONIS = Repository("ghcr.io", "cognary/aionis")
PASSWORD = "ghp_c4n4ryc4n4ryc4n4ry"
ROBOT = Credential(registry="ghcr.io", username="robot", password=PASSWORD, source="test")


def accounts() -> Access:
    """A public package of which ``robot`` may write, ``reader`` may not."""
    return Access(accounts={"robot": Account(PASSWORD), "reader": Account(PASSWORD, "pull")})


@dataclass
class ClientSetup:
    """A registry and one who talks to it. ``said`` is what was announced of each wait."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    said: list[str] = field(default_factory=list)
    credential: Credential | None = ROBOT
    memory: MemoryRegistry = field(init=False)

    def __post_init__(self) -> None:
        self.memory = MemoryRegistry(clock=self.clock, access=accounts())

    def session(self, transport: Transport | None = None) -> Session:
        """A run of its own: fresh tokens and a fresh budget. Jitter is at its longest."""
        retry_budget = RetryBudget(clock=self.clock, tell=self.said.append, jitter=lambda: 1.0)
        redact = Redactor()
        if self.credential:
            redact.add_credential(self.credential)
        return Session(transport or self.memory, self.credential, retry_budget, redact)

    def registry(self, transport: Transport | None = None, repository: Repository = AIONIS) -> RegistryClient:
        """The client under test, on the registry itself or on whatever stands before it."""
        return RegistryClient(self.session(transport), repository)

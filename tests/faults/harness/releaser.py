"""Whoever releases, rolls back, marks and verifies: one process's client, and where it records and claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shiplane.adopt.adopt import Adopter
from shiplane.adopt.result import AdoptionResult
from shiplane.config.lane import BUILT_IN, Lane
from shiplane.config.plan import Plan
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import EntryAuthor, Ledgers, LedgersOf
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.retry_budget import Clock, RetryBudget, SystemClock
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Platform, Repository
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.lane_images import Stager
from shiplane.release.publish import Publisher
from shiplane.release.result import LaneResult
from shiplane.rollback.lane_repositories import LaneRepositories
from shiplane.rollback.marks import Marker
from shiplane.rollback.result import RollbackRequest, RollbackResult
from shiplane.rollback.rollback import Rollback
from shiplane.verify.verification_result import VerificationResult
from shiplane.verify.verify import Verifier
from tests.faults.harness.images import PLATFORMS


@dataclass(frozen=True, kw_only=True)
class Releaser:
    """One process, and the flows that it can begin.

    Attributes:
        registry: Its client.
        ledgers: Where it records; None where no ledger is kept.
        ledgers_of: The same where the lanes have several primary repositories.
        repositories: The same for rollbacks.
        claiming: How it claims; None where it does not.
        mirrors: Its clients of further repositories, for rollbacks.
        commit_of: The commit that a version was released from, as far as it knows.
        probe: Whether it proves that it may push.
        workers: How many reads at once; one by one they fall in the same order each time.
    """

    registry: RegistryClient
    ledgers: Ledgers | None = None
    ledgers_of: LedgersOf | None = None
    repositories: LaneRepositories | None = None
    claiming: ReleaseClaims | None = None
    commit_of: Callable[[Lane, Version], str | None] = lambda _lane, _version: None
    mirrors: Sequence[RegistryClient] = ()
    probe: bool = True
    workers: int = 1

    @classmethod
    def anonymous(cls, wire: Transport, repository: Repository, clock: Clock | None = None) -> Releaser:
        """One against a registry that asks nobody who he is, which does all as the product does by default."""
        retry_budget = RetryBudget(clock=clock or SystemClock())
        registry = RegistryClient(Session(wire, None, retry_budget), repository)
        return cls(registry=registry, workers=WORKERS)

    def recording(self, author: EntryAuthor) -> Releaser:
        """The same one with a ledger beside the images."""
        ledgers = Ledgers(
            registry=self.registry,
            author=author,
            workers=self.workers,
        )
        return replace(self, ledgers=ledgers)

    def publish(self, plan: Plan, stager: Stager) -> Flow[tuple[LaneResult, ...]]:
        """A release, not yet begun."""
        released = yield from Publisher(
            registry=self.registry,
            stager=lambda: stager,
            probe=self.probe,
            ledgers=self.ledgers_of or (lambda _primary: self.ledgers),
            workers=self.workers,
            claiming=self.claiming,
        ).publish(plan)
        return released.lanes

    def roll_back(self, wish: RollbackRequest) -> Flow[RollbackResult]:
        """A rollback, not yet begun."""
        (result,) = yield from self.roll_back_lanes([wish])
        return result

    def roll_back_lanes(self, wishes: Sequence[RollbackRequest]) -> Flow[tuple[RollbackResult, ...]]:
        """A rollback of several lanes, not yet begun."""
        rollback = self.rolling_back()
        return (yield from rollback.go_to((yield from rollback.choose(wishes))))

    def rolling_back(self) -> Rollback:
        """Who rolls back."""
        return Rollback(
            lanes=self.repositories
            or LaneRepositories(primary=lambda _lane: self.registry, ledgers=lambda _lane: self.ledgers),
            platforms=lambda _lane: tuple(map(Platform.parse, PLATFORMS)),
            commit_of=self.commit_of,
            workers=self.workers,
            mirrors=lambda _lane: self.mirrors,
        )

    def adopt(
        self, lane: Lane, lanes: Sequence[Lane] = BUILT_IN, since: Version | None = None, *, dry_run: bool = False
    ) -> Flow[AdoptionResult]:
        """An adoption; it is recorded in a ledger."""
        assert self.ledgers
        return Adopter(
            registry=self.registry,
            ledgers=self.ledgers,
            commit_of=self.commit_of,
            workers=self.workers,
        ).adopt(lane, lanes, since, dry_run=dry_run)

    def marker(self) -> Marker:
        """Who marks; a mark is an entry of a ledger."""
        assert self.ledgers
        return Marker(registry=self.registry, ledgers=self.ledgers)

    def verify(self, lane: Lane, version: Version | None = None) -> Flow[VerificationResult]:
        """A verification of a version, wherever the floating tag is, or of what that stands for."""
        return Verifier(
            registry=self.registry,
            platforms=Setting(tuple(map(Platform.parse, PLATFORMS)), "the test"),
            commit_of=self.commit_of,
            ledgers=self.ledgers,
        ).verify(lane, version, latest=Setting(version is None, "--latest"))

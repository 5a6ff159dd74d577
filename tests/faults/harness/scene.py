"""A release against the registry in memory, driven step by step: what the tests of the flows start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.lane import BUILT_IN, MAIN, Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.project_file import ProjectFile
from shiplane.config.setting import Setting
from shiplane.config.settings import Checkout, Flags, Resolver
from shiplane.core.credential import Credential
from shiplane.core.progress import Event, Flow, Step, T
from shiplane.core.redact import Redactor
from shiplane.ledger.ledger import Ledger
from shiplane.ledger.recorder import EntryAuthor, Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.retry_budget import Clock, RetryBudget
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Digest, Repository
from shiplane.release.planning.planner import make_plan
from shiplane.release.result import LaneResult
from shiplane.rollback.marks import Marker
from shiplane.rollback.result import RollbackRequest, RollbackResult
from shiplane.verify.audit.audit import Auditor
from shiplane.verify.lane_status import ImageChecks, LaneStatus
from tests.faults.harness.access import Access, Account
from tests.faults.harness.images import COMMIT, PLATFORMS, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.releaser import Releaser

IMAGE = "ghcr.io/cognary/aionis"
PATH = "cognary/aionis"
AIONIS = Repository("ghcr.io", PATH)
USER = Credential(registry="ghcr.io", username="releaser", password="ghp_canary_canary", source="the test")


def a_registry(**settings: object) -> MemoryRegistry:
    """GHCR with one account that may push."""
    access = Access(accounts={USER.username: Account(USER.password)})
    return MemoryRegistry(access=access, **settings)  # type: ignore[arg-type] # the fields of the dataclass


def a_plan(
    version: str = "0.2.1",
    lanes: Sequence[str] = ("main", "standalone"),
    latest: str = "yes",
    commit: str = COMMIT,
    configured: Sequence[Lane] = BUILT_IN,
) -> Plan:
    """A release of some of the configured lanes."""
    flags = Flags(lanes=tuple(lanes), tag=version, image=IMAGE, latest=latest)
    checkout = Checkout(commit=commit, committed_at="2026-02-28T12:00:00Z")
    return make_plan(Resolver(flags=flags, project=ProjectFile(lanes=tuple(configured)), checkout=checkout))


def to_images(plan: Plan, *images: Repository) -> Plan:
    """The same release into other repositories, the primary first."""
    setting = Setting(images, "the test")
    return replace(plan, lanes=tuple(replace(lane, images=setting) for lane in plan.lanes))


def a_client(transport: Transport, clock: Clock, tell: Callable[[str], None] = lambda _text: None) -> RegistryClient:
    """A process's own client, in the releaser's name; its jitter is none."""
    redact = Redactor()
    redact.add_credential(USER)
    retry_budget = RetryBudget(clock=clock, tell=tell, jitter=lambda: 0.5)
    return RegistryClient(Session(transport, USER, retry_budget, redact), AIONIS)


@dataclass
class Stager:
    """Puts images into the registry by digest, as buildx does; each build has other bytes, as real ones have."""

    registry: MemoryRegistry
    platforms: Sequence[str] = PLATFORMS
    built: list[str] = field(default_factory=list)

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        return {lane_plan.lane.name: self._push(plan, lane_plan) for lane_plan in lanes}

    def _push(self, plan: Plan, lane_plan: LanePlan) -> Digest:
        self.built.append(lane_plan.lane.name)
        salt = f"{lane_plan.lane.name} build {len(self.built)}"
        version = str(lane_plan.version.value)
        return push_image(self.registry, PATH, self.platforms, plan.commit, version, salt=salt).digest


@dataclass
class Scene:
    """A registry, and publishers that come to it one after the other."""

    registry: MemoryRegistry = field(default_factory=a_registry)
    stager: Stager = field(init=False)
    transport: Transport = field(init=False)
    told: list[str] = field(default_factory=list)
    keeps_ledger: bool = True
    records: Repository = AIONIS

    def __post_init__(self) -> None:
        self.stager = Stager(self.registry)
        self.transport = self.registry

    def client(self) -> RegistryClient:
        """A new process's client, whose waits are recorded."""
        return a_client(self.transport, self.registry.clock, self.told.append)

    def releaser(self) -> Releaser:
        """A new process, which records where the scene keeps a ledger."""
        registry = self.client()
        ledgers = self.ledgers(registry) if self.keeps_ledger else None
        return Releaser(registry=registry, ledgers=ledgers)

    def flow(self, plan: Plan) -> Flow[tuple[LaneResult, ...]]:
        """A release, not yet begun."""
        return self.releaser().publish(plan, self.stager)

    def ledgers(self, registry: RegistryClient) -> Ledgers:
        """Where it is recorded."""
        author = EntryAuthor(who=USER.username, clock=registry.retry_budget.clock)
        return Ledgers(registry=registry.at(self.records), author=author, workers=1)

    def rollback(self, wish: RollbackRequest) -> Flow[RollbackResult]:
        """A rollback, not yet begun."""
        return self.releaser().roll_back(wish)

    def marker(self) -> Marker:
        """Who marks."""
        return self.releaser().marker()

    def audit(self, lane: Lane = MAIN, *, deep: bool = False) -> LaneStatus:
        """The lane as it is told."""
        who = self.releaser()
        auditor = Auditor(registry=who.registry, ledgers=who.ledgers, workers=1)
        return finish(auditor.audit(lane, checks=ImageChecks.ALL if deep else ImageChecks.CURRENT))

    def ledger(self, lane: Lane = MAIN) -> Ledger:
        """What is recorded by now."""
        registry = self.client()
        return self.ledgers(registry).store(lane).read().ledger

    def publish(self, plan: Plan | None = None) -> tuple[LaneResult, ...]:
        """A release from beginning to end."""
        return finish(self.flow(plan or a_plan()))

    def tags(self) -> dict[str, str]:
        """The images' tags as they are; a ledger's is nobody's image."""
        return {tag: digest for tag, digest in self.registry.tags(PATH).items() if not tag.startswith("ledger-")}

    def tag_writes(self) -> list[str]:
        """Every image's tag that was sent, in order, whether it arrived or not."""
        sent = [e.reference for e in self.registry.log if e.is_manifest_put]
        return [name for name in sent if ":" not in name and not name.startswith("ledger-")]


def finish(flow: Flow[T], see: Callable[[Event], object] = lambda _event: None) -> T:
    """Run a flow to its end; ``see`` is called with everything that it says."""
    try:
        while True:
            see(next(flow))
    except StopIteration as end:
        result: T = end.value
        return result


def until(flow: Flow[T], reached: Callable[[Step], bool]) -> None:
    """Run a flow up to, and not into, the first step that fits."""
    for event in flow:
        if isinstance(event, Step) and reached(event):
            return
    raise AssertionError("the flow has no such step")


def events(flow: Flow[T]) -> list[Event]:
    """Everything that a flow says."""
    return list(flow)

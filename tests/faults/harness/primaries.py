"""Three lanes in three primary repositories, on two registries, with the same tags in each: a group of one git tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.lane import MAIN, Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.setting import Setting
from shiplane.core.redact import Redactor
from shiplane.ledger.ledger import Ledger
from shiplane.ledger.recorder import EntryAuthor, Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.session import Session
from shiplane.registry.oci.names import Digest, Repository
from shiplane.rollback.lane_repositories import LaneRepositories
from tests.faults.harness.access import Access, Account
from tests.faults.harness.images import push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import AIONIS, USER, Scene, Stager, a_plan

SIBLING = Repository("ghcr.io", "cognary/sibling")
FAR = Repository("registry.example", "acme/adapter")
PASSWORD = "pw_f4r_4w4y_c4n4ry"
FAR_USER = replace(USER, registry=FAR.registry, username="adapter", password=PASSWORD)
FLOATING = tuple(FloatingTemplate(text=text) for text in ("latest", "v{major}"))
OPERATOR, WEBHOOKS, ADAPTER = (
    replace(MAIN, name=name, git_tag="v{version}", floating_templates=FLOATING)
    for name in ("operator", "webhooks", "adapter")
)
LANES = (OPERATOR, WEBHOOKS, ADAPTER)
PRIMARIES = {"operator": AIONIS, "webhooks": SIBLING, "adapter": FAR}
NAMES = tuple(PRIMARIES)


def group_plan(version: str = "1.0.0", lanes: Sequence[str] = NAMES, latest: str = "yes") -> Plan:
    """A release of the group."""
    plan = a_plan(version, lanes=lanes, latest=latest, configured=LANES)
    images: dict[str, Setting[tuple[Repository, ...]]] = {
        name: Setting((PRIMARIES[name],), "the test") for name in lanes
    }
    return replace(plan, lanes=tuple(replace(lane, images=images[lane.lane.name]) for lane in plan.lanes))


@dataclass
class ByPrimary(Stager):
    """Puts each lane's image into its own primary repository."""

    far: MemoryRegistry = field(default_factory=MemoryRegistry)

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        return {lane_plan.lane.name: self._push_to_primary(plan, lane_plan) for lane_plan in lanes}

    def _push_to_primary(self, plan: Plan, lane_plan: LanePlan) -> Digest:
        self.built.append(lane_plan.lane.name)
        primary = lane_plan.repository
        registry = self.far if primary.registry == FAR.registry else self.registry
        salt, version = f"{lane_plan.lane.name} build {len(self.built)}", str(lane_plan.version.value)
        return push_image(registry, primary, self.platforms, plan.commit, version, salt=salt).digest


@dataclass
class Apart(Scene):
    """A scene of the group; ``far`` is the second registry, with a credential of its own."""

    far: MemoryRegistry = field(init=False)
    to_far: Transport = field(init=False)
    one_ledger: Repository | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        accounts = {FAR_USER.username: Account(PASSWORD)}
        self.far = MemoryRegistry(host=FAR.registry, access=Access(accounts=accounts), clock=self.registry.clock)
        self.to_far = self.far
        self.stager = ByPrimary(self.registry, far=self.far)

    def client(self) -> RegistryClient:
        near = super().client()
        redact = Redactor()
        redact.add_credential(FAR_USER)
        session = Session(self.to_far, FAR_USER, near.retry_budget, redact)
        return replace(near, sessions=lambda other: session if other.registry == FAR.registry else near.session)

    def ledgers_of(self, client: RegistryClient, primary: Repository) -> Ledgers | None:
        """The ledgers of a primary's lanes, beside the images or in one repository for all."""
        author = EntryAuthor(who=USER.username, clock=self.registry.clock)
        kept = Ledgers(registry=client.at(self.one_ledger or primary), author=author, workers=1)
        return kept if self.keeps_ledger else None

    def releaser(self) -> Releaser:
        client = self.client()
        repositories = LaneRepositories(
            primary=lambda lane: client.at(PRIMARIES[lane.name]),
            ledgers=lambda lane: self.ledgers_of(client, PRIMARIES[lane.name]),
            several=True,
        )
        return Releaser(
            registry=client,
            ledgers_of=lambda primary: self.ledgers_of(client, primary),
            repositories=repositories,
        )

    def all_tags(self) -> dict[str, dict[str, str]]:
        """The image's tags of each lane, by the lane's name."""
        registries = {name: self.far if name == "adapter" else self.registry for name in NAMES}
        return {
            name: {tag: at for tag, at in registries[name].tags(PRIMARIES[name]).items() if "ledger-" not in tag}
            for name in NAMES
        }

    def recorded(self, lane: Lane) -> Ledger:
        """A lane's ledger."""
        ledgers = self.ledgers_of(self.client(), PRIMARIES[lane.name])
        assert ledgers
        return ledgers.store(lane).read().ledger

"""Staging and production: two registries with credentials of their own, and whoever promotes from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiplane.config.lane import MAIN, Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.setting import Setting
from shiplane.config.version import Version
from shiplane.core.progress import Flow
from shiplane.core.redact import Redactor
from shiplane.ledger.recorder import EntryAuthor, Ledgers
from shiplane.promote.promote import Promoter
from shiplane.promote.request import PromotionRequest
from shiplane.promote.result import PromotionResult
from shiplane.promote.survey import PromotionSurveyor
from shiplane.registry.client import RegistryClient
from shiplane.registry.http.exchange import Transport
from shiplane.registry.http.session import Session
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest, Platform, Repository
from shiplane.release.claiming import ReleaseClaims
from shiplane.verify.verify import Verifier
from tests.faults.harness.access import Access, Account
from tests.faults.harness.images import PLATFORMS, push_image
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.referring import attach, sign_by_tag
from tests.faults.harness.releaser import Releaser
from tests.faults.harness.scene import AIONIS, USER, Scene, a_plan, finish, to_images

STAGING = Repository("registry.example", "acme/staging")
_PASSWORD = "pw_st4g1ng_c4n4ry"


@dataclass
class StagingBuilds:
    """Puts images into staging by digest, as buildx does."""

    registry: MemoryRegistry

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        return {lane.lane.name: self._push(plan, lane) for lane in lanes}

    def _push(self, plan: Plan, lane: LanePlan) -> Digest:
        version = str(lane.version.value)
        return push_image(self.registry, STAGING, revision=plan.commit, version=version, salt=lane.lane.name).digest


@dataclass
class Promoting(Scene):
    """Production is the scene's own repository; staging is another registry, where versions were released before.

    ``released`` is how many requests staging had got when the last release there had ended.
    """

    staging: MemoryRegistry = field(init=False)
    to_staging: Transport = field(init=False)
    claiming: ReleaseClaims | None = None
    commits: dict[str, str] = field(default_factory=dict)
    released: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        access = Access(accounts={"stager": Account(_PASSWORD)})
        self.staging = MemoryRegistry(host=STAGING.registry, access=access, clock=self.registry.clock)
        self.to_staging = self.staging

    def staging_client(self) -> RegistryClient:
        credential = replace(USER, registry=STAGING.registry, username="stager", password=_PASSWORD)
        redact = Redactor()
        redact.add_credential(credential)
        session = Session(self.to_staging, credential, self.client().retry_budget, redact)
        return RegistryClient(session, STAGING)

    def staging_ledgers(self, registry: RegistryClient) -> Ledgers:
        return Ledgers(registry=registry, author=EntryAuthor(who="stager", clock=self.registry.clock), workers=1)

    def stage(
        self, version: str = "0.2.1", *, lanes: Sequence[str] = ("main",), latest: str = "yes", signed: bool = True
    ) -> RawManifest:
        """Release a version in staging, and sign it there."""
        plan = to_images(a_plan(version, lanes, latest), STAGING)
        registry = self.staging_client()
        releaser = Releaser(registry=registry, ledgers=self.staging_ledgers(registry))
        (first, *_) = finish(releaser.publish(plan, StagingBuilds(self.staging)))
        raw = self.staging.shelf(STAGING).manifests[str(first.digest)]
        if signed:
            attach(self.staging, STAGING, raw, f"signature of {version}")
            sign_by_tag(self.staging, STAGING, raw, f"old signature of {version}")
        self.released = len(self.staging.log)
        return raw

    def staging_ledger_lines(self, lane: Lane = MAIN) -> tuple[bytes, ...]:
        """What is recorded in staging."""
        return self.staging_ledgers(self.staging_client()).store(lane).read().ledger.lines

    def request(
        self,
        version: str = "0.2.1",
        latest: str = "yes",
        lane: Lane = MAIN,
        images: Sequence[Repository] = (AIONIS,),
    ) -> PromotionRequest:
        return PromotionRequest(
            lane=lane,
            version=Setting(Version.parse(version), "--tag"),
            latest=Setting(latest == "yes", "--latest"),
            images=Setting(tuple(images), "--to"),
        )

    def surveyor(self) -> PromotionSurveyor:
        """A new process."""
        source, registry = self.staging_client(), self.client()
        ledgers = self.ledgers(registry) if self.keeps_ledger else None
        verifier = Verifier(
            registry=source,
            platforms=Setting(tuple(map(Platform.parse, PLATFORMS)), "the test"),
            commit_of=lambda _lane, version: self.commits.get(str(version)),
            deep=True,
            ledgers=self.staging_ledgers(source),
        )
        return PromotionSurveyor(
            verifier=verifier, registry=registry, ledgers=lambda _: ledgers, claiming=self.claiming, workers=1
        )

    def promotion(self, request: PromotionRequest | None = None) -> Flow[PromotionResult]:
        """A promotion, not yet begun."""
        surveyor = self.surveyor()
        surveyed = yield from surveyor.survey(request or self.request())
        return (yield from Promoter(surveyor).promote(surveyed))

    def promote(self, request: PromotionRequest | None = None) -> PromotionResult:
        """A promotion from beginning to end."""
        return finish(self.promotion(request))

    def versions(self) -> dict[str, str]:
        """Production's tags without those that hold signatures."""
        return {tag: digest for tag, digest in self.tags().items() if not tag.startswith("sha256-")}

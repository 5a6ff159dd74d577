"""Survey a lane in the registry before anything is done to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.recorder import Ledgers
from shiplane.ledger.store import LedgerSnapshot
from shiplane.registry.lookup import hides_everything, require_certain, wait_until_readable
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, digest_of
from shiplane.registry.oci.names import Digest, Tag
from shiplane.registry.read_once import ReadOnce
from shiplane.verify.contradiction import contradiction
from shiplane.verify.floating_tag_reader import FloatingTagReader, ask_ahead, read_ahead
from shiplane.verify.lane_versions import LaneVersions, newest_published, other_spelling
from shiplane.verify.survey import Survey

if TYPE_CHECKING:
    from shiplane.registry.client import RegistryClient


@dataclass(frozen=True, kw_only=True)
class Surveyor:
    """Surveys one repository's lanes. Reads only.

    Attributes:
        registry: Where the lanes are.
        ledgers: Their ledgers; None where none is kept.
        workers: How many reads at once.
    """

    registry: RegistryClient
    ledgers: Ledgers | None = None
    workers: int = WORKERS

    @property
    def versions(self) -> LaneVersions:
        """The same lanes' versions."""
        return LaneVersions(registry=self.registry, workers=self.workers)

    def survey(self, plan: LanePlan, *, may_push: bool = False) -> Survey:
        """Read everything that the decisions about a lane need, and nothing more.

        Args:
            plan: The lane's part of the plan.
            may_push: Whether push permission is proven. GHCR answers 403 for reading a package that does not exist yet
                (where the specification has 404), and lets the same credential open an upload: if nothing at all can be
                read, the survey then presumes that the repository is new. The caller has to check again once something
                is there.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about one of the tags.
            BrokenLedgerError: The lane's ledger is broken, so nobody knows what is marked as bad.
        """
        look = self.once
        look.read_ahead(plan)
        return look._survey(plan, may_push=may_push)  # noqa: SLF001 -- its own

    @property
    def once(self) -> Surveyor:
        """A surveyor for one moment: nothing is asked for twice, whichever lane asks."""
        registry = ReadOnce.of(self.registry)
        if self.ledgers is None:
            return replace(self, registry=registry)
        same = self.ledgers.registry.repository == registry.repository
        kept_in = registry if same else ReadOnce.of(self.ledgers.registry)
        return replace(self, registry=registry, ledgers=replace(self.ledgers, registry=kept_in))

    @property
    def _fresh(self) -> Surveyor:
        """One that has asked for nothing yet."""
        ledgers = self.ledgers and replace(self.ledgers, registry=self.ledgers.registry.fresh)
        return replace(self, registry=self.registry.fresh, ledgers=ledgers)

    def read_ahead(self, plan: LanePlan) -> None:
        """Ask side by side for what a survey needs; it learns of the errors as if it asked then.

        For a surveyor of one moment, see :attr:`once`. With one worker nothing is asked ahead.
        """
        if self.workers > 1:
            read_ahead(
                ReadOnce.of(self.registry),
                plan.lane,
                plan.version.value,
                beside=lambda: self._read_beside(plan),
                parts=False,
                workers=self.workers,
            )

    def _read_beside(self, plan: LanePlan) -> None:
        def ledger() -> object:
            return self.ledgers.store(plan.lane).read_recent(plan.version.value) if self.ledgers else None

        def listed() -> object:
            return self.registry.tags() if isinstance(self.registry.get_manifest(plan.tag), Absent) else None

        aliases = (partial(self.registry.get_manifest, alias) for alias in plan.aliases)
        tasks: list[Callable[[], object]] = [ledger, listed, *aliases]
        ask_ahead(tasks, workers=self.workers)

    def _survey(self, plan: LanePlan, *, may_push: bool) -> Survey:
        answer = self.registry.get_manifest(plan.tag)
        hidden = (*(floating.tag for floating in plan.floating_tags), plan.lane.ledger)
        if may_push and isinstance(answer, Refused) and hides_everything(self.registry, hidden):
            return Survey.presumed_new(plan)
        reader = FloatingTagReader(versions=self.versions)
        answers = reader.answers(plan.floating_tags)
        snapshot = self.ledgers.store(plan.lane).read_recent(plan.version.value) if self.ledgers else LedgerSnapshot()
        ledger = snapshot.ledger
        lane = with_adopted_tags(plan.lane, ledger)
        first = [floating for floating in plan.settable_tags if isinstance(answers[floating], Absent)]
        tags = self.registry.tags() if first or isinstance(answer, Absent) else []
        version = self._version(plan, answer, tags)
        return Survey(
            version=version,
            revision=self.versions.revision(version),
            aliases={alias: self._required(alias) for alias in plan.aliases},
            floating_tags=reader.states(lane, ledger, answers),
            newest=newest_published(lane, first, tags, ledger),
            other_spelling=(
                other_spelling(lane, plan.version.value, tags, ledger) if isinstance(version, Absent) else None
            ),
            ledger=ledger,
            snapshot=snapshot,
        )

    def survey_settled(self, plan: LanePlan, *, may_push: bool = False) -> Survey:
        """Survey again while registry and ledger contradict each other: one of the reads may lag.

        The caller has to handle a contradiction that remains. Raises as :meth:`survey`.
        """
        survey = self.survey(plan, may_push=may_push)
        doubt, digests = contradiction(plan, survey), None
        if doubt is None or not doubt.seconds:
            return survey
        fresh = self._fresh
        for _ in self.registry.retry_budget.poll(doubt.seconds, condition=doubt.what):
            if (digests_now := fresh._tag_digests(plan)) == digests:  # noqa: SLF001 -- its own
                continue
            digests, survey = digests_now, fresh.survey(plan)
            if (doubt := contradiction(plan, survey)) is None or not doubt.seconds:
                break
        return survey

    def _tag_digests(self, plan: LanePlan) -> tuple[Digest | None, ...]:
        """The digests of the lane's tags: as long as none changes, neither does a survey."""
        digests = [digest_of(self.registry.get_manifest(tag)) for tag in plan.image_tags]
        ledgers = self.ledgers
        ledger = ledgers.registry.get_manifest(plan.lane.ledger) if ledgers else Absent()
        return (*digests, digest_of(ledger))

    def _required(self, tag: Tag) -> Present | Absent:
        return require_certain(self.registry.get_manifest(tag), self.registry.repository, tag)

    def _version(self, plan: LanePlan, result: LookupResult, tags: Collection[str]) -> Present | Absent:
        """The version tag; absent only if the tag list agrees.

        A release that is run again in the moment before its tag reads would build what it has published already.
        """
        answer = require_certain(result, self.registry.repository, plan.tag)
        if isinstance(answer, Absent) and plan.tag in tags:
            return wait_until_readable(self.registry, plan.tag)
        return answer

    def with_adopted_tags(self, lane: Lane) -> Lane:
        """The lane with the adopted tags of its ledger. Raises as reading a ledger does."""
        return with_adopted_tags(lane, self.ledgers.store(lane).read().ledger) if self.ledgers else lane

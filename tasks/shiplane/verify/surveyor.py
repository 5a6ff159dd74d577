"""The registry as it is, before anything is done to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan
from shiplane.config.version import Version
from shiplane.core.errors import VerificationError
from shiplane.core.system.parallel import WORKERS, map_parallel
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Action, Ledger
from shiplane.ledger.recorder import Ledgers
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import require_certain, resolve, wait_until_readable
from shiplane.registry.oci.lookup_result import Absent, LookupResult, Present, Refused, digest_of
from shiplane.registry.oci.manifest import REVISION, VERSION, Index, Manifest, parse_config, parse_manifest
from shiplane.registry.oci.names import Digest
from shiplane.verify.contradiction import contradiction
from shiplane.verify.lane_status import newest_release
from shiplane.verify.survey import Survey

# How many version tags are compared with a floating tag that does not say which version it is.
SEARCHED = 64


@dataclass(frozen=True, kw_only=True)
class Surveyor:
    """Looks at one repository's lanes. Reads only.

    Attributes:
        registry: Where.
        ledgers: What was recorded; None where no ledger is kept.
        workers: How many reads at once.
    """

    registry: RegistryClient
    ledgers: Ledgers | None = None
    workers: int = WORKERS

    def survey(self, plan: LanePlan, *, may_push: bool = False) -> Survey:
        """Everything that the decisions about a lane need, and nothing more.

        Args:
            plan: What is to be done with the lane.
            may_push: Whether push permission is proved. GHCR answers 403 for reading a package that does not exist
                yet (where the specification has 404), and lets the same credential open an upload: then, where
                nothing at all can be read, the survey presumes that the repository is new. Whoever builds upon that
                has to look again once something is there.

        Raises:
            AccessError: The registry refuses this identity.
            UnreachableError: It gave no reliable answer about one of the names.
            BrokenLedgerError: The lane's ledger is not whole, so that nobody knows what is marked as bad.
        """
        answer = self.registry.get_manifest(plan.tag)
        if may_push and isinstance(answer, Refused) and self._hides_everything(plan):
            return Survey(version=Absent(), floating=Absent(), presumed=True)
        floating = resolve(self.registry, plan.lane.floating)
        ledger = self.ledgers.store(plan.lane).read().ledger if self.ledgers else Ledger()
        lane = with_adopted_tags(plan.lane, ledger)
        first = isinstance(floating, Absent) and plan.latest.value and not plan.version.value.is_prerelease
        tags = self.registry.tags() if first or isinstance(answer, Absent) else []
        version = self._version(plan, answer, tags)
        return Survey(
            version=version,
            revision=self.label(version, REVISION) if isinstance(version, Present) else None,
            floating=floating,
            floating_version=self.version_behind(lane, floating),
            newest=newest_release([*versions_among(lane, tags), *_recorded(lane, ledger)]) if first else None,
            ledger=ledger,
        )

    def settled(self, plan: LanePlan, *, may_push: bool = False) -> Survey:
        """The same, read again while registry and ledger contradict each other: one of the reads may lag.

        Whoever decides upon it has to mind a contradiction that has stayed. Raises as :meth:`survey`.
        """
        survey = self.survey(plan, may_push=may_push)
        doubt, names = contradiction(plan, survey), None
        if doubt is None or not doubt.seconds:
            return survey
        for _ in self.registry.retry_budget.poll(doubt.seconds, what=doubt.what):
            if (now := self._names(plan)) == names:
                continue
            names, survey = now, self.survey(plan)
            if (doubt := contradiction(plan, survey)) is None or not doubt.seconds:
                break
        return survey

    def _names(self, plan: LanePlan) -> tuple[Digest | None, ...]:
        """What the lane's names have: as long as none of them changes, neither does a survey."""
        own = [digest_of(self.registry.get_manifest(name)) for name in (plan.tag, plan.lane.floating)]
        ledgers = self.ledgers
        recorded = ledgers.registry.get_manifest(plan.lane.ledger) if ledgers else Absent()
        return (*own, digest_of(recorded))

    def _hides_everything(self, plan: LanePlan) -> bool:
        """Whether the registry refuses to show the lane's other names, and the list of tags, as well."""
        names = (plan.lane.floating, plan.lane.ledger)
        return (
            all(isinstance(self.registry.get_manifest(name), Refused) for name in names)
            and self.registry.exists() is None
        )

    def _version(self, plan: LanePlan, seen: LookupResult, listed: Collection[str]) -> Present | Absent:
        """What is behind the version tag; *absent* only where the list of tags has none either.

        A release that is run again in the moment before a tag reads would build what it has published already.
        """
        answer = require_certain(seen, self.registry.repository, plan.tag)
        if isinstance(answer, Absent) and plan.tag in listed:
            return wait_until_readable(self.registry, plan.tag)
        return answer

    def known(self, lane: Lane) -> Lane:
        """The lane with what its ledger says of adopted versions. Raises as reading a ledger does."""
        return with_adopted_tags(lane, self.ledgers.store(lane).read().ledger) if self.ledgers else lane

    def label(self, image: Present, key: str) -> str | None:
        """What an image says of itself: the index's annotation, else the first config's label."""
        return self.labels(image, key).get(key)

    def labels(self, image: Present, *keys: str) -> Mapping[str, str]:
        """The same for several keys; the config is read, once, where the annotations lack one of them."""
        said: Mapping[str, str] = {}
        try:
            document = parse_manifest(image.raw)
            said = document.annotations
            if all(key in said for key in keys):
                return said
            manifest = document if isinstance(document, Manifest) else self._first(document)
            if manifest is not None:
                said = {**parse_config(self.registry.blob(manifest.config)).labels, **said}
        except VerificationError:
            # It says nothing more that can be relied on; examining it, if it matters, will name the fault.
            pass
        return said

    def version_behind(self, lane: Lane, floating: Present | Absent) -> Version | None:
        """The version that a floating tag stands for: the one whose version tag has the same digest.

        What an image calls itself only tells where to look first; the proof is the digest.
        """
        if isinstance(floating, Absent):
            return None
        return next((version for version in self._guesses(lane, floating) if self._is(lane, version, floating)), None)

    def versions(self, lane: Lane) -> list[Version]:
        """Every version of the lane that has a tag, the highest first."""
        return versions_among(lane, self.registry.tags())

    def _guesses(self, lane: Lane, floating: Present) -> Iterator[Version]:
        said = lane.version_spelled(self.label(floating, VERSION) or "")
        if said:
            yield said
        candidates = [v for v in self.versions(lane) if v != said and not v.is_prerelease][:SEARCHED]
        same = map_parallel(lambda version: self._is(lane, version, floating), candidates, workers=self.workers)
        yield from (version for version, equal in zip(candidates, same, strict=True) if equal)

    def _is(self, lane: Lane, version: Version, floating: Present) -> bool:
        answer = resolve(self.registry, lane.tag_of(version))
        return isinstance(answer, Present) and answer.digest == floating.digest

    def _first(self, index: Index) -> Manifest | None:
        for entry in index.images[:1]:
            answer = resolve(self.registry, entry.digest)
            document = parse_manifest(answer.raw) if isinstance(answer, Present) else None
            return document if isinstance(document, Manifest) else None
        return None


def versions_among(lane: Lane, tags: Iterable[str]) -> list[Version]:
    """The versions of a lane among a repository's tags, the highest first."""
    return sorted({version for version in map(lane.version_of_tag, tags) if version}, reverse=True)


def _recorded(lane: Lane, ledger: Ledger) -> list[Version]:
    """The versions that were published by the record: the list of tags may lag behind it."""
    tags = (entry.tag for entry in ledger.entries if entry.action is Action.PUBLISH)
    return [version for version in map(lane.version_of_tag, tags) if version]

"""A release: every lane is staged and verified before any is tagged, and every version tag precedes the floating tags.

A run that ends anywhere leaves correct tags or none, and running it again finishes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shiplane.config.plan import Plan
from shiplane.core.progress import Flow
from shiplane.core.system.parallel import WORKERS
from shiplane.ledger.recorder import LedgersOf, no_ledgers
from shiplane.registry.client import RegistryClient
from shiplane.release.checks.image_tests import ImageTests
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.lane_images import LaneImages, StagedDigests, Stager, sign_lanes
from shiplane.release.mirrors.mirroring import Mirroring
from shiplane.release.planning.saved_plan import SavedPlan
from shiplane.release.prerequisites import Conditions, NoConditions, PrerequisiteEvidence
from shiplane.release.release_survey import ReleaseSurveyor
from shiplane.release.result import LaneResult
from shiplane.release.write_tags import tag_and_record, tag_writers
from shiplane.signing.sign import ReleaseSigning


@dataclass(frozen=True)
class ReleaseResult:
    """A finished release: the prerequisites' evidence, and each lane as it was read back."""

    evidence: PrerequisiteEvidence
    lanes: tuple[LaneResult, ...]


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes a plan.

    Attributes:
        registry: A client that may push; it knows the credentials of every registry of the plan.
        stager: Makes the builder on first use: a run that only adopts needs none.
        probe: Whether push permission is checked before anything is built.
        ledgers: The ledgers of the lanes of each primary repository.
        saved: The saved plan that is carried out, if any: the registry has to be as it says.
        tests: The smoke tests and checks of the staged images.
        workers: How many reads at once.
        claiming: Claims each version for this run, if configured.
        signing: Signs the images before they are tagged, if configured.
        conditions: The build command and the gates.
        source: Checks that what is built is still what the commit holds; None where nothing is built here.
    """

    registry: RegistryClient
    stager: Callable[[], Stager]
    probe: bool = True
    ledgers: LedgersOf = no_ledgers
    saved: SavedPlan | None = None
    tests: ImageTests = field(default_factory=ImageTests)
    workers: int = WORKERS
    claiming: ReleaseClaims | None = None
    signing: ReleaseSigning | None = None
    conditions: Conditions = field(default_factory=NoConditions)
    source: Callable[[], Flow[None]] | None = None

    def publish(self, plan: Plan) -> Flow[ReleaseResult]:
        """Release every lane of a plan.

        What takes seconds is checked before what takes minutes, and once more after it.

        Raises:
            ShiplaneError: By situation; every tag that was written by then is right.
        """
        if self.signing:
            yield from self.signing.check()
        survey = yield from self._surveyor.survey(plan)
        mirrors = yield from self._mirrors.survey(plan, survey.decisions)
        evidence = yield from self.conditions.require(survey.pending)
        if evidence.took_time:
            survey = yield from self._surveyor.survey_again(plan, survey.pending)
            mirrors = yield from self._mirrors.survey(plan, survey.decisions)
        prepared = yield from self._images.prepare(plan, survey)
        lanes = [replace(lane, gates=evidence.gates) for lane in prepared]
        yield from self._mirrors.copy(plan, lanes, mirrors)
        if survey.presumed:
            yield from self._surveyor.check_new(plan, survey.presumed)
        lanes = yield from sign_lanes(self.signing, lanes)
        writers = tag_writers(self.registry, plan)
        results = yield from tag_and_record(writers, self.ledgers, plan.commit, lanes, self._mirrors.tags(mirrors))
        return ReleaseResult(evidence, results)

    def stage(self, plan: Plan) -> Flow[StagedDigests]:
        """Stage and inspect every lane of a plan without tags; what a publish would refuse is refused now.

        Returns:
            The digest of each lane's image, by the lane's name.

        Raises:
            ShiplaneError: By situation; no tag was written.
        """
        yield from self._surveyor.survey_for_staging(plan)
        return (yield from self._images.stage(plan))

    @property
    def _surveyor(self) -> ReleaseSurveyor:
        return ReleaseSurveyor(
            registry=self.registry,
            ledgers=self.ledgers,
            claiming=self.claiming,
            saved=self.saved,
            probe=self.probe,
            workers=self.workers,
        )

    @property
    def _mirrors(self) -> Mirroring:
        return Mirroring(registry=self.registry, probe=self.probe, workers=self.workers)

    @property
    def _images(self) -> LaneImages:
        return LaneImages(
            registry=self.registry,
            stager=self.stager,
            tests=self.tests,
            claiming=self.claiming,
            source=self.source,
            workers=self.workers,
        )

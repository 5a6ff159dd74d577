"""The images of a release: staged, or adopted from earlier runs; inspected, tested and claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from shiplane.core.errors import VerificationError
from shiplane.core.flows import run_flows
from shiplane.core.progress import Flow, Step
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.release.checks.image_tests import ImageTests, StagedImages
from shiplane.release.claiming import ReleaseClaims
from shiplane.release.image_inspection import NOT_TAGGED, ImageInspector, wait_for_images
from shiplane.release.ready_lane import ReadyLane
from shiplane.signing.sign import ReleaseSigning
from shiplane.verify.image_check import ImageReport

if TYPE_CHECKING:
    from shiplane.config.plan import LanePlan, Plan
    from shiplane.registry.client import RegistryClient
    from shiplane.release.release_survey import ReleaseSurvey

# The digest of each lane's image, by the lane's name.
StagedDigests: TypeAlias = dict[str, Digest]
_Images: TypeAlias = dict[str, RawManifest]
_Reports: TypeAlias = dict[str, ImageReport]


class Stager(Protocol):
    """Builds a plan's lanes and pushes them by digest, without tags."""

    def stage(self, plan: Plan, lanes: Sequence[LanePlan]) -> Mapping[str, Digest]:
        """Build and push these lanes at once.

        Returns:
            The digest of each lane's image, by the lane's name.
        """


@dataclass(frozen=True, kw_only=True)
class LaneImages:
    """Prepares the images of a plan; the attributes are those of :class:`shiplane.release.publish.Publisher`."""

    registry: RegistryClient
    stager: Callable[[], Stager]
    tests: ImageTests
    claiming: ReleaseClaims | None
    source: Callable[[], Flow[None]] | None
    workers: int

    def _inspector(self, lane_plan: LanePlan) -> ImageInspector:
        """Checks a lane's image."""
        return ImageInspector(registry=self.registry.at(lane_plan.repository), workers=self.workers)

    def prepare(self, plan: Plan, survey: ReleaseSurvey) -> Flow[list[ReadyLane]]:
        """Stage, inspect, test and claim every lane's image: no lane is tagged before all are ready."""
        decisions, created = survey.decisions, survey.created(plan)
        images, reports = yield from self._adopt_claimed(plan, created, survey.claimed)
        missing = [lane_plan for lane_plan in created if lane_plan.lane.name not in images]
        images |= _published(survey)
        images |= yield from self._stage(plan, missing)
        unread = [lane_plan for lane_plan in plan.lanes if lane_plan.lane.name not in reports]
        inspections = [
            self._inspector(lane_plan).inspect_for(plan, lane_plan, images[name], decisions[name])
            for lane_plan in unread
            for name in (lane_plan.lane.name,)
        ]
        inspected = yield from run_flows(inspections, workers=self.workers)
        reports |= {lane_plan.lane.name: report for lane_plan, report in zip(unread, inspected, strict=True)}
        staged = StagedImages(plan=plan, registry=self.registry, workers=self.workers)
        testable = staged.of(plan.lanes, images, reports)
        tested = yield from self.tests.run(testable, reports, built=[lane_plan.lane.name for lane_plan in created])
        claimed, claimed_reports = yield from self._claim(plan, created, images)
        images, reports = images | claimed, reports | claimed_reports
        theirs = staged.of([lane_plan for lane_plan in created if lane_plan.lane.name in claimed], images, reports)
        tested |= yield from self.tests.run(theirs, claimed_reports, built=list(claimed))
        built = {lane_plan.lane.name for lane_plan in missing} - set(claimed)
        return [
            ReadyLane(
                plan=lane_plan,
                survey=decisions[name].survey,
                decision=decisions[name].decision,
                raw=images[name],
                report=reports[name],
                built=name in built,
                smoked=tested[name].smoked,
                checked=tested[name].checked,
            )
            for lane_plan in plan.lanes
            for name in (lane_plan.lane.name,)
        ]

    def stage(self, plan: Plan) -> Flow[StagedDigests]:
        """Stage and inspect every lane, without tags; gives each image's digest by the lane's name."""
        images = yield from self._stage(plan, plan.lanes)
        inspections = [
            self._inspector(lane_plan).inspect(plan, lane_plan, images[lane_plan.lane.name], NOT_TAGGED)
            for lane_plan in plan.lanes
        ]
        yield from run_flows(inspections, workers=self.workers)
        return {name: raw.digest for name, raw in images.items()}

    def _stage(self, plan: Plan, missing: Sequence[LanePlan]) -> Flow[_Images]:
        if missing and self.source:
            yield from self.source()
        step = Step("stage", ", ".join(lane_plan.lane.name for lane_plan in missing or plan.lanes))
        yield step
        if not missing:
            yield step.unchanged("published from this commit before; nothing to build")
            return {}
        self.tests.require({lane_plan.lane.name: lane_plan.platforms.value for lane_plan in missing})
        digests = self.stager().stage(plan, missing)
        pushed = wait_for_images(
            [(self.registry.at(lane_plan.repository), digests[lane_plan.lane.name]) for lane_plan in missing],
            "the builder pushed it",
            workers=self.workers,
        )
        images = {lane_plan.lane.name: raw for lane_plan, raw in zip(missing, pushed, strict=True)}
        yield step.done(", ".join(f"{name} is {digest.short}" for name, digest in digests.items()))
        return images

    def _claim(self, plan: Plan, created: Sequence[LanePlan], images: _Images) -> Flow[tuple[_Images, _Reports]]:
        """Claim every lane's digest at once; if another run of this commit was faster, adopt its image."""
        if not self.claiming or not created:
            return {}, {}
        ours = {name: raw.digest for name, raw in images.items()}
        claimed = yield from self.claiming.take(plan, created, ours)
        theirs = {name: digest for name, digest in claimed.items() if digest != ours[name]}
        return (yield from self._adopt_claimed(plan, created, theirs))

    def _adopt_claimed(
        self, plan: Plan, lanes: Sequence[LanePlan], claimed: Mapping[str, Digest]
    ) -> Flow[tuple[_Images, _Reports]]:
        """The images that other runs have claimed, inspected like our own.

        Raises:
            LostRaceError: One of them does not exist, or is not as it should be.
        """
        images, reports = _Images(), _Reports()
        for lane_plan in lanes:
            if digest := claimed.get(lane_plan.lane.name):
                try:
                    (raw,) = wait_for_images([(self.registry.at(lane_plan.repository), digest)], "it is claimed")
                    images[lane_plan.lane.name] = raw
                    inspector = self._inspector(lane_plan)
                    reports[lane_plan.lane.name] = yield from inspector.inspect(plan, lane_plan, raw, "")
                except VerificationError as error:
                    assert self.claiming  # noqa: S101 -- without it nothing is claimed
                    raise self.claiming.unusable(plan, lane_plan, digest, error.what) from error
        return images, reports


def sign_lanes(signing: ReleaseSigning | None, lanes: list[ReadyLane]) -> Flow[list[ReadyLane]]:
    """Sign every lane's image in each of its repositories, if that is configured.

    Raises:
        ShiplaneError: As :meth:`shiplane.signing.sign.ReleaseSigning.sign`; no lane was tagged.
    """
    if signing is None:
        return lanes
    signed = yield from signing.sign([lane.digests_to_sign for lane in lanes])
    return [replace(lane, signed=image) for lane, image in zip(lanes, signed, strict=True)]


def _published(survey: ReleaseSurvey) -> _Images:
    """The images of versions that are published already."""
    versions = {name: lane.survey.version for name, lane in survey.decisions.items()}
    return {name: version.raw for name, version in versions.items() if isinstance(version, Present)}

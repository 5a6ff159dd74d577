"""The images of a channel's commit: staged, or published before; inspected and tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.config.plan import Plan
from shiplane.core.progress import Flow, Step
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.manifest import RawManifest
from shiplane.release.checks.image_tests import ImageTests, StagedImages, TestedImage
from shiplane.release.image_inspection import NOT_TAGGED, ImageInspector
from shiplane.verify.image_check import ExpectedImage, ImageReport

if TYPE_CHECKING:
    from shiplane.release.channel.survey import ChannelLane
    from shiplane.release.lane_images import Stager

_ADOPTED = "It was published before, and is written once: publish another commit of the branch."


@dataclass(frozen=True, kw_only=True)
class ChannelImage:
    """An image that may be tagged: inspected, and tested if this run built it."""

    lane: ChannelLane
    raw: RawManifest
    report: ImageReport
    tested: TestedImage


@dataclass(frozen=True, kw_only=True)
class ChannelImages:
    """Prepares the images; the attributes are those of :class:`shiplane.release.publish.Publisher`."""

    registry: RegistryClient
    stager: Callable[[], Stager]
    tests: ImageTests
    source: Callable[[], Flow[None]] | None
    workers: int

    def prepare(self, plan: Plan, lanes: Sequence[ChannelLane]) -> Flow[list[ChannelImage]]:
        """Stage what is not built yet, and check every image: no lane is tagged before all are ready.

        Raises:
            ShiplaneError: By situation; no tag was written.
        """
        missing = [lane for lane in lanes if lane.image is None]
        images = {lane.name: lane.image.raw for lane in lanes if lane.image}
        images |= yield from self._stage(plan, missing)
        reports = {}
        for lane in lanes:
            reports[lane.name] = yield from self._inspect(plan, lane, images[lane.name])
        staged = StagedImages(plan=plan, registry=self.registry, workers=self.workers)
        testable = staged.of([lane.plan for lane in lanes], images, reports)
        tested = yield from self.tests.run(testable, reports, built=[lane.name for lane in missing])
        return [
            ChannelImage(lane=lane, raw=images[lane.name], report=reports[lane.name], tested=tested[lane.name])
            for lane in lanes
        ]

    def _stage(self, plan: Plan, missing: Sequence[ChannelLane]) -> Flow[Mapping[str, RawManifest]]:
        if missing and self.source:
            yield from self.source()
        names = [lane.name for lane in missing]
        step = Step("stage", ", ".join(names) or "nothing")
        yield step
        if not missing:
            yield step.unchanged("published from this commit before; nothing to build")
            return {}
        self.tests.require({lane.name: lane.plan.platforms.value for lane in missing})
        digests = self.stager().stage(plan, [lane.plan for lane in missing])
        images = {
            lane.name: wait_for_digest(
                self.registry.at(lane.plan.repository), digests[lane.name], "the builder pushed it"
            )
            for lane in missing
        }
        yield step.done(", ".join(f"{name} is {digests[name].short}" for name in names))
        return images

    def _inspect(self, plan: Plan, lane: ChannelLane, raw: RawManifest) -> Flow[ImageReport]:
        inspector = ImageInspector(registry=self.registry.at(lane.plan.repository), workers=self.workers)
        if lane.image is None:
            return (yield from inspector.inspect(plan, lane.plan, raw, NOT_TAGGED))
        # Another tool may have kept it under this name, with a version label of its own.
        expected = ExpectedImage(platforms=lane.plan.platforms.value, revision=plan.commit, foreign=True)
        return (yield from inspector.inspect(plan, lane.plan, raw, _ADOPTED, expected))

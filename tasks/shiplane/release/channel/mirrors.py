"""A channel's further repositories before anything is tagged: what is there, and the primary's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shiplane.core.errors import RefusedError
from shiplane.core.progress import Flow, Step
from shiplane.registry.image_copy import ImageCopier
from shiplane.registry.lookup import resolve
from shiplane.registry.oci.lookup_result import Absent, Present
from shiplane.release.access import check_access
from shiplane.release.channel.mirror_tags import ChannelMirror, paired
from shiplane.release.image_inspection import ImageInspector
from shiplane.verify.audit.channel import ChannelReader
from shiplane.verify.image_check import ExpectedImage

if TYPE_CHECKING:
    from shiplane.config.plan import Plan
    from shiplane.registry.client import RegistryClient
    from shiplane.release.channel.images import ChannelImage
    from shiplane.release.channel.survey import ChannelLane, ChannelSurveyor

_COPIED = "Find out what happened to it there, then run it again."


@dataclass(frozen=True, kw_only=True)
class ChannelMirrors:
    """The further repositories of a channel.

    Attributes:
        registry: A client that may push; it knows the others' credentials.
        surveyor: Decides whether a tag may move.
        probe: Whether push permission is checked.
        workers: How many requests at once.
    """

    registry: RegistryClient
    surveyor: ChannelSurveyor
    probe: bool
    workers: int

    def survey(self, lanes: Sequence[ChannelLane]) -> Flow[list[ChannelMirror]]:
        """Check the permission to push to each, and refuse what the primary's tags could not be brought to.

        Raises:
            RefusedError: A tag there would not go forward, or is another build's.
            PrerequisiteError: Whether it would cannot be told.
            AccessError, UnreachableError: One of them denied access, or gave no reliable response.
        """
        mirrors = []
        for lane in lanes:
            for repository in lane.plan.mirrors:
                registry = self.registry.at(repository)
                may_push = yield from check_access(registry, probe=self.probe, records=False)
                step = Step("registry", f"{lane.state.tag} in {repository}")
                yield step
                mirrors.append(self._mirror(lane, registry, may_push=may_push))
                at = mirrors[-1].state.commit[:12]
                yield step.done(f"is at commit {at}" if at else "does not exist there yet")
        return mirrors

    def _mirror(self, lane: ChannelLane, registry: RegistryClient, *, may_push: bool) -> ChannelMirror:
        # The ledger, which is the primary's, says nothing of this one.
        reader, channel = ChannelReader(registry=registry, ledgers=None), lane.state.channel
        state = reader.read(channel, lane.plan.lane, may_push=may_push)
        self.surveyor.rule.check(state)
        kept = channel.kept_tag(lane.plan.lane, self.surveyor.rule.commit)
        answer = resolve(registry, kept) if kept and not state.presumed else Absent()
        if isinstance(answer, Present) and (lane.image is None or lane.image.digest != answer.digest):
            there = lane.image.digest if lane.image else "nothing"
            raise RefusedError(
                f"{registry.repository}:{kept} is {answer.digest}, and {lane.plan.repository}:{kept} is {there}: a "
                "build is the same in every repository",
                remedy="Find out who pushed it there, then publish another commit of the branch.",
            )
        return ChannelMirror(lane=lane, registry=registry, state=state)

    def copy(self, plan: Plan, images: Sequence[ChannelImage], mirrors: Sequence[ChannelMirror]) -> Flow[None]:
        """Copy each lane's image by digest, and check it there, before anything is tagged anywhere.

        Raises:
            ShiplaneError: As :meth:`shiplane.registry.image_copy.ImageCopier.copy`.
        """
        for image, mirror in paired(images, mirrors):
            lane_plan = image.lane.plan
            source = self.registry.at(lane_plan.repository)
            yield from ImageCopier(source=source, target=mirror.registry, workers=self.workers).copy(image.raw)
            inspector = ImageInspector(registry=mirror.registry, workers=self.workers)
            expected = ExpectedImage(platforms=lane_plan.platforms.value, revision=plan.commit, foreign=True)
            yield from inspector.inspect(plan, lane_plan, image.raw, _COPIED, expected)

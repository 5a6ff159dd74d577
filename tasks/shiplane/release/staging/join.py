"""Join images that were staged for single platforms into one, by digest, without tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.check import require
from shiplane.core.errors import UnreachableError
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.index_join import PartialIndex, join
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.verify.image_check import ExpectedImage, ImageChecker

_MAX_LOST = 3


@dataclass(frozen=True, kw_only=True)
class IndexJoiner:
    """Joins the parts of a lane's image in its primary repository; ``registry`` knows the credentials of all."""

    registry: RegistryClient
    workers: int = WORKERS

    def join(self, plan: Plan, lane_plan: LanePlan, parts: Sequence[PartialIndex]) -> Digest:
        """Inspect every part, and push the index of all of them by digest.

        Returns:
            The digest of the index; of a single part its own.

        Raises:
            VerificationError: A part does not exist, or is not this lane's image of this commit for its platforms.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        inspected = [(part, self._inspect(plan, lane_plan, part)) for part in parts]
        if len(inspected) == 1:
            return inspected[0][0].digest
        index = join(inspected, lane_plan.platforms.value, plan.annotations(lane_plan))
        self._put(self.registry.at(lane_plan.repository), index)
        return index.digest

    def _inspect(self, plan: Plan, lane_plan: LanePlan, part: PartialIndex) -> RawManifest:
        registry = self.registry.at(lane_plan.repository)
        raw = wait_for_digest(registry, part.digest, "it was staged")
        expected = ExpectedImage.planned(plan, lane_plan, part.platforms)
        checker = ImageChecker(registry=registry, fresh=True, workers=self.workers)
        what = f"lane {lane_plan.lane.name}'s part for {', '.join(map(str, part.platforms))}, {part.digest},"
        require(checker.check(raw, expected).checks, what, remedy="Stage it again.")
        return raw

    def _put(self, registry: RegistryClient, raw: RawManifest) -> None:
        """Push an index by its digest; pushing the same bytes again changes nothing."""
        detail = ""
        for _ in range(_MAX_LOST):
            written = registry.put_manifest(raw.digest, raw)
            if written.certain or isinstance(registry.get_manifest(raw.digest), Present):
                return
            detail = written.detail
        raise UnreachableError(
            f"the joined image {raw.digest} could not be sent to {registry.repository}: {detail}",
            remedy="Nothing was tagged. Run it again.",
        )

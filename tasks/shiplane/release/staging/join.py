"""Joining what was staged for single platforms into one image, by digest: no name is written or moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.check import require
from shiplane.core.errors import UnreachableError
from shiplane.core.system.parallel import WORKERS
from shiplane.registry.client import RegistryClient
from shiplane.registry.lookup import wait_for_digest
from shiplane.registry.oci.index import PartialIndex, join
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.manifest import RawManifest
from shiplane.registry.oci.names import Digest
from shiplane.verify.image_check import ExpectedImage, ImageChecker

_SENT_AGAIN = 3


@dataclass(frozen=True, kw_only=True)
class IndexJoiner:
    """Joins the parts of a lane's image in the plan's repository."""

    registry: RegistryClient
    workers: int = WORKERS

    def join(self, plan: Plan, lane_plan: LanePlan, parts: Sequence[PartialIndex]) -> Digest:
        """Read and examine every part, and put the index of all of them under its digest.

        Returns:
            The digest of the whole; of a single part its own.

        Raises:
            VerificationError: A part is not there, or is not this lane's image of this commit for its platforms.
            AccessError, UnreachableError: The registry refused, or gave no reliable answer.
        """
        examined = [(part, self._examined(plan, lane_plan, part)) for part in parts]
        if len(examined) == 1:
            return examined[0][0].digest
        whole = join(examined, plan.platforms.value, plan.labels(lane_plan))
        self._put(whole)
        return whole.digest

    def _examined(self, plan: Plan, lane_plan: LanePlan, part: PartialIndex) -> RawManifest:
        raw = wait_for_digest(self.registry, part.digest, "it was staged")
        expected = ExpectedImage(platforms=part.platforms, revision=plan.commit, version=str(lane_plan.version.value))
        examiner = ImageChecker(registry=self.registry, fresh=True, workers=self.workers)
        what = f"lane {lane_plan.lane.name}'s part for {', '.join(map(str, part.platforms))}, {part.digest},"
        require(examiner.check(raw, expected).checks, what, remedy="Stage it again.")
        return raw

    def _put(self, raw: RawManifest) -> None:
        """Send an index under its own digest; sending the same bytes again changes nothing, whoever was first."""
        words = ""
        for _ in range(_SENT_AGAIN):
            written = self.registry.put_manifest(raw.digest, raw)
            if written.certain or isinstance(self.registry.get_manifest(raw.digest), Present):
                return
            words = written.detail
        raise UnreachableError(
            f"the joined image {raw.digest} could not be sent to {self.registry.repository}: {words}",
            remedy="Nothing was given a name. Run it again.",
        )

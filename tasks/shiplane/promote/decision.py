"""Decide what a promotion may write: what a release may, for the very digest of the source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import LostRaceError, RefusedError
from shiplane.registry.oci.lookup_result import Present
from shiplane.registry.oci.names import Digest
from shiplane.release.planning.decision import Decision, decide
from shiplane.verify.survey import Survey


@dataclass(frozen=True, kw_only=True)
class PromotionRules:
    """The rules for one image; ``origin`` is the reference that it is copied from."""

    digest: Digest
    origin: str

    def decide(self, plan: LanePlan, survey: Survey, commit: str) -> Decision:
        """Decide what happens to a lane's tags in the target.

        Raises:
            RefusedError: The version exists there with another digest, or as :func:`decide`.
        """
        version = survey.version
        if isinstance(version, Present) and version.digest != self.digest:
            raise RefusedError(
                f"{plan.repository}:{plan.tag} exists already as {version.digest}; {self.origin} is {self.digest}",
                remedy="A version is written once. Find out who published it there, then release and promote the "
                f"next one, {plan.lane.tag_of(plan.version.value.next_patch())}.",
            )
        # The same digest has the same labels, whether or not they name a commit.
        return decide(plan, replace(survey, revision=commit), commit)

    def require_claimed(self, plan: Plan, claimed: Mapping[str, Digest]) -> None:
        """Refuse a version that another run of the same commit has claimed for another digest.

        Args:
            plan: What is promoted.
            claimed: The claimed digests, by the lane's name.

        Raises:
            LostRaceError: One is.
        """
        for lane in plan.lanes:
            digest = claimed.get(lane.lane.name, self.digest)
            if digest != self.digest:
                raise LostRaceError(
                    f"{lane.repository}:{lane.tag} is claimed for {digest}; {self.origin} is {self.digest}",
                    remedy="Another run publishes it there from the same commit. Find out which of the two is right.",
                )

"""Claim a version: before its tag is written, its digest is claimed in a place where only the first can.

Reading before and after a write cannot keep two publishers apart: both may read before either writes. A create-only
record can, if every publisher of the image uses it. A claim is permanent: removing one could take it from a run that
relies on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line
from shiplane.git.claim_record import Claim
from shiplane.registry.oci.names import Digest, Repository, Tag

# Each further round needs another publisher that claims some of our lanes in between.
_ROUNDS = 3


class ClaimStore(Protocol):
    """Keeps claims, each of which can be created once."""

    def get(self, image: Repository, tags: Sequence[Tag]) -> Mapping[Tag, Claim]:
        """The claims that there are for these version tags."""

    def probe(self, image: Repository, tag: Tag) -> None:
        """Raise an ``AccessError`` if no claim may be created."""

    def create(self, claims: Sequence[Claim]) -> Mapping[Tag, Claim]:
        """Create all of these or none; returns the claims that exist afterwards, whoever created them."""

    def removal(self, image: Repository, tag: Tag) -> str:
        """The command with which a person removes a claim."""


@dataclass(frozen=True, kw_only=True)
class ReleaseClaims:
    """The claims of one run.

    Attributes:
        claims: Where they are kept.
        by: Who claims, for others to read.
    """

    claims: ClaimStore
    by: str

    def survey(self, plan: Plan, lanes: Sequence[LanePlan]) -> Flow[dict[Tag, Digest]]:
        """Check, before anything is built, whether this run may claim, and what is claimed already.

        Returns:
            The digest of each tag that an earlier run of this commit has claimed.

        Raises:
            LostRaceError: One is claimed for another commit.
            AccessError, UnreachableError: No claim could be created.
        """
        step = Step("claims", ", ".join(lane.tag for lane in lanes))
        yield step
        existing = self.claims.get(plan.repository, [lane.tag for lane in lanes])
        self._require_same_commit(existing, plan)
        free = [lane.tag for lane in lanes if lane.tag not in existing]
        if free:
            self.claims.probe(plan.repository, free[0])
        yield step.done(_describe(existing) or "none yet; permission to claim confirmed")
        return {tag: claim.digest for tag, claim in existing.items()}

    def take(self, plan: Plan, digests: Mapping[Tag, Digest]) -> Flow[dict[Tag, Digest]]:
        """Claim each tag for its digest.

        Returns:
            The digest that each may be written with: ours, or the one that another run of this commit claimed first.

        Raises:
            LostRaceError: One was claimed for another commit meanwhile.
            AccessError, UnreachableError: They could not be claimed.
        """
        step = Step("claim", ", ".join(digests))
        yield step
        ours = {tag: self._claim(plan, tag, digest) for tag, digest in digests.items()}
        claimed: dict[Tag, Claim] = {}
        for _ in range(_ROUNDS):
            claimed |= self.claims.create([claim for tag, claim in ours.items() if tag not in claimed])
            self._require_same_commit(claimed, plan)
            if len(claimed) == len(ours):
                yield step.done(_describe(claimed))
                return {tag: claim.digest for tag, claim in claimed.items()}
        unclaimed = ", ".join(tag for tag in ours if tag not in claimed)
        raise LostRaceError(
            f"{unclaimed} could not be claimed: other runs are claiming at the same time", remedy="Run it again."
        )

    def _claim(self, plan: Plan, tag: Tag, digest: Digest) -> Claim:
        return Claim(image=plan.repository, tag=tag, digest=digest, commit=plan.commit, by=self.by)

    def _require_same_commit(self, claims: Mapping[Tag, Claim], plan: Plan) -> None:
        for tag, claim in claims.items():
            if claim.commit != plan.commit:
                raise LostRaceError(
                    f"{tag} is claimed for {claim.digest}, built from commit {one_line(claim.commit)[:40]}, "
                    f"by {one_line(claim.by)[:200]}; this run is of commit {plan.commit[:12]}",
                    remedy=self._remedy(plan, tag),
                )

    def unusable(self, plan: Plan, tag: Tag, digest: Digest, why: str) -> LostRaceError:
        """The error for a claim of this commit whose image does not exist, or is not as it should be."""
        return LostRaceError(
            f"{tag} is claimed for {digest} by another run of this commit, and that image cannot be published: {why}",
            remedy=self._remedy(plan, tag),
        )

    def _remedy(self, plan: Plan, tag: Tag) -> str:
        return (
            "Release the next version. Only if you know that the run that claimed it is dead, remove its claim: "
            + self.claims.removal(plan.repository, tag)
        )


def _describe(claims: Mapping[Tag, Claim]) -> str:
    return ", ".join(f"{tag} for {claim.digest.short} by {one_line(claim.by)[:80]}" for tag, claim in claims.items())

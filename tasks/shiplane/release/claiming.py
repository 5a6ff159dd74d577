"""The claim: before a version tag is written, its digest is claimed where only the first can claim.

Looking before and after a write cannot keep two publishers apart: both may look before either writes. A create-only
record can, as long as every publisher of the image asks for it. A claim stands for ever: taking one back could take it
from under a run that relies on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shiplane.config.plan import LanePlan, Plan
from shiplane.core.errors import LostRaceError
from shiplane.core.progress import Flow, Step
from shiplane.core.text import one_line
from shiplane.git.claim import Claim
from shiplane.registry.oci.names import Digest, Repository, Tag

# Each further round needs another publisher that claims a part of our lanes in between.
_ROUNDS = 3


class ClaimStore(Protocol):
    """Whatever keeps claims, and lets each be made once."""

    def get(self, image: Repository, tags: Sequence[Tag]) -> Mapping[Tag, Claim]:
        """The claims that there are for these version tags."""

    def probe(self, image: Repository, tag: Tag) -> None:
        """Raise an ``AccessError`` where we may make none."""

    def create(self, claims: Sequence[Claim]) -> Mapping[Tag, Claim]:
        """Make all of these or none; gives what there is afterwards, whoever made it."""

    def removal(self, image: Repository, tag: Tag) -> str:
        """The command with which a person takes a claim away."""


@dataclass(frozen=True, kw_only=True)
class ReleaseClaims:
    """A run's dealings with claims.

    Attributes:
        claims: Where they are kept.
        by: Who we are, for others to read.
    """

    claims: ClaimStore
    by: str

    def survey(self, plan: Plan, lanes: Sequence[LanePlan]) -> Flow[dict[Tag, Digest]]:
        """Before anything is built: may we claim, and what is claimed already?

        Returns:
            The digest of each tag that an earlier run of this commit has claimed.

        Raises:
            LostRaceError: One is claimed for another commit.
            AccessError, UnreachableError: No claim could be made.
        """
        step = Step("claims", ", ".join(lane.tag for lane in lanes))
        yield step
        there = self.claims.get(plan.repository, [lane.tag for lane in lanes])
        self._only_ours(there, plan)
        free = [lane.tag for lane in lanes if lane.tag not in there]
        if free:
            self.claims.probe(plan.repository, free[0])
        yield step.done(_words(there) or "none yet, and we may claim")
        return {tag: claim.digest for tag, claim in there.items()}

    def take(self, plan: Plan, wanted: Mapping[Tag, Digest]) -> Flow[dict[Tag, Digest]]:
        """Claim each of these tags for its digest.

        Returns:
            The digest that each may be written with: ours, or what another run of this commit claimed first.

        Raises:
            LostRaceError: One was claimed for another commit meanwhile.
            AccessError, UnreachableError: They could not be claimed.
        """
        step = Step("claim", ", ".join(wanted))
        yield step
        ours = {tag: self._ours(plan, tag, digest) for tag, digest in wanted.items()}
        there: dict[Tag, Claim] = {}
        for _ in range(_ROUNDS):
            there |= self.claims.create([claim for tag, claim in ours.items() if tag not in there])
            self._only_ours(there, plan)
            if len(there) == len(ours):
                yield step.done(_words(there))
                return {tag: claim.digest for tag, claim in there.items()}
        raise LostRaceError(
            f"{', '.join(tag for tag in ours if tag not in there)} could not be claimed: others claim at the same time",
            remedy="Run it again.",
        )

    def _ours(self, plan: Plan, tag: Tag, digest: Digest) -> Claim:
        return Claim(image=plan.repository, tag=tag, digest=digest, commit=plan.commit, by=self.by)

    def _only_ours(self, there: Mapping[Tag, Claim], plan: Plan) -> None:
        for tag, claim in there.items():
            if claim.commit != plan.commit:
                raise LostRaceError(
                    f"{tag} is claimed: {claim.digest}, built from commit {one_line(claim.commit)[:40]}, "
                    f"by {one_line(claim.by)[:200]}; this run is of commit {plan.commit[:12]}",
                    remedy=self._way_out(plan, tag),
                )

    def unusable(self, plan: Plan, tag: Tag, digest: Digest, why: str) -> LostRaceError:
        """The error for a claim of this very commit whose image is not to be had, or is not as it should be."""
        return LostRaceError(
            f"{tag} is claimed for {digest} by another run of this commit, and that image cannot be published: {why}",
            remedy=self._way_out(plan, tag),
        )

    def _way_out(self, plan: Plan, tag: Tag) -> str:
        return (
            "Release the next version. Only if you know that the run that claimed it is dead, take its claim away: "
            + self.claims.removal(plan.repository, tag)
        )


def _words(there: Mapping[Tag, Claim]) -> str:
    return ", ".join(f"{tag} for {claim.digest.short} by {one_line(claim.by)[:80]}" for tag, claim in there.items())

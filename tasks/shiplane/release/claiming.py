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
from shiplane.git.claim_record import Claim, VersionTag
from shiplane.registry.oci.names import Digest, Repository, Tag

# Each further round needs another publisher that claims some of our lanes in between.
_ROUNDS = 3


class ClaimStore(Protocol):
    """Keeps claims, each of which can be created once."""

    def get(self, version_tags: Sequence[VersionTag]) -> Mapping[VersionTag, Claim]:
        """The claims that there are for these version tags."""

    def probe(self, version_tag: VersionTag) -> None:
        """Raise an ``AccessError`` if no claim may be created."""

    def create(self, claims: Sequence[Claim]) -> Mapping[VersionTag, Claim]:
        """Create all of these or none; returns the claims that exist afterwards, whoever created them."""

    def removal(self, version_tag: VersionTag) -> str:
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

    def check_permission(self, primary: Repository) -> None:
        """Check that versions of a repository may be claimed: with one that is never released; nothing is pushed.

        Raises:
            AccessError, UnreachableError: No claim could be created.
        """
        self.claims.probe(VersionTag(primary, Tag("v0.0.0")))

    def survey(self, plan: Plan, lanes: Sequence[LanePlan]) -> Flow[dict[str, Digest]]:
        """Check, before anything is built, whether this run may claim, and what is claimed already.

        Returns:
            The digest that an earlier run of this commit has claimed for a lane's version tag, by the lane's name.

        Raises:
            LostRaceError: One is claimed for another commit.
            AccessError, UnreachableError: No claim could be created.
        """
        step = Step("claims", _listed(plan, lanes))
        yield step
        existing = self.claims.get([_version_tag(lane) for lane in lanes])
        self._require_same_commit(plan, lanes, existing)
        free = [_version_tag(lane) for lane in lanes if _version_tag(lane) not in existing]
        if free:
            self.claims.probe(free[0])
        yield step.done(_describe(plan, lanes, existing) or "none yet; permission to claim confirmed")
        return _digests(lanes, existing)

    def take(self, plan: Plan, lanes: Sequence[LanePlan], digests: Mapping[str, Digest]) -> Flow[dict[str, Digest]]:
        """Claim each lane's version tag for its digest: all of them at once, or none.

        Args:
            plan: What is released.
            lanes: The lanes whose version tags are to be created.
            digests: The digest of each lane's image, by the lane's name.

        Returns:
            The digest that each may be written with, by the lane's name: ours, or the one that another run of this
            commit claimed first.

        Raises:
            LostRaceError: One was claimed for another commit meanwhile.
            AccessError, UnreachableError: They could not be claimed.
        """
        step = Step("claim", _listed(plan, lanes))
        yield step
        ours = {_version_tag(lane): self._claim(plan, lane, digests[lane.lane.name]) for lane in lanes}
        claimed: dict[VersionTag, Claim] = {}
        for _ in range(_ROUNDS):
            claimed |= self.claims.create([claim for version_tag, claim in ours.items() if version_tag not in claimed])
            self._require_same_commit(plan, lanes, claimed)
            if len(claimed) == len(ours):
                yield step.done(_describe(plan, lanes, claimed))
                return _digests(lanes, claimed)
        unclaimed = _listed(plan, [lane for lane in lanes if _version_tag(lane) not in claimed])
        raise LostRaceError(
            f"{unclaimed} could not be claimed: other runs are claiming at the same time", remedy="Run it again."
        )

    def _claim(self, plan: Plan, lane: LanePlan, digest: Digest) -> Claim:
        return Claim(image=lane.repository, tag=lane.tag, digest=digest, commit=plan.commit, by=self.by)

    def _require_same_commit(self, plan: Plan, lanes: Sequence[LanePlan], claims: Mapping[VersionTag, Claim]) -> None:
        for lane, claim in _of_lanes(lanes, claims):
            if claim.commit != plan.commit:
                raise LostRaceError(
                    f"{lane.tag}{plan.where(lane)} is claimed for {claim.digest}, built from commit "
                    f"{one_line(claim.commit)[:40]}, by {one_line(claim.by)[:200]}; this run is of commit "
                    f"{plan.commit[:12]}",
                    remedy=self._remedy(lane),
                )

    def unusable(self, plan: Plan, lane: LanePlan, digest: Digest, why: str) -> LostRaceError:
        """The error for a claim of this commit whose image does not exist, or is not as it should be."""
        return LostRaceError(
            f"{lane.tag}{plan.where(lane)} is claimed for {digest} by another run of this commit, and that image "
            f"cannot be published: {why}",
            remedy=self._remedy(lane),
        )

    def _remedy(self, lane: LanePlan) -> str:
        return (
            "Release the next version. Only if you know that the run that claimed it is dead, remove its claim: "
            + self.claims.removal(_version_tag(lane))
        )


def _version_tag(lane: LanePlan) -> VersionTag:
    return VersionTag(lane.repository, lane.tag)


def _of_lanes(lanes: Sequence[LanePlan], claims: Mapping[VersionTag, Claim]) -> list[tuple[LanePlan, Claim]]:
    """The lanes that have a claim, each with it."""
    return [(lane, claims[_version_tag(lane)]) for lane in lanes if _version_tag(lane) in claims]


def _digests(lanes: Sequence[LanePlan], claims: Mapping[VersionTag, Claim]) -> dict[str, Digest]:
    return {lane.lane.name: claim.digest for lane, claim in _of_lanes(lanes, claims)}


def _listed(plan: Plan, lanes: Sequence[LanePlan]) -> str:
    return ", ".join(f"{lane.tag}{plan.where(lane)}" for lane in lanes)


def _describe(plan: Plan, lanes: Sequence[LanePlan], claims: Mapping[VersionTag, Claim]) -> str:
    return ", ".join(
        f"{lane.tag}{plan.where(lane)} for {claim.digest.short} by {one_line(claim.by)[:80]}"
        for lane, claim in _of_lanes(lanes, claims)
    )

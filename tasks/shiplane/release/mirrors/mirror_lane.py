"""A lane in a further repository, and what happens to its tags there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shiplane.config.plan import LanePlan
from shiplane.core.errors import RefusedError
from shiplane.registry.client import RegistryClient
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Digest, Repository, Tag
from shiplane.release.planning.tag_actions import FloatingTagAction
from shiplane.verify.floating_tags import FloatingTagState

if TYPE_CHECKING:
    from shiplane.release.planning.decision import Decision
    from shiplane.verify.survey import Survey


@dataclass(frozen=True, kw_only=True)
class MirrorLane:
    """A lane in a further repository, as surveyed.

    Attributes:
        plan: The lane's part of the plan.
        registry: A client of that repository that may push.
        primary: The lane's survey in its primary repository.
        version: What the version tag has there.
        aliases: What its aliases have there; empty where nothing is there.
        floating_tags: The floating tags in whose range the version is, in the order of the primary's.
    """

    plan: LanePlan
    registry: RegistryClient
    primary: Survey
    version: Present | Absent
    aliases: Mapping[Tag, Present | Absent] = field(default_factory=dict)
    floating_tags: tuple[FloatingTagState, ...]

    @property
    def repository(self) -> Repository:
        """Where it is."""
        return self.registry.repository

    def require_same_version(self) -> None:
        """Refuse a version tag with content that the primary does not have under it.

        Raises:
            RefusedError: It has other content, or the primary has no such tag.
        """
        for tag, answer in self._created_once.items():
            if answer not in (Absent(), self.primary.version):
                raise self._other_content(tag, answer)

    @property
    def created_tags(self) -> tuple[Tag, ...]:
        """The version tag and the aliases that do not exist there yet."""
        return tuple(tag for tag, answer in self._created_once.items() if isinstance(answer, Absent))

    @property
    def _created_once(self) -> dict[Tag, Present | Absent]:
        return {self.plan.tag: self.version, **{tag: self.aliases.get(tag, Absent()) for tag in self.plan.aliases}}

    def _other_content(self, tag: Tag, answer: Present | Absent) -> RefusedError:
        published = self.primary.version
        there = f"is {published.digest}" if isinstance(published, Present) else "does not exist"
        following = self.plan.lane.tag_of(self.plan.version.value.next_patch())
        return RefusedError(
            f"{self.repository}:{tag} is {digest_of(answer)}, and {self.plan.repository}:{self.plan.tag} "
            f"{there}: a version is the same in every repository",
            remedy=f"Find out who pushed it there, then release the next version, {following}.",
        )

    def move(self, tag: Tag, target: Digest | None) -> tuple[FloatingTagAction, str]:
        """What happens to a floating tag there once the primary's has the version; and why.

        Args:
            tag: The floating tag.
            target: The version's digest; None if it is not known yet.

        Raises:
            RefusedError: It points at nothing that the version could be forward of.
        """
        state, version = self.state(tag), self.plan.version.value
        if isinstance(state.answer, Absent):
            return FloatingTagAction.MOVE, f"{tag} does not exist there yet"
        if state.digest == target:
            return FloatingTagAction.UNCHANGED, f"{tag} has this digest"
        if state.digest == self._primary_digest(tag):
            return FloatingTagAction.MOVE, f"{tag} is where the primary's was"
        if state.version is None or not state.floating.spans(state.version):
            raise self._misplaced(state)
        if state.version > version:
            return FloatingTagAction.LEAVE, f"{version} is lower than {state.version}, where {tag} is there"
        return FloatingTagAction.MOVE, f"forward from {state.version} to {version}"

    def describe(self, decision: Decision) -> str:
        """What happens to its tags there.

        Raises:
            RefusedError: As :meth:`move`, for a floating tag that moves in the primary.
        """
        published = self.primary.version
        target = published.digest if isinstance(published, Present) else None
        version = f"{self.plan.tag} is there" if isinstance(self.version, Present) else f"{self.plan.tag} is free"
        moves = [move for move in decision.moves if move.action is not FloatingTagAction.LEAVE]
        return "; ".join([version, *(self.move(move.tag, target)[1] for move in moves)])

    def state(self, tag: Tag) -> FloatingTagState:
        """Where a floating tag was surveyed there."""
        return next(state for state in self.floating_tags if state.tag == tag)

    def _primary_digest(self, tag: Tag) -> Digest | None:
        return next(state.digest for state in self.primary.floating_tags if state.tag == tag)

    def _misplaced(self, state: FloatingTagState) -> RefusedError:
        return RefusedError(
            f"{self.repository}:{state.tag} points at {state.version or state.digest}, which is neither where the "
            f"primary's is nor one of the {state.floating.span}: cannot tell whether {self.plan.version.value} is "
            "forward of it",
            remedy=f"Find out who moved it, and set it to the digest of {self.plan.repository}:{state.tag}.",
        )

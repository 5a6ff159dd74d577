"""What may be written, decided from what the registry serves. Pure, so that each rule is a row in a test.

The promises held here: a version tag is created only where it is definitely absent; a floating tag moves only forward
in the order of versions, never to a pre-release, and never away from something that nobody can place in that order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, IntEnum

from shiplane.config.plan import LanePlan
from shiplane.config.setting import LATEST_GIVEN
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Entry
from shiplane.registry.oci.lookup_result import Absent, digest_of
from shiplane.registry.oci.names import Digest
from shiplane.verify.survey import Survey


class VersionTagAction(Enum):
    """What is to be done about a version tag."""

    CREATE = "create"
    ADOPT = "adopt"


class FloatingTagAction(Enum):
    """What is to be done about a floating tag."""

    MOVE = "move"
    UNCHANGED = "already there"
    LEAVE = "leave"


class Pending(IntEnum):
    """How much a release has still to write; each includes what stands before it."""

    NOTHING = 0
    FLOATING_TAG = 1
    VERSION = 2


@dataclass(frozen=True)
class Decision:
    """Both answers for a lane, the second with its reason.

    Attributes:
        naming: What is to be done about the version tag.
        move: What is to be done about the floating tag.
        reason: Why that.
        unmet: Whether it stays although it was asked to move, so that a release must not end as if all were well.
    """

    naming: VersionTagAction
    move: FloatingTagAction
    reason: str
    unmet: bool = False

    @property
    def pending(self) -> Pending:
        """What this lane has still to write."""
        if self.naming is VersionTagAction.CREATE:
            return Pending.VERSION
        return Pending.FLOATING_TAG if self.move is FloatingTagAction.MOVE else Pending.NOTHING


def pending(decisions: Iterable[Decision]) -> Pending:
    """What all lanes together have still to write."""
    return max((decision.pending for decision in decisions), default=Pending.NOTHING)


def decide(plan: LanePlan, survey: Survey, commit: str) -> Decision:
    """Decide what a release does to a lane's two tags.

    Raises:
        RefusedError: The version is there with another commit's content, or the floating tag cannot be placed.
    """
    naming = _naming(plan, survey, commit)
    move, reason = _move(plan, survey)
    return Decision(naming, move, reason, unmet=move is FloatingTagAction.LEAVE and _is_unmet(plan, survey))


def reconsider(decision: Decision, plan: LanePlan, survey: Survey) -> Decision:
    """The same, unless something keeps the floating tag back by now: the version was marked as bad meanwhile."""
    why = _kept_back(plan, survey)
    return (
        replace(decision, move=FloatingTagAction.LEAVE, reason=why, unmet=_is_unmet(plan, survey)) if why else decision
    )


def _is_unmet(plan: LanePlan, survey: Survey) -> bool:
    """Whether a floating tag that stays was meant to move.

    A lane's own setting means: where that is forward; a pre-release or a patch of an older line is as it should be. A
    version that is marked as bad is not: somebody has released again what was taken back.
    """
    marked = plan.tag in survey.ledger.marks and not plan.version.value.is_prerelease
    return plan.wants_latest or (plan.latest.value and marked)


def _naming(plan: LanePlan, survey: Survey, commit: str) -> VersionTagAction:
    _check_recorded(plan, survey)
    if isinstance(survey.version, Absent):
        return VersionTagAction.CREATE
    if survey.revision == commit:
        return VersionTagAction.ADOPT
    whose = f"commit {survey.revision[:40]}" if survey.revision else "an image that does not say its commit"
    raise RefusedError(
        f"{plan.tag} exists already as {survey.version.digest}, built from {whose}, not from {commit[:12]}",
        remedy=f"A version is written once. Release the next one, {plan.lane.tag_of(plan.version.value.next_patch())}.",
    )


def _check_recorded(plan: LanePlan, survey: Survey) -> None:
    """Refuse a version that was published as something else than what is there now, or under another tool's tag."""
    recorded = survey.ledger.published(with_adopted_tags(plan.lane, survey.ledger).tag_of(plan.version.value))
    now = digest_of(survey.version)
    if recorded is None or recorded.after == now:
        return
    if recorded.tag != plan.tag:
        raise _adopted(plan, recorded)
    what = f"is {now} now" if now else "is not there (a registry may take a minute to show what was just written)"
    following = plan.lane.tag_of(plan.version.value.next_patch())
    raise RefusedError(
        f"{plan.tag} was published as {recorded.after} on {recorded.when} by {recorded.who}, and {what}",
        remedy=f"Find out who changed it ({command('status')}), then release the next version, {following}.",
    )


def _adopted(plan: LanePlan, recorded: Entry) -> RefusedError:
    return RefusedError(
        f"{plan.version.value} is published already, by another tool as {recorded.tag}, {recorded.after} "
        f"(adopted on {recorded.when} by {recorded.who})",
        remedy=f"A version is written once. Release the next one, {plan.lane.tag_of(plan.version.value.next_patch())}.",
    )


def _move(plan: LanePlan, survey: Survey) -> tuple[FloatingTagAction, str]:
    if why := _kept_back(plan, survey):
        return FloatingTagAction.LEAVE, why
    move, reason = _from_here(plan, survey)
    if move is not FloatingTagAction.LEAVE:
        _check_place(plan, survey)
    return move, reason


def _from_here(plan: LanePlan, survey: Survey) -> tuple[FloatingTagAction, str]:
    """What is to be done about a floating tag that may move to this version, from where it reads as being now."""
    if isinstance(survey.floating, Absent):
        return FloatingTagAction.MOVE, f"{plan.lane.floating} does not exist yet"
    if survey.version != survey.floating:
        return _forward(plan, survey.floating.digest, survey.floating_version)
    place = survey.ledger.position(plan.lane.floating)
    if place and place.after != survey.floating.digest:
        # An earlier run moved it and did not come to record it, or the read lags: writing it again is right in both.
        return FloatingTagAction.MOVE, f"{plan.lane.floating} has this digest, and is recorded at {place.version}"
    return FloatingTagAction.UNCHANGED, f"{plan.lane.floating} has this digest"


def _check_place(plan: LanePlan, survey: Survey) -> None:
    """Refuse to move a floating tag to less than what the ledger has it at, whatever a read of it shows."""
    place, floating = survey.ledger.position(plan.lane.floating), plan.lane.floating
    here = digest_of(survey.floating)
    if place is None or place.after == here or place.release is None or place.release <= plan.version.value:
        return
    now = f"at {survey.floating_version or 'no version'} ({here})" if here else "not there"
    raise RefusedError(
        f"{floating} is {now}, and was moved to {place.version} ({place.after}) on {place.when} by {place.who}, as "
        f"the ledger says: {plan.version.value} is lower than that",
        remedy=f"Run it again in some minutes, or with --latest=no. If somebody moved {floating} without a record, set "
        "it on purpose: " + command("rollback", "--lane", plan.lane.name, "--to", "VERSION"),
    )


def _kept_back(plan: LanePlan, survey: Survey) -> str:
    """Why a floating tag must not move to this version, wherever it is now; or nothing."""
    version = plan.version.value
    if not plan.latest.value:
        given = plan.latest.source in LATEST_GIVEN
        return f"not requested ({plan.latest.source})" if given else "not requested; pass --latest to move it"
    if version.is_prerelease:
        return f"{version} is a pre-release"
    if mark := survey.ledger.marks.get(plan.tag):
        return f"{version} is marked as bad ({mark.reason})"
    if isinstance(survey.floating, Absent) and survey.newest and survey.newest > version:
        return f"{version} is lower than {survey.newest}, which is published"
    return ""


def _forward(plan: LanePlan, digest: Digest, current: Version | None) -> tuple[FloatingTagAction, str]:
    version, floating = plan.version.value, plan.lane.floating
    if current is None:
        raise RefusedError(
            f"{floating} points at {digest}, which is not a version of lane {plan.lane.name}: "
            f"nobody can tell whether {version} is forward of it",
            remedy=f"If another tool published it: {command('adopt', '--lane', plan.lane.name)}, then run this again. "
            "Else publish without moving it (--latest=no), then set it on purpose: "
            + command("rollback", "--lane", plan.lane.name, "--to", plan.tag),
        )
    if current > version:
        return FloatingTagAction.LEAVE, f"{version} is lower than {current}, where {floating} is"
    return FloatingTagAction.MOVE, f"forward from {current} to {version}"

"""Decide what may be written, from what the registry serves. Pure, so that each rule is a row in a test.

A version tag is created only where it is definitely absent; a floating tag moves only forward in version order, never
to a pre-release, and never away from something without a place in that order.
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
    """What happens to a version tag."""

    CREATE = "create"
    ADOPT = "adopt"


class FloatingTagAction(Enum):
    """What happens to a floating tag."""

    MOVE = "move"
    UNCHANGED = "already there"
    LEAVE = "leave"


class Pending(IntEnum):
    """How much a release still has to write; each includes the ones before it."""

    NOTHING = 0
    FLOATING_TAG = 1
    VERSION = 2


@dataclass(frozen=True)
class Decision:
    """What happens to a lane's two tags.

    Attributes:
        version_tag: The version tag's action.
        move: The floating tag's action.
        reason: Why the floating tag moves or not.
        unmet: Whether it does not move although that was requested, so that the release must not end with success.
    """

    version_tag: VersionTagAction
    move: FloatingTagAction
    reason: str
    unmet: bool = False

    @property
    def pending(self) -> Pending:
        """What this lane has still to write."""
        if self.version_tag is VersionTagAction.CREATE:
            return Pending.VERSION
        return Pending.FLOATING_TAG if self.move is FloatingTagAction.MOVE else Pending.NOTHING


def pending_of(decisions: Iterable[Decision]) -> Pending:
    """What all lanes together still have to write."""
    return max((decision.pending for decision in decisions), default=Pending.NOTHING)


def decide(plan: LanePlan, survey: Survey, commit: str) -> Decision:
    """Decide what a release does to a lane's two tags.

    Raises:
        RefusedError: The version exists with another commit's content, or the floating tag has no place in the order.
    """
    version_tag = _version_tag_action(plan, survey, commit)
    move, reason = _move(plan, survey)
    return Decision(version_tag, move, reason, unmet=move is FloatingTagAction.LEAVE and _is_unmet(plan, survey))


def reconsider(decision: Decision, plan: LanePlan, survey: Survey) -> Decision:
    """The same decision, unless the floating tag must not move any more: the version was marked as bad meanwhile."""
    why = _obstacle(plan, survey)
    return (
        replace(decision, move=FloatingTagAction.LEAVE, reason=why, unmet=_is_unmet(plan, survey)) if why else decision
    )


def _is_unmet(plan: LanePlan, survey: Survey) -> bool:
    """Whether a floating tag that does not move was meant to.

    A lane's own setting only means: if that is forward; a pre-release or a patch of an older line is fine. A version
    that is marked as bad is not: somebody has released again what was withdrawn.
    """
    marked = plan.tag in survey.ledger.marks and not plan.version.value.is_prerelease
    return plan.wants_latest or (plan.latest.value and marked)


def _version_tag_action(plan: LanePlan, survey: Survey, commit: str) -> VersionTagAction:
    _check_recorded_version(plan, survey)
    if isinstance(survey.version, Absent):
        return VersionTagAction.CREATE
    if survey.revision == commit:
        return VersionTagAction.ADOPT
    whose = f"commit {survey.revision[:40]}" if survey.revision else "an image without a commit label"
    raise RefusedError(
        f"{plan.tag} exists already as {survey.version.digest}, built from {whose}, not from {commit[:12]}",
        remedy=f"A version is written once. Release the next one, {plan.lane.tag_of(plan.version.value.next_patch())}.",
    )


def _check_recorded_version(plan: LanePlan, survey: Survey) -> None:
    """Refuse a version that was published with other content, or under another tool's tag."""
    recorded = survey.ledger.published(with_adopted_tags(plan.lane, survey.ledger).tag_of(plan.version.value))
    now = digest_of(survey.version)
    if recorded is None or recorded.after == now:
        return
    if recorded.tag != plan.tag:
        raise _adopted_error(plan, recorded)
    change = f"is {now} now" if now else "does not exist (a registry may take a minute to show what was just written)"
    following = plan.lane.tag_of(plan.version.value.next_patch())
    raise RefusedError(
        f"{plan.tag} was published as {recorded.after} on {recorded.when} by {recorded.who}, and {change}",
        remedy=f"Find out who changed it ({command('status')}), then release the next version, {following}.",
    )


def _adopted_error(plan: LanePlan, recorded: Entry) -> RefusedError:
    return RefusedError(
        f"{plan.version.value} is published already, by another tool as {recorded.tag}, {recorded.after} "
        f"(adopted on {recorded.when} by {recorded.who})",
        remedy=f"A version is written once. Release the next one, {plan.lane.tag_of(plan.version.value.next_patch())}.",
    )


def _move(plan: LanePlan, survey: Survey) -> tuple[FloatingTagAction, str]:
    if why := _obstacle(plan, survey):
        return FloatingTagAction.LEAVE, why
    move, reason = _next_move(plan, survey)
    if move is not FloatingTagAction.LEAVE:
        _check_recorded_position(plan, survey)
    return move, reason


def _next_move(plan: LanePlan, survey: Survey) -> tuple[FloatingTagAction, str]:
    """What happens to a floating tag that may move to this version, by where it reads as being now."""
    if isinstance(survey.floating, Absent):
        return FloatingTagAction.MOVE, f"{plan.lane.floating} does not exist yet"
    if survey.version != survey.floating:
        return _forward(plan, survey.floating.digest, survey.floating_version)
    position = survey.ledger.position(plan.lane.floating)
    if position and position.after != survey.floating.digest:
        # An earlier run moved it without recording it, or the read lags: writing it again is right in both cases.
        return FloatingTagAction.MOVE, f"{plan.lane.floating} has this digest, and is recorded at {position.version}"
    return FloatingTagAction.UNCHANGED, f"{plan.lane.floating} has this digest"


def _check_recorded_position(plan: LanePlan, survey: Survey) -> None:
    """Refuse to move a floating tag below its recorded position, whatever a read of it shows."""
    position, floating = survey.ledger.position(plan.lane.floating), plan.lane.floating
    digest = digest_of(survey.floating)
    if (
        position is None
        or position.after == digest
        or position.release is None
        or position.release <= plan.version.value
    ):
        return
    now = f"at {survey.floating_version or 'no version'} ({digest})" if digest else "gone"
    recorded = f"{position.version} ({position.after}) on {position.when} by {position.who}"
    raise RefusedError(
        f"{floating} is {now}, but the ledger says that it was moved to {recorded}: {plan.version.value} is lower",
        remedy=f"Run it again in some minutes, or with --latest=no. If somebody moved {floating} without a record, set "
        "it explicitly: " + command("rollback", "--lane", plan.lane.name, "--to", "VERSION"),
    )


def _obstacle(plan: LanePlan, survey: Survey) -> str:
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
            f"cannot tell whether {version} is forward of it",
            remedy=f"If another tool published it: {command('adopt', '--lane', plan.lane.name)}, then run this again. "
            "Otherwise publish without moving it (--latest=no), then set it explicitly: "
            + command("rollback", "--lane", plan.lane.name, "--to", plan.tag),
        )
    if current > version:
        return FloatingTagAction.LEAVE, f"{version} is lower than {current}, where {floating} is"
    return FloatingTagAction.MOVE, f"forward from {current} to {version}"

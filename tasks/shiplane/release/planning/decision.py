"""Decide what may be written, from what the registry serves. Pure, so that each rule is a row in a test.

A version tag is created only where it is definitely absent; each floating tag moves only forward in version order
within its range, never to a pre-release of a kind that it does not list, and never away from something without a place
in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.plan import LanePlan
from shiplane.config.setting import LATEST_GIVEN
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.ledger.foreign_tags import with_adopted_tags
from shiplane.ledger.ledger import Action, Entry
from shiplane.registry.oci.lookup_result import Absent, Present, digest_of
from shiplane.registry.oci.names import Tag
from shiplane.release.planning.tag_actions import FloatingTagAction, VersionTagAction
from shiplane.verify.floating_tags import FloatingTagState, set_command
from shiplane.verify.survey import Survey


class Pending(IntEnum):
    """How much a release still has to write; each includes the ones before it."""

    NOTHING = 0
    FLOATING_TAG = 1
    VERSION = 2


@dataclass(frozen=True, kw_only=True)
class FloatingMove:
    """What happens to one floating tag.

    Attributes:
        floating: The tag.
        action: Its action.
        reason: Why it moves or not.
        unmet: Whether it does not move although that was requested, so that the release must not end with success.
    """

    floating: FloatingTag
    action: FloatingTagAction
    reason: str
    unmet: bool = False

    @property
    def tag(self) -> Tag:
        """The tag's name."""
        return self.floating.tag

    @property
    def moves(self) -> bool:
        """Whether the tag moves."""
        return self.action is FloatingTagAction.MOVE


@dataclass(frozen=True)
class Decision:
    """What happens to a lane's tags.

    Attributes:
        version_tag: The version tag's action.
        moves: What happens to each floating tag in whose range the version is, in the order in which they move.
        aliases: The aliases that are to be created.
    """

    version_tag: VersionTagAction
    moves: tuple[FloatingMove, ...] = ()
    aliases: tuple[Tag, ...] = ()

    @property
    def unmet(self) -> tuple[FloatingMove, ...]:
        """The floating tags that do not move although that was requested."""
        return tuple(move for move in self.moves if move.unmet)

    @property
    def pending(self) -> Pending:
        """What this lane has still to write."""
        if self.version_tag is VersionTagAction.CREATE:
            return Pending.VERSION
        is_pending = self.aliases or any(move.moves for move in self.moves)
        return Pending.FLOATING_TAG if is_pending else Pending.NOTHING


# Decides what a release does to a lane's tags, by its plan, its survey and the commit.
Decide: TypeAlias = Callable[[LanePlan, Survey, str], Decision]


def pending_of(decisions: Iterable[Decision]) -> Pending:
    """What all lanes together still have to write."""
    return max((decision.pending for decision in decisions), default=Pending.NOTHING)


def decide(plan: LanePlan, survey: Survey, commit: str) -> Decision:
    """Decide what a release does to a lane's tags.

    Raises:
        RefusedError: The version exists with another commit's content, or a floating tag has no place in the order.
    """
    version_tag = _version_tag_action(plan, survey, commit)
    aliases = _missing_aliases(plan, survey)
    return Decision(version_tag, tuple(_decide_move(plan, survey, state) for state in survey.floating_tags), aliases)


def reconsider(move: FloatingMove, plan: LanePlan, survey: Survey) -> FloatingMove:
    """The same, unless the version was marked as bad meanwhile, or is not the highest: then the tag must not move."""
    state = next(state for state in survey.floating_tags if state.tag == move.tag)
    why = _obstacle(plan, survey, state)
    return _left(move.floating, why, plan, survey) if why else move


def _decide_move(plan: LanePlan, survey: Survey, state: FloatingTagState) -> FloatingMove:
    if why := _obstacle(plan, survey, state):
        return _left(state.floating, why, plan, survey)
    action, reason = _next_move(plan, survey, state)
    if action is FloatingTagAction.LEAVE:
        return _left(state.floating, reason, plan, survey)
    _check_recorded_position(plan, state)
    return FloatingMove(floating=state.floating, action=action, reason=reason)


def _left(floating: FloatingTag, reason: str, plan: LanePlan, survey: Survey) -> FloatingMove:
    """A floating tag that stays where it is."""
    unmet = _is_unmet(floating, plan, survey)
    return FloatingMove(floating=floating, action=FloatingTagAction.LEAVE, reason=reason, unmet=unmet)


def _is_unmet(floating: FloatingTag, plan: LanePlan, survey: Survey) -> bool:
    """Whether a floating tag that does not move was meant to.

    A lane's own setting only means: if that is forward; a pre-release or a patch of an older line is fine. A version
    that is marked as bad is not: somebody has released again what was withdrawn. A request for a pre-release is one
    for the tags that take it, if there are any.
    """
    if not floating.takes(plan.version.value):
        return plan.wants_latest and not plan.settable_tags
    return plan.wants_latest or (plan.latest.value and plan.tag in survey.ledger.marks)


def _version_tag_action(plan: LanePlan, survey: Survey, commit: str) -> VersionTagAction:
    _check_recorded_version(plan, survey)
    if survey.other_spelling:
        raise RefusedError(
            f"{plan.version.value} is {survey.other_spelling} in another spelling, which is published already",
            remedy=f"A version is written once. {_release_next(plan)}",
        )
    if isinstance(survey.version, Absent):
        return VersionTagAction.CREATE
    if survey.revision == commit:
        return VersionTagAction.ADOPT
    whose = f"commit {survey.revision[:40]}" if survey.revision else "an image without a commit label"
    raise RefusedError(
        f"{plan.tag} exists already as {survey.version.digest}, built from {whose}, not from {commit[:12]}",
        remedy=f"A version is written once. {_release_next(plan)}",
    )


def _release_next(plan: LanePlan) -> str:
    return f"Release the next one, {plan.lane.tag_of(plan.version.value.next_patch())}."


def _missing_aliases(plan: LanePlan, survey: Survey) -> tuple[Tag, ...]:
    """The aliases that are to be created: one that is there has the version's own image, or is somebody else's."""
    for alias in plan.aliases:
        answer = survey.aliases.get(alias, Absent())
        if isinstance(answer, Present) and answer != survey.version:
            own = digest_of(survey.version)
            raise RefusedError(
                f"{alias} exists already as {answer.digest}, and {plan.tag} {f'is {own}' if own else 'does not exist'}",
                remedy=f"An alias is written once, and has its version's image. {_release_next(plan)}",
            )
    return tuple(alias for alias in plan.aliases if isinstance(survey.aliases.get(alias, Absent()), Absent))


def _check_recorded_version(plan: LanePlan, survey: Survey) -> None:
    """Refuse a version that was published with other content, or under another tool's tag."""
    recorded = survey.ledger.published(with_adopted_tags(plan.lane, survey.ledger).tag_of(plan.version.value))
    now = digest_of(survey.version)
    if recorded is None or recorded.after == now:
        return
    if recorded.tag != plan.tag:
        raise _other_tag_error(plan, recorded)
    change = f"is {now} now" if now else "does not exist (a registry may take a minute to show what was just written)"
    following = plan.lane.tag_of(plan.version.value.next_patch())
    raise RefusedError(
        f"{plan.tag} was published as {recorded.after} on {recorded.when} by {recorded.who}, and {change}",
        remedy=f"Find out who changed it ({command('status')}), then release the next version, {following}.",
    )


def _other_tag_error(plan: LanePlan, recorded: Entry) -> RefusedError:
    """The version has a tag that another tool gave it, or the lane before its tags were renamed."""
    by, how = ("by another tool ", "adopted ") if recorded.adopted else ("", "")
    return RefusedError(
        f"{plan.version.value} is published already, {by}as {recorded.tag}, {recorded.after} "
        f"({how}on {recorded.when} by {recorded.who})",
        remedy=f"A version is written once. {_release_next(plan)}",
    )


def _obstacle(plan: LanePlan, survey: Survey, state: FloatingTagState) -> str:
    """Why a floating tag must not move to this version, wherever it is now; or nothing."""
    version = plan.version.value
    if not plan.latest.value:
        given = plan.latest.source in LATEST_GIVEN
        return f"not requested ({plan.latest.source})" if given else "not requested; pass --latest to move it"
    if not state.floating.takes(version):
        return f"{version} is a pre-release"
    if mark := _mark(plan, survey):
        return mark
    if isinstance(state.answer, Absent) and (newest := _newest(plan, survey, state)) and newest > version:
        return f"{version} is lower than {newest}, which is published"
    return ""


def _newest(plan: LanePlan, survey: Survey, state: FloatingTagState) -> Version | None:
    """The highest version that a floating tag takes, by the tags and by the ledger, which may have been read later."""
    recorded = (entry.tag for entry in survey.ledger.entries if entry.action is Action.PUBLISH)
    versions = [*map(plan.lane.version_of_tag, recorded), survey.newest.get(state.tag)]
    return max((version for version in versions if version and state.floating.takes(version)), default=None)


def _mark(plan: LanePlan, survey: Survey) -> str:
    """That the version is marked as bad, and why; or nothing."""
    mark = survey.ledger.marks.get(plan.tag)
    return f"{plan.version.value} is marked as bad ({mark.reason})" if mark else ""


def _next_move(plan: LanePlan, survey: Survey, state: FloatingTagState) -> tuple[FloatingTagAction, str]:
    """What happens to a floating tag that may move to this version, by where it reads as being now."""
    if isinstance(state.answer, Absent):
        return FloatingTagAction.MOVE, f"{state.tag} does not exist yet"
    if survey.version != state.answer:
        return _forward(plan, state)
    if state.position and not state.as_recorded:
        # An earlier run moved it without recording it, or the read lags: writing it again is right in both cases.
        return FloatingTagAction.MOVE, f"{state.tag} has this digest, and is recorded at {state.position.version}"
    return FloatingTagAction.UNCHANGED, f"{state.tag} has this digest"


def _forward(plan: LanePlan, state: FloatingTagState) -> tuple[FloatingTagAction, str]:
    version, current = plan.version.value, state.version
    if current is None or not state.floating.spans(current):
        raise _misplaced_error(plan, state)
    if current > version:
        return FloatingTagAction.LEAVE, f"{version} is lower than {current}, where {state.tag} is"
    return FloatingTagAction.MOVE, f"forward from {current} to {version}"


def _misplaced_error(plan: LanePlan, state: FloatingTagState) -> RefusedError:
    """A floating tag is at what is no version of its range, so that nothing is forward of it."""
    lane = plan.lane.name
    if state.version:
        place, remedy = f"{state.version}, which is not one of the {state.floating.span}", "Publish"
    else:
        place = f"{state.digest}, which is not a version of lane {lane}"
        adopt = command("adopt", "--lane", lane)
        remedy = f"If another tool published it: {adopt}, then run this again. Otherwise publish"
    return RefusedError(
        f"{state.tag} points at {place}: cannot tell whether {plan.version.value} is forward of it",
        remedy=f"{remedy} without moving it (--latest=no), then set it explicitly: "
        + set_command(plan.lane, state.floating, plan.tag),
    )


def _check_recorded_position(plan: LanePlan, state: FloatingTagState) -> None:
    """Refuse to move a floating tag below its recorded position, whatever a read of it shows."""
    position = state.position
    if state.as_recorded or not (position and position.release and position.release > plan.version.value):
        return
    now = f"at {state.version or 'no version'} ({state.digest})" if state.digest else "gone"
    recorded = f"{position.version} ({position.after}) on {position.when} by {position.who}"
    raise RefusedError(
        f"{state.tag} is {now}, but the ledger says that it was moved to {recorded}: {plan.version.value} is lower",
        remedy=f"Run it again in some minutes, or with --latest=no. If somebody moved {state.tag} without a record, "
        "set it explicitly: " + set_command(plan.lane, state.floating, "VERSION"),
    )

"""Choose where one floating tag may go back to, from what the registry serves and the ledger recorded. Pure.

Versions that the floating tag has pointed at before are preferred: they ran, and nobody marked them since. A version
that was published and never stood under that tag (a fix of an old line, say) comes after all of those, whatever its
number. Which floating tags of a lane go back at all is for :mod:`shiplane.rollback.lane_targets` to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shiplane.config.floating_tag import FloatingTag
from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.core.timestamps import age, seconds_since, short_time
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.versions import known_versions, newest_release
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.floating_tags import set_command

# Seconds within which a second rollback is taken for the same one: two people on call, or a shell's last command.
RECENT = 600.0


class TargetReason(Enum):
    """Why a version is a candidate."""

    NAMED = "named"
    UNFINISHED = "unfinished"
    KNOWN_GOOD = "known-good"
    NEWEST = "newest-below"


@dataclass(frozen=True)
class RollbackCandidate:
    """A version to go back to.

    Attributes:
        version: The version.
        choice: Why it is a candidate.
        reason: The same for display.
        digest: The floating tag's digest when it pointed at this version, if known.
    """

    version: Version
    choice: TargetReason
    reason: str
    digest: Digest | None = None


@dataclass(frozen=True, kw_only=True)
class RollbackTargets:
    """The candidates of one floating tag.

    Attributes:
        lane: The lane.
        floating: The floating tag.
        candidates: The versions to try, in this order.
        previous: The version that the floating tag leaves, if any.
        previous_digest: The digest that it had; None if it did not exist.
        rejected: Versions that are not tried, each with the reason.
        recorded: The digest that the ledger says the floating tag has, if it says so.
        marked: The version tags that are marked as bad.
        newest: The highest release in the floating tag's range that has a tag or a record, if any.
    """

    lane: Lane
    floating: FloatingTag
    candidates: tuple[RollbackCandidate, ...]
    previous: Version | None
    previous_digest: Digest | None
    rejected: tuple[tuple[Version, str], ...] = ()
    recorded: Digest | None = None
    marked: frozenset[Tag] = frozenset()
    newest: Version | None = None

    def tag_to_mark(self, target: Version) -> Tag | str:
        """The version tag to be marked as bad when going to ``target``; nothing when going up, or when it is so."""
        if self.previous is None or self.previous <= target or self.is_marked:
            return ""
        return self.lane.tag_of(self.previous)

    @property
    def is_marked(self) -> bool:
        """Whether the version that the floating tag leaves is marked as bad already."""
        return self.previous is not None and self.lane.tag_of(self.previous) in self.marked

    def unrecorded(self, target: Digest) -> bool:
        """Whether the ledger does not know yet that the floating tag is at ``target``."""
        return self.recorded != target

    def rejected_above(self, chosen: RollbackCandidate) -> list[tuple[Version, str]]:
        """The higher versions that come after a chosen one all the same, each with the reason."""
        later = self.candidates[self.candidates.index(chosen) + 1 :]
        reason = f"{self.floating} was never at it by the record (--to goes there)"
        return [(candidate.version, reason) for candidate in later if candidate.version > chosen.version]

    def next_target(self, target: Version) -> Version | None:
        """Where the same command would go next from ``target``, without a record to stop it."""
        return next((candidate.version for candidate in self.candidates if candidate.version < target), None)

    def next_version(self, target: Version) -> Version:
        """The patch version after everything that was ever published in the range: it is free, and nobody marked it."""
        return max(self.newest or target, target).next_patch()


@dataclass(frozen=True, kw_only=True)
class TagHistory:
    """A floating tag before a rollback.

    Attributes:
        floating: The floating tag.
        digest: Its digest; None if it does not exist.
        current: The version that it points at; None if it is none of this lane's, or nobody asked.
        versions: Every version of the lane that has a tag.
        ledger: The lane's ledger.
        now: Seconds since the epoch.
    """

    floating: FloatingTag
    digest: Digest | None
    current: Version | None
    versions: Sequence[Version]
    ledger: Ledger
    now: float

    @property
    def position(self) -> Entry | None:
        """Where it is by the record."""
        return self.ledger.position(self.floating.tag)

    @property
    def is_recorded(self) -> bool:
        """Whether it is where the record has it, if the record has it anywhere."""
        return self.position is None or self.position.after == self.digest


@dataclass(frozen=True)
class Departure:
    """What a rollback leaves behind.

    Attributes:
        version: The version, if any.
        digest: Its digest; None if the floating tag did not exist.
        unfinished: Whether an earlier run has left it already, and did not record that.
    """

    version: Version | None
    digest: Digest | None
    unfinished: bool = False


@dataclass(frozen=True)
class GivenFlags:
    """What a rollback was asked to leave: the bad version, and the floating tags that it is limited to."""

    source: Version | None
    only: Sequence[Tag] = ()

    def words(self, lane: Lane, to: Version | None) -> tuple[str, ...]:
        """The flags of the same rollback to a version."""
        versions = {"--from": self.source, "--to": to}
        named = (word for flag, version in versions.items() if version for word in (flag, lane.tag_of(version)))
        return (*(word for tag in self.only for word in ("--floating", tag)), *named)


def choose_candidates(
    lane: Lane,
    to: Version | None,
    history: TagHistory,
    *,
    again: bool = False,
    source: Version | None = None,
    only: Sequence[Tag] = (),
) -> RollbackTargets:
    """Choose the versions to try; there are none where nothing in the range is below.

    The same command finishes a rollback that was interrupted after it moved the tag and before it was recorded: if the
    tag is below its last recorded position already, it is not moved further.

    Args:
        lane: The lane.
        to: The version to go to; None for the best one below that is not marked.
        history: The floating tag before the rollback.
        again: Whether to go further down, however recently somebody rolled back.
        source: The bad version as it was given, for the commands in messages.
        only: The floating tags as they were given, for the same.

    Raises:
        RefusedError: The target is marked, a pre-release or out of range, nobody can tell what is below, or somebody
            rolled back within the last minutes and this would go further down.
    """
    current, floating, marks = history.current, history.floating, history.ledger.marks
    versions, left = known_versions(lane, history.versions, history.ledger), departure(lane, to, history)
    rejected: tuple[tuple[Version, str], ...] = ()
    if to is not None:
        _check_target(lane, floating, to, marks)
        _check_recent_rollback(lane, history, to, GivenFlags(source, only), again=again)
        candidates: tuple[RollbackCandidate, ...] = (RollbackCandidate(to, TargetReason.NAMED, "named by --to"),)
    elif current is None:
        raise _nothing_below_error(lane, history)
    elif left.unfinished:
        reason = f"{floating} is at it already, which is not recorded yet"
        candidates = (RollbackCandidate(current, TargetReason.UNFINISHED, reason),)
    else:
        _check_recent_rollback(lane, history, None, GivenFlags(source, only), again=again)
        below = [version for version in versions if version < current and floating.takes(version)]
        candidates, rejected = _sort_candidates(lane, floating, below, history.ledger)
    return RollbackTargets(
        lane=lane,
        floating=floating,
        candidates=candidates,
        previous=left.version,
        previous_digest=left.digest,
        rejected=rejected,
        recorded=history.position.after if history.position else None,
        marked=frozenset(marks),
        newest=newest_release(version for version in versions if floating.spans(version)),
    )


def departure(lane: Lane, to: Version | None, history: TagHistory) -> Departure:
    """What a floating tag leaves: the version that it is at, or the one that it fell from without a record."""
    current, position, above = history.current, history.position, _lowered_from(history)
    stays = to == current or (to is None and current is not None and lane.tag_of(current) not in history.ledger.marks)
    if above and position and stays:
        return Departure(above, position.after, unfinished=True)
    return Departure(current, history.digest)


def _lowered_from(history: TagHistory) -> Version | None:
    """The recorded version above the current one, if the tag went down without a record."""
    if history.position is None or history.current is None or history.is_recorded:
        return None
    recorded = history.position.release
    return recorded if recorded and recorded > history.current else None


def _sort_candidates(
    lane: Lane, floating: FloatingTag, below: Sequence[Version], ledger: Ledger
) -> tuple[tuple[RollbackCandidate, ...], tuple[tuple[Version, str], ...]]:
    """The versions to try, known good ones first, and the rejected ones with the reason."""
    marks = ledger.marks
    known_good = _known_good(floating, ledger)
    reason = f"the newest version below; {floating} was never at any of them by the record"
    unmarked = [version for version in below if lane.tag_of(version) not in marks]
    preferred = [known_good[version] for version in unmarked if version in known_good]
    others = [
        RollbackCandidate(version, TargetReason.NEWEST, reason) for version in unmarked if version not in known_good
    ]
    marked = tuple(
        (version, f"marked as bad: {marks[lane.tag_of(version)].reason}")
        for version in below
        if version not in unmarked
    )
    return (*preferred, *others), marked


def _known_good(floating: FloatingTag, ledger: Ledger) -> dict[Version, RollbackCandidate]:
    """The versions that the floating tag has pointed at by the record, each with the last known digest."""
    candidates: dict[Version, RollbackCandidate] = {}
    published = [entry for entry in ledger.entries if entry.action is Action.PUBLISH]
    versions = {entry.after: version for entry in published if (version := entry.release)}
    for move in ledger.moves(floating.tag):
        source, target = versions.get(move.before) if move.before else None, move.release
        if source:
            reason = f"known good: {floating} was at it until {short_time(move.when)}"
            candidates.setdefault(source, RollbackCandidate(source, TargetReason.KNOWN_GOOD, reason, move.before))
        if target:
            how = "was at it when it was adopted" if move.adopted else "was moved to it"
            reason = f"known good: {floating} {how} on {short_time(move.when)} by {move.who}"
            candidates[target] = RollbackCandidate(target, TargetReason.KNOWN_GOOD, reason, move.after)
    return candidates


def _check_recent_rollback(
    lane: Lane, history: TagHistory, to: Version | None, given: GivenFlags, *, again: bool
) -> None:
    """Refuse to go further down just after somebody else did, most likely for the same reason.

    Naming another version below may mean something else, but would mark the version that was just gone back to. Naming
    the same version finishes an interrupted rollback; naming a higher one goes up and marks nothing. A time ahead of
    our clock counts as just now: one of two clocks is wrong, and nobody can tell which.
    """
    last = history.position
    target = last.release if last and last.action is Action.ROLLBACK and last.after == history.digest else None
    if again or last is None or target is None or (to is not None and to >= target):
        return
    since, left = seconds_since(last.when, history.now), _source(history.ledger, last)
    if since is None or since >= RECENT or (left and left <= target):
        return
    raise _recent_rollback_error(lane, history, last, RecentRollback(target, left), given, to)


@dataclass(frozen=True)
class RecentRollback:
    """A rollback that somebody made a moment ago: to which version, and from which, as far as it is known."""

    target: Version
    source: Version | None


class RecentRollbackError(RefusedError):
    """Somebody rolled back a moment ago."""

    def __init__(self, what: str, *, remedy: str, last: RecentRollback) -> None:
        super().__init__(what, remedy=remedy)
        self.last = last


def _recent_rollback_error(
    lane: Lane, history: TagHistory, move: Entry, last: RecentRollback, given: GivenFlags, to: Version | None
) -> RecentRollbackError:
    """Who rolled back to which version, when and why, and how to go further or to finish it."""
    since = seconds_since(move.when, history.now)
    ahead = since is not None and since < 0
    when = f"at {move.when} by another clock" if ahead else f"{age(move.when, history.now)} ({short_time(move.when)})"
    previous = f" from {lane.tag_of(last.source)}" if last.source else ""
    tag = lane.tag_of(last.target)
    flags = given.words(lane, to)
    next_target = f"{' '.join(flags)} would leave {tag} and" if flags else "the same command once more would"
    # Where there are several floating tags, others may still be at the bad version.
    several = len(lane.floating_templates) > 1
    finish = GivenFlags(last.source if several else None, given.only).words(lane, last.target)
    return RecentRollbackError(
        f"{move.who} rolled {history.floating} back{previous} to {tag} {when}: {move.reason}. Nothing was moved; "
        f"{next_target} go further down",
        remedy=f"If that is meant: {command('rollback', '--lane', lane.name, *flags, '--again')}. "
        f"To finish what that run left undone: {command('rollback', '--lane', lane.name, *finish)}",
        last=last,
    )


def _source(ledger: Ledger, move: Entry) -> Version | None:
    """The version from which a move started, as far as the record tells."""
    return next(
        (version for entry in ledger.entries if entry.after == move.before and (version := entry.release)),
        None,
    )


def _check_target(lane: Lane, floating: FloatingTag, to: Version, marks: Mapping[Tag, Entry]) -> None:
    tag = lane.tag_of(to)
    if not floating.spans(to):
        raise RefusedError(
            f"{tag} is not in the range of {floating}: {floating.span}", remedy="Name one in that range with --to."
        )
    if not floating.takes(to):
        raise RefusedError(
            f"{tag} is a pre-release: {floating} never points at one", remedy="Name a release with --to."
        )
    if mark := marks.get(tag):
        raise RefusedError(
            f"{tag} is marked as bad since {mark.when} by {mark.who}: {mark.reason}",
            remedy="If it is good after all: "
            + command("unmark", "--lane", lane.name, "--tag", tag, "--reason", "TEXT"),
        )


def _nothing_below_error(lane: Lane, history: TagHistory) -> RefusedError:
    floating, digest = history.floating, history.digest
    state = f"points at {digest}, which is not a version of lane {lane.name}" if digest else "does not exist"
    advice = f"If another tool published it: {command('adopt', '--lane', lane.name)}. Or name" if digest else "Name"
    return RefusedError(
        f"{floating} {state}, so nothing is below it",
        remedy=f"{advice} the version: " + set_command(lane, floating, "vX.Y.Z"),
    )

"""Choose where a floating tag may go back to, from what the registry serves and the ledger recorded. Pure.

Versions that the floating tag has pointed at before are preferred: they ran, and nobody marked them since. A version
that was published and never stood under that tag (a fix of an old line, say) comes after all of those, whatever its
number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.core.timestamps import age, seconds_since, short_time
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.ledger.versions import known_versions, newest_release
from shiplane.registry.oci.names import Digest, Tag

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
    """The candidates of a rollback.

    Attributes:
        lane: The lane.
        candidates: The versions to try, in this order.
        previous: The version that the floating tag leaves, if any.
        previous_digest: The digest that it had; None if it did not exist.
        rejected: Versions that are not tried, each with the reason.
        recorded: The digest that the ledger says the floating tag has, if it says so.
        marked: The version tags that are marked as bad.
        newest: The highest release that has a tag or a record, if any.
    """

    lane: Lane
    candidates: tuple[RollbackCandidate, ...]
    previous: Version | None
    previous_digest: Digest | None
    rejected: tuple[tuple[Version, str], ...] = ()
    recorded: Digest | None = None
    marked: frozenset[Tag] = frozenset()
    newest: Version | None = None

    def tag_to_mark(self, target: Version) -> Tag | str:
        """The version tag to be marked as bad when going to ``target``; nothing when going up, or when it is so."""
        if self.previous is None or self.previous <= target or self.lane.tag_of(self.previous) in self.marked:
            return ""
        return self.lane.tag_of(self.previous)

    def unrecorded(self, target: Digest) -> bool:
        """Whether the ledger does not know yet that the floating tag is at ``target``."""
        return self.recorded != target

    def rejected_above(self, chosen: RollbackCandidate) -> list[tuple[Version, str]]:
        """The higher versions that come after a chosen one all the same, each with the reason."""
        later = self.candidates[self.candidates.index(chosen) + 1 :]
        reason = f"{self.lane.floating} was never at it by the record (--to goes there)"
        return [(candidate.version, reason) for candidate in later if candidate.version > chosen.version]

    def next_target(self, target: Version) -> Version | None:
        """Where the same command would go next from ``target``, without a record to stop it."""
        return next((candidate.version for candidate in self.candidates if candidate.version < target), None)

    def next_version(self, target: Version) -> Version:
        """The patch version after everything that was ever published: it is free, and nobody marked it."""
        return max(self.newest or target, target).next_patch()


@dataclass(frozen=True, kw_only=True)
class LaneHistory:
    """A lane before a rollback.

    Attributes:
        current: The version that the floating tag points at; None if it is none of this lane's.
        floating: The floating tag's digest; None if it does not exist.
        versions: Every version of the lane that has a tag.
        ledger: The lane's ledger.
        now: Seconds since the epoch.
    """

    current: Version | None
    floating: Digest | None
    versions: Sequence[Version]
    ledger: Ledger
    now: float


def choose_candidates(lane: Lane, to: Version | None, history: LaneHistory, *, again: bool = False) -> RollbackTargets:
    """Choose the versions to try.

    The same command finishes a rollback that was interrupted after it moved the tag and before it was recorded: if the
    tag is below its last recorded position already, it is not moved further.

    Args:
        lane: The lane.
        to: The version to go to; None for the best one below that is not marked.
        history: The lane before the rollback.
        again: Whether to go further down, however recently somebody rolled back.

    Raises:
        RefusedError: The target is marked or a pre-release, nobody can tell what is below, or somebody rolled back
            within the last minutes and this would go further down.
    """
    current, floating, marks = history.current, history.floating, history.ledger.marks
    position = history.ledger.position(lane.floating)
    recorded = position.after if position else None
    versions = known_versions(lane, history.versions, history.ledger)
    lowered_from = _lowered_from(position, current, floating)
    unfinished = lowered_from and current and (to == current or (to is None and lane.tag_of(current) not in marks))
    previous, previous_digest = (lowered_from, recorded) if unfinished else (current, floating)
    rejected: tuple[tuple[Version, str], ...] = ()
    if to is not None:
        _check_target(lane, to, marks)
        _check_recent_rollback(lane, history, to, again=again)
        candidates: tuple[RollbackCandidate, ...] = (RollbackCandidate(to, TargetReason.NAMED, "named by --to"),)
    elif current is None:
        raise _nothing_below_error(lane, floating)
    elif unfinished:
        reason = f"{lane.floating} is at it already, which is not recorded yet"
        candidates = (RollbackCandidate(current, TargetReason.UNFINISHED, reason),)
    else:
        _check_recent_rollback(lane, history, None, again=again)
        below = [version for version in versions if version < current and not version.is_prerelease]
        candidates, rejected = _sort_candidates(lane, below, history.ledger)
    return RollbackTargets(
        lane=lane,
        candidates=candidates,
        previous=previous,
        previous_digest=previous_digest,
        rejected=rejected,
        recorded=recorded,
        marked=frozenset(marks),
        newest=newest_release(versions),
    )


def _lowered_from(position: Entry | None, current: Version | None, floating: Digest | None) -> Version | None:
    """The recorded version above the current one, if the tag went down without a record."""
    if position is None or current is None or position.after == floating:
        return None
    rejected_above = _version(position)
    return rejected_above if rejected_above and rejected_above > current else None


def _version(entry: Entry) -> Version | None:
    """The version that an entry is about; None if its text is none."""
    return entry.release


def _sort_candidates(
    lane: Lane, below: Sequence[Version], ledger: Ledger
) -> tuple[tuple[RollbackCandidate, ...], tuple[tuple[Version, str], ...]]:
    """The versions to try, known good ones first, and the rejected ones with the reason."""
    marks = ledger.marks
    known_good = _known_good(lane, ledger)
    reason = f"the newest version below; {lane.floating} was never at any of them by the record"
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


def _known_good(lane: Lane, ledger: Ledger) -> dict[Version, RollbackCandidate]:
    """The versions that the floating tag has pointed at by the record, each with the last known digest."""
    candidates: dict[Version, RollbackCandidate] = {}
    published = [entry for entry in ledger.entries if entry.action is Action.PUBLISH]
    versions = {entry.after: version for entry in published if (version := _version(entry))}
    for move in ledger.moves(lane.floating):
        source, target = versions.get(move.before) if move.before else None, _version(move)
        if source:
            reason = f"known good: {lane.floating} was at it until {short_time(move.when)}"
            candidates.setdefault(source, RollbackCandidate(source, TargetReason.KNOWN_GOOD, reason, move.before))
        if target:
            how = "was at it when it was adopted" if move.adopted else "was moved to it"
            reason = f"known good: {lane.floating} {how} on {short_time(move.when)} by {move.who}"
            candidates[target] = RollbackCandidate(target, TargetReason.KNOWN_GOOD, reason, move.after)
    return candidates


def _check_recent_rollback(lane: Lane, history: LaneHistory, to: Version | None, *, again: bool) -> None:
    """Refuse to go further down just after somebody else did, most likely for the same reason.

    Naming another version below may mean something else, but would mark the version that was just gone back to. Naming
    the same version finishes an interrupted rollback; naming a higher one goes up and marks nothing. A time ahead of
    our clock counts as just now: one of two clocks is wrong, and nobody can tell which.
    """
    last = history.ledger.position(lane.floating)
    target = _version(last) if last and last.action is Action.ROLLBACK and last.after == history.floating else None
    if again or last is None or target is None or (to is not None and to >= target):
        return
    since, source = seconds_since(last.when, history.now), _source(history.ledger, last)
    if since is None or since >= RECENT or (source and source <= target):
        return
    raise _recent_rollback_error(lane, last, target, to, history)


def _recent_rollback_error(
    lane: Lane, last: Entry, target: Version, to: Version | None, history: LaneHistory
) -> RefusedError:
    """Who rolled back to which version, when and why, and how to go further or to finish it."""
    since, source = seconds_since(last.when, history.now), _source(history.ledger, last)
    ahead = since is not None and since < 0
    when = f"at {last.when} by another clock" if ahead else f"{age(last.when, history.now)} ({short_time(last.when)})"
    previous = f" from {lane.tag_of(source)}" if source else ""
    tag = lane.tag_of(target)
    flags = ("--to", lane.tag_of(to)) if to else ()
    next_target = f"{' '.join(flags)} would leave {tag} and" if to else "the same command once more would"
    return RefusedError(
        f"{last.who} rolled {lane.floating} back{previous} to {tag} {when}: {last.reason}. Nothing was moved; "
        f"{next_target} go further down",
        remedy=f"If that is meant: {command('rollback', '--lane', lane.name, *flags, '--again')}. "
        f"To finish what that run left undone: {command('rollback', '--lane', lane.name, '--to', tag)}",
    )


def _source(ledger: Ledger, move: Entry) -> Version | None:
    """The version from which a move started, as far as the record tells."""
    return next(
        (version for entry in ledger.entries if entry.after == move.before and (version := _version(entry))),
        None,
    )


def _check_target(lane: Lane, to: Version, marks: Mapping[Tag, Entry]) -> None:
    tag = lane.tag_of(to)
    if to.is_prerelease:
        raise RefusedError(
            f"{tag} is a pre-release: {lane.floating} never points at one", remedy="Name a release with --to."
        )
    if mark := marks.get(tag):
        raise RefusedError(
            f"{tag} is marked as bad since {mark.when} by {mark.who}: {mark.reason}",
            remedy="If it is good after all: "
            + command("unmark", "--lane", lane.name, "--tag", tag, "--reason", "TEXT"),
        )


def _nothing_below_error(lane: Lane, floating: Digest | None) -> RefusedError:
    state = f"points at {floating}, which is not a version of lane {lane.name}" if floating else "does not exist"
    advice = f"If another tool published it: {command('adopt', '--lane', lane.name)}. Or name" if floating else "Name"
    return RefusedError(
        f"{lane.floating} {state}, so nothing is below it",
        remedy=f"{advice} the version: " + command("rollback", "--lane", lane.name, "--to", "vX.Y.Z"),
    )

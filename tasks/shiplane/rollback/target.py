"""Where a floating tag may go back to, decided from what the registry serves and what the ledger recorded. Pure.

What the floating tag has been at before is preferred: it ran, and nobody marked it since. A version that was published
and never stood under that tag (a repair of an old line, say) comes after all of those, whatever its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError, UsageError
from shiplane.core.next_command import command
from shiplane.core.timestamps import age, seconds_since, short_time
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from shiplane.verify.lane_status import known_versions, newest_release

# Seconds within which the same rollback, asked for once more, is taken for the same wish: two people on call, or a
# shell's last command.
SAME = 600.0


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
        version: Which.
        choice: Why.
        words: The same for people.
        digest: What the floating tag had when it was at this version; None where it is not known to have been.
    """

    version: Version
    choice: TargetReason
    words: str
    digest: Digest | None = None


@dataclass(frozen=True, kw_only=True)
class RollbackTargets:
    """The ways down.

    Attributes:
        lane: Whose.
        candidates: The versions to try, in this order.
        left: The version that is left behind; None where the floating tag stood for none.
        before: What the floating tag had before; None where it did not exist.
        passed: Versions that are not to be tried, each with the reason.
        recorded: Where the ledger says that the floating tag is; None where it does not say.
        marked: The version tags that are marked as bad.
        newest: The highest release that has a tag or stands in the ledger; None where there is none.
    """

    lane: Lane
    candidates: tuple[RollbackCandidate, ...]
    left: Version | None
    before: Digest | None
    passed: tuple[tuple[Version, str], ...] = ()
    recorded: Digest | None = None
    marked: frozenset[Tag] = frozenset()
    newest: Version | None = None

    def marks(self, target: Version) -> Tag | str:
        """The version tag to be marked as bad when going to ``target``; nothing when going up, or when it is so."""
        if self.left is None or self.left <= target or self.lane.tag_of(self.left) in self.marked:
            return ""
        return self.lane.tag_of(self.left)

    def unrecorded(self, target: Digest) -> bool:
        """Whether arriving at ``target`` is something that the ledger does not know yet."""
        return self.recorded != target

    def above(self, chosen: RollbackCandidate) -> list[tuple[Version, str]]:
        """The versions between the present one and a chosen one that come after it all the same, with the reason."""
        after = self.candidates[self.candidates.index(chosen) + 1 :]
        why = f"{self.lane.floating} was never at it by the record (--to goes there)"
        return [(one.version, why) for one in after if one.version > chosen.version]

    def further(self, target: Version) -> Version | None:
        """Where the same command would go once more from ``target``, where no record keeps it from that."""
        return next((one.version for one in self.candidates if one.version < target), None)

    def following(self, target: Version) -> Version:
        """The patch version after everything that was ever published: it is free, and nobody marked it."""
        return max(self.newest or target, target).next_patch()


@dataclass(frozen=True, kw_only=True)
class LaneHistory:
    """A lane as a rollback finds it.

    Attributes:
        current: The version that the floating tag stands for; None where that is none of this lane's.
        floating: What it has; None where it does not exist.
        versions: Every version of the lane that has a tag.
        ledger: What was recorded.
        now: Seconds since the epoch.
    """

    current: Version | None
    floating: Digest | None
    versions: Sequence[Version]
    ledger: Ledger
    now: float


def descend(lane: Lane, to: Version | None, seen: LaneHistory, *, again: bool = False) -> RollbackTargets:
    """Find where to go.

    A rollback that was cut off after it moved the tag, and before it was recorded, is finished by the same command:
    where the tag is already below its last recorded place, that is where it stays.

    Args:
        lane: Whose floating tag.
        to: Where to; None for the best version below that is not marked.
        seen: The lane as it was found.
        again: Whether going down once more is meant, however recently somebody went down.

    Raises:
        RefusedError: The target is marked or a pre-release, there is no telling what is below, or somebody went down
            within the last minutes, and this would go further down.
    """
    current, floating, marks = seen.current, seen.floating, seen.ledger.marks
    position = seen.ledger.position(lane.floating)
    recorded = position.after if position else None
    versions = known_versions(lane, seen.versions, seen.ledger)
    fallen = _fallen(position, current, floating)
    stays = fallen and current and (to == current or (to is None and lane.tag_of(current) not in marks))
    left, before = (fallen, recorded) if stays else (current, floating)
    passed: tuple[tuple[Version, str], ...] = ()
    if to is not None:
        _check(lane, to, marks)
        _check_first(lane, seen, to, again=again)
        candidates: tuple[RollbackCandidate, ...] = (RollbackCandidate(to, TargetReason.NAMED, "named by --to"),)
    elif current is None:
        raise _nowhere(lane, floating)
    elif stays:
        words = f"{lane.floating} is at it already, and the record does not say so yet"
        candidates = (RollbackCandidate(current, TargetReason.UNFINISHED, words),)
    else:
        _check_first(lane, seen, None, again=again)
        below = [version for version in versions if version < current and not version.is_prerelease]
        candidates, passed = _sorted_out(lane, below, seen.ledger)
    return RollbackTargets(
        lane=lane,
        candidates=candidates,
        left=left,
        before=before,
        passed=passed,
        recorded=recorded,
        marked=frozenset(marks),
        newest=newest_release(versions),
    )


def _fallen(position: Entry | None, current: Version | None, floating: Digest | None) -> Version | None:
    """The recorded version above the present one, where the tag went down without a record."""
    if position is None or current is None or position.after == floating:
        return None
    above = _version(position)
    return above if above and above > current else None


def _version(entry: Entry) -> Version | None:
    """The version that an entry is about; None where it names none."""
    try:
        return Version.parse(entry.version)
    except UsageError:
        return None


def _sorted_out(
    lane: Lane, below: Sequence[Version], ledger: Ledger
) -> tuple[tuple[RollbackCandidate, ...], tuple[tuple[Version, str], ...]]:
    """The versions to try, known good ones first, and those left out with the reason."""
    marks = ledger.marks
    good = _known_good(lane, ledger)
    words = f"the newest version below; the record does not say that {lane.floating} was ever at one of them"
    unmarked = [version for version in below if lane.tag_of(version) not in marks]
    first = [good[version] for version in unmarked if version in good]
    others = [RollbackCandidate(version, TargetReason.NEWEST, words) for version in unmarked if version not in good]
    bad = tuple(
        (version, f"marked as bad: {marks[lane.tag_of(version)].reason}")
        for version in below
        if version not in unmarked
    )
    return (*first, *others), bad


def _known_good(lane: Lane, ledger: Ledger) -> dict[Version, RollbackCandidate]:
    """What the floating tag has been at by the record, each version with the last thing that is known of that."""
    known: dict[Version, RollbackCandidate] = {}
    published = [entry for entry in ledger.entries if entry.action is Action.PUBLISH]
    versions = {entry.after: version for entry in published if (version := _version(entry))}
    for move in ledger.moves(lane.floating):
        source, target = versions.get(move.before) if move.before else None, _version(move)
        if source:
            words = f"known good: {lane.floating} was at it until {short_time(move.when)}"
            known.setdefault(source, RollbackCandidate(source, TargetReason.KNOWN_GOOD, words, move.before))
        if target:
            how = "was at it when it was adopted" if move.adopted else "was moved to it"
            words = f"known good: {lane.floating} {how} on {short_time(move.when)} by {move.who}"
            known[target] = RollbackCandidate(target, TargetReason.KNOWN_GOOD, words, move.after)
    return known


def _check_first(lane: Lane, seen: LaneHistory, to: Version | None, *, again: bool) -> None:
    """Refuse to go further down where somebody went down a moment ago: most likely for the same reason.

    Whoever names another version below may mean another thing, and would mark the version that was just gone back to.
    One who names the very same finishes what was cut off, and one who names a higher one goes up: that marks nothing.
    A time ahead of our clock counts as a moment ago: one of two clocks is wrong, and nobody can tell which.
    """
    last = seen.ledger.position(lane.floating)
    target = _version(last) if last and last.action is Action.ROLLBACK and last.after == seen.floating else None
    if again or last is None or target is None or (to is not None and to >= target):
        return
    since, source = seconds_since(last.when, seen.now), _source(seen.ledger, last)
    if since is None or since >= SAME or (source and source <= target):
        return
    raise _went_down(lane, last, target, to, seen)


def _went_down(lane: Lane, last: Entry, target: Version, to: Version | None, seen: LaneHistory) -> RefusedError:
    """Who went down to which version, when and why, and how to go further or to finish it."""
    since, source = seconds_since(last.when, seen.now), _source(seen.ledger, last)
    ahead = since is not None and since < 0
    when = f"at {last.when} by another clock" if ahead else f"{age(last.when, seen.now)} ({short_time(last.when)})"
    left = f" from {lane.tag_of(source)}" if source else ""
    tag = lane.tag_of(target)
    named = ("--to", lane.tag_of(to)) if to else ()
    further = f"{' '.join(named)} would leave {tag} and" if to else "the same command once more would"
    return RefusedError(
        f"{last.who} rolled {lane.floating} back{left} to {tag} {when}: {last.reason}. Nothing was moved; "
        f"{further} go further down",
        remedy=f"If that is meant: {command('rollback', '--lane', lane.name, *named, '--again')}. "
        f"To finish what that run left undone: {command('rollback', '--lane', lane.name, '--to', tag)}",
    )


def _source(ledger: Ledger, move: Entry) -> Version | None:
    """The version from which a move began, as far as the record tells."""
    return next((found for entry in ledger.entries if entry.after == move.before and (found := _version(entry))), None)


def _check(lane: Lane, to: Version, marks: Mapping[Tag, Entry]) -> None:
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


def _nowhere(lane: Lane, floating: Digest | None) -> RefusedError:
    what = f"points at {floating}, which is not a version of lane {lane.name}" if floating else "does not exist"
    adopted = f"If another tool published it: {command('adopt', '--lane', lane.name)}. Or name" if floating else "Name"
    return RefusedError(
        f"{lane.floating} {what}, so nothing is below it",
        remedy=f"{adopted} the version: " + command("rollback", "--lane", lane.name, "--to", "vX.Y.Z"),
    )

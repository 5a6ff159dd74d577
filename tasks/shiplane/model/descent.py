"""Where a floating tag may go back to, decided from what the registry serves and what the ledger recorded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiplane.model.command import command
from shiplane.model.errors import RefusedError, UsageError
from shiplane.model.image import Digest, Tag
from shiplane.model.lane import Lane
from shiplane.model.ledger import Entry, Ledger
from shiplane.model.version import Version


@dataclass(frozen=True, kw_only=True)
class Descent:
    """The ways down.

    Attributes:
        lane: Whose.
        candidates: The versions to try, in this order.
        left: The version that is left behind; None where the floating tag stood for none.
        before: What the floating tag had before; None where it did not exist.
        passed: Versions that are not to be tried, each with the reason.
        recorded: Where the ledger says that the floating tag is; None where it does not say.
        marked: The version tags that are marked as bad.
    """

    lane: Lane
    candidates: tuple[Version, ...]
    left: Version | None
    before: Digest | None
    passed: tuple[tuple[Version, str], ...] = ()
    recorded: Digest | None = None
    marked: frozenset[Tag] = frozenset()

    def marks(self, target: Version) -> Tag | str:
        """The version tag to be marked as bad when going to ``target``; nothing when going up, or when it is so."""
        if self.left is None or self.left <= target or self.lane.tag_of(self.left) in self.marked:
            return ""
        return self.lane.tag_of(self.left)

    def unrecorded(self, target: Digest) -> bool:
        """Whether arriving at ``target`` is something that the ledger does not know yet."""
        return self.recorded != target


def descend(
    lane: Lane,
    to: Version | None,
    *,
    current: Version | None,
    floating: Digest | None,
    versions: Sequence[Version],
    ledger: Ledger,
) -> Descent:
    """Find where to go.

    A rollback that was cut off after it moved the tag, and before it was recorded, is finished by the same command:
    where the tag is already below its last recorded place, that is where it stays.

    Args:
        lane: Whose floating tag.
        to: Where to; None for the newest version below that is not marked.
        current: The version that the floating tag stands for; None where that is none of this lane's.
        floating: What it has; None where it does not exist.
        versions: Every version of the lane that has a tag, the highest first.
        ledger: What was recorded.

    Raises:
        RefusedError: The target is marked or a pre-release, or there is no telling what is below.
    """
    position = ledger.position(lane.floating)
    recorded = position.after if position else None
    marks = ledger.marks
    fallen = _fallen(position, current, floating)
    stays = fallen and current and (to == current or (to is None and lane.tag_of(current) not in marks))
    left, before = (fallen, recorded) if stays else (current, floating)
    passed: tuple[tuple[Version, str], ...] = ()
    if to is not None:
        _check(lane, to, marks)
        candidates: tuple[Version, ...] = (to,)
    elif current is None:
        raise _nowhere(lane, floating)
    elif stays:
        candidates = (current,)
    else:
        below = [version for version in versions if version < current]
        candidates, passed = _sorted_out(lane, below, marks)
    return Descent(
        lane=lane,
        candidates=candidates,
        left=left,
        before=before,
        passed=passed,
        recorded=recorded,
        marked=frozenset(marks),
    )


def _fallen(position: Entry | None, current: Version | None, floating: Digest | None) -> Version | None:
    """The recorded version above the present one, where the tag went down without a record."""
    if position is None or current is None or position.after == floating:
        return None
    try:
        above = Version.parse(position.version)
    except UsageError:
        return None
    return above if above > current else None


def _sorted_out(
    lane: Lane, below: Sequence[Version], marks: Mapping[Tag, Entry]
) -> tuple[tuple[Version, ...], tuple[tuple[Version, str], ...]]:
    """The versions to try, and those left out with the reason; pre-releases are neither."""
    releases = [version for version in below if not version.is_prerelease]
    bad = tuple(
        (version, f"marked as bad: {marks[lane.tag_of(version)].reason}")
        for version in releases
        if lane.tag_of(version) in marks
    )
    return tuple(version for version in releases if lane.tag_of(version) not in marks), bad


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
    what = f"points at {floating}, which is no version of lane {lane.name}" if floating else "does not exist"
    adopted = f"If another tool published it: {command('adopt', '--lane', lane.name)}. Or name" if floating else "Name"
    return RefusedError(
        f"{lane.floating} {what}, so nothing is below it",
        remedy=f"{adopted} the version: " + command("rollback", "--lane", lane.name, "--to", "vX.Y.Z"),
    )

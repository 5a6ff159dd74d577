"""Choose which floating tags of a lane a rollback moves, and the candidates of each. Pure.

A rollback leaves a bad version. Every floating tag that is at it goes to the best version below it in the tag's own
range, or stays where nothing is below. Tags at other versions are left alone: nobody said that those are bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiplane.config.lane import Lane
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError
from shiplane.core.next_command import command
from shiplane.rollback.result import RollbackRequest
from shiplane.rollback.target import RollbackTargets, TagHistory, choose_candidates, departure


@dataclass(frozen=True, kw_only=True)
class LaneTargets:
    """The floating tags that a rollback is about.

    Attributes:
        bad: The version that it leaves; None if the widest floating tag is at none.
        tags: The candidates of each tag, the tag with the widest range first.
    """

    bad: Version | None
    tags: tuple[RollbackTargets, ...]


def choose_targets(request: RollbackRequest, histories: Sequence[TagHistory]) -> LaneTargets:
    """Choose the floating tags and the versions to try for each.

    With a version to go to, every tag goes there in whose range that is, also one that is at neither version: a run
    that was cut off had perhaps moved it. The exception is a tag at a version between the two, which nobody called bad.

    Args:
        request: What is asked for, of the lane with its adopted tags.
        histories: The lane's floating tags in moving order.

    Raises:
        RefusedError: There is no floating tag, none is at the bad version or can go where it is to go, or as
            :func:`shiplane.rollback.target.choose_candidates`.
    """
    lane, to = request.lane, request.to
    placed = [history for history in histories if history.digest or history.position] or list(histories[-1:])
    if not placed:
        raise _no_floating_tag_error(lane)
    widest = placed[-1]
    # Where no tag can go to it, the widest one says why not.
    named = [history for history in placed if to and history.floating.takes(to)] or ([widest] if to else [])
    bad = request.source or departure(lane, to if widest in named else None, widest).version
    moving = [h for h in reversed(placed) if _moves(request, bad, h, named=h in named)] if bad or to else [widest]
    tags = [_targets(request, history, named=history in named) for history in moving]
    if not any(targets.candidates for targets in tags):
        # A rollback that was completed before leaves nothing to move, and is no error.
        tags = [*(_targets(request, each, named=True) for each in reversed(named) if each.current == to), *tags]
    if not tags:
        raise _not_there_error(lane, request.source)
    return LaneTargets(bad=bad, tags=tuple(tags))


def _targets(request: RollbackRequest, history: TagHistory, *, named: bool) -> RollbackTargets:
    """The candidates of one floating tag; ``named``: whether it is to go to the version that was given."""
    to = request.to if named else None
    return choose_candidates(request.lane, to, history, again=request.again, source=request.source, only=request.only)


def _moves(request: RollbackRequest, bad: Version | None, history: TagHistory, *, named: bool) -> bool:
    """Whether a rollback is about a floating tag."""
    to, current = request.to, history.current
    if bad is not None and departure(request.lane, to if named else None, history).version == bad:
        return named or to is None or to < bad  # who goes up leaves nothing bad behind
    if not named or to is None:
        return False
    if current == to:
        return not history.is_recorded
    return request.source is None and (current is None or bad is None or not to < current < bad)


def _no_floating_tag_error(lane: Lane) -> RefusedError:
    names = ", ".join(map(str, lane.floating_templates))
    state = (
        f"no floating tag of lane {lane.name} exists ({names})" if names else f"lane {lane.name} has no floating tag"
    )
    mark = command("mark", "--lane", lane.name, "--tag", "TAG", "--reason", "TEXT")
    repoint = command("deploy.repoint", "--lane", lane.name, "--to", "TAG")
    return RefusedError(
        f"{state}, so there is nothing to move",
        remedy=f"To mark a version as bad: {mark}. To point deployments at another one: {repoint}.",
    )


def _not_there_error(lane: Lane, source: Version | None) -> RefusedError:
    version = lane.tag_of(source) if source else "that version"
    return RefusedError(
        f"no floating tag of lane {lane.name} is at {version}, so there is nothing to move",
        remedy=f"{command('status', '--lane', lane.name)} shows where they are.",
    )

"""What a step must come to: decided anew, from the tags and the record alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shiplane.config.lane import Lane
from shiplane.config.plan import LanePlan, Plan
from shiplane.config.version import Version
from shiplane.git.claim_record import VersionTag
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.scene import AIONIS
from tests.faults.stateful.world import World
from tests.lanes import widest


@dataclass(frozen=True)
class Expected:
    """What a step must come to: the exit code, and the tags, ``""`` for a digest that is only now being built."""

    code: int
    tags: Mapping[str, str] = field(default_factory=dict)


def version_of(world: World, lane: Lane, digest: str) -> Version | None:
    """What a floating tag with this digest stands for, by the tags; what it calls itself is looked at first."""
    names = {tag: found for tag, at in world.tags.items() if at == digest and (found := lane.version_of_tag(tag))}
    said = lane.version_template.fill(world.facts[digest].version) if digest in world.facts else ""
    if said in names:
        return names[said]
    return max((found for found in names.values() if not found.is_prerelease), default=None)


def expected(world: World, plan: Plan) -> Expected:
    """What an undisturbed release must come to."""
    lanes = [_lane(world, lane, plan.commit) for lane in plan.lanes]
    for code in (5, 8):  # what the registry says is asked before what is claimed
        if any(code == found for found, _ in lanes):
            return Expected(code)
    return Expected(0, {tag: digest for _, names in lanes for tag, digest in names.items()})


def _lane(world: World, lane_plan: LanePlan, commit: str) -> tuple[int, dict[str, str]]:
    have = world.tags.get(lane_plan.tag, "")
    move = _moves(world, lane_plan, have)
    overwritten = world.published(lane_plan.lane, lane_plan.tag) not in {"", have}
    if overwritten or (have and world.facts[have].commit != commit) or move is None:
        return 5, {}
    claim = world.claims.kept.get(VersionTag(AIONIS, lane_plan.tag)) if world.claimed and not have else None
    if claim and claim.commit != commit:
        return 8, {}
    new = have or (str(claim.digest) if claim else "")
    return 0, {lane_plan.tag: new, **({widest(lane_plan.lane): new} if move else {})}


def _moves(world: World, lane_plan: LanePlan, have: str) -> bool | None:
    """Whether the floating tag moves; None where cannot tell whether that would be forward."""
    version, here = lane_plan.version.value, world.tags.get(widest(lane_plan.lane), "")
    if not lane_plan.latest.value or version.is_prerelease or lane_plan.tag in world.marks(lane_plan.lane):
        return False
    astray = _astray(world, lane_plan.lane, here)
    current = version_of(world, lane_plan.lane, here) if here else None
    if have and have == here:
        moves = astray is not None
    elif here and current is None:
        return None
    else:
        moves = (
            current <= version if current else not any(other > version for other in _releases(world, lane_plan.lane))
        )
    # What the record has higher is not left for less, whatever the registry says.
    return None if moves and astray and astray > version else moves


def _astray(world: World, lane: Lane, here: str) -> Version | None:
    """The version that the floating tag was moved to by the record, where it is not there."""
    moves = [entry for entry in world.recorded(lane) if entry["action"] in {"float", "rollback"}]
    return Version.parse(moves[-1]["version"]) if moves and moves[-1]["to"] != here else None


def _releases(world: World, lane: Lane) -> list[Version]:
    """The versions that there are, and those that were published by the record."""
    recorded = [entry["tag"] for entry in world.recorded(lane) if entry["action"] == "publish"]
    found = (lane.version_of_tag(tag) for tag in (*world.tags, *recorded))
    return [version for version in found if version and not version.is_prerelease]


def downward(world: World, wish: RollbackRequest) -> Expected:
    """What a rollback must come to: its exit code, where the floating tag is then, and ``mark TAG`` for a new mark."""
    lane, marks = wish.lane, world.marks(wish.lane)
    here = world.tags.get(widest(lane), "")
    current = version_of(world, lane, here) if here else None
    fallen = _fallen(world, lane, here, current)
    if wish.to and lane.tag_of(wish.to) in marks:
        return Expected(5)
    if not wish.to and current is None:
        return Expected(5)
    stays = fallen and current and (wish.to or current) == current
    if stays and current and (wish.to or lane.tag_of(current) not in marks):
        left, candidates = fallen, [current]
    elif not wish.to and _same_again(world, lane, here):
        return Expected(5)
    else:
        left, candidates = current, [wish.to] if wish.to else _below(world, lane, current)
    good = (version for version in candidates if _is_good(world, lane, version))
    target = next(good, None)
    if target is None:
        return Expected(6)
    bad = lane.tag_of(left) if wish.mark and left and left > target else ""
    marked = {f"mark {bad}": ""} if bad and bad not in marks else {}
    return Expected(0, {widest(lane): world.tags[lane.tag_of(target)], **marked})


def _fallen(world: World, lane: Lane, here: str, current: Version | None) -> Version | None:
    """The recorded version from which the floating tag came down without a record."""
    above = _astray(world, lane, here)
    return above if above and current and above > current else None


def _below(world: World, lane: Lane, current: Version | None) -> list[Version]:
    found = (lane.version_of_tag(tag) for tag in world.tags)
    releases = [version for version in found if version and current and version < current]
    marks, once = world.marks(lane), _known_good(world, lane)
    good = (v for v in releases if not v.is_prerelease and lane.tag_of(v) not in marks)
    return sorted(good, key=lambda version: (version in once, version), reverse=True)


def _known_good(world: World, lane: Lane) -> set[Version]:
    """The versions that the floating tag was at by the record, with what they are now."""
    published = {e["to"]: Version.parse(e["version"]) for e in world.recorded(lane) if e["action"] == "publish"}
    moves = [entry for entry in world.recorded(lane) if entry["action"] in {"float", "rollback"}]
    begun = {published[entry["from"]] for entry in moves if entry["from"] in published}
    return begun | {Version.parse(entry["version"]) for entry in moves}


def _same_again(world: World, lane: Lane, here: str) -> bool:
    """Whether the floating tag is where somebody has rolled it back to less than ten minutes ago."""
    last = next((e for e in reversed(world.recorded(lane)) if e["action"] in {"float", "rollback"}), None)
    if last is None or last["action"] != "rollback" or last["to"] != here:
        return False
    left = [Version.parse(e["version"]) for e in world.recorded(lane) if e["to"] == last["from"]]
    when = datetime.fromisoformat(last["when"].replace("Z", "+00:00")).timestamp()
    return world.clock.wall() - when < 600 and not (left and left[0] <= Version.parse(last["version"]))


def _is_good(world: World, lane: Lane, version: Version) -> bool:
    tag = lane.tag_of(version)
    return tag in world.tags and world.published(lane, tag) in {"", world.tags[tag]}

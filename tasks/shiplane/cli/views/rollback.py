"""Rollbacks and marks as text, and rollbacks as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, TypedDict

from shiplane.cli.views.deployments import RepointedJson
from shiplane.config.gate import EvidenceJson
from shiplane.core.next_command import command
from shiplane.rollback.result import RollbackJson

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.config.version import Version
    from shiplane.registry.oci.names import Repository
    from shiplane.rollback.marks import MarkResult
    from shiplane.rollback.result import RollbackResult, StayingTag, TagRollback


class RolledBackDataJson(RollbackJson):
    """The result of ``rollback`` for one lane."""

    deployments: Annotated[RepointedJson | None, "The deployment files; null if none are configured."]
    gates: Annotated[
        list[EvidenceJson] | None,
        "What each gate answered after the tags had moved; null if they were not checked again.",
    ]


class RolledBackLanesDataJson(TypedDict):
    """The result of ``rollback`` for several lanes."""

    image: Annotated[str, "The primary repository of the first lane."]
    lanes: Annotated[list[RolledBackDataJson], {"least": 1}, "Each lane, in the order in which they were given."]


def rolled_back_text(repository: Repository, result: RollbackResult) -> str:
    """A rollback: where each floating tag is, what was left and passed over, and what remains to be done."""
    lane, dry_run = result.request.lane, result.request.dry_run
    lines = [_went(repository, lane, tag, dry_run=dry_run) for tag in result.tags]
    lines += [_stays(repository, lane, tag, dry_run=dry_run) for tag in result.staying]
    would = "would move to" if dry_run else "is at"
    lines += [f"{move.repository}:{move.floating} {would} {move.tag}" for move in result.mirrors]
    firsts = {tag.target: tag for tag in reversed(result.tags)}
    for tag in (tag for tag in result.tags if firsts[tag.target] is tag):
        version = lane.tag_of(tag.target)
        lines += [f"  {repository}:{version}@{tag.digest}", f"  chosen: {tag.chosen.reason}"]
    rejected = dict.fromkeys(each for tag in result.in_moving_order[::-1] for each in tag.rejected)
    lines += [f"  skipped {lane.tag_of(version)}: {why}" for version, why in rejected]
    if result.marked:
        would = "would be marked" if dry_run else "is marked"
        lines.append(f"  {result.marked} {would} as bad ({result.request.reason or 'no reason given'}) and is kept")
    return "\n".join([*lines, *_remaining(lane, result)])


def positions_text(result: RollbackResult) -> str:
    """Where each floating tag is (or would go), on one line."""
    lane, would = result.request.lane, "would go to" if result.request.dry_run else "is at"
    return ", ".join(f"{tag.floating} {would} {lane.tag_of(tag.target)}" for tag in result.tags)


def _went(repository: Repository, lane: Lane, tag: TagRollback, *, dry_run: bool) -> str:
    would = "would move to" if dry_run else "is at"
    left = f", from {lane.tag_of(tag.previous)}" if tag.previous and tag.previous != tag.target else ""
    return f"{repository}:{tag.floating} {would} {lane.tag_of(tag.target)}{left}"


def _stays(repository: Repository, lane: Lane, tag: StayingTag, *, dry_run: bool) -> str:
    would = "would stay" if dry_run else "stays"
    return f"{repository}:{tag.floating} {would} at {lane.tag_of(tag.version)}: {tag.reason}"


def _remaining(lane: Lane, result: RollbackResult) -> Iterator[str]:
    if result.previous and result.previous > result.target and not result.is_correction:
        following = result.next_version
        asked = "" if lane.publish_latest else " with --latest"
        tags = [state.floating.tag for state in result.in_moving_order[::-1] if state.floating.takes(following)]
        yield (f"next: publish the fix as {lane.tag_of(following)}{asked}; that moves {', '.join(tags)} forward again")
        unmark = command("unmark", "--lane", lane.name, "--tag", lane.tag_of(result.previous), "--reason", "TEXT")
        marked = f"{unmark}, then " if result.marked or result.was_marked else ""
        yield f"undo: {marked}{', then '.join(_undoing(lane, result, result.previous))}"
    if result.next_target:
        yield f"no ledger: the same command again would roll back to {lane.tag_of(result.next_target)}"


def _undoing(lane: Lane, result: RollbackResult, previous: Version) -> Iterator[str]:
    """The commands that take a rollback back: only those tags that it moved, where it was told which."""
    only = (word for tag in result.request.only for word in ("--floating", tag))
    to = ("--lane", lane.name, *only, "--to", lane.tag_of(previous))
    if result.request.source is None:
        yield command("rollback", *to)
        return
    for target in dict.fromkeys(tag.target for tag in result.tags):
        yield command("rollback", *to[:-2], "--from", lane.tag_of(target), *to[-2:])


def marked_text(result: MarkResult) -> str:
    """A mark that was set, or that it was removed."""
    lane, tag = result.lane, result.lane.tag_of(result.version)
    changed = "" if result.changed else " (unchanged)"
    only_shown = result.dry_run and result.changed
    if result.mark is None:
        removed = f'"bad" mark {"would be " if only_shown else ""}removed'
        return f"{tag}: {removed}" if result.changed else f"{tag} is not marked as bad"
    lines = [f"{tag} {'would be' if only_shown else 'is'} marked as bad{changed}: {result.mark.why}"]
    if result.floating_tags:
        names = [str(floating) for floating in reversed(result.floating_tags)]
        # Without --from a rollback is about the version that the widest floating tag is at.
        source = () if result.is_at_widest else ("--from", tag)
        back = command("rollback", "--lane", lane.name, *source, "--reason", "TEXT")
        lines.append(f"next: {', '.join(names)} {'points' if len(names) == 1 else 'point'} at it: {back}")
    return "\n".join(lines)

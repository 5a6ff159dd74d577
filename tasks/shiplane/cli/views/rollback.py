"""Rollbacks and marks as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shiplane.core.next_command import command

if TYPE_CHECKING:
    from shiplane.config.lane import Lane
    from shiplane.registry.oci.names import Repository
    from shiplane.rollback.marks import MarkResult
    from shiplane.rollback.result import RollbackResult


def rolled_back_text(repository: Repository, result: RollbackResult) -> str:
    """A rollback: what the floating tag has, what was left and passed over, and what remains to be done."""
    lane = result.request.lane
    tag = lane.tag_of(result.target)
    would = "would move to" if result.request.dry_run else "is at"
    left = f", from {lane.tag_of(result.previous)}" if result.previous and result.previous != result.target else ""
    lines = [f"{repository}:{lane.floating} {would} {tag}{left}", f"  {repository}:{tag}@{result.digest}"]
    lines.append(f"  chosen: {result.chosen.reason}")
    lines += [f"  skipped {lane.tag_of(version)}: {why}" for version, why in result.rejected]
    if result.marked:
        would = "would be marked" if result.request.dry_run else "is marked"
        lines.append(f"  {result.marked} {would} as bad ({result.request.reason or 'no reason given'}) and is kept")
    return "\n".join([*lines, *_remaining(lane, result)])


def _remaining(lane: Lane, result: RollbackResult) -> Iterator[str]:
    if result.previous and result.previous > result.target:
        following = lane.tag_of(result.next_version)
        asked = "" if lane.publish_latest else " with --latest"
        yield f"next: publish the fix as {following}{asked}; that moves {lane.floating} forward again"
        marked = (
            f"{command('unmark', '--lane', lane.name, '--tag', result.marked, '--reason', 'TEXT')}, then "
            if result.marked
            else ""
        )
        yield f"undo: {marked}{command('rollback', '--lane', lane.name, '--to', lane.tag_of(result.previous))}"
    if result.next_target:
        yield f"no ledger: the same command again would roll back to {lane.tag_of(result.next_target)}"


def marked_text(result: MarkResult) -> str:
    """A mark that was set, or that it was removed."""
    tag = result.lane.tag_of(result.version)
    changed = "" if result.changed else " (unchanged)"
    only_shown = result.dry_run and result.changed
    if result.mark is None:
        removed = f'"bad" mark {"would be " if only_shown else ""}removed'
        return f"{tag}: {removed}" if result.changed else f"{tag} is not marked as bad"
    lines = [f"{tag} {'would be' if only_shown else 'is'} marked as bad{changed}: {result.mark.why}"]
    if result.is_current:
        back = command("rollback", "--lane", result.lane.name, "--reason", "TEXT")
        lines.append(f"next: {result.lane.floating} points at it: {back}")
    return "\n".join(lines)

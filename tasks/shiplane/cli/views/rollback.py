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


def rolled_back_text(repository: Repository, done: RollbackResult) -> str:
    """A rollback: what the floating tag has, what was left and passed over, and what remains to be done."""
    lane = done.wish.lane
    tag = lane.tag_of(done.target)
    would = "would go to" if done.wish.dry_run else "is at"
    left = f", from {lane.tag_of(done.left)}" if done.left and done.left != done.target else ""
    lines = [f"{repository}:{lane.floating} {would} {tag}{left}", f"  {repository}:{tag}@{done.digest}"]
    lines.append(f"  chosen: {done.chosen.words}")
    lines += [f"  passed over {lane.tag_of(version)}: {why}" for version, why in done.passed]
    if done.marked:
        would = "would be marked" if done.wish.dry_run else "is marked"
        lines.append(f"  {done.marked} {would} as bad ({done.wish.reason or 'no reason given'}) and stays where it is")
    return "\n".join([*lines, *_remaining(lane, done)])


def _remaining(lane: Lane, done: RollbackResult) -> Iterator[str]:
    if done.left and done.left > done.target:
        following = lane.tag_of(done.following)
        asked = "" if lane.publish_latest else " with --latest"
        yield f"next: publish the repaired version as {following}{asked}: it moves {lane.floating} on again"
        marked = (
            f"{command('unmark', '--lane', lane.name, '--tag', done.marked, '--reason', 'TEXT')}, then "
            if done.marked
            else ""
        )
        yield f"undo: {marked}{command('rollback', '--lane', lane.name, '--to', lane.tag_of(done.left))}"
    if done.further:
        yield f"no ledger is kept: the same command again would go down to {lane.tag_of(done.further)}"


def marked_text(done: MarkResult) -> str:
    """A mark, or that there is none (any more)."""
    tag = done.lane.tag_of(done.version)
    changed = "" if done.changed else " (as before)"
    only_shown = done.dry_run and done.changed
    if done.mark is None:
        return f"{tag} {'would be unmarked' if only_shown else 'is not marked'}{changed}"
    lines = [f"{tag} {'would be' if only_shown else 'is'} marked as bad{changed}: {done.mark.why}"]
    if done.floats:
        back = command("rollback", "--lane", done.lane.name, "--reason", "TEXT")
        lines.append(f"next: {done.lane.floating} points at it: {back}")
    return "\n".join(lines)

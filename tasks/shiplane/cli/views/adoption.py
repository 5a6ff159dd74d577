"""Adopted versions as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from shiplane.adopt.result import is_adoptable
from shiplane.cli.views.tables import columns
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.timestamps import short_time

if TYPE_CHECKING:
    from shiplane.adopt.result import AdoptedVersion, AdoptionResult
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.verify.floating_tags import FloatingTagState


# So many tags that are left out for one reason are named; --json has all.
_NAMED = 4


def adopted_text(repository: Repository, result: AdoptionResult) -> str:
    """What was adopted: each version, the floating tags, the old tags, and what was left out with the reason."""
    lane = result.lane
    new, count = result.new, counted(len(result.versions), "version")
    would = "would be adopted" if result.dry_run else "adopted"
    before = f", {len(result.versions) - len(new)} already recorded" if len(new) < len(result.versions) else ""
    lines = [f"{repository}, lane {lane.name}: {count}; {len(new)} {would}{before}"]
    if result.versions:
        lines.append(columns([_row(result, adopted) for adopted in reversed(result.versions)]))
    lines += [f"  {what}" for what in (*_names(result), *_floating(result), *_others(result))]
    left = list(_left_out(result.ignored))
    if left:
        lines += ["left out", columns(left)]
    if new and not result.dry_run:
        lines.append(f"next: {command('status', '--lane', lane.name)}")
    return "\n".join(lines)


def _row(result: AdoptionResult, adopted: AdoptedVersion) -> tuple[str, ...]:
    floating = [state.tag for state in reversed(result.floating) if state.version == adopted.version]
    remarks = [", ".join(floating)] if floating else []
    remarks += [] if adopted.new else ["already recorded"]
    remarks += [f"no {check.name} in its labels" for check in adopted.warnings]
    commit, created = adopted.commit[:12] or "no commit", short_time(adopted.created) or "no date"
    return (f"  {adopted.tag}", adopted.digest.short, ",".join(adopted.platforms), commit, created, "; ".join(remarks))


def _names(result: AdoptionResult) -> Iterator[str]:
    """What the old tags are called, where that is not as we would."""
    lane = result.lane
    old = [adopted for adopted in result.versions if adopted.tag != lane.own_tag_of(adopted.version)]
    if old:
        last = old[-1]
        yield (
            f"{counted(len(old), 'version')} under another tool's tag: {last.tag} is version {last.version}. No tag is "
            f"rewritten, and none of these is ever published again as {lane.own_tag_of(last.version)}"
        )


def _floating(result: AdoptionResult) -> Iterator[str]:
    for state in reversed(result.floating):
        yield from _floating_tag(result, state)


def _floating_tag(result: AdoptionResult, state: FloatingTagState) -> Iterator[str]:
    lane, tag = result.lane, state.tag
    if state.digest is None:
        yield f"{tag} does not exist"
    elif state.version is None:
        yield f"{tag} is at {state.digest}, which is none of these versions: its position is not recorded"
    elif is_adoptable(state):
        yield f"{tag} is at {lane.tag_of(state.version)}" + ("" if result.dry_run else ": recorded as adopted")
    elif not state.floating.spans(state.version):
        yield f"{tag} is at {lane.tag_of(state.version)}, which is none of the {state.floating.span}"
    elif state.as_recorded:
        yield f"{tag} is at {lane.tag_of(state.version)}, as recorded"
    if state.position and not state.as_recorded:
        yield (
            f"{tag} is at {state.digest}, and was recorded at {state.position.after} on "
            f"{state.position.when}: it was moved since; see {command('status', '--lane', lane.name)}"
        )


def _others(result: AdoptionResult) -> Iterator[str]:
    if result.others:
        tags = [f"{tag} ({version or 'none of these versions'})" for tag, version in result.others.items()]
        yield f"floating tags of other tools, which shiplane does not move: {', '.join(tags)}"


def _left_out(left: Sequence[tuple[Tag, str]]) -> Iterator[tuple[str, str]]:
    """What is left out, by reason."""
    for why in dict.fromkeys(why for _, why in left):
        yield f"  {_some(tag for tag, reason in left if reason == why)}", why


def _some(tags: Iterable[Tag]) -> str:
    named = list(tags)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more

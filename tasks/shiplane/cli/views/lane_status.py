"""Lanes and their history as text and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from shiplane.cli.views.tables import columns, markdown_cell, markdown_table
from shiplane.cli.views.verification import attested_rows
from shiplane.core.next_command import command
from shiplane.core.plurals import NO_LEDGER, counted
from shiplane.core.text import one_line
from shiplane.core.timestamps import age, short_time
from shiplane.ledger.evidence import evidence_text

if TYPE_CHECKING:
    from shiplane.config.channel import Channel
    from shiplane.ledger.ledger import Entry
    from shiplane.registry.oci.names import Repository, Tag
    from shiplane.verify.audit.channel import ChannelTag
    from shiplane.verify.floating_tags import FloatingTagState
    from shiplane.verify.lane_status import LaneStatus, VersionStatus


Following: TypeAlias = "Sequence[tuple[LaneStatus, str]]"
_UNKNOWN = "unknown"
# How many names of a long list are shown.
_NAMED = 5


def status_text(repository: Repository, lanes: Following, now: float, channels: Sequence[ChannelTag] = ()) -> str:
    """Each lane as a block of named lines."""
    where = _where([state for state, _ in lanes])
    blocks = [_heading(repository, [state for state, _ in lanes])]
    for state, following in lanes:
        rows = [(f"  {name}", value) for name, value in _status_rows(state, following, now)]
        blocks.append(f"lane {state.lane.name}{where[state.lane.name]}\n{columns(rows)}")
    for tag in channels:
        rows = [(f"  {name}", value) for name, value in _channel_rows(tag, now)]
        blocks.append(f"{_channel_title(tag)}{where.get(tag.lane.name, '')}\n{columns(rows)}")
    return "\n\n".join(blocks)


def status_markdown(repository: Repository, lanes: Following, now: float, channels: Sequence[ChannelTag] = ()) -> str:
    """The same as Markdown tables."""
    where = _where([state for state, _ in lanes])
    parts = [f"## {markdown_cell(_heading(repository, [state for state, _ in lanes]))}"]
    for state, following in lanes:
        rows = _status_rows(state, following, now)
        parts.append(f"### {state.lane.name}{where[state.lane.name]}\n\n{markdown_table(('', ''), rows)}")
    for tag in channels:
        table = markdown_table(("", ""), _channel_rows(tag, now))
        parts.append(f"### {_channel_title(tag)}{where.get(tag.lane.name, '')}\n\n{table}")
    return "\n\n".join(parts)


def _heading(repository: Repository, states: Sequence[LaneStatus]) -> str:
    """The repositories of the lanes, each once; ``repository`` where there are no lanes."""
    return ", ".join(dict.fromkeys(str(state.repository) for state in states)) or str(repository)


def _where(states: Sequence[LaneStatus]) -> dict[str, str]:
    """Each lane's repository for its title, by the lane's name: nothing where all lanes have the same."""
    several = len({state.repository for state in states}) > 1
    return {state.lane.name: f" in {state.repository}" if several else "" for state in states}


def _channel_title(tag: ChannelTag) -> str:
    return f"channel {tag.channel.name} (branch {tag.channel.branch}, lane {tag.lane.name})"


def _channel_rows(tag: ChannelTag, now: float) -> list[tuple[str, str]]:
    commit = one_line(tag.commit)[:40] or "names no commit"
    rows = [(tag.tag, str(tag.digest or "does not exist")), ("since", "-"), ("commit", commit if tag.digest else "-")]
    if tag.digest:
        rows[1] = ("since", _when(tag.arrival, now) if tag.arrival else f"{_UNKNOWN}, the move was not recorded")
    return rows + ([("DRIFT", tag.drift)] if tag.drift else [])


def _status_rows(state: LaneStatus, following: str, now: float) -> list[tuple[str, str]]:
    rows = _floating_rows(state, now) + _attested_rows(state)
    rows += [
        ("marked", f"{state.lane.tag_of(version.version)}: {version.mark.reason}")
        for version in state.versions
        if version.mark
    ]
    if not state.kept:
        rows.append(("ledger", f"{NO_LEDGER}: moves are not recorded"))
    elif not state.exists and not state.fault:
        adopt = f"; start one with {_adopt(state)}" if state.versions else ""
        rows.append(("ledger", f"none yet: earlier moves are unknown{adopt}"))
    elif state.unrecorded and not state.fault:
        names = _some([state.lane.tag_of(version) for version in state.unrecorded])
        rows.append(
            ("unrecorded", f"{names}: published by other tools or before the ledger began; record with {_adopt(state)}")
        )
    if state.others and state.kept and not state.fault:
        rows.append(("other tags", f"{_some(state.others)}: from another tool; record with {_adopt(state)}"))
    if state.unsigned and not state.requires_signatures:
        names = _some([state.lane.tag_of(version) for version in state.unsigned])
        rows.append(("unsigned", f"{names}: no signature, unlike others; publishing it again from its commit signs it"))
    rows += [("DRIFT", what) for what in state.drift]
    return [*rows, ("next", following)]


def _attested_rows(state: LaneStatus) -> list[tuple[str, str]]:
    """What the versions at the floating tags attest, and what of it agrees with nothing else."""
    rows: list[tuple[str, str]] = []
    for version in state.attested or ():
        name = f"{version.tag}, " if len(state.attested or ()) > 1 else ""
        said = attested_rows(version.report) or [("provenance", "no provenance and no SBOM")]
        said += [("warning", str(check)) for check in version.checks if check.warning]
        said += [("DISAGREES", str(check)) for check in version.checks if not check.good]
        rows += [(kind, f"{name}{what}") for kind, what in said]
    return rows


def _adopt(state: LaneStatus) -> str:
    return command("adopt", "--lane", state.lane.name)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _floating_rows(state: LaneStatus, now: float) -> list[tuple[str, str]]:
    """Where each floating tag is: of one in three rows, of several in one row each and one for each version there."""
    if not state.floating:
        newest = state.lane.tag_of(state.newest) if state.newest else "nothing is published"
        return [("floating", "no floating tags"), ("newest", newest)]
    if len(state.floating) == 1:
        (only,) = state.floating
        commit = _commit(state.behind(only))
        return [(only.tag, _pointer(state, only)), ("since", _since(state, only, now)), ("commit", commit)]
    rows = [
        (floating.tag, f"{_pointer(state, floating, short=True)}  {_since(state, floating, now)}")
        for floating in reversed(state.floating)
    ]
    return rows + [
        (f"at {state.lane.tag_of(version.version)}", f"{_names(version)}; commit {_commit(version)}")
        for version in state.versions
        if version.floating
    ]


def _names(version: VersionStatus) -> str:
    """The floating tags at a version, the widest first."""
    return ", ".join(reversed(version.floating))


def _pointer(state: LaneStatus, floating: FloatingTagState, *, short: bool = False) -> str:
    if floating.digest is None:
        return "does not exist"
    version = state.lane.tag_of(floating.version) if floating.version else "no version of this lane"
    return f"{version}  {floating.digest.short if short else floating.digest}"


def _since(state: LaneStatus, floating: FloatingTagState, now: float) -> str:
    arrival = floating.arrival
    if floating.digest is None:
        return "-"
    if arrival is None:
        behind = state.behind(floating)
        built = behind.created if behind else ""
        reason = "the ledger is broken" if state.fault else "the move was not recorded"
        return f"{_UNKNOWN}, {reason}" + (f"; the image was built {short_time(built)}" if built else "")
    return _when(arrival, now)


def _when(arrival: Entry, now: float) -> str:
    why = f": {arrival.why}" if arrival.why else ""
    when = f"{short_time(arrival.when)} ({age(arrival.when, now)})"
    if arrival.adopted:
        return f"before {when}, when {arrival.who} adopted it"
    return f"{when} by {arrival.who}, {arrival.action.value}{why}{_run(arrival)}"


def _run(entry: Entry) -> str:
    return f"  {entry.run}" if entry.run else ""


def _commit(version: VersionStatus | None) -> str:
    return (version.commit if version else "") or _UNKNOWN


def history_text(repository: Repository, states: Sequence[LaneStatus], channels: Sequence[Channel] = ()) -> str:
    """Every version, then every move, lane by lane."""
    where, parts = _where(states), [_heading(repository, states)]
    for state in states:
        rows = _history_rows(state)
        table = columns([_HEAD, *rows]) if rows else "no published versions"
        parts.append(f"lane {state.lane.name}{where[state.lane.name]}\n{_indented(table)}")
        parts += _left_out(state)
        parts += [f"moves of {tag}\n{_indented(columns([_MOVES, *moves]))}" for tag, moves in _moves(state, channels)]
        parts += [f"DRIFT  {what}" for what in state.drift]
    return "\n\n".join(parts)


def history_markdown(repository: Repository, states: Sequence[LaneStatus], channels: Sequence[Channel] = ()) -> str:
    """The same as Markdown tables."""
    where, parts = _where(states), [f"## {markdown_cell(_heading(repository, states))}"]
    for state in states:
        parts.append(f"### {state.lane.name}{where[state.lane.name]}\n\n{markdown_table(_HEAD, _history_rows(state))}")
        parts += _left_out(state)
        parts += [f"#### moves of `{tag}`\n\n{markdown_table(_MOVES, moves)}" for tag, moves in _moves(state, channels)]
        parts += [f"**Drift:** {markdown_cell(what)}" for what in state.drift]
    return "\n\n".join(parts)


_HEAD = ("version", "date", "by", "digest", "platforms", "commit", "")


_MOVES = ("date", "to", "from", "by", "how", "")


def _history_rows(state: LaneStatus) -> list[tuple[str, ...]]:
    return [
        (
            state.lane.tag_of(version.version),
            short_time(version.created) or _UNKNOWN,
            version.recorded.who if version.recorded and not version.recorded.adopted else _UNKNOWN,
            version.digest.short if version.digest else "gone",
            ",".join(version.platforms) or _UNKNOWN,
            version.commit[:12] or _UNKNOWN,
            _remarks(state, version),
        )
        for version in state.versions
        if version.is_read
    ]


def _left_out(state: LaneStatus) -> list[str]:
    """What the table does not show, and the flag that shows it."""
    older = sum(not version.is_read for version in state.versions)
    unknown = [
        version
        for version in state.versions
        if version.digest and not version.is_checked and not (version.created and version.commit)
    ]
    lines = [f"{counted(older, 'version')} more: a higher --limit shows them"] if older else []
    if unknown:
        lines.append(f"{_UNKNOWN}: neither recorded nor annotated; --deep reads it from the images' labels")
    return lines


def _origin(version: VersionStatus) -> str:
    """The reference that a version was promoted from; empty if it was not."""
    return version.recorded.promoted_from if version.recorded else ""


def _remarks(state: LaneStatus, version: VersionStatus) -> str:
    remarks = [_names(version)] if version.floating else []
    remarks += [f"marked as bad: {version.mark.reason}"] if version.mark else []
    remarks += [f"adopted by {version.recorded.who}"] if version.recorded and version.recorded.adopted else []
    remarks += [f"promoted from {origin}"] if (origin := _origin(version)) else []
    remarks += [text] if (text := evidence_text(version.evidence)) else []
    remarks += ["unrecorded"] if version.recorded is None and not state.fault else []
    remarks += ["DRIFT"] if version.drift else []
    return "; ".join(remarks)


def _moves(state: LaneStatus, channels: Sequence[Channel]) -> list[tuple[Tag, list[tuple[str, ...]]]]:
    """The floating tags that were ever moved, the widest first, then the channels' tags, each with its moves."""
    tags = [floating.tag for floating in reversed(state.floating)]
    tags += [channel.tag_of(state.lane) for channel in channels if state.lane.name in channel.lanes]
    moves = [(tag, _move_rows(state, tag)) for tag in tags]
    return [(tag, rows) for tag, rows in moves if rows]


def _move_rows(state: LaneStatus, floating: Tag) -> list[tuple[str, ...]]:
    """The moves, the newest first; one that began elsewhere than the one before it ended has a gap before it."""
    recorded = {move.after: move.version for move in state.ledger.moves(floating)}
    tags = {version.digest: state.lane.tag_of(version.version) for version in state.versions if version.digest}
    names = {**recorded, **tags}
    gaps = {move.id for move in state.ledger.gaps(floating)}
    rows: list[tuple[str, ...]] = []
    for move in reversed(state.ledger.moves(floating)):
        before = names.get(move.before, move.before.short) if move.before else _UNKNOWN if move.adopted else "nothing"
        remarks = [
            move.why,
            "recorded later" if move.late and not move.adopted else "",
            "after an unrecorded move" if move.id in gaps else "",
            evidence_text(state.ledger.asked_after(move, state.lane.ledger)),
        ]
        remark = "; ".join(filter(None, remarks)) + _run(move)
        rows.append((short_time(move.when), names.get(move.after, move.version), before, move.who, move.how, remark))
    return rows


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())

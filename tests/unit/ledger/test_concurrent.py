"""What others recorded while a run was at work: what is the same, what contradicts it, and what is nobody's race."""

from __future__ import annotations

import pytest

from shiplane.ledger.concurrent import ConcurrentEntries
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from tests.ledger_content import content_of

# Where the floating tag was, and what it may be moved to.
X, A, B, C = (Digest.of(name.encode()) for name in "xabc")
VERSIONS = {X: "0.2.0", A: "0.2.1", B: "0.3.0", C: "0.4.0"}


def move(who: str, before: Digest | None, after: Digest, action: Action = Action.FLOAT, **more: object) -> Entry:
    return _entry(action, who, "latest", VERSIONS[after], after, before=before, **more)


def back(who: str, before: Digest, after: Digest) -> Entry:
    return move(who, before, after, Action.ROLLBACK)


def publish(who: str, after: Digest, version: str = "0.2.1", **more: object) -> Entry:
    return _entry(Action.PUBLISH, who, f"v{version}", version, after, **more)


def mark(who: str, after: Digest, action: Action = Action.MARK, why: str = "crashes") -> Entry:
    return _entry(action, who, f"v{VERSIONS[after]}", VERSIONS[after], after, why=why)


def _entry(action: Action, who: str, tag: str, version: str, after: Digest, **more: object) -> Entry:
    identity = f"{who} {action.value} {tag} {more.get('before')} {after}"
    when = "2026-11-25T09:00:00Z"
    return Entry(action=action, id=identity, when=when, who=who, tag=Tag(tag), version=version, after=after, **more)  # type: ignore[arg-type] # its fields


def between(before: list[Entry], since: list[Entry]) -> ConcurrentEntries:
    """What was recorded since, each entry as a run writes it that saw what was before."""
    seen = now = Ledger().append(before)
    for entry in since:
        now = now.append(ConcurrentEntries(base=seen, current=now).missing([entry]))
    return ConcurrentEntries(base=seen, current=now)


BEFORE = [publish("old", X, "0.2.0"), move("old", None, X)]

CROSSED = "moved latest to"
SAID = [
    # nothing happened, or nothing that concerns us
    ("nobody else", [move("we", X, A)], ""),
    ("another version only", [publish("they", B, "0.3.0"), move("we", X, A)], ""),
    ("the very same release", [publish("they", A), move("they", X, A), publish("we", A)], ""),
    ("the same move, told once", [move("they", X, A)], ""),
    ("another floating tag", [_entry(Action.FLOAT, "they", "other", "0.3.0", B, before=X), move("we", X, A)], ""),
    # one after the other, recorded in either order
    ("they went on from us", [move("we", X, A), move("they", A, B)], ""),
    ("they went on from us, and recorded first", [move("they", A, B), move("we", X, A)], ""),
    ("two went on from us, and recorded first", [move("they", A, B), move("others", B, C), move("we", X, A)], ""),
    ("we went on from them, who recorded late", [move("we", X, A), move("they", C, X)], ""),
    ("they moved it, and back again", [move("they", X, B), back("they", B, X), move("we", X, A)], ""),
    ("they rolled back what we had moved", [move("we", X, A), back("they", A, X)], ""),
    ("they rolled it back, and recorded first", [back("they", A, X), move("we", X, A)], ""),
    ("a later run found it and recorded it", [move("they", X, B, late=True), move("we", X, A)], ""),
    # at the same moment
    ("a higher one from the same place, before", [move("they", X, B), move("we", X, A)], CROSSED),
    ("a higher one from the same place, after", [move("we", X, A), move("they", X, B)], CROSSED),
    ("a rollback from the same place", [back("they", X, C), move("we", X, A)], CROSSED),
    ("from where an old script had put it", [move("they", C, B), move("we", X, A)], CROSSED),
    # a version with two digests
    ("the same version with other bytes", [publish("they", B), publish("we", A)], "v0.2.1 was published as"),
    ("the same, found later", [publish("they", B, late=True), publish("we", A)], "v0.2.1 was published as"),
    # marks
    ("marked before it floated", [mark("they", A), move("we", X, A)], "they marked v0.2.1 as bad"),
    ("marked after it floated", [move("we", X, A), mark("they", A)], "they marked v0.2.1 as bad"),
    ("marked, and taken back", [mark("they", A), mark("they", A, Action.UNMARK), move("we", X, A)], ""),
    ("another one is marked", [mark("they", X), move("we", X, A)], ""),
]


@pytest.mark.parametrize(("since", "said"), [row[1:] for row in SAID], ids=[row[0] for row in SAID])
def test_what_contradicts_a_run_is_said_and_nothing_else(since: list[Entry], said: str) -> None:
    ours = [entry for entry in since if entry.who == "we"] or [move("we", X, A)]
    found = between(BEFORE, since).contradictions(ours)
    assert [said in what for what in found] == ([True] if said else [])


def test_what_was_known_before_contradicts_nobody() -> None:
    gaps = [*BEFORE, move("script", C, B), mark("they", A)]
    assert between(gaps, [move("we", X, A)]).contradictions([move("we", X, A)]) == []


def test_what_was_only_found_and_recorded_late_is_no_deed_of_ours() -> None:
    late = move("we", X, A, late=True)
    assert between(BEFORE, [move("they", X, B), late]).contradictions([late]) == []


ADDED = [
    ("nothing else", [], [publish("we", A), move("we", X, A)], 2),
    ("the same was told", [publish("they", A), move("they", X, A)], [publish("we", A), move("we", X, A)], 0),
    ("with another digest", [publish("they", B)], [publish("we", A)], 1),
    ("from elsewhere", [move("they", C, A)], [move("we", X, A)], 1),
    ("a second time, after it was taken back", [move("they", X, A), back("they", A, X)], [move("we", X, A)], 1),
    ("the same mark", [mark("they", A)], [mark("we", A)], 0),
    ("a mark for another reason", [mark("they", A, why="slow")], [mark("we", A)], 1),
]


@pytest.mark.parametrize(("since", "ours", "added"), [row[1:] for row in ADDED], ids=[row[0] for row in ADDED])
def test_what_others_have_told_already_is_not_told_again(since: list[Entry], ours: list[Entry], added: int) -> None:
    assert len(between(BEFORE, since).missing(ours)) == added


def test_what_was_told_long_ago_is_told_again_when_it_happens_again() -> None:
    seen = [*BEFORE, move("they", X, A), back("they", A, X)]
    assert between(seen, []).missing([move("we", X, A)]) == [move("we", X, A)]


@pytest.mark.parametrize(
    ("since", "position"),
    [
        ([move("we", X, A), move("they", A, B)], B),
        ([move("they", A, B), move("we", X, A)], B),
        ([back("they", A, X), move("we", X, A)], X),
        ([move("they", A, B), move("others", B, C), move("we", X, A)], C),
        ([move("they", X, B), move("we", X, A)], A),
    ],
)
def test_who_was_overtaken_before_it_could_record_does_not_stand_for_where_the_tag_is(
    since: list[Entry], position: Digest
) -> None:
    now = between(BEFORE, since).current
    found = Ledger.parse(content_of(now)).position(Tag("latest"))
    assert found
    assert found.after == position


def test_what_an_old_script_did_before_is_no_gap_for_a_later_move_to_fill() -> None:
    seen = [*BEFORE, back("they", A, X)]
    found = between(seen, [move("we", X, A)]).current.position(Tag("latest"))
    assert found
    assert found.after == A

"""What a checkpoint says of the lines before it, and for which releases that is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.names.version_schemes import Scheme
from shiplane.config.names.version_tag import TagTemplate
from shiplane.config.version import Version
from shiplane.ledger.checkpoint import MOST_CARRIED, Checkpoint, parse_segment, parse_whole
from shiplane.ledger.evidence import RecordedEvidence
from shiplane.ledger.ledger import Action, Entry, Ledger
from shiplane.registry.oci.names import Digest, Tag
from tests.ledger_content import content_of

A, B = Digest.of(b"a"), Digest.of(b"b")
EVIDENCE = RecordedEvidence(kind="gate", name="load", good=True, result="fine", when="2026-11-25T09:00:00Z")


def entry(action: Action, tag: str, version: str, after: Digest = A, *, adopted: bool = False) -> Entry:
    return Entry(
        action=action,
        id=f"{action.value} {tag} {version} {after.short}",
        when="2026-11-25T09:00:00Z",
        who="robot",
        tag=Tag(tag),
        version=version,
        after=after,
        adopted=adopted,
        platforms={"linux/amd64": str(B)},
        evidence=(EVIDENCE,),
    )


def published(version: str, tag: str = "", *, adopted: bool = False) -> Entry:
    return entry(Action.PUBLISH, tag or f"v{version}", version, adopted=adopted)


def of(*entries: Entry, scheme: Scheme = Scheme.SEMVER, before: Checkpoint | None = None) -> Checkpoint:
    return Checkpoint.of(Ledger().append(entries), before, scheme)


def suffices(checkpoint: Checkpoint, version: str = "1.0.0", scheme: Scheme = Scheme.SEMVER) -> bool:
    return checkpoint.suffices(replace(MAIN, versions=scheme), Version.parse(version, scheme))


def test_marks_adoptions_and_the_last_moves_are_carried_without_their_evidence() -> None:
    moves = [entry(Action.FLOAT, "latest", f"0.1.{n}", Digest.of(b"%d" % n)) for n in range(10)]
    mark, taken_back = entry(Action.MARK, "v0.1.1", "0.1.1"), entry(Action.MARK, "v0.1.2", "0.1.2")
    adopted = published("0.0.9", "0.0.9", adopted=True)
    checkpoint = of(published("0.1.0"), adopted, *moves, mark, taken_back, replace(taken_back, action=Action.UNMARK))
    carried = [replace(one, evidence=(), platforms={}) for one in (mark, adopted, *moves[2:])]
    assert checkpoint.carried == tuple(carried)
    assert (str(checkpoint.highest), checkpoint.shapes) == ("0.1.0", ("v{}",))
    assert Checkpoint.parse(checkpoint.line) == checkpoint


def test_the_next_checkpoint_says_what_one_of_the_whole_would() -> None:
    entries = [published("0.1.0"), entry(Action.FLOAT, "latest", "0.1.0"), published("0.0.5", "0.0.5")]
    later = [published("0.0.7"), entry(Action.FLOAT, "latest", "0.0.7", B), entry(Action.MARK, "v0.1.0", "0.1.0")]
    whole = Ledger().append([*entries, *later])
    first = Ledger().append(entries)
    content = content_of(replace(whole, lines=whole.lines[3:]))
    _, segment = parse_segment(of(*entries).line + b"\n" + content, Scheme.SEMVER)
    following = segment.next_checkpoint(Scheme.SEMVER)
    assert following == Checkpoint.of(whole, None, Scheme.SEMVER).line
    assert segment.ledger.position(Tag("latest")) == whole.position(Tag("latest"))
    assert segment.ledger.marks == whole.marks
    assert (segment.ledger.count, segment.ledger.tip) == (whole.count, whole.tip)
    joined = content_of(first) + of(*entries).line + b"\n" + content + following + b"\n"
    ledger, last = parse_whole(joined, Scheme.SEMVER)
    assert ledger == whole
    assert last.ledger.count == whole.count


def test_a_new_version_needs_no_more_than_a_checkpoint() -> None:
    assert suffices(of(published("0.9.0")))
    assert suffices(of())
    assert suffices(of(published("0.9.0", "by-hand-0.9.0"))), "no tag that reads as a version of this lane"
    assert suffices(of(published("0.9.0", "0.9.0", adopted=True)))


@pytest.mark.parametrize(
    "checkpoint",
    [
        of(published("1.0.0")),
        of(published("1.0.1"), published("0.9.0")),
        of(published("0.9.0", "0.9.0")),
        of(published("no version")),
        of(published("0.9.0"), scheme=Scheme.PEP440),
        of(*(published(f"0.0.{n}", f"0.0.{n}", adopted=True) for n in range(MOST_CARRIED + 1))),
        of(*(published(f"0.0.{n}", f"tag-{n}-{n}") for n in range(17))),
        of(published("0.9.0"), before=of(published("no version"))),
        of(published("0.9.0"), before=of(published("0.8.0", "v0.8.0"), scheme=Scheme.PEP440)),
    ],
    ids=["the same", "higher", "renamed", "unreadable", "another scheme", "many", "many names", "before", "schemes"],
)
def test_any_other_needs_the_whole_ledger(checkpoint: Checkpoint) -> None:
    assert not suffices(checkpoint)
    assert Checkpoint.parse(checkpoint.line) == checkpoint


def test_a_version_in_another_spelling_is_not_a_new_one() -> None:
    checkpoint = of(published("3.2"), scheme=Scheme.PEP440)
    assert not suffices(checkpoint, "3.2.0", Scheme.PEP440)
    assert suffices(checkpoint, "3.2.1", Scheme.PEP440)


def test_an_alias_is_the_lane_s_own_name() -> None:
    checkpoint, version = of(published("0.9.0"), published("0.9.0", "0.9.0")), Version.parse("1.0.0")
    assert not checkpoint.suffices(MAIN, version)
    assert checkpoint.suffices(replace(MAIN, alias_templates=(TagTemplate(""),)), version)


def test_a_part_of_a_ledger_is_compared_by_count_and_hash() -> None:
    whole = Ledger().append(published(f"0.0.{n}") for n in range(6))
    first, other = Ledger().append(whole.entries[:4]), Ledger().append([published("0.5.0")] * 4)
    content = content_of(replace(whole, lines=whole.lines[2:]))
    part = parse_segment(of(*whole.entries[:2]).line + b"\n" + content, Scheme.SEMVER)[1].ledger
    assert first.followed_by(part) == whole
    assert whole.followed_by(part) == whole
    assert other.followed_by(part) is None
    assert Ledger().append(whole.entries[:1]).followed_by(part) is None, "lines between the two are missing"
    assert Ledger().append([*whole.entries, published("1.0.0")]).followed_by(part) is None
    assert first.precedes(part)
    assert not other.precedes(part)
    assert Ledger().append(whole.entries[:1]).precedes(part), "perhaps, and a newer one is waited for"
    assert not whole.precedes(part)

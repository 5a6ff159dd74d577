"""A ledger's chain, and what is read from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.ledger.artifact import ARTIFACT, EMPTY, LINES, continues, ledger_manifest, parse_ledger_manifest, segments
from shiplane.ledger.ledger import Action, BrokenLedgerError, Entry, Ledger
from shiplane.registry.oci.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, RawManifest
from shiplane.registry.oci.names import Digest, Tag
from tests.ledger_content import content_of

A, B, C = (Digest.of(name.encode()) for name in "abc")


def entry(action: Action = Action.PUBLISH, tag: str = "v0.2.1", after: Digest = A, **more: object) -> Entry:
    fields: dict[str, Any] = {"id": f"{action.value}-{tag}-{after.short}", "when": "2026-11-25T09:00:00Z", **more}
    return Entry(action=action, tag=Tag(tag), after=after, version=tag.removeprefix("v"), who="robot", **fields)


def move(before: Digest | None, after: Digest, action: Action = Action.FLOAT, **more: object) -> Entry:
    return entry(action, "latest", after, before=before, **more)


def ledger(*entries: Entry) -> Ledger:
    return Ledger().append(entries)


FULL = ledger(
    entry(platforms={"linux/amd64": str(B), "linux/arm64": str(C)}, commit="c" * 40, run="https://ci.example/1"),
    move(None, A),
    entry(tag="v0.2.2", after=B, why="a\u00e9\u4e2d", late=True),
    move(A, B),
    entry(Action.MARK, "v0.2.2", B, why="crashes"),
    move(B, A, Action.ROLLBACK, why="crashes"),
)


def test_what_is_written_is_read_again() -> None:
    assert Ledger.parse(content_of(FULL)) == FULL
    assert Ledger.parse(b"") == Ledger()


def test_each_line_names_the_one_before() -> None:
    documents = [json.loads(line) for line in content_of(FULL).splitlines()]
    assert [document["number"] for document in documents] == [1, 2, 3, 4, 5, 6]
    assert documents[0]["previous"] is None
    for before, document in zip(FULL.lines, documents[1:], strict=False):
        assert document["previous"] == str(Digest.of(before))


def lines(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    return b"".join(line + b"\n" for line in change(list(FULL.lines)))


def edited(place: int, /, **fields: object) -> Callable[[list[bytes]], list[bytes]]:
    def change(known: list[bytes]) -> list[bytes]:
        known[place] = json.dumps({**json.loads(known[place]), **fields}).encode()
        return known

    return change


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (lines(lambda known: known[1:]), 1),
        (lines(lambda known: [*known[:2], *known[3:]]), 3),
        (lines(lambda known: [known[1], known[0], *known[2:]]), 1),
        (lines(lambda known: [known[0], known[0], *known[1:]]), 2),
        (lines(edited(1, who="somebody else")), 3),
        (lines(edited(2, number=7)), 3),
        (lines(edited(5, previous=None)), 6),
        (lines(edited(5, action="delete")), 6),
        (lines(edited(5, to="sha256:short")), 6),
        (lines(edited(5, to=5)), 6),
        (lines(edited(5, tag="no tag at all")), 6),
        (lines(edited(5, why=["a list"])), 6),
        (lines(edited(0, platforms=[])), 1),
        (lines(edited(0, platforms={"plan9/mips": str(A)})), 1),
        (lines(lambda known: [*known, b"[]"]), 7),
        (lines(lambda known: [*known, b""]), 7),
        (lines(lambda known: [*known, b"{"]), 7),
        (lines(lambda known: [*known, b"\xff"]), 7),
        (content_of(FULL)[:-1], 6),
        (content_of(FULL) + b"{", 7),
    ],
)
def test_a_line_that_was_tampered_with_breaks_the_chain_and_is_named(content: bytes, line: int) -> None:
    with pytest.raises(BrokenLedgerError, match=f"line {line} of the ledger"):
        Ledger.parse(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edited(5, number=7), "it does not continue the line before it"),
        (edited(5, why=["a list"]), "why is not a string"),
        (edited(5, platforms=[]), "platforms is not an object"),
        (lambda _known: [b"[]"], "not a JSON object"),
        (edited(5, action="x" * 500), f"'{'x' * 199}"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_at_most_200_signs(
    change: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    with pytest.raises(BrokenLedgerError) as caught:
        Ledger.parse(lines(change))
    assert caught.value.what.partition(" of the ledger is invalid: ")[2] == words


def test_where_no_reason_was_given_a_reader_is_told_so() -> None:
    assert [entry(Action.MARK, why=why).reason for why in ("", "crashes")] == ["no reason given", "crashes"]


def test_a_ledger_that_was_cut_at_a_line_s_end_is_whole_as_far_as_anybody_can_tell() -> None:
    assert Ledger.parse(lines(lambda known: known[:-1])).entries == FULL.entries[:-1]


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    assert Ledger.parse(lines(edited(5, weather="fine"))).entries[-1] == FULL.entries[-1]


def test_what_others_wrote_cannot_act_on_a_terminal() -> None:
    said = Ledger.parse(lines(edited(5, who="\x1b[31m::error::x\n", why="y" * 5000))).entries[-1]
    assert said.who.isprintable()
    assert len(said.why) == 500


def test_only_entries_that_do_not_stand_there_are_lacking() -> None:
    other = entry(tag="v0.2.3", after=C)
    assert FULL.missing([FULL.entries[0], other]) == [other]


def test_the_present_is_read_from_the_past() -> None:
    assert FULL.published(Tag("v0.2.2")) == FULL.entries[2]
    assert FULL.published(Tag("v0.2.3")) is None
    assert FULL.position(Tag("latest")) == FULL.entries[5]
    assert FULL.position(Tag("standalone-latest")) is None
    assert FULL.marks == {"v0.2.2": FULL.entries[4]}


def test_only_a_move_says_where_a_floating_tag_is() -> None:
    strange = entry(Action.MARK, "latest", C)
    assert FULL.append([strange]).position(Tag("latest")) == FULL.entries[5]


def test_an_entry_says_nothing_that_is_empty_but_for_where_a_move_began() -> None:
    always = {"id", "action", "when", "who", "tag", "version", "to"}
    assert set(entry().to_json()) == always
    assert set(move(None, A).to_json()) == {*always, "from"}
    assert move(None, A).to_json()["from"] is None
    assert set(replace(entry(), late=True, why="w").to_json()) == {*always, "late", "why"}


def test_an_adoption_is_a_publication_to_whoever_does_not_know_the_word() -> None:
    adopted = replace(entry(), adopted=True, late=True, created="2026-02-28T12:00:00Z")
    (line,) = Ledger().append([adopted]).lines
    assert json.loads(line)["action"] == "publish"
    read = Ledger.parse(line + b"\n")
    assert read.entries == (adopted,)
    assert (read.published(adopted.tag), adopted.how, entry().how) == (adopted, "adopted", "publish")
    assert entry().late is False


def test_a_mark_that_was_taken_back_is_none() -> None:
    assert FULL.append([entry(Action.UNMARK, "v0.2.2", B)]).marks == {}
    again = entry(Action.MARK, "v0.2.2", B, why="again", id="again")
    assert FULL.append([entry(Action.UNMARK, "v0.2.2", B), again]).marks == {"v0.2.2": again}


def test_a_move_that_began_elsewhere_than_the_last_one_ended_shows_a_gap() -> None:
    assert FULL.gaps(Tag("latest")) == []
    later = move(C, B, id="later")
    assert FULL.append([later]).gaps(Tag("latest")) == [later]


@given(st.lists(st.integers(1, 90), max_size=40), st.integers(1, 120))
def test_adding_lines_changes_no_piece_but_the_last(sizes: list[int], limit: int) -> None:
    known = [b"x" * size for size in sizes]
    pieces = segments(known, limit)
    assert b"".join(pieces) == b"".join(line + b"\n" for line in known)
    assert all(len(piece) <= max(limit, max(sizes, default=0) + 1) for piece in pieces)
    for cut in range(len(known)):
        earlier = segments(known[:cut], limit)
        assert earlier[:-1] == pieces[: max(len(earlier) - 1, 0)]
        assert continues(pieces, [Descriptor.of(piece, LINES) for piece in earlier])


def test_a_line_that_just_fits_is_added_to_the_piece() -> None:
    assert segments([b"x" * 4, b"y" * 4, b"z"], 10) == [b"xxxx\nyyyy\n", b"z\n"]


def test_a_ledger_written_anew_does_not_continue_the_old_one() -> None:
    other = replace(FULL.entries[0], who="somebody else")
    anew = Ledger().append([other, *FULL.entries[1:]])
    assert not continues([content_of(anew)], [Descriptor.of(content_of(FULL), LINES)])
    assert not continues([], [Descriptor.of(content_of(FULL), LINES)])


MANIFEST = ledger_manifest("main", [Descriptor.of(content_of(FULL), LINES)], A)


def test_the_manifest_is_an_oci_artifact_whose_layers_are_the_lines() -> None:
    document = json.loads(MANIFEST.body)
    assert (MANIFEST.media_type, document["mediaType"]) == (OCI_MANIFEST, OCI_MANIFEST)
    assert (document["schemaVersion"], document["artifactType"]) == (2, ARTIFACT)
    assert document["config"] == {
        "mediaType": EMPTY,
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
    }
    assert document["layers"][0]["annotations"] == {"org.opencontainers.image.title": "main-0001.jsonl"}
    read = parse_ledger_manifest(MANIFEST, "ledger-main")
    assert (read.pieces[0].digest, read.previous) == (Digest.of(content_of(FULL)), A)


def changed(**fields: object) -> RawManifest:
    document = {**json.loads(MANIFEST.body), **fields}
    return RawManifest(body=json.dumps(document).encode(), media_type=OCI_MANIFEST)


def test_a_ledger_has_up_to_256_pieces() -> None:
    many = changed(layers=[{"mediaType": LINES, "digest": str(A), "size": 1}] * 256)
    assert len(parse_ledger_manifest(many, "ledger-main").pieces) == 256


@pytest.mark.parametrize(
    "raw",
    [
        RawManifest(body=b"no json", media_type=OCI_MANIFEST),
        RawManifest(
            body=json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode(),
            media_type=OCI_INDEX,
        ),
        changed(artifactType="application/vnd.example"),
        changed(artifactType=5),
        changed(layers=[{"mediaType": "text/plain", "digest": str(A), "size": 1}]),
        changed(layers=[{"mediaType": LINES, "digest": str(A), "size": 1}] * 257),
        changed(annotations={"dev.shiplane.ledger.previous": "nothing"}),
    ],
)
def test_something_else_under_a_ledger_s_tag_is_no_ledger(raw: RawManifest) -> None:
    with pytest.raises(BrokenLedgerError, match="ledger-main"):
        parse_ledger_manifest(raw, "ledger-main")

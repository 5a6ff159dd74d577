"""Ledgers of several segments: what an append reads of them, and what shows that one of them was changed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.core.errors import RefusedError, UnreachableError
from shiplane.ledger import artifact
from shiplane.ledger import store as ledger_store
from shiplane.ledger.artifact import (
    EMPTY,
    EMPTY_CONTENT,
    JOINED,
    LINES,
    SEGMENT,
    SEGMENT_SIZE,
    ledger_manifest,
    segments,
)
from shiplane.ledger.ledger import Action, BrokenLedgerError, Entry, Ledger
from shiplane.ledger.recorder import LedgerUpdate, record
from shiplane.registry.http.exchange import Request, Response, Transport
from shiplane.registry.oci.manifest import Descriptor
from shiplane.registry.oci.names import Digest, Tag
from shiplane.rollback.result import RollbackRequest
from tests.faults.harness.images import store_blob
from tests.faults.harness.ledgers import actions, entry, note, store, writing
from tests.faults.harness.scene import PATH, Scene, a_plan, events, finish, until

LATEST = Tag("latest")


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each append begins a new segment."""
    monkeypatch.setattr(ledger_store, "SEGMENT_SIZE", 1)


def past(scene: Scene, count: int) -> list[Entry]:
    """Publications below 0.2 and the moves of latest to them, in turn."""
    entries: list[Entry] = []
    for number in range(count // 2):
        publication = entry(scene, Action.PUBLISH, Digest.of(b"%d" % number), f"0.1.{number}", "x" * 200)
        before = entries[-1].after if entries else None
        entries += [publication, replace(note(scene, publication.version), action=Action.FLOAT, tag=LATEST)]
        entries[-1] = replace(entries[-1], before=before, after=publication.after)
    return entries


def filled(scene: Scene, count: int, at_once: int = 20) -> None:
    """A ledger of so many entries, written by runs that added some each, and latest where it says."""
    entries = past(scene, count)
    for begin in range(0, count, at_once):
        finish(writing(scene, *entries[begin : begin + at_once]))


def pieces(scene: Scene) -> tuple[Descriptor, ...]:
    manifest = store(scene).read().manifest
    assert manifest
    return manifest.pieces


def put_pieces(scene: Scene, contents: Sequence[bytes], types: Sequence[str]) -> None:
    """Replace the ledger by one of these pieces, behind everybody's back."""
    shelf, described = scene.registry.shelf(PATH), list[Descriptor]()
    store_blob(shelf, EMPTY_CONTENT, EMPTY)
    for content, media_type in zip(contents, types, strict=True):
        store_blob(shelf, content, media_type)
        described.append(Descriptor.of(content, media_type))
    before = shelf.tags.get(MAIN.ledger)
    raw = ledger_manifest("main", described, Digest(before) if before else None)
    shelf.manifests[str(raw.digest)] = raw
    scene.registry.tag(PATH, MAIN.ledger, raw.digest)


def contents(scene: Scene) -> list[bytes]:
    return list(store(scene).read().pieces)


def changed(scene: Scene, place: int, change: Callable[[bytes], bytes]) -> None:
    """Change one piece behind everybody's back."""
    types = [piece.media_type for piece in pieces(scene)]
    put_pieces(scene, [change(one) if n == place else one for n, one in enumerate(contents(scene))], types)


@dataclass
class Meter:
    """A transport that keeps what was read of a ledger: each request, and the bytes of its answer."""

    wire: Transport
    tag: Tag
    reads: list[tuple[str, int]] = field(default_factory=list)
    digests: frozenset[str] = frozenset()

    def send(self, request: Request, *, limit: int, deadline: float) -> Response:
        response = self.wire.send(request, limit=limit, deadline=deadline)
        reference = request.url.rsplit("/", 1)[-1]
        if request.method == "GET" and (reference == self.tag or reference in self.digests):
            self.reads.append((reference, len(response.body)))
        return response

    @property
    def size(self) -> int:
        return sum(size for _, size in self.reads)


def metered(scene: Scene) -> Meter:
    meter = Meter(scene.registry, MAIN.ledger, digests=frozenset(str(piece.digest) for piece in pieces(scene)))
    scene.transport = meter
    return meter


def test_an_append_reads_the_last_segment_whatever_is_before_it() -> None:
    for count in (300, 3000):
        scene = Scene()
        filled(scene, count, at_once=100)
        at, last = len(store(scene).read().ledger.entries), pieces(scene)[-1]
        known = store(scene).read_recent(Version.parse("0.2.1")).ledger
        meter = metered(scene)
        finish(store(scene).append([note(scene, "0.2.1")], newest=known))
        assert [reference for reference, _ in meter.reads] == [MAIN.ledger, str(last.digest), *[MAIN.ledger] * 2]
        assert meter.size <= 64 * 1024
        assert len(scene.ledger().entries) == at + 1


def test_a_release_reads_one_segment_once_and_records_as_beside_a_short_ledger() -> None:
    scene = Scene()
    scene.publish(a_plan("0.2.0", commit="b" * 40, lanes=["main"]))
    others = [entry(scene, Action.PUBLISH, Digest.of(b"%d" % n), f"0.1.{n}", "x" * 200) for n in range(600)]
    for begin in range(0, 600, 100):
        finish(writing(scene, *others[begin : begin + 100]))
    finish(writing(scene, note(scene, "0.1.9", "crashes")))
    last, meter = pieces(scene)[-1], metered(scene)
    scene.publish(a_plan("0.2.1", lanes=["main"]))
    assert [reference for reference, _ in meter.reads if reference != MAIN.ledger] == [str(last.digest)]
    assert meter.size <= 64 * 1024
    assert [f"{one.action.value} {one.version}" for one in scene.ledger().entries[-2:]] == [
        "publish 0.2.1",
        "float 0.2.1",
    ]
    assert scene.ledger().entries[-1].before == scene.ledger().entries[1].after
    assert store(scene).verify_chain(store(scene).read())


def test_a_ledger_of_an_older_shiplane_is_continued_as_it_is() -> None:
    scene = Scene()
    old = Ledger().append(past(scene, 40))
    parts = segments(old.lines, 4096)
    assert len(parts) > 2
    put_pieces(scene, parts, [LINES] * len(parts))
    before = pieces(scene)
    finish(writing(scene, note(scene, "0.3.0")))
    finish(writing(scene, note(scene, "0.4.0")))
    assert pieces(scene)[:-1] == before
    assert pieces(scene)[-1].media_type == SEGMENT
    assert store(scene).read_verified().ledger.lines[: len(old.lines)] == old.lines
    assert [one.version for one in scene.ledger().entries[len(old.lines) :]] == ["0.3.0", "0.4.0"]


def test_a_short_ledger_stays_readable_for_an_older_shiplane() -> None:
    scene = Scene()
    scene.publish()
    scene.publish(a_plan("0.2.2", commit="b" * 40))
    assert [piece.media_type for piece in pieces(scene)] == [LINES]


def test_a_piece_of_a_format_that_is_not_known_is_refused() -> None:
    scene = Scene()
    scene.publish()
    put_pieces(scene, contents(scene), ["application/vnd.shiplane.ledger.v3+jsonl"])
    with pytest.raises(BrokenLedgerError, match="unknown format: a later shiplane may have written it"):
        scene.publish(a_plan("0.2.2", commit="b" * 40))


@pytest.mark.usefixtures("small_segments")
def test_small_segments_are_joined_and_the_chain_goes_on() -> None:
    scene = Scene()
    filled(scene, 2 * (JOINED + 2), at_once=2)
    assert len(pieces(scene)) < JOINED
    assert len(store(scene).read_verified().ledger.entries) == 2 * (JOINED + 2)
    finish(writing(scene, note(scene, "0.3.0")))
    assert store(scene).read_verified().ledger.entries[-1].version == "0.3.0"


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("kind", ["changed", "truncated", "missing"])
def test_a_segment_that_was_damaged_is_told_by_whoever_reads_the_whole(place: int, kind: str) -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)
    assert len(pieces(scene)) == 3
    if kind == "missing":
        del scene.registry.shelf(PATH).blobs[str(pieces(scene)[place].digest)]
    else:
        changes = {"changed": lambda one: one.replace(b"releaser", b"nobody!!"), "truncated": lambda one: one[:-9]}
        changed(scene, place, changes[kind])
    with pytest.raises(BrokenLedgerError):
        store(scene).read_verified()
    assert scene.audit().drift


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda fields: {**fields, "highest": "0.0.1"}, "the checkpoint after line 4 of the ledger contradicts"),
        (lambda fields: {**fields, "carried": []}, "the checkpoint after line 4 of the ledger contradicts"),
        (lambda fields: {**fields, "checkpoint": 3}, "the checkpoint after line 4 of the ledger contradicts"),
        (lambda fields: {**fields, "checkpoint": "4"}, "a checkpoint of the ledger is invalid"),
        (lambda fields: {**fields, "carried": ["text"]}, "a checkpoint of the ledger is invalid"),
        (lambda fields: {**fields, "highest": "x y"}, "a checkpoint of the ledger is invalid"),
    ],
)
def test_a_checkpoint_that_says_something_else_is_told(
    change: Callable[[dict[str, object]], dict[str, object]], what: str
) -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)

    def forged(piece: bytes) -> bytes:
        line, rest = piece.split(b"\n", 1)
        return json.dumps(change(json.loads(line)), separators=(",", ":")).encode() + b"\n" + rest

    changed(scene, 2, forged)
    with pytest.raises(BrokenLedgerError, match=what):
        store(scene).read_verified()


@pytest.mark.usefixtures("small_segments")
def test_a_ledger_without_its_first_segments_is_told() -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)
    put_pieces(scene, contents(scene)[1:], [SEGMENT] * 2)
    with pytest.raises(BrokenLedgerError, match="the checkpoint after line 0 of the ledger"):
        store(scene).read_verified()


@pytest.mark.usefixtures("small_segments")
def test_a_last_segment_with_a_second_checkpoint_is_told_before_a_release() -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)
    changed(scene, 2, lambda piece: piece + piece)
    with pytest.raises(BrokenLedgerError, match="second checkpoint"):
        scene.publish(a_plan("0.2.2", lanes=["main"]))
    assert not scene.stager.built


@pytest.mark.usefixtures("small_segments")
def test_nothing_is_recorded_where_an_earlier_segment_is_gone() -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)
    known = store(scene).read_recent(Version.parse("0.2.1")).ledger
    before = scene.registry.tags(PATH)[MAIN.ledger]
    del scene.registry.shelf(PATH).blobs[str(pieces(scene)[0].digest)]
    with pytest.raises(UnreachableError, match="blob unknown"):
        finish(store(scene).append([note(scene, "0.2.1")], newest=known))
    assert scene.registry.tags(PATH)[MAIN.ledger] == before


@pytest.mark.usefixtures("small_segments")
def test_two_writers_that_begin_segments_lose_no_entry_however_their_steps_fall() -> None:
    def begun() -> tuple[Scene, list[LedgerUpdate]]:
        scene = Scene()
        filled(scene, 4, at_once=2)
        known = store(scene).read_recent(Version.parse("0.2.1")).ledger
        notes = (note(scene, "1.0.0"), note(scene, "2.0.0"))
        return scene, [LedgerUpdate(store=store(scene), entries=[one], base=known) for one in notes]

    length = len(events(record(begun()[1][:1])))
    for order in itertools.product([0, 1], repeat=2 * length + 1):
        scene, updates = begun()
        flows = [record([update]) for update in updates]
        for turn in order:
            next(flows[turn], None)
        for flow in flows:
            finish(flow)
        assert sorted(actions(scene)[4:]) == ["mark v1.0.0 1.0.0", "mark v2.0.0 2.0.0"], order
        store(scene).read_verified()


@pytest.mark.usefixtures("small_segments")
def test_a_state_that_is_older_or_another_is_not_continued() -> None:
    scene = Scene()
    filled(scene, 4, at_once=2)
    older = scene.registry.tags(PATH)[MAIN.ledger]
    finish(writing(scene, note(scene, "1.0.0")))
    newest = store(scene).read_recent(Version.parse("0.2.1")).ledger
    scene.registry.tag(PATH, MAIN.ledger, Digest(older))
    with pytest.raises(UnreachableError, match="reads as older"):
        store(scene).read_newer(newest)
    assert store(scene).read_newer(None).ledger.count == 4


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("version", ["0.1.0", "0.1.2", "0.0.9"])
def test_a_version_that_is_not_the_highest_is_looked_for_in_the_whole_ledger(version: str) -> None:
    scene = Scene()
    filled(scene, 8, at_once=2)
    read = store(scene).read_recent(Version.parse(version))
    assert read.ledger == store(scene).read().ledger
    published = read.ledger.published(Tag(f"v{version}"))
    assert (published is not None) == (version != "0.0.9")


@pytest.mark.usefixtures("small_segments")
def test_what_others_recorded_across_segments_is_told_from_what_a_checkpoint_left_out() -> None:
    scene = Scene()
    for number in range(12):
        scene.publish(a_plan(f"0.1.{number}", commit=f"{number:040x}", lanes=["main"]))
    flow = scene.flow(a_plan("0.2.1", lanes=["main"]))
    until(flow, lambda step: step.name == "record")
    known = store(scene).read_recent(Version.parse("0.2.1")).ledger
    for version in ("0.0.1", "0.0.2"):
        finish(writing(scene, note(scene, version)))
    assert [one.version for one in known.missing(store(scene).read_newer(known).ledger.entries)] == ["0.0.1", "0.0.2"]
    finish(flow)
    assert actions(scene)[-2:] == ["publish v0.2.1 0.2.1", "float latest 0.2.1"]


@pytest.mark.parametrize("reason", ["é" * 500, "crashes " * 60])
def test_long_reasons_do_not_make_each_entry_a_segment(reason: str) -> None:
    scene = Scene()
    finish(writing(scene, *(note(scene, f"0.0.{number}", reason) for number in range(45))))
    for number in range(3):
        finish(writing(scene, note(scene, "0.1.0", f"again, {number}")))
    assert len(pieces(scene)) == 2
    assert pieces(scene)[-1].size < SEGMENT_SIZE
    assert len(store(scene).read_verified().ledger.marks) == 46


@pytest.mark.usefixtures("small_segments")
def test_a_ledger_with_as_many_pieces_as_are_read_is_not_written_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "MAX_PIECES", 3)
    scene = Scene()
    filled(scene, 6, at_once=2)
    before = scene.registry.tags(PATH)[MAIN.ledger]
    with pytest.raises(BrokenLedgerError, match="the ledger of lane main is full: with more than 3 layers"):
        finish(writing(scene, note(scene, "0.2.1")))
    assert scene.registry.tags(PATH)[MAIN.ledger] == before


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize(
    "change",
    [
        lambda fields: {**fields, "carried": None},
        lambda fields: {**fields, "carried": [{**one, "later": "field"} for one in fields["carried"]]},
        lambda fields: {**fields, "later": "field"},
    ],
    ids=["less", "a field of an entry", "a field"],
)
def test_a_checkpoint_of_another_shiplane_may_carry_less_and_fields_that_are_not_known(
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    scene = Scene()
    filled(scene, 6, at_once=2)

    def other(piece: bytes) -> bytes:
        line, rest = piece.split(b"\n", 1)
        return json.dumps(change(json.loads(line))).replace('{"checkpoint": ', '{"checkpoint":').encode() + b"\n" + rest

    changed(scene, 2, other)
    finish(writing(scene, note(scene, "0.2.1")))
    assert len(store(scene).read_verified().ledger.entries) == 7


@pytest.mark.usefixtures("small_segments")
def test_a_mark_an_old_version_and_a_floating_tag_count_whatever_segment_they_are_in() -> None:
    scene = Scene()
    for number in range(4):
        scene.publish(a_plan(f"0.1.{number}", commit=f"{number:040x}", lanes=["main"]))
    finish(writing(scene, note(scene, "0.1.2", "crashes"), note(scene, "0.2.1", "was withdrawn")))
    for number in range(JOINED):
        finish(writing(scene, note(scene, f"0.0.{number}")))
    scene.publish(a_plan("0.2.1", lanes=["main"]))
    assert scene.tags()["latest"] == scene.tags()["v0.1.3"], "0.2.1 is marked, and was released again"
    del scene.registry.shelf(PATH).tags["v0.1.0"]
    with pytest.raises(RefusedError, match=r"v0\.1\.0 was published as"):
        scene.publish(a_plan("0.1.0", commit=f"{0:040x}", lanes=["main"]))
    finish(scene.rollback(RollbackRequest(lane=MAIN, reason="is slow")))
    assert scene.tags()["latest"] == scene.tags()["v0.1.1"], "0.1.2 is marked"

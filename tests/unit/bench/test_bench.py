"""What a bench says of its samples; none is taken here."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from shiplane.config.lane import MAIN
from shiplane.config.version import Version
from shiplane.ledger.ledger import Ledger
from tests.bench import chart, growth, growth_chart, report
from tests.bench.__main__ import options
from tests.bench.builds import ROOT, Build, builds
from tests.bench.comparison import Result, turns
from tests.bench.delay import Counts, Link
from tests.bench.figures import Figures, Spread, ratio
from tests.bench.front import Line, parse_log
from tests.bench.growth import Point
from tests.bench.measure import BenchError, Command, Sample, ledger_reads, run
from tests.bench.pager import page
from tests.bench.rows import ROWS, Row, Target
from tests.bench.scene import Scene
from tests.bench.seed import Storage, ledger, numbers, past, versions
from tests.bench.wire import Wire

DIGEST = "ab" * 32


def test_the_requests_are_read_from_the_log_up_to_the_last_whole_line() -> None:
    text = "GET 401 300 /v2/a/manifests/latest\nHEAD 200 12 /v2/a b\nGET 200 5"
    assert parse_log(text) == [Line("GET", 401, 300, "/v2/a/manifests/latest"), Line("HEAD", 200, 12, "/v2/a b")]
    assert parse_log("") == []


def test_reads_of_a_ledger_are_its_tag_and_its_pieces_wherever_they_are_served() -> None:
    tag = Line("GET", 200, 900, "/v2/a/manifests/ledger-main")
    piece = Line("GET", 307, 400, f"/v2/a/blobs/sha256:{DIGEST}")
    served = Line("GET", 200, 2000, f"/docker/registry/v2/blobs/sha256/ab/{DIGEST}/data")
    others = [
        Line("PUT", 201, 400, "/v2/a/manifests/ledger-main"),
        Line("GET", 200, 400, f"/v2/a/blobs/sha256:{'cd' * 32}"),
        Line("GET", 200, 400, "/v2/a/manifests/latest"),
    ]
    assert ledger_reads([tag, *others, piece, served], {f"sha256:{DIGEST}"}) == [tag, piece, served]


def _figures(near: list[float], far: list[float]) -> Figures:
    def samples(times: list[float]) -> list[Sample]:
        return [Sample(seconds=seconds, requests=int(seconds * 10)) for seconds in times]

    return Figures(samples={0.0: samples(near), 0.05: samples(far)})


def test_rounds_are_what_the_median_grows_by_for_each_round_trip() -> None:
    figures = _figures([0.2, 0.1, 0.9], [0.5, 0.6, 0.7])
    assert figures.rounds == pytest.approx(8.0)
    assert Figures(samples={0.0: [Sample(seconds=1)]}).rounds is None


def test_a_median_stands_between_the_least_and_the_most() -> None:
    assert Spread.of([3, 1, 2, 10]) == Spread(2.5, 1, 10)
    assert _figures([1], [3, 1, 2]).medians()["requests"] == 20


def test_a_ratio_is_of_the_pairs_of_each_round_not_of_two_medians() -> None:
    ours, theirs = _figures([1, 1, 1], [1, 4, 9]), _figures([1, 1, 1], [2, 2, 3])
    assert ratio(ours, theirs) == Spread(2, 0.5, 3)
    assert ratio(ours, theirs, 0.0) == Spread(1, 1, 1)


def test_each_round_measures_each_command_once_and_begins_with_another() -> None:
    taken = list(turns(["a", "b", "c"], (0.0, 0.05), 4))
    assert [name for name, _ in taken[::6]] == ["a", "b", "c", "a"]
    assert all(sorted(taken[6 * n : 6 * n + 6]) == sorted((x, t) for x in "abc" for t in (0.0, 0.05)) for n in range(4))


def _result(figures: Mapping[str, Figures], *targets: Target, builds: tuple[str, ...] = ("shiplane",)) -> Result:
    peers = {name: ROWS["status"].ours for name in figures if name not in builds}
    row = Row(title="a & b", seed=lambda _: None, ours=ROWS["status"].ours, peers=peers, targets=targets, note="n")
    return Result(name="row", row=row, builds=builds, figures=figures)


TWO = {"shiplane": _figures([0.1], [1.0]), "peer": _figures([0.1], [2.0])}


def test_a_target_is_reached_or_missed_in_its_own_unit() -> None:
    result = _result(TWO)
    assert report.verdict(result, Target("ratio", 0.5, "peer")) == "target: at most 0.50 of peer; reached: 0.50"
    assert report.verdict(result, Target("requests", 9)) == "target: at most 9 requests; missed: 10 requests"
    ended = Figures(samples={0.05: [Sample(seconds=9, ended=True)]})
    assert "missed: it was ended" in report.verdict(_result({"shiplane": ended}), Target("memory", 45))


def test_the_table_has_a_line_for_each_command_and_the_ratio_beside_the_others() -> None:
    title, head, ours, theirs, target, note = report.text(_result(TWO, Target("seconds", 2)))
    assert title == "row: a & b; round trips of 0 ms and 50 ms, shown at 50 ms"
    assert "requests" in head
    assert ours.split()[:3] == ["shiplane", "10", "0"]
    assert "18.0" in ours.split()
    assert theirs.endswith("0.50 (0.50 - 0.50)")
    assert (target, note) == ("  target: at most 2.00 s; reached: 1.00 s", "  note: n")


def test_the_document_has_every_sample() -> None:
    (row,) = json.loads(json.dumps(report.document([_result(TWO, Target("ratio", 0.6, "peer"))])))
    assert row["commands"]["peer"]["ratio"]["median"] == 0.5
    assert row["commands"]["shiplane"]["samples"]["50 ms"][0]["requests"] == 10
    assert row["targets"] == [{"value": "ratio", "at_most": 0.6, "peer": "peer", "is": 0.5}]


def test_the_chart_is_svg_that_loads_nothing_and_shows_target_and_before() -> None:
    figures = {**TWO, "before": _figures([0.1], [4.0])}
    result = _result(figures, Target("ratio", 0.85, "peer"), builds=("shiplane", "before"))
    (bar,) = chart.bars([result])
    assert bar == chart.Bar("a & b", "peer", 0.5, target=0.85, before=2.0)
    picture = chart.svg("x < y", [bar])
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert [bar.get("class") for bar in root.iter("{http://www.w3.org/2000/svg}rect")] == ["ahead"]
    assert picture.count("http") == 1
    assert "prefers-color-scheme: dark" in picture


def test_the_axis_doubles_in_equal_steps_and_ends() -> None:
    steps = [chart.place(2.0**power) for power in range(-5, 6)]
    assert len({round(after - before) for before, after in itertools.pairwise(steps)}) <= 2
    assert chart.place(1000) == chart.place(chart.MOST)
    assert chart.place(0.0001) == chart.LEFT


def test_pages_follow_each_other_and_none_is_longer_than_the_registry_allows() -> None:
    tags = [f"v{number}" for number in range(2500)]
    assert page(tags, 100, "") == (tags[:100], True)
    assert page(tags, 9999, "v999") == (tags[1000:2000], True)
    assert page(tags, 1000, "v1999") == (tags[2000:], False)


def test_what_is_seeded_is_a_registry_s_storage_and_comes_back_after_a_change(tmp_path: Path) -> None:
    storage = Storage(tmp_path, "a/b")
    releases = versions(storage, MAIN, numbers(2))
    ledger(storage, MAIN, [past(MAIN, "0.0.0"), *releases])
    storage.keep()
    tags = storage.folder / "_manifests/tags"
    current = (tags / "latest/current/link").read_text()
    assert current == str(releases[-1].digest) == (tags / "v0.0.1/current/link").read_text()
    storage.tag("latest", str(releases[0].digest))
    storage.restore()
    assert (tags / "latest/current/link").read_text() == current
    (piece,) = storage.pieces()
    content = Ledger.parse(storage.content(piece))
    assert [entry.release for entry in content.entries[::2]] == [Version.parse(f"0.0.{n}") for n in (0, 0, 1)]
    layers = [json.loads(storage.content(digest))["layers"] for digest in releases[0].platforms.values()]
    for (layer,) in layers:
        with tarfile.open(fileobj=io.BytesIO(storage.content(layer["digest"]))) as archive:
            assert archive.getnames() == ["content"]


def test_a_command_is_measured_and_one_that_fails_says_why(tmp_path: Path) -> None:
    sample = run(Command(script="sleep 0.01; echo hidden", folder=tmp_path), {"PATH": "/usr/bin:/bin"})
    assert sample.seconds >= 0.01
    assert 0 < sample.memory < 20
    with pytest.raises(BenchError, match=r"ended with 4:\nouch"):
        run(Command(script="echo ouch >&2; exit 4", folder=tmp_path), {"PATH": "/usr/bin:/bin"})


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    sample = run(Command(script="sleep 60 & sleep 60", folder=tmp_path, limit=0.3), {"PATH": "/usr/bin:/bin"})
    assert (sample.ended, sample.seconds) == (True, 0.3)


class Heard:
    """The other end of a connection: what arrived, and when the loop's clock was where."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.times: list[float] = []
        self.ended = False

    def write(self, block: bytes) -> None:
        self.blocks.append(block)
        self.times.append(asyncio.get_running_loop().time())

    async def drain(self) -> None:
        pass

    def write_eof(self) -> None:
        self.ended = True


def test_the_network_carries_all_in_order_and_the_first_bytes_after_a_handshake() -> None:
    link, heard = Link(round_trip=0.02), Heard()

    async def talk() -> float:
        reader = asyncio.StreamReader()
        reader.feed_data(b"first")
        start = asyncio.get_running_loop().time()
        carried = asyncio.create_task(link.carry(reader, cast("asyncio.StreamWriter", heard), link.sent, 0.02))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reader.feed_data(b"second")
        reader.feed_eof()
        await carried
        return heard.times[0] - start

    assert asyncio.run(talk()) >= 0.03
    assert (heard.blocks, heard.ended) == ([b"first", b"second", b""], True)
    assert link.counts == Counts(sent=11)


def test_another_checkout_or_a_revision_is_measured_beside_this_one(tmp_path: Path) -> None:
    with builds() as alone:
        assert alone == [Build("shiplane", ROOT)]
    (tmp_path / "tasks/shiplane").mkdir(parents=True)
    with builds(str(tmp_path)) as both:
        assert both == [Build("shiplane", ROOT), Build("before", tmp_path)]


def test_rows_are_chosen_by_name_and_there_is_at_least_one_round() -> None:
    assert options(["--only", "verify", "--only", "build"]).only == ["verify", "build"]
    assert options([]).rounds == 7
    for wrong in (["--only", "nothing"], ["--rounds", "0"]):
        with pytest.raises(SystemExit):
            options(wrong)


def _point(size: int, seconds: float, *, ended: bool = False) -> Point:
    sample = Sample(seconds=seconds, requests=size, memory=40, ended=ended)
    return Point(series="v", command="c", build="b", size=size, figures=Figures(samples={0.05: [sample]}))


def test_growth_is_a_table_in_which_what_was_ended_has_no_figures() -> None:
    _, first, last = growth.text([_point(10, 0.5), _point(10_000, 120, ended=True)])
    assert first == "10 v      c        b      0.50 s (0.50 - 0.50)  10        40 MiB"
    assert "ended after 120 s" in last
    assert "MiB" not in last
    assert json.loads(json.dumps(growth.document([_point(10, 0.5)])))[0]["medians"]["memory"] == 40


def test_growth_is_measured_in_each_world_and_what_was_ended_is_not_run_again() -> None:
    sizes, ran = list[int](), list[str]()

    def by(_wire: Wire, command: Command, _trip: float) -> Sample:
        ran.append(command.script)
        return Sample(seconds=1, ended=command.script == "slow")

    commands = {name: partial(_command, name) for name in ("quick", "slow")}
    series = growth.Series(sizes=(1, 2), seed=lambda _, size: sizes.append(size), commands=commands)
    points = list(growth.grow(cast("Wire", None), [Build("b", ROOT)], 2, {"s": series}, by))
    assert [(point.size, point.command, point.ended) for point in points] == [
        *((1, "quick", False), (1, "slow", True), (2, "quick", False), (2, "slow", True))
    ]
    assert (sizes, ran) == ([1, 2], ["quick", "quick", "quick", "slow"] * 2)


def _command(script: str, _scene: Scene) -> Command:
    return Command(script=script, folder=ROOT)


def test_the_picture_of_growth_has_a_line_for_each_command_in_each_panel() -> None:
    points = [_point(10, 0.5), _point(100, 2), _point(10_000, 120, ended=True)]
    root = ET.fromstring(growth_chart.svg("t", points))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(str(line.get("points")).split()) for line in lines] == [2, 2, 2]


def test_an_axis_of_growth_runs_between_powers_of_ten() -> None:
    axis = growth_chart.Axis.over([20, 3000, 0], 300)
    assert axis == growth_chart.Axis(1, 4, 300)
    assert (axis.ticks, axis.place(100), axis.place(0)) == ([1, 2, 3, 4], 100, 0)
    assert growth_chart.Axis.over([], 10).ticks == [0, 1]

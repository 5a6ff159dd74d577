"""The live view by values: the rows of a build, what is drawn of them, and how wide that is."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiplane.cli.live.build_log_view import BuildLogView, BuildState, BuildTarget
from shiplane.cli.live.live_view import LiveView
from shiplane.cli.live.text_width import clipped, drawable, width_of
from shiplane.cli.views.console import ROUTINE, Console
from shiplane.core.progress import Step
from shiplane.core.redact import Redactor

PLATFORMS = ("linux/amd64", "linux/arm64")
BOTH = (BuildTarget("main", "main", PLATFORMS), BuildTarget("standalone", "standalone", PLATFORMS))
STAGE = Step("stage", "main, standalone", writes=True)


def log(text: str, targets: tuple[BuildTarget, ...] = BOTH) -> BuildLogView:
    """A build after these lines, one a second."""
    build = BuildLogView(targets)
    for second, line in enumerate(text.strip().splitlines()):
        build.read(line, float(second))
    return build


def drawn(build: BuildLogView, columns: int, now: float = 75.0, rows: int = 24) -> list[str]:
    view = LiveView()
    view.begin(STAGE, "stage main, standalone", 0.0)
    view.show_build(build)
    return view.lines(now, columns, rows)


WHILE_IT_BUILDS = """
#0 building with "rig" instance using remote driver
#1 [internal] load local bake definitions
#1 DONE 0.0s
#2 [main internal] load build definition from Dockerfile
#2 DONE 0.1s
#12 [main linux/arm64 build 2/6] WORKDIR /src
#12 CACHED
#26 [main linux/amd64 build 6/6] RUN make all
#26 0.305 compiling module 7 of 12
#27 [standalone linux/arm64 deps 4/4] RUN npm ci --omit=dev --no-audit --no-fund --prefer-offline --cache /tmp/cache
#33 [standalone] exporting to image
#33 exporting layers 0.4s done
#33 pushing layers
"""


AT_80 = """\
stage main, standalone                                               1 min 15 s
  main        linux/amd64  build 6/6         compiling module 7 ...  1 min 08 s
  main        linux/arm64  cached build 2/6
  standalone  linux/amd64  pushing           layers                  1 min 05 s
  standalone  linux/arm64  pushing           layers                  1 min 05 s
"""
AT_120 = """\
stage main, standalone                                                                                       1 min 15 s
  main        linux/amd64  build 6/6         compiling module 7 of 12                                        1 min 08 s
  main        linux/arm64  cached build 2/6
  standalone  linux/amd64  pushing           layers                                                          1 min 05 s
  standalone  linux/arm64  pushing           layers                                                          1 min 05 s
"""
AT_40 = """\
stage main, standalone       1 min 15 s
  main        linux/amd64  build 6/6...
  main        linux/arm64  cached bu...
  standalone  linux/amd64  pushing  ...
  standalone  linux/arm64  pushing  ...
"""


@pytest.mark.parametrize(("columns", "screen"), [(80, AT_80), (120, AT_120), (40, AT_40)])
def test_each_lane_and_platform_has_a_line(columns: int, screen: str) -> None:
    assert [line.rstrip() for line in drawn(log(WHILE_IT_BUILDS), columns)] == screen.splitlines()


@pytest.mark.parametrize("columns", [120, 80, 40, 20, 8, 2])
def test_no_line_is_as_wide_as_the_terminal(columns: int) -> None:
    for line in drawn(log(WHILE_IT_BUILDS), columns):
        assert width_of(line) < columns


def test_a_low_terminal_shows_what_fits_and_says_so() -> None:
    assert [line.split("  ")[0] for line in drawn(log(WHILE_IT_BUILDS), 80, rows=4)] == [
        "stage main, standalone",
        "",
        "",
    ]
    assert drawn(log(WHILE_IT_BUILDS), 80, rows=4)[-1] == "  and 3 more lines"
    assert drawn(log(WHILE_IT_BUILDS), 80, rows=1) == []
    assert len(drawn(log(WHILE_IT_BUILDS), 80, rows=6)) == 5


def rows(build: BuildLogView) -> list[str]:
    return [" ".join(filter(None, (row.state.value, row.stage, row.text))) for row in build.rows]


ONE = (BuildTarget("main", "main", ("linux/amd64",)),)
SEVERAL_PLATFORMS = (BuildTarget("main", "main", PLATFORMS),)


@pytest.mark.parametrize(
    ("targets", "text", "shown"),
    [
        (ONE, "", ["waiting"]),
        (ONE, "#5 [deps 1/4] FROM busybox", ["running deps 1/4 FROM busybox"]),
        (ONE, "#5 [2/4] RUN true", ["running 2/4 RUN true"]),
        (ONE, "#5 [internal] load build context", ["running load build context"]),
        (ONE, "#5 [2/4] RUN true\n#5 CACHED", ["cached 2/4"]),
        (ONE, "#5 [2/4] RUN true\n#5 DONE 0.1s", ["running 2/4"]),
        (ONE, "#5 [2/4] RUN true\n#5 ...", ["running 2/4 RUN true"]),
        (ONE, "#5 [2/4] RUN false\n#5 ERROR: process did not complete\n#6 [3/4] RUN x", ["failed 2/4 RUN false"]),
        (ONE, "#5 [2/4] RUN a\n#6 [3/4] RUN b\n#6 DONE 1.0s", ["running 2/4 RUN a"]),
        (ONE, "#17 exporting to image\n#17 exporting layers done", ["running export exporting layers"]),
        (
            ONE,
            "#17 exporting to image\n#17 pushing manifest for r/a@sha256:" + "0" * 64,
            ["pushing export manifest for r/a@sha256:" + "0" * 64],
        ),
        (ONE, "#17 exporting to oci image format\n#17 DONE 0.4s\n#18 importing to docker", ["built"]),
        (ONE, "#17 exporting to image\n#17 pushing layers\n#17 DONE 0.4s\n#18 resolving provenance", ["pushed"]),
        (ONE, "#17 exporting to image\n#17 pushing layers\n#17 DONE 0.4s\n#0 building\n", ["waiting"]),
        (ONE, "#9 exporting cache to registry\n#9 DONE 1.0s", ["running"]),
        (ONE, "#9 DONE 1.0s\n#9 1.0 what nobody named\nno step at all", ["running 1.0 what nobody named"]),
        (SEVERAL_PLATFORMS, "#5 [linux/arm64 build 1/2] RUN x", ["waiting", "running build 1/2 RUN x"]),
        (SEVERAL_PLATFORMS, "#5 [internal] load build context", ["running load build context"] * 2),
        (BOTH, "#5 [internal] load local bake definitions\n#5 DONE 0.1s", ["waiting"] * 4),
        (BOTH, "#5 [] x\n#5 [other 1/2] RUN x\n#7 unnamed", ["waiting"] * 4),
        (
            BOTH,
            "#5 [standalone linux/amd64 build 1/2] RUN x",
            ["waiting", "waiting", "running build 1/2 RUN x", "waiting"],
        ),
        # What two lanes share is carried out once, and named after the one, then after the other.
        (
            BOTH,
            "#5 [main linux/amd64 a 1/2] RUN x\n#5 ...\n#5 [standalone linux/amd64 a 1/2] RUN x\n#5 1.5 line",
            ["running a 1/2 line", "waiting"] * 2,
        ),
    ],
)
def test_a_row_shows_what_its_build_is_doing(targets: tuple[BuildTarget, ...], text: str, shown: list[str]) -> None:
    assert rows(log(text, targets)) == shown


def test_a_digest_and_the_time_that_it_took_are_left_out_of_a_row() -> None:
    exporting = f"#17 exporting to image\n#17 exporting manifest sha256:{'a' * 64} 0.0s done"
    assert rows(log(exporting, ONE)) == ["running export exporting manifest"]


@given(st.lists(st.text(alphabet="#0123456789 [].DONECAHRlinux/amd64-x:", max_size=40)))
def test_any_log_can_be_read(lines: list[str]) -> None:
    build = BuildLogView(SEVERAL_PLATFORMS)
    for line in lines:
        build.read(line, 0.0)
    assert len(build.rows) == 2
    assert all(isinstance(row.state, BuildState) for row in build.rows)


def test_of_several_steps_each_has_its_time_and_its_own_last_line() -> None:
    view, unit, lint = LiveView(), Step("gate", "unit tests"), Step("gate", "lint")
    view.begin(unit, "gate unit tests", 0.0)
    view.begin(lint, "gate lint", 1.0)
    view.show_line("ok 41", "unit tests")
    view.show_line("ok 42", "unit tests")
    view.show_line("for the latest")
    view.show_line("for nobody", "no such gate")
    assert view.lines(3.0, 30, 24) == [
        "gate unit tests           3 s",
        "  | ok 42",
        "gate lint                 2 s",
        "  | for the latest",
    ]
    view.end(unit)
    assert view.lines(3.0, 30, 24)[0].startswith("gate lint")
    view.end(lint)
    assert view.lines(3.0, 30, 24) == []


def test_a_wait_is_counted_down_and_then_gone() -> None:
    view = LiveView()
    view.begin(STAGE, "stage main", 0.0)
    view.show_wait("HTTP 503, try 2 of 5", 4.0)
    assert view.lines(0.5, 40, 24)[1] == "  HTTP 503, try 2 of 5         4 s left"
    assert view.lines(3.5, 40, 24)[1].endswith("1 s left")
    assert len(view.lines(4.0, 40, 24)) == 1


@pytest.mark.parametrize(
    ("text", "columns", "cut"),
    [
        ("short", 5, "short"),
        ("too long a text", 10, "too lon..."),
        ("too long", 4, "too "),
        ("日本語のテキスト", 10, "日本語..."),
        ("日本語", 5, "日本"),
        ("e\u0301t\u0301e\u0301", 3, "e\u0301t\u0301e\u0301"),
    ],
)
def test_a_text_is_cut_by_the_columns_it_takes(text: str, columns: int, cut: str) -> None:
    assert (clipped(text, columns), width_of(cut) <= columns) == (cut, True)


@given(st.text(max_size=60), st.integers(min_value=0, max_value=40))
def test_no_cut_text_is_too_wide(text: str, columns: int) -> None:
    assert width_of(clipped(text, columns)) <= columns


@pytest.mark.parametrize(("encoding", "text"), [("utf-8", "日本 ok❤"), ("ascii", "?? ok?"), ("latin-1", "?? ok?")])
def test_what_a_terminal_cannot_show_takes_one_column(encoding: str, text: str) -> None:
    assert drawable("日本 ok❤\ufe0f", encoding) == text


@pytest.mark.parametrize("secret", ["pa55wörd-c4n4ry", "c4n4ry❤\ufe0f-pa55word"])
def test_a_secret_that_a_terminal_cannot_show_is_hidden(secret: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console({}, Redactor([secret]), io.StringIO(), stream)
    assert console.harmless(f"token {secret}!") == "token ***!"


def test_a_secret_with_a_sequence_within_is_hidden() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    console = Console({}, Redactor(["pa55word-c4n4ry"]), io.StringIO(), stream)
    assert console.harmless("token pa55\x1b[0mword-c4n4ry!") == "token ***!"


def test_every_routine_step_exists() -> None:
    source = "".join(path.read_text("utf-8") for path in Path("tasks/shiplane").rglob("*.py"))
    assert {name for name in ROUTINE if not re.search(rf'[sS]tep\(\s*"{name}"|"{name}", tag', source)} == set()

"""A run on a real terminal: what is drawn while it goes on, and what is left whatever ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.harness.access import Access, Account
from tests.faults.harness.memory import MemoryRegistry
from tests.faults.harness.server import serve
from tests.faults.harness.workshop import TOKEN, workshop
from tests.terminal import Session, start

ROOT = Path(__file__).parents[3]
# ED of ECMA-48.
ERASE = "\x1b[J"
# Says each of its lines when its file is there: nothing depends on how fast a machine is.
BUILD = r"""
said() { while ! [ -e "$1" ]; do sleep 0.05; done; }
said one; printf 'module \033[2J\033[31mone\033[0m of \342\200\256two\n'
said two; echo "token $(cat secret)"
said end; exit "$(cat end)"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout whose build command goes on when it is told to."""
    for name in ("Dockerfile", "Dockerfile.standalone"):
        (tmp_path / name).write_text("FROM scratch\n")
    (tmp_path / "shiplane.toml").write_text('image = "ghcr.io/cognary/aionis"\nbuild = "sh build.sh"\n')
    (tmp_path / "build.sh").write_text(BUILD)
    (tmp_path / "secret").touch()
    identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "one")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Iterator[Callable[..., Session]]:
    """``shiplane ...`` there, on a terminal."""
    sessions: list[Session] = []

    def begin(*arguments: str, columns: int = 80, rows: int = 24, **variables: str) -> Session:
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        env = {**clean, "PYTHONPATH": str(ROOT / "tasks"), "TERM": "xterm", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
        argv = [sys.executable, "-m", "shiplane", *arguments]
        sessions.append(start(argv, project, {**env, **variables}, columns, rows))
        return sessions[-1]

    yield begin
    for session in sessions:
        session.close()


def finish(project: Path, code: int = 0) -> None:
    for name in ("one", "two"):
        (project / name).touch()
    (project / "end.new").write_text(str(code))
    (project / "end.new").rename(project / "end")


def test_a_running_step_is_shown_with_its_time_and_gone_when_it_is_done(
    run: Callable[..., Session], project: Path
) -> None:
    session = run("check.build")
    session.until(lambda shown: "build command sh build.sh" in shown)
    session.until(lambda shown: shown.endswith(" 1 s"))
    finish(project)
    shown = session.end()
    assert session.code == 0
    lines = [line for line in shown.splitlines() if "build command" in line]
    assert len(lines) == 1
    assert lines[0].startswith("done       build command sh build.sh: passed")
    assert "?25" not in session.output, "the cursor stays visible"


def test_the_last_line_of_a_command_is_shown_harmless_and_without_secrets(
    run: Callable[..., Session], project: Path
) -> None:
    (project / "secret").write_text(TOKEN)
    session = run("check.build", GHCR_USERNAME="robot", GHCR_TOKEN=TOKEN)
    (project / "one").touch()
    session.until(lambda shown: "\n  | module one of two" in shown)
    (project / "two").touch()
    shown = session.until(lambda shown: "\n  | token ***" in shown)
    assert "module" not in shown
    finish(project)
    assert "token" not in session.end()
    assert TOKEN not in session.output


@pytest.mark.parametrize("columns", [40, 120])
def test_no_line_is_left_behind_at_any_width(run: Callable[..., Session], project: Path, columns: int) -> None:
    session = run("check.build", columns=columns, rows=8)
    session.until(lambda shown: "build command sh build.sh" in shown)
    finish(project)
    assert session.end().count("build command") == 1


def test_a_terminal_that_changes_its_size_shows_the_step_once(run: Callable[..., Session], project: Path) -> None:
    session = run("check.build", columns=120)
    session.until(lambda shown: "build command sh build.sh" in shown)
    session.resize(40, 10)
    session.until(lambda _shown: max(map(len, session.screen.text.splitlines())) == 39)
    session.resize(100, 30)
    session.until(lambda _shown: max(map(len, session.screen.text.splitlines())) == 99)
    finish(project)
    assert session.end().count("build command") == 1


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143), (signal.SIGHUP, "hung up", 129)],
)
def test_a_signal_leaves_what_was_going_on(
    run: Callable[..., Session], number: signal.Signals, said: str, code: int
) -> None:
    session = run("check.build")
    session.until(lambda shown: "build command sh build.sh" in shown)
    os.kill(session.child.pid, number)
    shown = session.end()
    assert session.code == code
    assert next(line for line in shown.splitlines() if line).startswith("build command sh build.sh  ")
    assert f"error: {said}" in shown


def test_after_a_kill_the_last_state_is_readable_above_the_cursor(run: Callable[..., Session]) -> None:
    session = run("check.build")
    session.until(lambda shown: "build command sh build.sh" in shown)
    session.child.kill()
    assert "build command sh build.sh" in session.end()
    assert (session.screen.column, session.screen.row) == (0, len(session.screen.text.splitlines()))


def test_a_stopped_run_goes_on_below_what_was_written_meanwhile(run: Callable[..., Session], project: Path) -> None:
    session = run("check.build")
    session.until(lambda shown: "build command sh build.sh" in shown)
    session.child.send_signal(signal.SIGTSTP)
    os.waitpid(session.child.pid, os.WUNTRACED)
    session.read()
    session.screen.feed("\r\n[1]+  Stopped\r\n$ fg\r\n")
    session.child.send_signal(signal.SIGCONT)
    session.until(lambda shown: shown.count("build command") == 2)
    finish(project)
    shown = session.end()
    assert (session.code, "[1]+  Stopped\n$ fg" in shown) == (0, True)
    assert shown.count("build command") == 2


def test_a_failed_build_command_leaves_its_step_and_its_output(run: Callable[..., Session], project: Path) -> None:
    session = run("check.build")
    session.until(lambda shown: "build command sh build.sh" in shown)
    finish(project, code=3)
    shown = session.end().splitlines()
    assert session.code == 3
    assert shown[0].startswith("build command sh build.sh   ")
    assert shown[1].startswith("  | ")
    assert shown[2:5] == ["error: sh build.sh ended with 3", "  | module one of two", "  | token"]


@pytest.mark.parametrize("flag", ["--verbose", "--quiet"])
def test_nothing_is_drawn_where_all_or_nothing_is_wanted(run: Callable[..., Session], project: Path, flag: str) -> None:
    finish(project)
    session = run("check.build", flag)
    shown = session.end()
    assert (session.code, ERASE in session.output) == (0, False)
    assert ("done       build command" in shown) is (flag == "--verbose")


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("CI", "true"), ("GITHUB_ACTIONS", "true")])
def test_where_nothing_can_be_drawn_anew_lines_are_plain(
    run: Callable[..., Session], project: Path, name: str, value: str
) -> None:
    finish(project)
    session = run("check.build", **{name: value})
    assert "done       build command" in session.end()
    assert (session.code, ERASE in session.output) == (0, False)


def test_without_colours_the_screen_is_drawn_all_the_same(run: Callable[..., Session], project: Path) -> None:
    session = run("check.build", NO_COLOR="1")
    session.until(lambda shown: "build command sh build.sh" in shown)
    finish(project)
    session.end()
    assert set(re.findall("\x1b\\[[0-9;]*(.)", session.output)) == {"A", "J", "K"}


def test_a_release_shows_its_builds_and_keeps_what_they_wrote_off_the_screen(tmp_path: Path) -> None:
    with serve(MemoryRegistry(access=Access(accounts={"robot": Account(TOKEN)}))) as served:
        folder, variables = workshop(tmp_path, served.address)
        argv = [sys.executable, "-m", "invoke", "publish", "--lane", "main", "--tag", "v0.2.1", "--latest"]
        session = start(argv, folder, {**variables, "FAKE_BUILD": "60", "TERM": "xterm"}, rows=12)
        try:
            drawn = re.compile(r"stage main +\d+ s\n  main  linux/amd64  running +building, process \d+ +\d+ s\n")
            session.until(lambda shown: drawn.search(shown) is not None)
            session.child.send_signal(signal.SIGINT)
            end = session.end()
        finally:
            session.close()
    assert session.code == 130
    assert re.search(r"stage main +\d+ s\n(  main  linux/a.*\n){2}error: interrupted\n", end)
    assert TOKEN not in session.output
